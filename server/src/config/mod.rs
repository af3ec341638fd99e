//! Settings: embedded defaults, then a file, then the environment, then the command
//! line; then validation. No other setting is read from the environment.

mod complaint;
mod data;
mod database;
mod identity;
mod kind;
mod leaves;
mod log;
mod plans;
mod report;
mod sample;
mod security;
mod server;
mod telemetry;
mod tools;
mod validate;
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
    server::{Mode, Network, Role, Server},
    telemetry::Telemetry,
    tools::Tools,
    worker::WorkerSettings,
};

const DEFAULTS: &str = include_str!("defaults.toml");
/// Settings that are lists; with commas where they are one text.
const LISTS: [&str; 3] = ["server.roles", "server.trusted_proxies", "identity.scopes"];
/// Where values come from, besides files; the first is what `config` itself says.
const ENVIRONMENT: &str = "the environment";
const COMMAND_LINE: &str = "the command line";
/// How the variables of settings begin.
const PREFIX: &str = "KOMBIFY_";
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
        Some(file) => builder = builder.add_source(source(file)?),
        None => {
            if let Some(found) = PLACES.iter().map(Path::new).find(|place| place.exists()) {
                builder = builder.add_source(source(found)?);
            }
        }
    }
    let variables = variables();
    let lists: Vec<_> = LISTS
        .into_iter()
        .filter_map(|key| Some((key, variables.get(&variable(key)).cloned()?)))
        .collect();
    // Texts stay as they are: a secret that looks like a number is none. The settings'
    // own types decide what is read as a number.
    builder = builder.add_source(
        Environment::with_prefix("KOMBIFY")
            .source(Some(variables))
            .prefix_separator("_")
            .separator("__"),
    );
    for (key, text) in lists {
        builder = set(builder, key, ENVIRONMENT, items(&text))?;
    }
    if let Some(url) = database_url() {
        builder = set(builder, "database.url", "DATABASE_URL", url)?;
    }
    for (key, text) in &overrides.values {
        builder = if LISTS.contains(key) {
            set(builder, key, COMMAND_LINE, items(text))?
        } else {
            set(builder, key, COMMAND_LINE, text.clone())?
        };
    }
    builder.build().map_err(|error| complaint::of(&error))
}

/// Reads and validates the settings.
///
/// # Errors
/// One sentence that names the setting, where it came from and what is wrong.
pub fn load(overrides: &Overrides) -> Result<Settings, SettingsError> {
    let layers = layers(overrides)?;
    let defaults = Config::builder()
        .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
        .build()
        .map_err(|error| complaint::of(&error))?;
    let wrong = complaint::misspelt(&names(), &defaults)
        .or_else(|| complaint::unknown(&layers, &defaults))
        .or_else(|| complaint::mistyped(&layers, &defaults));
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let mut settings: Settings = layers
        .clone()
        .try_deserialize()
        .map_err(|error| complaint::within(&error, &layers))?;
    settings.complete();
    settings
        .validate()
        .map_err(|unfit| complaint::unfit(&unfit, &layers))?;
    settings.plans.read()?;
    Ok(settings)
}

fn source(file: &Path) -> Result<File<config::FileSourceFile, FileFormat>, SettingsError> {
    if file.is_dir() {
        return Err(complaint::folder(file));
    }
    Ok(File::from(file).format(FileFormat::Toml))
}

fn set(
    builder: config::ConfigBuilder<config::builder::DefaultState>,
    key: &str,
    origin: &str,
    value: impl Into<config::ValueKind>,
) -> Result<config::ConfigBuilder<config::builder::DefaultState>, SettingsError> {
    builder
        .set_override(key, config::Value::new(Some(&origin.to_owned()), value))
        .map_err(|error| complaint::of(&error))
}

/// The value that a word stands for.
///
/// # Errors
/// A part of a sentence that names the words that there are.
fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        format!("\"{text}\" is none of {}", words.join(", "))
    })
}

/// `KOMBIFY_SERVER__ROLES` for `server.roles`.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

fn items(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
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
        .filter(|(name, _)| name.starts_with(PREFIX) && name.contains("__"))
        .collect()
}

/// The names of all variables that may be meant for the server, in order; not those by
/// which Kubernetes tells of a service of that name.
#[expect(
    clippy::disallowed_methods,
    reason = "settings are the one place that reads the environment"
)]
fn names() -> Vec<String> {
    let mut names: Vec<String> = std::env::vars_os()
        .filter(|(_, value)| !value.as_encoded_bytes().starts_with(b"tcp://"))
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.to_ascii_uppercase().starts_with(PREFIX))
        .collect();
    names.sort();
    names
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

impl Settings {
    fn complete(&mut self) {
        let port = self.server.port;
        if self.server.internal_url.is_empty() {
            self.server.internal_url = format!("http://127.0.0.1:{port}");
        }
        if self.server.public_url.is_empty() {
            self.server.public_url.clone_from(&self.server.internal_url);
        }
        if self.server.portal_url.is_empty() {
            self.server.portal_url = if self.server.has(Role::Portal) {
                self.server.internal_url.clone()
            } else {
                self.server.public_url.clone()
            };
        }
        if self.server.mode == Mode::Development && self.identity.issuer.is_empty() {
            self.identity.issuer = format!("{}/dev/issuer", self.server.public_url);
            self.identity.client_id = "kombify-development".to_owned();
            self.identity.operator_organisation = "dev-org".to_owned();
        }
    }

    /// Sign-in is by the development issuer in this process.
    #[must_use]
    pub fn uses_embedded_issuer(&self) -> bool {
        self.identity.issuer == format!("{}/dev/issuer", self.server.public_url)
    }
}
