//! A change of one resource as lines that a person can read.
//!
//! The input is `resource_changes[].change` of `tofu show -json` (JSON output format 1.x):
//! `before`, `after`, and trees of the same shape that mark what is unknown or sensitive.

use serde_json::{Map, Value};
use types::stack::DiffLine;

/// Values of at most so many characters stand on one line.
const SHORT: usize = 72;
/// Unchanged items that are shown around a changed one.
const CONTEXT: usize = 3;
/// Lines shown of one resource.
const MOST_LINES: usize = 400;

/// One side of a change with its marks.
#[derive(Clone, Copy)]
struct Side<'a> {
    value: &'a Value,
    sensitive: &'a Value,
    unknown: &'a Value,
}

/// The lines of a change, secrets masked; empty when nothing differs.
pub(super) fn lines(resource_type: &str, change: &Value) -> Vec<DiffLine> {
    let none = &Value::Null;
    let field = |name: &str| change.get(name).unwrap_or(none);
    let mut before = Side {
        value: field("before"),
        sensitive: field("before_sensitive"),
        unknown: none,
    };
    let mut after = Side {
        value: field("after"),
        sensitive: field("after_sensitive"),
        unknown: field("after_unknown"),
    };
    let plain = resource_type == "terraform_data" && only_input(before) && only_input(after);
    if plain {
        before = before.child("input");
        after = after.child("input");
    }
    let mut writer = Writer::default();
    writer.compare("", before, after);
    writer.finish()
}

/// Whether a `terraform_data` says all that it holds in its `input`: `output` repeats it
/// and `id` is a random number; `triggers_replace` is the same value or absent.
fn only_input(side: Side) -> bool {
    let Some(fields) = side.value.as_object() else {
        return side.value.is_null();
    };
    let get = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let input = get("input");
    input.is_some() && get("triggers_replace").is_none_or(|trigger| Some(trigger) == input)
}

impl<'a> Side<'a> {
    /// The same side one step down; a mark on the whole holds for its parts.
    fn child(self, key: &str) -> Self {
        Side {
            value: self.value.get(key).unwrap_or(&Value::Null),
            sensitive: marks(self.sensitive, |marks| marks.get(key)),
            unknown: marks(self.unknown, |marks| marks.get(key)),
        }
    }

    fn item(self, index: usize) -> Self {
        Side {
            value: self.value.get(index).unwrap_or(&Value::Null),
            sensitive: marks(self.sensitive, |marks| marks.get(index)),
            unknown: marks(self.unknown, |marks| marks.get(index)),
        }
    }

    fn is_sensitive(self) -> bool {
        self.sensitive == &Value::Bool(true)
    }

    fn is_unknown(self) -> bool {
        self.unknown == &Value::Bool(true)
    }

    fn absent(self) -> bool {
        self.value.is_null() && !self.is_unknown() && !holds_true(self.unknown)
    }

    fn opaque(self) -> bool {
        self.is_sensitive() || self.is_unknown()
    }

    /// Keys of an object, those that are only known later included.
    fn keys(self) -> Option<Vec<&'a str>> {
        let known = self.value.as_object();
        let later = self.unknown.as_object();
        if known.is_none() && later.is_none() {
            return None;
        }
        let marked = later
            .into_iter()
            .flatten()
            .filter(|(_, mark)| holds_true(mark))
            .map(|(key, _)| key);
        let mut keys: Vec<&str> = known
            .into_iter()
            .flat_map(Map::keys)
            .chain(marked)
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        Some(keys)
    }

    fn items(self) -> Option<Vec<Self>> {
        let length = self.value.as_array()?.len();
        Some((0..length).map(|index| self.item(index)).collect())
    }

    /// The value on one line.
    fn text(self) -> String {
        if self.is_sensitive() {
            return "(sensitive)".to_owned();
        }
        if self.is_unknown() {
            return "(known after apply)".to_owned();
        }
        if let Some(keys) = self.keys() {
            let fields: Vec<String> = keys
                .iter()
                .map(|key| format!("{key} = {}", self.child(key).text()))
                .collect();
            return if fields.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", fields.join(", "))
            };
        }
        if let Some(items) = self.items() {
            let items: Vec<String> = items.into_iter().map(Self::text).collect();
            return format!("[{}]", items.join(", "));
        }
        self.value.to_string()
    }
}

fn marks(marks: &Value, below: impl FnOnce(&Value) -> Option<&Value>) -> &Value {
    match marks {
        Value::Bool(true) => marks,
        other => below(other).unwrap_or(&Value::Null),
    }
}

fn holds_true(marks: &Value) -> bool {
    match marks {
        Value::Bool(mark) => *mark,
        Value::Array(items) => items.iter().any(holds_true),
        Value::Object(fields) => fields.values().any(holds_true),
        _ => false,
    }
}

#[derive(Default)]
struct Writer {
    lines: Vec<DiffLine>,
    left_out: usize,
}

impl Writer {
    fn put(&mut self, sign: char, text: String) {
        if self.lines.len() < MOST_LINES {
            self.lines.push(DiffLine { sign, text });
        } else {
            self.left_out += 1;
        }
    }

    fn finish(mut self) -> Vec<DiffLine> {
        if self.left_out > 0 {
            let text = format!("… {} more lines", self.left_out);
            self.lines.push(DiffLine { sign: ' ', text });
        }
        self.lines
    }

