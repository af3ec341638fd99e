//! The five steps of a stack: Specification, Rehearsal, Plan, Approval, Live.

use entity::namespace::stack;
use sea_orm::TryGetableFromJson;
use serde::{Deserialize, de::IgnoredAny};
use types::{
    Timestamp,
    stack::{
        ChangeSummary, ResourceChange, ResourceState, RunKind, RunState, SpecificationCheck,
        StackStatus, StackStep, StackStepState,
    },
};

use super::runs::row::RunHead;

/// What the steps tell of a specification's check, and nothing else of that large column.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::stack) struct CheckHead {
    valid: bool,
    problems: Vec<IgnoredAny>,
    nodes: u32,
    services: u32,
}

impl TryGetableFromJson for CheckHead {}

impl From<&SpecificationCheck> for CheckHead {
    fn from(check: &SpecificationCheck) -> Self {
        Self {
            valid: check.valid,
            problems: vec![IgnoredAny; check.problems.len()],
            nodes: check.nodes,
            services: check.services,
        }
    }
}

/// The run that matters most to a stack.
pub(in crate::stack) struct CurrentRun {
    pub(in crate::stack) head: RunHead,
    /// What it changes; read only while it applies.
    pub(in crate::stack) resources: Vec<ResourceChange>,
}

/// The five steps, from the newest revision's check and the run that matters most.
pub(in crate::stack) fn five(
    stack: &stack::Model,
    check: Option<&CheckHead>,
    run: Option<&CurrentRun>,
    now: Timestamp,
) -> Vec<StackStep> {
    vec![
        specification(stack, check),
        step(
            "Rehearsal",
            StackStepState::Empty,
            "no simulator on this instance",
        ),
        plan(stack, run.map(|run| &run.head)),
        approval(stack, run.map(|run| &run.head)),
        live(stack, run, now),
    ]
}

fn step(title: &str, state: StackStepState, detail: impl Into<String>) -> StackStep {
    StackStep {
        title: title.to_owned(),
        state,
        detail: detail.into(),
    }
}

fn specification(stack: &stack::Model, check: Option<&CheckHead>) -> StackStep {
    let (state, detail) = match check {
        _ if stack.revision == 0 => (StackStepState::Empty, "not saved yet".to_owned()),
        Some(check) if check.valid => (
            StackStepState::Good,
            format!(
                "valid, {}, {}",
                counted(check.nodes, "node"),
                counted(check.services, "service")
            ),
        ),
        Some(check) => (
            StackStepState::Bad,
            counted(
                u32::try_from(check.problems.len().max(1)).unwrap_or(u32::MAX),
                "problem",
            ),
        ),
        None => (StackStepState::Bad, "not checked".to_owned()),
    };
    step("Specification", state, detail)
}

/// Whether a run has nothing more to say of what comes: it removed everything, or a newer
/// revision was saved since it ended.
fn is_past(run: &RunHead, stack: &stack::Model) -> bool {
    was_destroyed(run) || (run.state.ended() && run.revision < stack.revision)
}

fn was_destroyed(run: &RunHead) -> bool {
    run.kind == RunKind::Destroy && matches!(run.state, RunState::Applied | RunState::Unchanged)
}

fn plan(stack: &stack::Model, run: Option<&RunHead>) -> StackStep {
    let (state, detail) = match run {
        None => (StackStepState::Empty, "not planned yet".to_owned()),
        Some(run) if is_past(run, stack) => (
            StackStepState::Empty,
            format!("revision {} is not planned yet", stack.revision),
        ),
        Some(run) => {
            let planned = || summary(run.summary.0, run.kind);
            let again = match run.kind {
                RunKind::Apply => "plan again",
                RunKind::Destroy => "destroy again",
            };
            match run.state {
                RunState::Queued => (StackStepState::Working, "waits for a worker".to_owned()),
                RunState::Planning => (StackStepState::Working, "planning".to_owned()),
                RunState::Unchanged => (StackStepState::Good, "no changes".to_owned()),
                RunState::Waiting
                | RunState::Approved
                | RunState::Applying
                | RunState::Applied
                | RunState::Discarded => (StackStepState::Good, planned()),
                RunState::Failed | RunState::Cancelled if run.decided_by.is_some() => {
                    (StackStepState::Good, planned())
                }
                RunState::Failed => (StackStepState::Bad, "failed".to_owned()),
                RunState::Cancelled => (StackStepState::Empty, "cancelled".to_owned()),
                RunState::Stale => (StackStepState::Empty, format!("stale, {again}")),
                RunState::NeedsReconcile => (StackStepState::Empty, format!("cut off, {again}")),
            }
        }
    };
    step("Plan", state, detail)
}

