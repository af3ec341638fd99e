//! What the stack service shows and takes: kits, stacks, specifications, runs.

mod kit;
mod node;
mod run;
mod specification;

pub use kit::*;
pub use node::*;
pub use run::*;
pub use specification::*;

use serde::{Deserialize, Serialize};

use crate::{StackId, Timestamp, portal::Role, string_enum::string_enum};

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
    /// How many runs it has in all.
    pub run_count: u32,
    /// Serial of the newest state; `None` before the first apply.
    pub state_serial: Option<i64>,
    /// How many resources that state holds.
    pub standing: u32,
    /// The run whose apply was cut off, when nothing was applied whole since: it is not
    /// known what stands then.
    pub cut_off: Option<i32>,
    /// Made by the sample data.
    pub sample: bool,
    /// The viewer's role.
    pub role: Role,
    /// The server's time when this was read.
    pub now: Timestamp,
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
    /// Nodes against the plan, with those that a run may bring, or may have brought.
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
