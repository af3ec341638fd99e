//! Reads a specification's YAML: its values, and where each of them stands.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScanError, Span};
use serde_json::Value;
use types::stack::SpecificationProblem;

use super::path::Path;

/// Most bytes of a specification.
pub(super) const LARGEST: usize = 256 << 10;

/// Most lists and fields inside of each other.
const DEEPEST: usize = 32;

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A specification as it was written.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) value: Value,
    values: BTreeMap<Path, Place>,
    keys: BTreeMap<Path, Place>,
}

impl Document {
    /// Where a field's value stands, or else what is nearest above it; `None` for the whole.
    pub(super) fn place(&self, path: &Path) -> Option<Place> {
        let mut path = path.clone();
        while !path.0.is_empty() {
            if let Some(place) = self.values.get(&path) {
                return Some(*place);
            }
            path = path.parent()?;
        }
        None
    }

    /// Where a field's name stands.
    pub(super) fn key_place(&self, path: &Path) -> Option<Place> {
        self.keys.get(path).copied().or_else(|| self.place(path))
    }
}

/// Reads a specification.
///
/// # Errors
/// What is wrong with its syntax, at its place: not YAML, larger than 256 KiB, a field
/// twice, names that are no text, tags, aliases that multiply.
pub(super) fn read(text: &str) -> Result<Document, SpecificationProblem> {
    if text.len() > LARGEST {
        return Err(problem(
            format!(
                "The specification has {} KiB, and {} KiB is the most.",
                text.len().div_ceil(1024),
                LARGEST >> 10
            ),
            None,
        ));
    }
    let marks = mark(text)?;
    let value: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(text).map_err(|error| syntax(text, &error))?;
    let value =
        to_json(value, &Path::default()).map_err(|(path, message)| SpecificationProblem {
            field: path.to_string(),
            ..problem(message, marks.place(&path))
        })?;
    if !value.is_object() {
        let message = if value.is_null() {
            "The specification is empty. Begin with kit, domain and nodes."
        } else {
            "The specification is not a list of fields. Begin with kit, domain and nodes."
        };
        return Err(problem(message.to_owned(), None));
    }
    Ok(Document { value, ..marks })
}

fn problem(message: String, place: Option<Place>) -> SpecificationProblem {
    SpecificationProblem {
        field: String::new(),
        message,
        line: place.map(|place| place.line),
        column: place.map(|place| place.column),
        rule: None,
    }
}

/// What the parser says, as a sentence.
fn syntax(text: &str, error: &serde_yaml_ng::Error) -> SpecificationProblem {
    let place = error.location().map(|location| Place {
        line: number(location.line()),
        column: number(location.column()),
    });
    let said = error.to_string();
    if said.contains("repetition limit") {
        return problem(
            "The specification repeats itself too much. Write the values out instead of using aliases.".to_owned(),
            place,
        );
    }
    let said = said
        .split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned();
    unreadable(text, &said, place)
}

/// A problem of syntax; a tab is named, as it cannot be seen.
fn unreadable(text: &str, said: &str, place: Option<Place>) -> SpecificationProblem {
    if said.contains("recursion limit") {
        return too_deep(place);
    }
    let line = place.and_then(|place| text.lines().nth(place.line as usize - 1));
    let indent = line.map(|line| &line[..line.len() - line.trim_start().len()]);
    let tab = indent.and_then(|indent| indent.chars().position(|letter| letter == '\t'));
    match (place, tab) {
        (Some(Place { line, .. }), Some(tab)) => {
            let column = number(tab + 1);
            problem(
                "A tab indents this line: YAML takes only spaces.".to_owned(),
                Some(Place { line, column }),
            )
        }
        _ => problem(
            format!("This is not YAML: {}.", said.trim_end_matches('.')),
            place,
        ),
    }
}

