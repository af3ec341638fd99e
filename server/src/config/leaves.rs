//! Settings one by one.

use config::{Config, Value, ValueKind};

/// Every setting with its value, by name.
pub(super) fn leaves(layers: &Config) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    walk("", &layers.cache, &mut found);
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn walk<'a>(name: &str, value: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    let ValueKind::Table(table) = &value.kind else {
        found.push((name.to_owned(), value));
        return;
    };
    for (key, value) in table {
        let below = if name.is_empty() {
            key.clone()
        } else {
            format!("{name}.{key}")
        };
        walk(&below, value, found);
    }
}
