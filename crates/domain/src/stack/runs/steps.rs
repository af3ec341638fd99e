//! The steps of one run: Validate, Init, Plan, Approval, Apply, Record.

use entity::namespace::run;
use types::{
    Timestamp,
    portal::StepState,
    stack::{RunState, RunStep},
};

use super::row::decode;

/// The specification is checked by CUE.
pub(in crate::stack) const VALIDATE: &str = "Validate";
/// OpenTofu prepares its folder and reads the state.
pub(in crate::stack) const INIT: &str = "Init";
/// OpenTofu plans.
pub(in crate::stack) const PLAN: &str = "Plan";
const APPROVAL: &str = "Approval";
/// OpenTofu applies the plan.
pub(in crate::stack) const APPLY: &str = "Apply";
/// What was observed is written down.
pub(in crate::stack) const RECORD: &str = "Record";

const ORDER: [&str; 6] = [VALIDATE, INIT, PLAN, APPROVAL, APPLY, RECORD];

/// The steps that a worker has begun, as its row keeps them.
#[derive(Clone, Debug, Default)]
pub(in crate::stack) struct Begun(pub(in crate::stack) Vec<RunStep>);

impl Begun {
    /// The steps of a row.
    pub(in crate::stack) fn of(run: &run::Model) -> Self {
        Self(decode(&run.steps))
    }

    /// A step begins; one of the same name from an earlier attempt is forgotten.
    pub(in crate::stack) fn begin(&mut self, title: &str, now: Timestamp) {
        self.0.retain(|step| step.title != title);
        self.0.push(RunStep {
            title: title.to_owned(),
            state: StepState::Running,
            detail: String::new(),
            started_at: Some(now),
            duration_ms: None,
        });
    }

    /// A step ended, well or not.
    pub(in crate::stack) fn end(
        &mut self,
        title: &str,
        ok: bool,
        detail: impl Into<String>,
        now: Timestamp,
    ) {
        if let Some(step) = self.0.iter_mut().find(|step| step.title == title) {
            step.state = if ok {
                StepState::Done
            } else {
                StepState::Failed
            };
            step.detail = detail.into();
            step.duration_ms = step.started_at.map(|start| now.millis_since(start).max(0));
        }
    }

    /// Whether a step has begun and not ended.
    pub(in crate::stack) fn is_running(&self, title: &str) -> bool {
        self.0
            .iter()
            .any(|step| step.title == title && step.state == StepState::Running)
    }

    /// Whatever still runs has failed.
    pub(in crate::stack) fn fail_running(&mut self, detail: &str, now: Timestamp) {
        let running: Vec<String> = self
            .0
            .iter()
            .filter(|step| step.state == StepState::Running)
            .map(|step| step.title.clone())
            .collect();
        for title in running {
            self.end(&title, false, detail, now);
        }
    }
}

/// All steps of a run, also those to come.
pub(in crate::stack) fn shown(run: &run::Model) -> Vec<RunStep> {
    let begun = Begun::of(run).0;
    ORDER
        .into_iter()
        .map(|title| {
            if title == APPROVAL {
                return approval(run);
            }
            let mut step = begun
                .iter()
                .find(|step| step.title == title)
                .cloned()
                .unwrap_or_else(|| pending(title));
            // A worker that died could not say that its step failed.
            if run.state.ended() && step.state == StepState::Running {
                step.state = StepState::Failed;
            }
            step
        })
        .collect()
}

fn approval(run: &run::Model) -> RunStep {
    let by = run.decided_by.as_deref().unwrap_or_default();
    let (state, detail) = match run.state {
        RunState::Waiting => (StepState::Running, "not decided yet".to_owned()),
        RunState::Unchanged => (StepState::Done, "nothing to approve".to_owned()),
        RunState::Discarded => (StepState::Failed, format!("discarded by {by}")),
        RunState::Stale => (StepState::Failed, "the plan is stale".to_owned()),
        _ if !by.is_empty() => (StepState::Done, by.to_owned()),
        _ => (StepState::Pending, String::new()),
    };
    RunStep {
        state,
        detail,
        started_at: run.decided_at,
        ..pending(APPROVAL)
    }
}

fn pending(title: &str) -> RunStep {
    RunStep {
        title: title.to_owned(),
        state: StepState::Pending,
        detail: String::new(),
        started_at: None,
        duration_ms: None,
    }
}
