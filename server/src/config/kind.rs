//! The type of a setting: that of its default.

use config::{Value, ValueKind};

use super::{COMMAND_LINE, ENVIRONMENT};

/// What is needed and what is there, when a value is not of its default's type.
pub(super) fn mismatch(default: &Value, value: &Value) -> Option<(&'static str, String)> {
    match (&default.kind, &value.kind) {
        (ValueKind::String(_), ValueKind::String(_))
        | (ValueKind::Boolean(_), ValueKind::Boolean(_))
        | (ValueKind::I64(_), ValueKind::I64(_)) => None,
        (ValueKind::Boolean(_), ValueKind::String(_)) if is_from_text(value) => None,
        (ValueKind::I64(_), ValueKind::String(text))
            if is_from_text(value) && text.parse::<u64>().is_ok() =>
        {
            None
        }
        (ValueKind::Array(_), ValueKind::Array(items)) => items
            .iter()
            .find(|item| !matches!(item.kind, ValueKind::String(_)))
            .map(|item| ("a list of texts", format!("one with {}", shown(&item.kind)))),
        (ValueKind::Boolean(_), other) => Some(("true or false", shown(other))),
        (ValueKind::I64(_), other) => Some(("a whole number", shown(other))),
        (ValueKind::Array(_), other) => Some(("a list of texts", shown(other))),
        // It may be a secret, so it is not shown.
        (_, ValueKind::Array(_)) => Some(("a text in quotes", "a list".to_owned())),
        _ => Some(("a text in quotes", "a value without them".to_owned())),
    }
}

/// Where it came from there is nothing but text.
fn is_from_text(value: &Value) -> bool {
    value
        .origin()
        .is_some_and(|origin| [ENVIRONMENT, COMMAND_LINE].contains(&origin))
}

fn shown(kind: &ValueKind) -> String {
    match kind {
        ValueKind::String(text) => format!("{text:?}"),
        // 4.0 stays 4.0.
        ValueKind::Float(number) => format!("{number:?}"),
        ValueKind::Array(_) => "a list".to_owned(),
        ValueKind::Table(_) => "a section".to_owned(),
        other => other.to_string(),
    }
}
