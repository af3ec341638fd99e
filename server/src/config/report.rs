//! What `kombify config` prints: each value and where it came from.

use config::{Config, Value, ValueKind};

use super::{complaint::place, leaves::leaves};

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `section.field`.
    pub name: String,
    /// Its value; secrets are masked.
    pub value: String,
    /// Where it came from.
    pub origin: String,
}

/// Every setting, by name.
#[must_use]
pub fn report(layers: &Config) -> Vec<Line> {
    leaves(layers)
        .into_iter()
        .map(|(name, value)| Line {
            value: mask(&name, shown(value)),
            origin: match value.origin() {
                None => "default".to_owned(),
                Some(origin) => place(origin.trim_start_matches("the ")),
            },
            name,
        })
        .collect()
}

fn shown(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(values) => values
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        _ => value.to_string(),
    }
}

const MASK: &str = "••••••";

fn is_secret(name: &str) -> bool {
    ["secret", "key", "password", "token"]
        .iter()
        .any(|word| name.ends_with(word))
}

fn mask(name: &str, value: String) -> String {
    if is_secret(name) && !value.is_empty() {
        return MASK.to_owned();
    }
    match value.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", mask_address(rest)),
        None => value,
    }
}

/// An address without what stands behind `user:` and in `?sslpassword=`.
fn mask_address(rest: &str) -> String {
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    // A password may hold an @ itself, and a host does not.
    let mut shown = match place.rsplit_once('@') {
        Some((who, host)) => match who.split_once(':') {
            Some((user, _)) => format!("{user}:{MASK}@{host}"),
            None => format!("{who}@{host}"),
        },
        None => place.to_owned(),
    };
    for (number, pair) in query.into_iter().flat_map(|all| all.split('&')).enumerate() {
        shown.push(if number == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((key, _)) if is_secret(key) => {
                shown.push_str(key);
                shown.push('=');
                shown.push_str(MASK);
            }
            _ => shown.push_str(pair),
        }
    }
    shown
}
