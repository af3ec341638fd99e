//! Where something stands in a specification: `nodes[1].address`.

use std::fmt;

use serde_json::Value;

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The way from the top to a field; empty for the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(pub(super) Vec<Step>);

impl Path {
    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub(super) fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    /// The last step for people; empty for the whole.
    pub(super) fn name(&self) -> String {
        match self.0.last() {
            Some(Step::Key(key)) => key.clone(),
            Some(Step::Index(_)) | None => self.to_string(),
        }
    }

    /// The value that stands there.
    pub(super) fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(document, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    /// Takes what stands there out of the document. An item of a list takes its whole list
    /// with it, so that no other item gets another number. Answers what was taken out.
    pub(super) fn remove(&self, document: &mut Value) -> Option<Self> {
        let (last, above) = self.0.split_last()?;
        let Step::Key(key) = last else {
            return Self(above.to_vec()).remove(document);
        };
        let above = above.iter().try_fold(document, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(index),
        })?;
        above.as_object_mut()?.remove(key)?;
        Some(self.clone())
    }

    /// Reads a path as CUE writes it, `nodes.1."a b"`, and answers what follows it.
    pub(super) fn read_cue(text: &str) -> (Self, &str) {
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let (step, after) = match read_label(rest) {
                Some(found) => found,
                None => return (Self::default(), text),
            };
            steps.push(step);
            if let Some(below) = after.strip_prefix('.') {
                rest = below;
            } else if let Some(message) = after.strip_prefix(": ") {
                return (Self(steps), message);
            } else {
                return (Self::default(), text);
            }
        }
    }

    /// Reads a path as people write it, `nodes[1].name`.
    pub(super) fn read(text: &str) -> Self {
        let steps = text.split(['.', '[']).filter(|part| !part.is_empty());
        Self(
            steps
                .map(|part| match part.strip_suffix(']').map(str::parse) {
                    Some(Ok(index)) => Step::Index(index),
                    _ => Step::Key(part.to_owned()),
                })
                .collect(),
        )
    }
}

fn read_label(text: &str) -> Option<(Step, &str)> {
    if text.starts_with('"') {
        let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let label = stream.next()?.ok()?;
        return Some((Step::Key(label), &text[stream.byte_offset()..]));
    }
    let end = text
        .find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '#' | '$' | '-')))
        .unwrap_or(text.len());
    let (label, rest) = text.split_at(end);
    if label.is_empty() {
        return None;
    }
    Some((
        label
            .parse()
            .map_or_else(|_| Step::Key(label.to_owned()), Step::Index),
        rest,
    ))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if number == 0 => write!(f, "{key}")?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
