//! CUE's complaints as problems of a specification's fields, each at its place.

use std::collections::BTreeMap;

use types::stack::SpecificationProblem;

use super::{
    complaint::Complaint,
    path::{Path, Step},
    sentence,
    shape::Shape,
    yaml::Document,
};

/// A complaint about how the parts of a specification go together: about one of its fields,
/// or with the field in front of the kit's own words.
pub(super) fn across(complaint: &Complaint) -> Option<Complaint> {
    if let Some(words) = complaint.message.strip_prefix('@') {
        let (field, words) = words.split_once(": ")?;
        return Some(Complaint {
            path: Path::read(field),
            message: words.to_owned(),
            rule: complaint.rule.clone(),
        });
    }
    match complaint.path.0.split_first()? {
        (Step::Key(first), below) if first == "specification" => Some(Complaint {
            path: Path(below.to_vec()),
            ..complaint.clone()
        }),
        _ => None,
    }
}

/// One problem for each field, in words and at its place.
pub(super) fn fields(
    document: &Document,
    shape: &Shape,
    complaints: &[Complaint],
) -> BTreeMap<Path, SpecificationProblem> {
    let mut groups: BTreeMap<Path, Vec<&Complaint>> = BTreeMap::new();
    for one in complaints {
        let unknown = one.message == "field not allowed";
        let path = if unknown {
            shape.first_unknown(&one.path)
        } else {
            one.path.clone()
        };
        groups.entry(path).or_default().push(one);
    }
    let mut problems = BTreeMap::new();
    for (path, group) in groups {
        let unknown = group.iter().any(|one| one.message == "field not allowed");
        let told = if unknown {
            let known = shape.fields(&path.parent().unwrap_or_default());
            Some((unknown_field(&path, &known), None))
        } else {
            sentence::of(&path, &group, &document.value)
        };
        let Some((message, rule)) = told else {
            continue;
        };
        let place = if unknown {
            document.key_place(&path)
        } else {
            document.place(&path)
        };
        problems.insert(
            path.clone(),
            SpecificationProblem {
                field: path.to_string(),
                message,
                line: place.map(|place| place.line),
                column: place.map(|place| place.column),
                rule,
            },
        );
    }
    problems
}

fn unknown_field(path: &Path, known: &[&str]) -> String {
    let name = path.name();
    match sentence::nearest(&name, known) {
        Some(near) => format!("There is no field {name} here. Did you mean {near}?"),
        None if known.is_empty() => format!("There is no field {name} here."),
        None => format!(
            "There is no field {name} here. There are {}.",
            known.join(", ")
        ),
    }
}
