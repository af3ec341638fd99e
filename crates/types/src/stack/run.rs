//! Runs: what is asked, decided and shown.

use serde::{Deserialize, Serialize};

use crate::{
    ErrorCode, RunId, StackId, Timestamp,
    portal::{Role, StepState},
    string_enum::string_enum,
};

string_enum! {
    /// What a run does.
    RunKind {
        /// Brings the nodes to the specification.
        Apply = "apply",
        /// Removes everything the stack made.
        Destroy = "destroy",
    }
}

string_enum! {
    /// Where a run stands.
    RunState {
        /// Waits for a worker to plan.
        Queued = "queued",
        /// A worker plans.
        Planning = "planning",
        /// The plan has no change; nothing to approve.
        Unchanged = "unchanged",
        /// The plan waits for a person.
        Waiting = "waiting",
        /// A person approved; waits for a worker to apply.
        Approved = "approved",
        /// A worker applies.
        Applying = "applying",
        /// The apply was observed to be complete.
        Applied = "applied",
        /// Something failed; `failure` says what.
        Failed = "failed",
        /// A person cancelled it.
        Cancelled = "cancelled",
        /// A person refused the plan.
        Discarded = "discarded",
        /// Another run changed the state or the specification after the plan was made.
        Stale = "stale",
        /// It was killed in the middle: what stands is not known until the next plan.
        NeedsReconcile = "needs_reconcile",
    }
}

impl RunState {
    /// Nothing more will happen in this run.
    #[must_use]
    pub const fn ended(self) -> bool {
        !matches!(
            self,
            Self::Queued | Self::Planning | Self::Waiting | Self::Approved | Self::Applying
        )
    }
}

string_enum! {
    /// What a plan does to one resource.
    ChangeAction {
        Create = "create", Update = "update", Replace = "replace", Delete = "delete",
        Read = "read", NoOp = "no-op",
    }
}

string_enum! {
    /// Where one resource of a run stands.
    ResourceState { Queued = "queued", Running = "running", Done = "done", Failed = "failed", Broken = "broken_off" }
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunBrief {
    /// Its id.
    pub id: RunId,
    /// Its number in the tenant, from 1.
    pub number: i32,
    /// The stack.
    pub stack: StackId,
    /// The stack's name.
    pub stack_name: String,
    /// What it does.
    pub kind: RunKind,
    /// Where it stands.
    pub state: RunState,
    /// The specification's revision.
    pub revision: i32,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// One step of a run: Validate, Init, Plan, Approval, Apply, Record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunStep {
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub state: StepState,
    /// What was observed.
    pub detail: String,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
}

/// One resource of a plan, with where its apply stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourceChange {
    /// Its address, e.g. `terraform_data.node["nuc-1"]`.
    pub address: String,
    /// What the plan does to it.
    pub action: ChangeAction,
    /// Where its apply stands.
    pub state: ResourceState,
    /// How long its apply took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The change as lines: `-` goes, `+` comes, ` ` stays; secrets are masked.
    pub diff: Vec<DiffLine>,
}

/// A line of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiffLine {
    /// `-`, `+` or a space.
    pub sign: char,
    /// The text.
    pub text: String,
}

/// How many resources a plan touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeSummary {
    /// To add.
    pub add: u32,
    /// To change.
    pub change: u32,
    /// To destroy.
    pub destroy: u32,
}

/// A run, whole but for its log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunView {
    /// As in a list.
    pub run: RunBrief,
    /// Its steps.
    pub steps: Vec<RunStep>,
    /// Resources of the plan.
    pub resources: Vec<ResourceChange>,
    /// How many the plan touches.
    pub summary: ChangeSummary,
    /// SHA-256 of the plan, hexadecimal; `None` before there is one.
    pub plan_digest: Option<String>,
    /// Serial of the state that the plan was made for.
    pub state_serial: Option<i64>,
    /// Who asked for it.
    pub requested_by: String,
    /// Who approved or discarded it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What they said.
    pub comment: Option<String>,
    /// Who cancelled it, or wants it to end.
    pub cancelled_by: Option<String>,
    /// Why it failed and what to do.
    pub failure: Option<String>,
    /// The kind of problem that it failed with; `/problems/{code}` explains it.
    pub failure_code: Option<ErrorCode>,
    /// A cancellation was asked for and has not taken effect yet.
    pub cancelling: bool,
    /// The viewer's role.
    pub role: Role,
    /// The viewer asked for it.
    pub own: bool,
    /// The server's time when this was read.
    pub now: Timestamp,
}

/// A person's decision on a plan; it names what was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunApprove {
    /// The plan's digest as it was shown.
    pub plan_digest: String,
    /// What the person says to it.
    #[serde(default)]
    pub comment: String,
}

/// What a new run needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunCreate {
    /// What it does.
    pub kind: RunKind,
    /// For a destroy: the stack's name, typed by the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
}

/// How to cancel a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunCancel {
    /// Kill at once instead of letting OpenTofu end in order; the state then needs a plan.
    #[serde(default)]
    pub force: bool,
}

/// An event of a run's live stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run changed.
    Run(Box<RunView>),
    /// Lines of its log.
    Log(Vec<RunLogLine>),
}

/// Most lines of a run's log that one read answers.
pub const LOG_PAGE: u16 = 1000;

/// A line of a run's log; numbered through all its jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunLogLine {
    /// Its number in the run, from 1.
    pub number: i64,
    /// When it was written.
    pub at: Timestamp,
    /// `info`, `warn` or `error`.
    pub level: String,
    /// What it is about, e.g. a node's name; may be empty.
    pub source: String,
    /// The text.
    pub line: String,
}
