//! What a kit makes of a valid specification: defaults filled, what fits, what is rendered.

use std::collections::BTreeMap;

use domain::{
    Error, Result,
    ports::{SpecifiedNode, UnifiedSpecification},
};
use serde::Deserialize;
use serde_json::Value;
use types::stack::{FilledValue, FitLevel, FitRow, NodeType};

use super::path::Path;

/// From this share on it is tight.
const TIGHT: f64 = 0.85;

/// The value `unified` of a kit's `stackfile.cue`.
#[derive(Debug, Deserialize)]
pub(super) struct Unified {
    specification: Value,
    own_needs: Needs,
    placed: Vec<Placed>,
    variables: Value,
}

#[derive(Debug, Deserialize)]
struct Placed {
    node: String,
    needs: Needs,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Needs {
    cpu: f64,
    memory_mib: f64,
}

/// A node in the kit's variables.
#[derive(Deserialize)]
struct Node {
    name: String,
    address: String,
    role: String,
    #[serde(rename = "type")]
    kind: NodeType,
    resources: Resources,
}

#[derive(Deserialize)]
struct Resources {
    cpu: u32,
    memory_mib: u32,
}

impl Unified {
    pub(super) fn read(exported: &[u8]) -> Result<Self> {
        serde_json::from_slice(exported)
            .map_err(|error| Error::internal("read what cue exported", error))
    }

    /// What the person did not say and the kit filled in, in the order of the fields.
    pub(super) fn filled(&self, written: &Value) -> Vec<FilledValue> {
        let mut filled = Vec::new();
        fill(
            &Path::default(),
            Some(written),
            &self.specification,
            &mut filled,
        );
        filled
    }

    /// Memory and processors of each node that has services, and ports: CUE has refused
    /// those that clash.
    pub(super) fn fit(&self) -> Result<Vec<FitRow>> {
        let mut sums: BTreeMap<&str, Needs> = BTreeMap::new();
        for Placed { node, needs } in &self.placed {
            let sum = sums.entry(node).or_insert(self.own_needs);
            sum.cpu += needs.cpu;
            sum.memory_mib += needs.memory_mib;
        }
        let mut rows = Vec::new();
        for node in self.nodes()? {
            let Some(sum) = sums.get(node.name.as_str()) else {
                continue;
            };
            let (memory, all) = (sum.memory_mib, f64::from(node.memory_mib));
            rows.push(row(
                format!("Memory on {}", node.name),
                if all < 1024.0 {
                    format!("{memory:.0} of {all:.0} MiB")
                } else {
                    format!("{} of {} GiB", short(memory / 1024.0), short(all / 1024.0))
                },
                memory / all,
            ));
            let all = f64::from(node.cpu);
            rows.push(row(
                format!("CPU on {}", node.name),
                format!("{} of {}", short(sum.cpu), short(all)),
                sum.cpu / all,
            ));
        }
        if !self.placed.is_empty() {
            rows.push(row("Ports".to_owned(), "no clash".to_owned(), 0.0));
        }
        Ok(rows)
    }

    /// What later steps need.
    pub(super) fn finish(self) -> Result<UnifiedSpecification> {
        let nodes = self.nodes()?;
        Ok(UnifiedSpecification {
            document: self.specification,
            variables: self.variables,
            nodes,
        })
    }

    /// The nodes in the order of the document.
    fn nodes(&self) -> Result<Vec<SpecifiedNode>> {
        let rendered = &self.variables["nodes"];
        let names = self.specification["nodes"].as_array();
        names
            .into_iter()
            .flatten()
            .filter_map(|node| node["name"].as_str())
            .map(|name| {
                let Node {
                    name,
                    address,
                    role,
                    kind,
                    resources,
                } = Node::deserialize(&rendered[name])
                    .map_err(|error| Error::internal("read a node that the kit rendered", error))?;
                Ok(SpecifiedNode {
                    name,
                    address,
                    role,
                    kind,
                    cpu: resources.cpu,
                    memory_mib: resources.memory_mib,
                })
            })
            .collect()
    }
}

fn row(label: String, text: String, share: f64) -> FitRow {
    let level = if share > 1.0 {
        FitLevel::Exceeds
    } else if share >= TIGHT {
        FitLevel::Tight
    } else {
        FitLevel::Fits
    };
    FitRow {
        label,
        text,
        share,
        level,
    }
}

/// A number with at most one digit behind the point, two below one.
fn short(number: f64) -> String {
    let text = if number < 1.0 {
        format!("{number:.2}")
    } else {
        format!("{number:.1}")
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn fill(path: &Path, written: Option<&Value>, whole: &Value, filled: &mut Vec<FilledValue>) {
    match (whole, written) {
        (Value::Object(fields), _) if !fields.is_empty() => {
            for (key, value) in fields {
                fill(
                    &path.key(key),
                    written.and_then(|written| written.get(key)),
                    value,
                    filled,
                );
            }
        }
        (Value::Array(items), Some(Value::Array(written))) => {
            for (index, item) in items.iter().enumerate() {
                fill(&path.index(index), written.get(index), item, filled);
            }
        }
        (_, Some(_)) => {}
        (value, None) => filled.push(FilledValue {
            field: path.to_string(),
            value: yaml(value),
        }),
    }
}

/// A value as YAML on one line.
fn yaml(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let plain = !text.contains(['\n', ',', '[', ']', '{', '}', '#'])
                && serde_yaml_ng::from_str::<serde_yaml_ng::Value>(text)
                    .is_ok_and(|read| read.as_str() == Some(text));
            if plain {
                text.clone()
            } else {
                value.to_string()
            }
        }
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(yaml).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{key}: {}", yaml(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}
