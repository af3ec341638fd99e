//! Where it listens and what it runs.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

/// Where it listens and what it runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `development` allows the embedded issuer and sample data, on loopback only.
    pub mode: Mode,
    /// What this process does.
    pub roles: Vec<Role>,
    /// Address to listen on.
    pub bind: IpAddr,
    /// Port to listen on.
    pub port: u16,
    /// Networks of the proxies before it, whose `X-Forwarded-For` says who asks.
    pub trusted_proxies: Vec<Network>,
    /// Where browsers reach it, without a slash at the end; from bind and port when empty.
    pub public_url: String,
    /// Where the other processes and its own OpenTofu reach it; `http://127.0.0.1:<port>`
    /// when empty.
    pub internal_url: String,
    /// Where the stack service redeems launch codes; when empty, in this process if it
    /// has the role portal, else at `public_url`.
    pub portal_url: String,
    /// How long a stop waits for requests and jobs, in seconds.
    pub grace_seconds: u64,
    /// Folder with the built interface (wasm, style sheets).
    pub site_root: String,
}

/// A network, by an address of it and the length of its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(pub IpNet);

/// How strict it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Mode {
    /// For people.
    Production,
    /// For a look, on this machine only.
    Development,
}

/// A part of kombify that a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Role {
    /// Sign-in, tenants, launch, pages.
    Portal,
    /// The admin centre and instance health.
    Admin,
    /// The stack service's API and its side of the launch.
    Stack,
    /// Background jobs, and the states of the OpenTofu runs among them.
    Worker,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Portal, Self::Admin, Self::Stack, Self::Worker];

    /// The role as settings have it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Admin => "admin",
            Self::Stack => "stack",
            Self::Worker => "worker",
        }
    }
}

impl TryFrom<String> for Role {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        super::one_of(&text, &Self::ALL.map(|role| (role.word(), role)))
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self(network));
        }
        let (address, prefix) = text.split_once('/').unwrap_or((text.as_str(), ""));
        let why = match address.parse::<IpAddr>() {
            Ok(address) => {
                let longest = if address.is_ipv4() { 32 } else { 128 };
                format!("the prefix \"{prefix}\" is not a number between 0 and {longest}")
            }
            Err(_) => "it has to begin with an IP address".to_owned(),
        };
        Err(format!(
            "\"{text}\" is no network such as 10.0.0.0/24: {why}"
        ))
    }
}

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        super::one_of(
            &text,
            &[
                ("production", Self::Production),
                ("development", Self::Development),
            ],
        )
    }
}

impl Server {
    /// Whether it listens on this machine only.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.bind.is_loopback()
    }

    /// Whether this process has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether browsers reach it by https, so that cookies may be `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
