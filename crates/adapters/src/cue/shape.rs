//! Which fields a kit knows, for hints about misspelt ones. Only a hint: CUE alone decides
//! what is valid.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    path::{Path, Step},
    sentence::nearest,
};

/// A kit's fields, as `cue def --out jsonschema` draws them.
#[derive(Debug)]
pub(super) struct Shape(pub(super) Value);

impl Shape {
    /// The fields that are known there, sorted; empty when the shape does not say.
    pub(super) fn fields(&self, path: &Path) -> Vec<&str> {
        let mut here = vec![&self.0];
        for step in &path.0 {
            here = here
                .into_iter()
                .flat_map(|schema| self.flatten(schema))
                .flat_map(|schema| match step {
                    Step::Key(key) => schema.get("properties").and_then(|known| known.get(key)),
                    Step::Index(_) => schema.get("items"),
                })
                .collect();
        }
        let fields: BTreeSet<&str> = here
            .into_iter()
            .flat_map(|schema| self.flatten(schema))
            .filter_map(|schema| schema.get("properties")?.as_object())
            .flat_map(|known| known.keys().map(String::as_str))
            .collect();
        fields.into_iter().collect()
    }

    /// The path up to the first field that is not known.
    pub(super) fn first_unknown(&self, path: &Path) -> Path {
        for length in 1..=path.0.len() {
            let (above, last) = (&path.0[..length - 1], &path.0[length - 1]);
            let known = self.fields(&Path(above.to_vec()));
            if let Step::Key(key) = last
                && !known.is_empty()
                && !known.contains(&key.as_str())
            {
                return Path(path.0[..length].to_vec());
            }
        }
        path.clone()
    }

    /// The field that was most likely meant by one that is not known.
    pub(super) fn misspelt(&self, path: &Path) -> Option<Path> {
        let above = path.parent()?;
        let known = self.fields(&above);
        let Some(Step::Key(key)) = path.0.last() else {
            return None;
        };
        if known.contains(&key.as_str()) {
            return None;
        }
        nearest(key, &known).map(|near| above.key(near))
    }

    /// A schema with all that it refers to or is put together from.
    fn flatten<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        let mut found: Vec<&Value> = Vec::new();
        let mut open = vec![schema];
        while let Some(schema) = open.pop() {
            if found.iter().any(|known| std::ptr::eq(*known, schema)) {
                continue;
            }
            found.push(schema);
            for parts in ["allOf", "anyOf", "oneOf"] {
                open.extend(
                    schema
                        .get(parts)
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten(),
                );
            }
            let target = schema.get("$ref").and_then(Value::as_str);
            open.extend(target.and_then(|target| self.0.pointer(target.strip_prefix('#')?)));
        }
        found
    }
}
