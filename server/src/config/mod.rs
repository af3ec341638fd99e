//! Settings: embedded defaults, then a file, then the environment, then the command
//! line; then validation. Nothing else reads the environment.

mod data;
mod database;
mod identity;
mod log;
mod plans;
mod report;
mod sample;
mod security;
mod server;
mod telemetry;
mod tools;
mod worker;

use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;

pub use self::{
    data::Data,
    database::Database,
    identity::Identity,
    log::{Log, LogFormat},
    plans::PlanFile,
    report::{Line, report},
    sample::Sample,
    security::Security,
    server::{Mode, Role, Server},
    telemetry::Telemetry,
    tools::Tools,
    worker::WorkerSettings,
};

const DEFAULTS: &str = include_str!("defaults.toml");
const PLACES: [&str; 2] = ["kombify.toml", "/etc/kombify/kombify.toml"];

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it listens and what it runs.
    pub server: Server,
    /// Where its files are.
    pub data: Data,
    /// Where its database is.
    pub database: Database,
    /// Who signs people in.
    pub identity: Identity,
    /// Keys and limits.
    pub security: Security,
    /// What it logs.
    pub log: Log,
    /// Where traces go.
    pub telemetry: Telemetry,
    /// Programs that it runs.
    pub tools: Tools,
    /// What plans hold.
    pub plans: PlanFile,
    /// Background work.
    pub worker: WorkerSettings,
    /// Sample data.
    pub sample: Sample,
}

/// What the command line sets.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// A settings file to read in place of the usual ones.
    pub file: Option<PathBuf>,
    /// `section.field` and value.
    pub values: Vec<(&'static str, String)>,
}

/// Settings that could not be read, in one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

/// Reads the layers together.
///
/// # Errors
/// One sentence that names the file or variable and what is wrong.
pub fn layers(overrides: &Overrides) -> Result<Config, SettingsError> {
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    match &overrides.file {
        Some(file) => builder = builder.add_source(source(file)),
        None => {
            if let Some(found) = PLACES.iter().map(Path::new).find(|place| place.exists()) {
                builder = builder.add_source(source(found));
            }
        }
    }
    builder = builder.add_source(
        Environment::with_prefix("KOMBIFY")
            .source(Some(variables()))
            .prefix_separator("_")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("server.roles")
            .with_list_parse_key("identity.scopes"),
    );
    if let Some(url) = database_url() {
        builder = set(builder, "database.url", url)?;
    }
    for (key, value) in &overrides.values {
        builder = match value.parse::<i64>() {
            Ok(number) => set(builder, key, number)?,
            Err(_) if *key == "server.roles" => set(
                builder,
                key,
                value
                    .split(',')
                    .map(|role| role.trim().to_owned())
                    .collect::<Vec<_>>(),
            )?,
            Err(_) => set(builder, key, value.clone())?,
        };
    }
    builder
        .build()
        .map_err(|error| SettingsError(sentence(&error.to_string())))
}

/// Reads and validates the settings.
///
/// # Errors
/// One sentence that names the setting, where it came from and what is wrong.
pub fn load(overrides: &Overrides) -> Result<Settings, SettingsError> {
    let mut settings: Settings = layers(overrides)?
        .try_deserialize()
        .map_err(|error| SettingsError(sentence(&error.to_string())))?;
    settings.complete();
    settings.validate()?;
    Ok(settings)
}

fn source(file: &Path) -> File<config::FileSourceFile, FileFormat> {
    File::from(file).format(FileFormat::Toml)
}

fn set(
    builder: config::ConfigBuilder<config::builder::DefaultState>,
    key: &str,
    value: impl Into<config::Value>,
) -> Result<config::ConfigBuilder<config::builder::DefaultState>, SettingsError> {
    builder
        .set_override(key, value)
        .map_err(|error| SettingsError(sentence(&error.to_string())))
}

/// The variables that name a field of a section, `KOMBIFY_SERVER__PORT`: others
/// that begin so are not for the server, such as those of its tests.
#[expect(
    clippy::disallowed_methods,
    reason = "settings are the one place that reads the environment"
)]
fn variables() -> config::Map<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("KOMBIFY_") && name.contains("__"))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the settings are where the environment is read"
)]
fn database_url() -> Option<String> {
    std::env::var("DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
}

fn sentence(error: &str) -> String {
    format!(
        "The settings cannot be used: {}. Mend it, or run `kombify config` to see where each value comes from.",
        error.trim().trim_end_matches('.')
    )
}

impl Settings {
    fn complete(&mut self) {
        let port = self.server.port;
        if self.server.internal_url.is_empty() {
            self.server.internal_url = format!("http://127.0.0.1:{port}");
        }
        if self.server.public_url.is_empty() {
            self.server.public_url.clone_from(&self.server.internal_url);
        }
        if self.server.mode == Mode::Development && self.identity.issuer.is_empty() {
            self.identity.issuer = format!("{}/dev/issuer", self.server.public_url);
            self.identity.client_id = "kombify-development".to_owned();
            self.identity.operator_organisation = "dev-org".to_owned();
        }
    }

    fn validate(&self) -> Result<(), SettingsError> {
        let wrong = |setting: &str, what: &str| {
            Err(SettingsError(format!(
                "The setting {setting} cannot be used: {what}."
            )))
        };
        let production = self.server.mode == Mode::Production;
        let url = &self.server.public_url;
        if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
            return wrong(
                "server.public_url",
                "it has to begin with http:// or https:// and to end without a slash",
            );
        }
        if production && !url.starts_with("https://") && !self.server.is_loopback() {
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
        if !self.database.url.is_empty() && !self.database.is_postgres() {
            return wrong(
                "database.url",
                "it has to begin with postgres://; leave it empty for SQLite in data.dir",
            );
        }
        Ok(())
    }

    /// Sign-in is by the development issuer in this process.
    #[must_use]
    pub fn uses_embedded_issuer(&self) -> bool {
        self.identity.issuer == format!("{}/dev/issuer", self.server.public_url)
    }
}
