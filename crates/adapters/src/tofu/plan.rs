//! Reads `tofu show -json` of a plan (JSON output format 1.x) for people.

use domain::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use types::{
    ErrorCode,
    stack::{ChangeAction, ChangeSummary, ResourceChange, ResourceState},
};

use super::diff;

#[derive(Deserialize)]
struct Shown {
    format_version: String,
    #[serde(default)]
    resource_changes: Vec<Planned>,
}

#[derive(Deserialize)]
struct Planned {
    address: String,
    #[serde(rename = "type", default)]
    kind: String,
    change: Value,
}

/// The changes of a plan in the order that OpenTofu lists them, without those that change
/// nothing, and how many there are. A replacement counts as one added and one destroyed,
/// as OpenTofu counts it.
pub(super) fn read(shown: &[u8]) -> Result<(Vec<ResourceChange>, ChangeSummary)> {
    let shown: Shown = serde_json::from_slice(shown)
        .map_err(|error| Error::internal("read the plan that tofu showed", error))?;
    if !shown.format_version.starts_with("1.") {
        return Err(Error::refused(
            ErrorCode::Upstream,
            format!(
                "The plan is in format {}, and kombify reads format 1: use a version of OpenTofu or Terraform that writes it.",
                shown.format_version
            ),
        ));
    }
    let mut changes = Vec::new();
    let mut summary = ChangeSummary::default();
    for planned in shown.resource_changes {
        let action = action(&planned.change);
        match action {
            ChangeAction::NoOp => continue,
            ChangeAction::Create => summary.add += 1,
            ChangeAction::Update => summary.change += 1,
            ChangeAction::Delete => summary.destroy += 1,
            ChangeAction::Replace => {
                summary.add += 1;
                summary.destroy += 1;
            }
            ChangeAction::Read => {}
        }
        changes.push(ResourceChange {
            diff: diff::lines(&planned.kind, &planned.change),
            address: planned.address,
            action,
            state: ResourceState::Queued,
            duration_ms: None,
        });
    }
    Ok((changes, summary))
}

fn action(change: &Value) -> ChangeAction {
    let actions: Vec<&str> = change
        .get("actions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    match actions.as_slice() {
        ["create"] => ChangeAction::Create,
        ["update"] => ChangeAction::Update,
        // Forgotten resources leave the state only; for the stack they are gone.
        ["delete" | "forget"] => ChangeAction::Delete,
        ["delete", "create"] | ["create", "delete" | "forget"] => ChangeAction::Replace,
        ["read"] => ChangeAction::Read,
        _ => ChangeAction::NoOp,
    }
}
