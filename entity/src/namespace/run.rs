//! A run: plan, approval, apply.

use sea_orm::entity::prelude::*;
use types::{
    MemberId, RunId, StackId, Timestamp,
    stack::{RunKind, RunState},
};

/// One row: one run. Its plan file lies sealed in `secret`, its log in `run_log`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "run")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RunId,
    /// Its number in the tenant, from 1; unique.
    pub number: i32,
    /// The stack.
    pub stack_id: StackId,
    /// What it does.
    pub kind: RunKind,
    /// Where it stands.
    pub state: RunState,
    /// The specification's revision.
    pub revision: i32,
    /// Who asked for it, by name.
    pub requested_by: String,
    /// Who asked for it.
    pub requested_by_id: MemberId,
    /// Who approved or discarded it, by name.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What they said.
    pub comment: Option<String>,
    /// SHA-256 of the plan, hexadecimal.
    pub plan_digest: Option<String>,
    /// Serial of the state that the plan was made for; 0 for none.
    pub state_serial: Option<i64>,
    /// `types::stack::RunStep`s.
    pub steps: Json,
    /// `types::stack::ResourceChange`s.
    pub resources: Json,
    /// A `types::stack::ChangeSummary`.
    pub summary: Json,
    /// Why it failed and what to do.
    pub failure: Option<String>,
    /// The kind of problem, a `types::ErrorCode`'s word, when it failed with one.
    pub failure_code: Option<String>,
    /// 0: go on; 1: a person wants it to end in order; 2: to be killed.
    pub cancel: i32,
    /// Who wants that, by name.
    pub cancelled_by: Option<String>,
    /// SHA-256 of the token for the state backend, while a worker runs it.
    pub token_hash: Option<String>,
    /// When its apply first took the state's lock: from then on things may have changed.
    pub apply_locked_at: Option<Timestamp>,
    /// Rises with every change of the row, for live views.
    pub change: i64,
    /// How many lines its log has.
    pub log_lines: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
