//! `CueEngine` by the real `cue` and the kit `base-homelab`.

mod good;
mod mistakes;
mod refused;

use std::{path::PathBuf, sync::Arc, time::Duration};

use adapters::{
    cue::{CueEngine, LIMITS},
    kits::KitLibrary,
    process::Limits,
};
use domain::{
    Error,
    ports::{CheckedSpecification, Kit, KitRegistry as _, SpecificationEngine as _},
};
use types::{
    ErrorCode,
    stack::{FitLevel, NodeType},
};

use crate::support;

fn engine() -> CueEngine {
    CueEngine::new(support::sandbox(), None, LIMITS, 2)
}

fn homelab() -> (Kit, String) {
    let library = KitLibrary::read(&support::stackkits()).expect("the kits of this repository");
    let (kit, view) = library.get("base-homelab").expect("base-homelab");
    (kit, view.example)
}

async fn check(yaml: &str) -> CheckedSpecification {
    let (kit, _) = homelab();
    engine()
        .check(&kit, yaml)
        .await
        .expect("cue 0.15 or later must be on the PATH for these tests")
}

/// Each problem as `field line:column: message [rule's file]`.
async fn problems(yaml: &str) -> Vec<String> {
    let checked = check(yaml).await;
    assert!(
        !checked.check.valid && checked.unified.is_none(),
        "it passed"
    );
    checked
        .check
        .problems
        .iter()
        .map(|problem| {
            let place = match (problem.line, problem.column) {
                (Some(line), Some(column)) => format!("{line}:{column}"),
                _ => "-".to_owned(),
            };
            let rule = problem.rule.as_deref().unwrap_or("-");
            let file = rule.rsplit_once(':').map_or(rule, |(file, line)| {
                assert!(line.parse::<u32>().is_ok(), "{rule}");
                file
            });
            format!("{} {place} {} [{file}]", problem.field, problem.message)
        })
        .collect()
}

const GOOD: &str = "\
kit: base-homelab
domain: nordhaus.lab
nodes:
  - name: nuc-1
    address: 10.20.0.11
    role: manager
    resources: { cpu: 4, memory: 16GiB }
  - name: nas
    address: 10.20.0.20
    role: storage
    resources: { cpu: 2, memory: 2GiB }
services:
  dns: { blocklists: [oisd, hagezi-pro] }
  proxy: {}
  monitoring: { retention: 30d }
  backup:
    target: nas
";
