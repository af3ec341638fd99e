//! What `kombify config` prints: each value and where it came from.

use config::{Config, Value, ValueKind};

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
    let mut lines = Vec::new();
    walk("", &layers.cache, &mut lines);
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    lines
}

fn walk(name: &str, value: &Value, lines: &mut Vec<Line>) {
    if let ValueKind::Table(table) = &value.kind {
        for (key, value) in table {
            let name = if name.is_empty() {
                key.clone()
            } else {
                format!("{name}.{key}")
            };
            walk(&name, value, lines);
        }
        return;
    }
    let shown = match &value.kind {
        ValueKind::Array(values) => values
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        _ => value.to_string(),
    };
    let origin = match value.origin() {
        None => "default".to_owned(),
        Some("the environment") => "environment".to_owned(),
        Some(file) => file.to_owned(),
    };
    lines.push(Line {
        value: mask(name, shown),
        name: name.to_owned(),
        origin,
    });
}

fn mask(name: &str, value: String) -> String {
    let secret = ["secret", "key", "password", "token"]
        .iter()
        .any(|word| name.ends_with(word));
    if secret && !value.is_empty() {
        return "••••••".to_owned();
    }
    match (value.find("://"), value.find('@')) {
        // A password inside an address.
        (Some(scheme), Some(at)) if scheme < at => {
            let user = value[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}://{user}:••••••{}", &value[..scheme], &value[at..])
        }
        _ => value,
    }
}
