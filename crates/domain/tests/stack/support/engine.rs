//! An engine and a registry that speak the ports.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use domain::{
    Error, Result,
    ports::{
        CheckedSpecification, Kit, KitRegistry, SpecificationEngine, SpecifiedNode, ToolVersion,
        UnifiedSpecification,
    },
};
use types::{
    ErrorCode,
    stack::{KitView, NodeType, SpecificationCheck, SpecificationProblem},
};

/// A specification that the engine refuses.
pub(crate) const BAD: &str =
    "domain: lab.test\nnodes:\n  - name: nuc-1\n    address: 10.20.0.300\n";

/// A specification with these nodes.
pub(crate) fn yaml(nodes: &[&str]) -> String {
    let mut text = String::from("domain: lab.test\nnodes:\n");
    for (index, node) in nodes.iter().enumerate() {
        text.push_str(&format!(
            "  - name: {node}\n    address: 10.20.0.{}\n",
            index + 11
        ));
    }
    text
}

/// Reads `domain` and `nodes`; an address that is no IPv4 address is a problem.
#[derive(Default)]
pub(crate) struct FakeEngine {
    pub(crate) missing: AtomicBool,
}

#[derive(serde::Deserialize)]
struct Document {
    domain: String,
    nodes: Vec<Node>,
}

#[derive(serde::Deserialize)]
struct Node {
    name: String,
    address: String,
}

#[async_trait]
impl SpecificationEngine for FakeEngine {
    async fn check(&self, _kit: &Kit, yaml: &str) -> Result<CheckedSpecification> {
        self.version().await?;
        let mut check = SpecificationCheck {
            valid: false,
            problems: Vec::new(),
            filled: Vec::new(),
            fit: Vec::new(),
            nodes: 0,
            services: 0,
            took_ms: 1,
        };
        let problem = |field: &str, message: String, line| SpecificationProblem {
            field: field.to_owned(),
            message,
            line,
            column: None,
            rule: None,
        };
        let document: Document = match serde_yaml_ng::from_str(yaml) {
            Ok(document) => document,
            Err(error) => {
                let line = error
                    .location()
                    .and_then(|at| u32::try_from(at.line()).ok());
                check.problems.push(problem("", error.to_string(), line));
                return Ok(CheckedSpecification {
                    check,
                    unified: None,
                });
            }
        };
        for (index, node) in document.nodes.iter().enumerate() {
            if node.address.parse::<std::net::Ipv4Addr>().is_err() {
                check.problems.push(problem(
                    &format!("nodes[{index}].address"),
                    format!("{} is not an IPv4 address.", node.address),
                    Some(4),
                ));
            }
        }
        check.nodes = u32::try_from(document.nodes.len()).expect("few nodes");
        check.valid = check.problems.is_empty();
        let unified = check.valid.then(|| UnifiedSpecification {
            document: serde_json::json!({ "domain": document.domain }),
            variables: serde_json::json!({
                "domain": document.domain,
                "nodes": document.nodes.iter().map(|node| &node.name).collect::<Vec<_>>(),
            }),
            nodes: document
                .nodes
                .iter()
                .map(|node| SpecifiedNode {
                    name: node.name.clone(),
                    address: node.address.clone(),
                    role: "manager".to_owned(),
                    kind: NodeType::Local,
                    cpu: 4,
                    memory_mib: 8192,
                })
                .collect(),
        });
        Ok(CheckedSpecification { check, unified })
    }

    async fn version(&self) -> Result<ToolVersion> {
        if self.missing.load(Ordering::SeqCst) {
            return Err(Error::refused(
                ErrorCode::ToolMissing,
                "cue is not installed. Install it, then check again.",
            ));
        }
        Ok(ToolVersion {
            name: "cue".to_owned(),
            version: "0.15.1".to_owned(),
            path: PathBuf::from("cue"),
        })
    }
}

/// One kit.
pub(crate) struct FakeKits;

impl FakeKits {
    fn kit() -> (Kit, KitView) {
        let kit = Kit {
            name: "base-homelab".to_owned(),
            version: "1.0.0".to_owned(),
            module: PathBuf::from("stackkits"),
            folder: PathBuf::from("stackkits/kits/base-homelab"),
            digest: "0".repeat(64),
        };
        let view = KitView {
            name: kit.name.clone(),
            version: kit.version.clone(),
            summary: "A homelab.".to_owned(),
            readme: String::new(),
            services: Vec::new(),
            example: yaml(&["nuc-1"]),
        };
        (kit, view)
    }
}

impl KitRegistry for FakeKits {
    fn list(&self) -> Vec<(Kit, KitView)> {
        vec![Self::kit()]
    }

    fn get(&self, name: &str) -> Option<(Kit, KitView)> {
        (name == "base-homelab").then(Self::kit)
    }
}
