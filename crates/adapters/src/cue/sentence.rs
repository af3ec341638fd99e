//! CUE's messages about one field as one sentence.
//!
//! A kit's own words, from `error("…")` in a rule, go before CUE's. What has no better
//! words here is passed on as CUE says it.

use serde_json::Value;

use super::{complaint::Complaint, path::Path};

/// Longest value that is quoted, in characters.
const LONGEST: usize = 60;

/// The sentence for all that CUE says about one field, and the rule behind it; nothing when
/// that is only noise.
pub(super) fn of(
    path: &Path,
    complaints: &[&Complaint],
    document: &Value,
) -> Option<(String, Option<String>)> {
    let told: Vec<&Complaint> = complaints
        .iter()
        .copied()
        .filter(|one| !one.message.ends_with("errors in empty disjunction"))
        .collect();
    let value = path.find(document);
    let ours = told.iter().find(|one| !is_cues(&one.message));
    let mismatch = told.iter().find(|one| mismatch(&one.message).is_some());
    let leading = ours.or(mismatch).or_else(|| told.first())?;
    let sentence = if ours.is_some() {
        predicate(&leading.message, value)
    } else {
        translate(path, &leading.message, &told, value).unwrap_or_else(|| leading.message.clone())
    };
    Some((finish(sentence), leading.rule.clone()))
}

/// A kit's own words: with the value in front when they say what it is or is not.
pub(super) fn predicate(words: &str, value: Option<&Value>) -> String {
    let verb = words.split(' ').next().unwrap_or_default();
    let text = match (value, verb) {
        (Some(value), "is" | "does" | "has" | "needs") => format!("{} {words}", quote(value)),
        _ => words.to_owned(),
    };
    let near = value.and_then(Value::as_str).and_then(|value| {
        // What can be written instead is named after "write".
        let (_, offered) = words.split_once("write ")?;
        let offered =
            offered.split(|letter: char| letter == ',' || letter == ':' || letter.is_whitespace());
        nearest(value, &offered.collect::<Vec<_>>())
    });
    match near {
        Some(near) => format!("{}. Did you mean {near}?", text.trim_end_matches('.')),
        None => text,
    }
}

/// The word that a misspelt one is most likely to be.
pub(super) fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let most = match written.chars().count() {
        0..=2 => return None,
        3..=5 => 1,
        _ => 2,
    };
    known
        .iter()
        .copied()
        .filter(|word| !word.is_empty() && *word != written)
        .map(|word| (distance(written, word), word))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// A value as it stands in a sentence.
pub(super) fn quote(value: &Value) -> String {
    let text = match value {
        Value::String(text) if text.is_empty() => "The empty text".to_owned(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Array(_) => "This list".to_owned(),
        Value::Object(_) => "This group of fields".to_owned(),
        Value::Null => "Nothing".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() > LONGEST {
        text.chars().take(LONGEST).chain("…".chars()).collect()
    } else {
        text
    }
}

fn finish(mut sentence: String) -> String {
    if !sentence.ends_with(['.', '?']) {
        sentence.push('.');
    }
    sentence
}

/// Whether the words are CUE's own and no kit's.
fn is_cues(message: &str) -> bool {
    const BEGINNINGS: [&str; 15] = [
        "conflicting values ",
        "invalid value ",
        "invalid interpolation",
        "invalid operand",
        "incomplete ",
        "incompatible list lengths",
        "cannot use ",
        "field not allowed",
        "field is required but not present",
        "required field missing",
        "undefined field",
        "reference ",
        "error in call to ",
        "structural cycle",
        "index out of range",
    ];
    BEGINNINGS
        .iter()
        .any(|beginning| message.starts_with(beginning))
}

fn translate(
    path: &Path,
    message: &str,
    all: &[&Complaint],
    value: Option<&Value>,
) -> Option<String> {
    let name = path.name();
    if message.starts_with("field is required") || message.starts_with("required field missing") {
        return Some(format!("{name} is missing"));
    }
    if let Some(kind) = message.strip_prefix("incomplete value ") {
        return Some(format!(
            "{name} is missing: {} belongs here",
            kind_name(kind)?
        ));
    }
    let value = value?;
    if let Some((one, other)) = mismatch(message) {
        let given = kind_of(value);
        let wanted = if one == given || (given == "number" && one == "float") {
            other
        } else {
            one
        };
        return Some(match (value, wanted) {
            (Value::Null, "struct") => format!("{name} is empty: write {{}} to take what is usual"),
            (Value::Null, wanted) => {
                format!("{name} is empty: {} belongs here", kind_name(wanted)?)
            }
            _ => format!(
                "{} is {}: {} belongs here",
                quote(value),
                kind_name(given)?,
                kind_name(wanted)?
            ),
        });
    }
    if message.starts_with("conflicting values ") {
        let own = value.to_string();
        let options: Vec<&str> = all
            .iter()
            .filter_map(|one| {
                one.message
                    .strip_prefix("conflicting values ")?
                    .split_once(" and ")
            })
            .map(|(one, other)| if one == own { other } else { one })
            .map(|option| option.trim_matches('"'))
            .collect();
        return Some(match options.as_slice() {
            [] => return None,
            [only] => format!("{} does not fit: {only} belongs here", quote(value)),
            several => format!("{} is none of {}", quote(value), several.join(", ")),
        });
    }
    if let Some((_, bound)) = message.split_once(" (out of bound ") {
        let bound = bound.split(')').next()?;
        let limit = bound.trim_start_matches(['>', '<', '=', '~', '!']);
        let words = match &bound[..bound.len() - limit.len()] {
            ">=" => format!("too small: {limit} is the least"),
            ">" => format!("too small: it must be more than {limit}"),
            "<=" => format!("too large: {limit} is the most"),
            "<" => format!("too large: it must be less than {limit}"),
            _ => return None,
        };
        return Some(format!("{} is {words}", quote(value)));
    }
    let (_, rule) = message.split_once(" (does not satisfy ")?;
    let (rule, number) = rule.split_once(['(', ')'])?;
    let number = number.split(')').next()?;
    Some(match rule {
        "net.IPv4" => format!("{} is not an IPv4 address", quote(value)),
        "net.IP" => format!("{} is not an IP address", quote(value)),
        "list.MinItems" if number == "1" => format!("{name} needs at least 1 item"),
        "list.MinItems" => format!("{name} needs at least {number} items"),
        "list.MaxItems" => format!("{name} has more than {number} items"),
        _ => return None,
    })
}

/// The two kinds in `conflicting values … (mismatched types int and string)`.
fn mismatch(message: &str) -> Option<(&str, &str)> {
    let (_, kinds) = message.rsplit_once("(mismatched types ")?;
    kinds.strip_suffix(')')?.split_once(" and ")
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "struct",
    }
}

fn kind_name(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "null" => "nothing",
        "bool" => "true or false",
        "int" => "a whole number",
        "number" | "float" => "a number",
        "string" => "text",
        "list" => "a list",
        "struct" => "a group of fields",
        _ => return None,
    })
}