fn approval(stack: &stack::Model, run: Option<&RunHead>) -> StackStep {
    let nothing_yet = || (StackStepState::Empty, "nothing to approve yet".to_owned());
    let (state, detail) = match run {
        None => nothing_yet(),
        Some(run) if is_past(run, stack) => nothing_yet(),
        Some(run) => {
            let by = run.decided_by.as_deref().unwrap_or_default();
            match run.state {
                RunState::Waiting => (StackStepState::Waiting, "not decided yet".to_owned()),
                RunState::Discarded => (StackStepState::Bad, format!("discarded by {by}")),
                RunState::Unchanged => (StackStepState::Empty, "nothing to approve".to_owned()),
                _ if !by.is_empty() => (StackStepState::Good, format!("by {by}")),
                _ => (StackStepState::Empty, String::new()),
            }
        }
    };
    step("Approval", state, detail)
}

fn live(stack: &stack::Model, run: Option<&CurrentRun>, now: Timestamp) -> StackStep {
    let since = || match (stack.applied_revision, stack.applied_at) {
        (Some(revision), Some(at)) => format!("revision {revision}, {}", at.relative_to(now)),
        _ => match run.map(|run| &run.head).filter(|run| was_destroyed(run)) {
            Some(run) => {
                let at = run.finished_at.unwrap_or(stack.updated_at);
                format!("destroyed {}", at.relative_to(now))
            }
            None => "nothing applied yet".to_owned(),
        },
    };
    let last = run.map_or("apply", |run| match run.head.kind {
        RunKind::Apply => "apply",
        RunKind::Destroy => "destruction",
    });
    let (state, detail) = match (stack.status, run) {
        (_, Some(CurrentRun { head, resources })) if head.state == RunState::Applying => {
            let done = resources
                .iter()
                .filter(|one| one.state == ResourceState::Done)
                .count();
            let verb = match head.kind {
                RunKind::Apply => "applying",
                RunKind::Destroy => "destroying",
            };
            (
                StackStepState::Working,
                format!("{verb}, {done} of {}", resources.len()),
            )
        }
        (StackStatus::Error, Some(run)) if run.head.state == RunState::Failed => {
            (StackStepState::Bad, format!("the last {last} failed"))
        }
        (StackStatus::Error, Some(run)) if run.head.state == RunState::Cancelled => (
            StackStepState::Bad,
            format!("the last {last} was cancelled"),
        ),
        (StackStatus::Error, Some(run)) if run.head.state == RunState::NeedsReconcile => {
            (StackStepState::Bad, format!("the last {last} did not end"))
        }
        (StackStatus::Error, _) => (StackStepState::Bad, "the last apply did not end".to_owned()),
        (StackStatus::Active, _) if stack.applied_revision == Some(stack.revision) => {
            (StackStepState::Good, since())
        }
        (StackStatus::Active | StackStatus::Draft, _) => (StackStepState::Empty, since()),
    };
    step("Live", state, detail)
}

/// `3 to add, 1 to change`.
pub(in crate::stack) fn summary(summary: ChangeSummary, kind: RunKind) -> String {
    let nothing = match kind {
        RunKind::Apply => "no changes",
        RunKind::Destroy => "nothing to destroy",
    };
    parts(summary, ["to add", "to change", "to destroy"]).unwrap_or_else(|| nothing.to_owned())
}

/// `3 added, 1 changed`.
pub(in crate::stack) fn done(summary: ChangeSummary) -> String {
    parts(summary, ["added", "changed", "destroyed"])
        .unwrap_or_else(|| "nothing changed".to_owned())
}

/// How many of each, without those of which there are none.
fn parts(summary: ChangeSummary, words: [&str; 3]) -> Option<String> {
    let parts: Vec<String> = [summary.add, summary.change, summary.destroy]
        .into_iter()
        .zip(words)
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `1 node`, `4 nodes`.
pub(in crate::stack) fn counted(count: u32, thing: &str) -> String {
    if count == 1 {
        format!("1 {thing}")
    } else {
        format!("{count} {thing}s")
    }
}
