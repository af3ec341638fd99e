//! What settings have to be so that a server can start with them.

use std::{net::IpAddr, ops::RangeInclusive};

use axum::http::Uri;
use tracing_subscriber::EnvFilter;

use super::{Mode, Role, Settings};

/// Digits of the master key.
const KEY_DIGITS: usize = 64;

type Checked = Result<(), Unfit>;

/// A value that can be read and that no server can start with.
#[derive(Debug)]
pub(super) struct Unfit {
    /// Its name.
    pub(super) setting: &'static str,
    /// What is wrong with it, as the end of a sentence.
    pub(super) what: String,
}

fn wrong(setting: &'static str, what: impl Into<String>) -> Checked {
    let what = what.into();
    Err(Unfit { setting, what })
}

impl Settings {
    pub(super) fn validate(&self) -> Checked {
        self.check_ranges()?;
        self.check_addresses()?;
        self.check_mode()?;
        self.check_texts()
    }

    fn check_ranges(&self) -> Checked {
        within("server.port", self.server.port, 1..=u16::MAX)?;
        within("server.grace_seconds", self.server.grace_seconds, 1..=3600)?;
        within("database.connections", self.database.connections, 2..=1000)?;
        within(
            "security.sign_ins_per_minute",
            self.security.sign_ins_per_minute,
            1..=100_000,
        )?;
        within("worker.slots", self.worker.slots, 1..=256)?;
        within("worker.lease_seconds", self.worker.lease_seconds, 2..=3600)
    }

    fn check_addresses(&self) -> Checked {
        let server = &self.server;
        for (setting, url) in [
            ("server.public_url", &server.public_url),
            ("server.internal_url", &server.internal_url),
            ("server.portal_url", &server.portal_url),
        ] {
            if !is_http(url) || url.ends_with('/') {
                return wrong(
                    setting,
                    "it has to begin with http:// or https:// and to end without a slash",
                );
            }
        }
        for (setting, url) in [
            ("identity.issuer", &self.identity.issuer),
            ("telemetry.otlp_endpoint", &self.telemetry.otlp_endpoint),
        ] {
            if !url.is_empty() && !is_http(url) {
                return wrong(setting, "it has to begin with http:// or https://");
            }
        }
        if !self.database.url.is_empty() && !self.database.is_postgres() {
            return wrong(
                "database.url",
                "it has to begin with postgres://; leave it empty for SQLite in data.dir",
            );
        }
        Ok(())
    }

    fn check_mode(&self) -> Checked {
        let production = self.server.mode == Mode::Production;
        if !self.server.is_https() && !is_on_this_machine(&self.server.public_url) {
            return wrong(
                "server.public_url",
                "outside this machine sign-in needs https://, because session cookies travel with it",
            );
        }
        if production && self.identity.issuer.is_empty() {
            return wrong(
                "identity.issuer",
                "production mode needs an OpenID provider, e.g. https://example.zitadel.cloud; for a look without one, run `kombify serve --dev`",
            );
        }
        if production && self.uses_embedded_issuer() {
            return wrong(
                "identity.issuer",
                "the development issuer gives anybody any account and is refused in production mode",
            );
        }
        let issuer = &self.identity.issuer;
        if issuer.starts_with("http://") && !is_on_this_machine(issuer) {
            return wrong(
                "identity.issuer",
                "outside this machine it has to begin with https://, because tokens travel from it",
            );
        }
        if !production && !self.server.is_loopback() {
            return wrong(
                "server.bind",
                "development mode only listens on this machine (127.0.0.1)",
            );
        }
        if !self.identity.issuer.is_empty() && self.identity.client_id.is_empty() {
            return wrong(
                "identity.client_id",
                "the OpenID provider knows kombify by a client id",
            );
        }
        Ok(())
    }

    fn check_texts(&self) -> Checked {
        if self.server.roles.is_empty() {
            let all = Role::ALL.map(Role::word).join(", ");
            return wrong(
                "server.roles",
                format!("a process needs at least one of {all}"),
            );
        }
        let key = &self.security.master_key;
        if !key.is_empty()
            && (key.len() != KEY_DIGITS || !key.bytes().all(|digit| digit.is_ascii_hexdigit()))
        {
            return wrong(
                "security.master_key",
                format!(
                    "it has to be {KEY_DIGITS} hexadecimal digits and has {} characters; `openssl rand -hex 32` makes one",
                    key.chars().count()
                ),
            );
        }
        if let Err(error) = EnvFilter::try_new(&self.log.filter) {
            return wrong(
                "log.filter",
                format!("\"{}\" is no filter ({error})", self.log.filter),
            );
        }
        Ok(())
    }
}

fn within<T>(setting: &'static str, value: T, range: RangeInclusive<T>) -> Checked
where
    T: PartialOrd + std::fmt::Display,
{
    if range.contains(&value) {
        return Ok(());
    }
    wrong(
        setting,
        format!(
            "{value} is not between {} and {}",
            range.start(),
            range.end()
        ),
    )
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// Whether browsers of this machine alone can reach the address.
fn is_on_this_machine(url: &str) -> bool {
    let address: Option<Uri> = url.parse().ok();
    let Some(host) = address.as_ref().and_then(Uri::host) else {
        return false;
    };
    let number = host.trim_start_matches('[').trim_end_matches(']');
    number
        .parse::<IpAddr>()
        .map_or(host == "localhost", |ip| ip.is_loopback())
}