fn too_deep(place: Option<Place>) -> SpecificationProblem {
    problem(
        format!("This is nested too deeply: {DEEPEST} levels are the most."),
        place,
    )
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn at(span: Span) -> Place {
    Place {
        line: number(span.start.line()),
        column: number(span.start.col() + 1),
    }
}

/// What a collection that is being read is.
enum Open {
    List {
        path: Path,
        next: usize,
    },
    /// With the key whose value comes next.
    Fields {
        path: Path,
        key: Option<String>,
    },
}

/// Finds where each value and each key stands. Aliases are not followed: what they stand
/// for is looked for at the alias.
fn mark(text: &str) -> Result<Document, SpecificationProblem> {
    let mut marks = Document {
        value: Value::Null,
        values: BTreeMap::new(),
        keys: BTreeMap::new(),
    };
    let mut open: Vec<Open> = Vec::new();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error: ScanError| {
            let place = Place {
                line: number(error.marker().line()),
                column: number(error.marker().col() + 1),
            };
            unreadable(text, error.info(), Some(place))
        })?;
        let scalar = match &event {
            Event::Scalar(text, ..) => Some(text.as_ref()),
            _ => None,
        };
        let opens = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(problem(
                        "A second document begins here: a specification is one.".to_owned(),
                        Some(at(span)),
                    ));
                }
            }
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
            }
            Event::Scalar(..)
            | Event::Alias(_)
            | Event::SequenceStart(..)
            | Event::MappingStart(..) => {
                let path = match open.last_mut() {
                    None => Path::default(),
                    Some(Open::List { path, next }) => {
                        *next += 1;
                        path.index(*next - 1)
                    }
                    Some(Open::Fields { path, key }) => match key.take() {
                        Some(key) => path.key(&key),
                        None => {
                            let Some(name) = scalar else {
                                return Err(problem(
                                    "The name of a field is a word.".to_owned(),
                                    Some(at(span)),
                                ));
                            };
                            let full = path.key(name);
                            if let Some(first) = marks.keys.insert(full.clone(), at(span)) {
                                return Err(SpecificationProblem {
                                    field: full.to_string(),
                                    ..problem(
                                        format!(
                                            "{name} stands here and on line {}: remove one of them.",
                                            first.line
                                        ),
                                        Some(at(span)),
                                    )
                                });
                            }
                            *key = Some(name.to_owned());
                            continue;
                        }
                    },
                };
                marks.values.insert(path.clone(), at(span));
                if opens && open.len() == DEEPEST {
                    return Err(too_deep(Some(at(span))));
                }
                if opens {
                    open.push(match event {
                        Event::SequenceStart(..) => Open::List { path, next: 0 },
                        _ => Open::Fields { path, key: None },
                    });
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    Ok(marks)
}

/// The same value in JSON, or the path and the reason why there is none.
fn to_json(value: serde_yaml_ng::Value, path: &Path) -> Result<Value, (Path, String)> {
    use serde_yaml_ng::Value as Yaml;
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::String(text) => text.into(),
        Yaml::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => whole.into(),
            (_, Some(whole), _) => whole.into(),
            (_, _, Some(number)) if number.is_finite() => number.into(),
            _ => {
                return Err((
                    path.clone(),
                    format!("{number} is not a number that can be worked with."),
                ));
            }
        },
        Yaml::Sequence(items) => Value::Array(
            items
                .into_iter()
                .enumerate()
                .map(|(index, item)| to_json(item, &path.index(index)))
                .collect::<Result<_, _>>()?,
        ),
        Yaml::Mapping(fields) => {
            let mut object = serde_json::Map::new();
            for (key, value) in fields {
                let Yaml::String(key) = key else {
                    let shown = serde_yaml_ng::to_string(&key).unwrap_or_default();
                    let message = format!(
                        "The name of a field is a word: put {} in quotation marks.",
                        shown.trim()
                    );
                    return Err((path.clone(), message));
                };
                let value = to_json(value, &path.key(&key))?;
                object.insert(key, value);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            return Err((
                path.clone(),
                format!("Remove the tag {}: a specification has none.", tagged.tag),
            ));
        }
    })
}
