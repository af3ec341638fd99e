//! What cannot be read, as one sentence: which setting, where it came from, what is wrong.

use std::path::Path;

use config::{Config, ConfigError};

use super::{SettingsError, kind::mismatch, leaves::leaves, validate::Unfit, variable};

/// What a setting may be mistyped by and still be recognised.
const LIKE: usize = 3;

/// One sentence for a layer that cannot be read.
pub(super) fn of(error: &ConfigError) -> SettingsError {
    let ConfigError::FileParse { uri, cause } = error else {
        return sentence(format!("The settings cannot be read: {error}"));
    };
    let file = uri.as_deref().unwrap_or("the settings file");
    SettingsError(syntax("settings file", &place(file), &cause.to_string()))
}

/// One sentence for a folder in the place of a settings file.
pub(super) fn folder(file: &Path) -> SettingsError {
    SettingsError(format!(
        "The settings file {} is a folder. Name a file in it with --config, such as {}.",
        file.display(),
        file.join("kombify.toml").display()
    ))
}

/// One sentence for a value that is not what its setting needs.
pub(super) fn within(error: &ConfigError, layers: &Config) -> SettingsError {
    let at = |key: &Option<String>| named(key.as_deref().unwrap_or("of some name"), layers);
    sentence(match error {
        ConfigError::Type {
            unexpected,
            expected,
            key,
            ..
        } => format!("{} needs {expected}, not {unexpected}", at(key)),
        ConfigError::At { error, key, .. } => {
            format!("{} cannot be used: {error}", at(key))
        }
        ConfigError::NotFound(key) => {
            format!("The setting {key} is missing: what should be its section is a single value")
        }
        other => format!("The settings cannot be read: {other}"),
    })
}

/// One sentence for a value that no server can start with.
pub(super) fn unfit(unfit: &Unfit, layers: &Config) -> SettingsError {
    let setting = named(unfit.setting, layers);
    SettingsError(format!("{setting} cannot be used: {}.", unfit.what))
}

/// A setting, and where its value came from when that is not the defaults.
fn named(key: &str, layers: &Config) -> String {
    // `server.roles[0]` came from where `server.roles` did.
    let whole = key.split('[').next().unwrap_or(key);
    let origin = leaves(layers)
        .into_iter()
        .find(|(name, _)| name == whole)
        .and_then(|(_, value)| value.origin());
    match origin {
        Some(origin) => format!("The setting {key} in {}", place(origin)),
        None => format!("The setting {key}"),
    }
}

fn sentence(text: String) -> SettingsError {
    SettingsError(format!(
        "{}. Mend it; `kombify config` shows where each value comes from.",
        text.trim_end_matches('.').replace('\n', " ")
    ))
}

/// The first setting that does not exist, if any.
pub(super) fn unknown(layers: &Config, defaults: &Config) -> Option<SettingsError> {
    let (known, all) = (leaves(defaults), leaves(layers));
    let (name, value) = all
        .into_iter()
        .find(|(name, _)| !known.iter().any(|(one, _)| one == name))?;
    let closest = known
        .iter()
        .map(|(one, _)| (distance(one, &name), one))
        .min()
        .filter(|(distance, _)| *distance <= LIKE);
    let hint = match closest {
        Some((_, one)) => format!("Did you mean {one}?"),
        None => "`kombify config` prints those that there are.".to_owned(),
    };
    Some(SettingsError(format!(
        "There is no setting {name}, which is set in {}. {hint}",
        place(value.origin().unwrap_or("the defaults"))
    )))
}

/// The first variable that has a setting's name but for its case and underscores, if any:
/// it sets nothing, and whoever set it believes that it does.
pub(super) fn misspelt(names: &[String], defaults: &Config) -> Option<SettingsError> {
    let bare = |name: &str| name.replace('_', "").to_ascii_uppercase();
    let known: Vec<String> = leaves(defaults)
        .iter()
        .map(|(key, _)| variable(key))
        .collect();
    names.iter().find_map(|name| {
        let meant = known.iter().find(|one| bare(one) == bare(name))?;
        (meant != name).then(|| {
            SettingsError(format!(
                "There is no setting with the variable {name}, which is set in the environment. Did you mean {meant}?"
            ))
        })
    })
}

/// The first setting whose value is of another type than its default, if any.
pub(super) fn mistyped(layers: &Config, defaults: &Config) -> Option<SettingsError> {
    let known = leaves(defaults);
    leaves(layers).into_iter().find_map(|(name, value)| {
        let (_, default) = known.iter().find(|(one, _)| *one == name)?;
        let (needed, given) = mismatch(default, value)?;
        let setting = named(&name, layers);
        Some(sentence(format!("{setting} needs {needed}, not {given}")))
    })
}

/// A place for people: a file by its whole path.
pub(super) fn place(origin: &str) -> String {
    let file = Path::new(origin);
    match std::path::absolute(file) {
        Ok(whole) if file.exists() => whole.display().to_string(),
        _ => origin.to_owned(),
    }
}

/// The parser shows the line as it stands, over several lines of its own.
pub(super) fn syntax(what: &str, file: &str, cause: &str) -> String {
    let place = cause
        .lines()
        .next()
        .and_then(|first| first.strip_prefix("TOML parse error at "))
        .map(|place| format!(", {place}"))
        .unwrap_or_default();
    let reason = cause.lines().rfind(|line| !line.trim().is_empty());
    let reason = reason.unwrap_or("it is no TOML").trim();
    format!("The {what} {file}{place} cannot be read: {reason}. Mend that line, then start again.")
}

/// How many letters differ (Levenshtein 1966).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = number + 1;
        for (place, wanted) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *wanted);
            diagonal = row[place + 1];
            row[place + 1] = changed.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}
