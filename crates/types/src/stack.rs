//! What the stack service shows and takes: kits, stacks, specifications, runs.

use serde::{Deserialize, Serialize};

use crate::{
    NodeId, RunId, StackId, Timestamp,
    portal::{Role, StepState},
    string_enum::string_enum,
};

string_enum! {
    /// A tenant of a stack instance.
    StackTenantStatus { Active = "active", Suspended = "suspended", Deleted = "deleted" }
}

string_enum! {
    /// Where a stack stands.
    StackStatus {
        /// Never applied.
        Draft = "draft",
        /// Its last apply was observed to be complete.
        Active = "active",
        /// Its last apply or destroy failed.
        Error = "error",
    }
}

string_enum! {
    /// What a node is.
    NodeType { Vps = "vps", Local = "local" }
}

string_enum! {
    /// What was last observed of a node.
    NodeStatus { Online = "online", Offline = "offline", Error = "error",
        /// No agent has ever reported: nothing is known.
        Unknown = "unknown",
    }
}

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
    ResourceState { Queued = "queued", Running = "running", Done = "done", Failed = "failed" }
}

string_enum! {
    /// How a value of `Will it fit?` compares with its capacity.
    FitLevel { Fits = "fits", Tight = "tight", Exceeds = "exceeds" }
}

/// A kit of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KitView {
    /// Its name, e.g. `base-homelab`.
    pub name: String,
    /// Its version (semver).
    pub version: String,
    /// One sentence.
    pub summary: String,
    /// Its README, Markdown.
    pub readme: String,
    /// Services it can set up: key and title.
    pub services: Vec<KitService>,
    /// A specification that is valid, to start from.
    pub example: String,
}

/// A service that a kit can set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KitService {
    /// Its key in the specification, e.g. `dns`.
    pub key: String,
    /// Its name for people, e.g. `DNS with ad blocking`.
    pub title: String,
    /// One sentence.
    pub summary: String,
}

/// A stack in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StackBrief {
    /// Its id.
    pub id: StackId,
    /// Its name, unique in the tenant.
    pub name: String,
    /// Its kit, `name@version`.
    pub kit: String,
    /// Where it stands.
    pub status: StackStatus,
    /// Number of the newest revision of its specification; 0 before the first.
    pub revision: i32,
    /// The five steps.
    pub steps: Vec<StackStep>,
    /// The run that waits or works, or the last one.
    pub latest_run: Option<RunBrief>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

string_enum! {
    /// Where one of the five steps of a stack stands.
    StackStepState {
        /// Nothing yet.
        Empty = "empty",
        /// Observed to be well.
        Good = "good",
        /// Well in a simulation.
        Rehearsed = "rehearsed",
        /// Waits for a person.
        Waiting = "waiting",
        /// Works at the moment.
        Working = "working",
        /// Broken.
        Bad = "bad",
    }
}

/// One of the five steps: Specification, Rehearsal, Plan, Approval, Live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StackStep {
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub state: StackStepState,
    /// What was observed, e.g. `valid, 4 nodes, 11 services`.
    pub detail: String,
}

/// What a new stack needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StackCreate {
    /// Its name: `^[a-z][a-z0-9-]{0,38}[a-z0-9]$`, unique in the tenant.
    pub name: String,
    /// The kit's name, e.g. `base-homelab`.
    pub kit: String,
}

/// A stack with its draft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StackView {
    /// As in a list.
    pub stack: StackBrief,
    /// The newest specification (`kombination.yaml`).
    pub specification: String,
    /// What CUE says of it.
    pub check: SpecificationCheck,
    /// Nodes of the last applied revision.
    pub nodes: Vec<NodeView>,
    /// Its runs, newest first, at most 20.
    pub runs: Vec<RunBrief>,
    /// Serial of the newest state; `None` before the first apply.
    pub state_serial: Option<i64>,
    /// Made by the sample data.
    pub sample: bool,
    /// The viewer's role.
    pub role: Role,
    /// The server's time when this was read.
    pub now: Timestamp,
}

/// A specification to check or to save.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SpecificationUpdate {
    /// The whole `kombination.yaml`, at most 256 KiB.
    pub yaml: String,
    /// Revision that the change starts from; another one is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_revision: Option<i32>,
}

/// What CUE says of a specification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecificationCheck {
    /// No problem was found, and CUE was really asked.
    pub valid: bool,
    /// Each problem at its field and line.
    pub problems: Vec<SpecificationProblem>,
    /// Defaults that were filled in: path and value.
    pub filled: Vec<FilledValue>,
    /// Will it fit?
    pub fit: Vec<FitRow>,
    /// Nodes in it.
    pub nodes: u32,
    /// Services switched on in it.
    pub services: u32,
    /// How long CUE took, in milliseconds.
    pub took_ms: u32,
}

/// One problem of a specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecificationProblem {
    /// Path of the field, e.g. `nodes[1].address`; empty for the whole text.
    pub field: String,
    /// One sentence.
    pub message: String,
    /// Line in the YAML, from 1; `None` when it concerns the whole.
    pub line: Option<u32>,
    /// Column in that line, from 1.
    pub column: Option<u32>,
    /// Where the rule stands, e.g. `base/stackkit.cue:42`.
    pub rule: Option<String>,
}

/// A value that the kit filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FilledValue {
    /// Path of the field.
    pub field: String,
    /// The value, as YAML.
    pub value: String,
}

/// One row of `Will it fit?`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FitRow {
    /// What, e.g. `Memory on nas`.
    pub label: String,
    /// As a person reads it, e.g. `7.1 of 8 GiB`.
    pub text: String,
    /// Share used, 0 to 1 and beyond.
    pub share: f64,
    /// How it compares.
    pub level: FitLevel,
}

/// A node of a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeView {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// The stack it belongs to.
    pub stack: StackId,
    /// That stack's name.
    pub stack_name: String,
    /// Its address.
    pub address: String,
    /// Its role in the stack.
    pub role: String,
    /// What it is.
    pub kind: NodeType,
    /// Processors, as specified.
    pub cpu: u32,
    /// Memory in MiB, as specified.
    pub memory_mib: u32,
    /// What was last observed.
    pub status: NodeStatus,
    /// When it was last observed, if ever.
    pub last_seen: Option<Timestamp>,
    /// When its configuration was last rendered by an apply, if ever.
    pub configured_at: Option<Timestamp>,
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
    /// Why it failed and what to do.
    pub failure: Option<String>,
    /// A cancellation was asked for and has not taken effect yet.
    pub cancelling: bool,
    /// The viewer's role.
    pub role: Role,
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

/// The stack service's part of the overview page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackOverview {
    /// Stacks, those that wait for a person first.
    pub stacks: Vec<StackBrief>,
    /// The latest runs, at most 6.
    pub runs: Vec<RunBrief>,
    /// Nodes of all stacks.
    pub nodes: Vec<NodeView>,
    /// Nodes and runs against the plan.
    pub usage: Vec<crate::portal::PlanUse>,
    /// The viewer's role.
    pub role: Role,
    /// The server's time when this was read.
    pub now: Timestamp,
}

/// The answer of `POST /api/internal/sso/exchange`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SsoExchangeView {
    /// The session token of the stack service, for this tenant only.
    pub token: String,
    /// The tenant's id in the stack service.
    pub tenant_id: String,
    /// Its slug.
    pub tenant_slug: String,
    /// The member's id in the tenant's namespace.
    pub user_id: String,
    /// The member's e-mail address.
    pub email: String,
    /// The member's role.
    pub role: Role,
    /// When the token stops to work.
    pub expires_at: Timestamp,
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