/// Letters to add, leave out, change or swap to get from one word to the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = usize::from(one[i - 1] != other[j - 1]);
                let mut least = (rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1)
                    .min(rows[i - 1][j - 1] + change);
                if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn say(field: &str, document: Value, messages: &[&str]) -> String {
        let path = Path::read(field);
        let complaints: Vec<Complaint> = messages
            .iter()
            .map(|message| Complaint {
                path: path.clone(),
                message: (*message).to_owned(),
                rule: None,
            })
            .collect();
        of(&path, &complaints.iter().collect::<Vec<_>>(), &document)
            .expect("a sentence")
            .0
    }

    #[test]
    fn a_kits_words_go_first_with_the_value_in_front() {
        let document = json!({ "memory": "16GB", "role": "storge" });
        assert_eq!(
            say(
                "memory",
                document.clone(),
                &[
                    "2 errors in empty disjunction",
                    "conflicting values \"4GiB\" and \"16GB\"",
                    "is not an amount of memory: write it as 16GiB or 512MiB",
                ]
            ),
            "16GB is not an amount of memory: write it as 16GiB or 512MiB. Did you mean 16GiB?"
        );
        assert_eq!(
            say(
                "role",
                document,
                &["is not a role: write manager, storage or edge"]
            ),
            "storge is not a role: write manager, storage or edge. Did you mean storage?"
        );
    }

    #[test]
    fn cues_words_are_translated() {
        let document = json!({ "cpu": "four", "port": 0, "size": 9, "kind": "x", "proxy": null, "nodes": [], "ip": "a", "half": 1.5 });
        for (field, messages, sentence) in [
            (
                "cpu",
                &["conflicting values \"four\" and int (mismatched types string and int)"][..],
                "four is text: a whole number belongs here.",
            ),
            (
                "half",
                &["conflicting values 1.5 and int (mismatched types float and int)"],
                "1.5 is a number: a whole number belongs here.",
            ),
            (
                "port",
                &["invalid value 0 (out of bound >=1)"],
                "0 is too small: 1 is the least.",
            ),
            (
                "size",
                &["invalid value 9 (out of bound <=8)"],
                "9 is too large: 8 is the most.",
            ),
            (
                "kind",
                &[
                    "2 errors in empty disjunction",
                    "conflicting values \"a\" and \"x\"",
                    "conflicting values \"x\" and \"b\"",
                ],
                "x is none of a, b.",
            ),
            (
                "proxy",
                &["conflicting values null and {node?:#Name} (mismatched types null and struct)"],
                "proxy is empty: write {} to take what is usual.",
            ),
            (
                "nodes",
                &[
                    "invalid value [] (does not satisfy list.MinItems(1)): len(list) < MinItems(1) (0 < 1)",
                ],
                "nodes needs at least 1 item.",
            ),
            (
                "ip",
                &["invalid value \"a\" (does not satisfy net.IPv4)"],
                "a is not an IPv4 address.",
            ),
            (
                "missing",
                &["field is required but not present"],
                "missing is missing.",
            ),
            (
                "kind",
                &["something new that CUE says"],
                "something new that CUE says.",
            ),
        ] {
            assert_eq!(say(field, document.clone(), messages), sentence);
        }
    }

    #[test]
    fn near_words_are_found() {
        let known = ["name", "address", "role"];
        assert_eq!(nearest("adress", &known), Some("address"));
        assert_eq!(nearest("nmae", &known), Some("name"));
        assert_eq!(nearest("port", &known), None);
    }
}