    fn compare(&mut self, path: &str, before: Side, after: Side) {
        if before.absent() && after.absent() {
            return;
        }
        if before.absent() {
            return self.whole('+', path, after);
        }
        if after.absent() {
            return self.whole('-', path, before);
        }
        if before.opaque() || after.opaque() {
            // Whether a secret stays the same is said, what it is is not.
            if before.value != after.value || after.is_unknown() {
                self.put('-', assign(path, &before.text()));
                self.put('+', assign(path, &after.text()));
            }
            return;
        }
        if let (Some(mut keys), Some(more)) = (before.keys(), after.keys()) {
            keys.extend(more);
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                self.compare(&join(path, key), before.child(key), after.child(key));
            }
        } else if let (Some(old), Some(new)) = (before.items(), after.items()) {
            let old = texts(&old);
            let new = texts(&new);
            // Two secrets look the same; the values say whether they are.
            if old != new || before.value == after.value {
                self.sequence(&format!("{path} = ["), "]", &old, &new);
            } else {
                self.put('-', assign(path, "(sensitive)"));
                self.put('+', assign(path, "(sensitive)"));
            }
        } else if let (Some(old), Some(new)) = (block(before), block(after)) {
            self.sequence(&format!("{path} = <<"), ">>", &old, &new);
        } else if before.value != after.value {
            self.put('-', assign(path, &before.text()));
            self.put('+', assign(path, &after.text()));
        }
    }

    /// A value that comes or goes as a whole.
    fn whole(&mut self, sign: char, path: &str, side: Side) {
        if side.opaque() {
            return self.put(sign, assign(path, &side.text()));
        }
        if let Some(keys) = side.keys() {
            if keys.is_empty() {
                self.put(sign, assign(path, "{}"));
            }
            for key in keys {
                let child = side.child(key);
                if !child.absent() {
                    self.whole(sign, &join(path, key), child);
                }
            }
            return;
        }
        let text = side.text();
        let parts = side.items().map(|items| ("[", "]", texts(&items)));
        let parts = parts.or_else(|| block(side).map(|lines| ("<<", ">>", lines)));
        match parts {
            Some((open, close, parts)) if text.chars().count() > SHORT || open == "<<" => {
                self.put(sign, format!("{path} = {open}"));
                for part in parts {
                    self.put(sign, format!("  {part}"));
                }
                self.put(sign, close.to_owned());
            }
            _ => self.put(sign, assign(path, &text)),
        }
    }

    /// Two sequences between brackets, what both have in common with them unsigned.
    fn sequence(&mut self, open: &str, close: &str, old: &[String], new: &[String]) {
        let steps = steps(old, new);
        if steps.iter().all(|(sign, _)| *sign == ' ') {
            return;
        }
        self.put(' ', open.to_owned());
        let near = |index: usize| {
            let from = index.saturating_sub(CONTEXT);
            let to = (index + CONTEXT + 1).min(steps.len());
            steps[from..to].iter().any(|(sign, _)| *sign != ' ')
        };
        let mut skipped = 0;
        for (index, (sign, text)) in steps.iter().enumerate() {
            if near(index) {
                self.skip(&mut skipped);
                self.put(*sign, format!("  {text}"));
            } else {
                skipped += 1;
            }
        }
        self.skip(&mut skipped);
        self.put(' ', close.to_owned());
    }

    fn skip(&mut self, skipped: &mut usize) {
        if *skipped > 0 {
            self.put(' ', format!("  … {skipped} unchanged"));
            *skipped = 0;
        }
    }
}

fn texts(items: &[Side]) -> Vec<String> {
    items
        .iter()
        .map(|item| format!("{},", item.text()))
        .collect()
}

/// The lines of a text that has several.
fn block(side: Side) -> Option<Vec<String>> {
    let text = side.value.as_str()?;
    text.trim_end()
        .contains('\n')
        .then(|| text.lines().map(str::to_owned).collect())
}

fn assign(path: &str, text: &str) -> String {
    if path.is_empty() {
        text.to_owned()
    } else {
        format!("{path} = {text}")
    }
}

fn join(path: &str, key: &str) -> String {
    let simple = !key.is_empty()
        && key
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '-');
    match (path.is_empty(), simple) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{}]", Value::from(key)),
    }
}

/// The way from one sequence to the other by a longest common subsequence: `-` goes, `+`
/// comes, a space stays. Beyond a million pairs all goes and all comes.
fn steps<'a>(old: &'a [String], new: &'a [String]) -> Vec<(char, &'a str)> {
    let same_start = old
        .iter()
        .zip(new)
        .take_while(|(one, other)| one == other)
        .count();
    let (old_rest, new_rest) = (&old[same_start..], &new[same_start..]);
    let mut steps: Vec<(char, &str)> = old[..same_start]
        .iter()
        .map(|text| (' ', text.as_str()))
        .collect();
    if old_rest.len().saturating_mul(new_rest.len()) > 1_000_000 {
        steps.extend(old_rest.iter().map(|text| ('-', text.as_str())));
        steps.extend(new_rest.iter().map(|text| ('+', text.as_str())));
        return steps;
    }
    // longest[i][j]: length of the longest common subsequence of old[i..] and new[j..].
    let mut longest = vec![vec![0_u32; new_rest.len() + 1]; old_rest.len() + 1];
    for i in (0..old_rest.len()).rev() {
        for j in (0..new_rest.len()).rev() {
            longest[i][j] = if old_rest[i] == new_rest[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old_rest.len() || j < new_rest.len() {
        if i < old_rest.len() && j < new_rest.len() && old_rest[i] == new_rest[j] {
            steps.push((' ', &old_rest[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new_rest.len()
            || (i < old_rest.len() && longest[i + 1][j] >= longest[i][j + 1])
        {
            steps.push(('-', &old_rest[i]));
            i += 1;
        } else {
            steps.push(('+', &new_rest[j]));
            j += 1;
        }
    }
    steps
}

#[cfg(test)]
mod tests;
