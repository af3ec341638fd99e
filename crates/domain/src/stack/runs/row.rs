//! A run's row: reading it as people see it, and the changes that many places make.

use entity::namespace::{run, state_lock};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DerivePartialModel, EntityTrait, ExprTrait, FromJsonQueryResult,
    QueryFilter, UpdateMany, sea_query::Expr,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use types::{
    ErrorCode, RunId, StackId, Timestamp,
    stack::{ChangeSummary, ResourceChange, ResourceState, RunBrief, RunKind, RunState, RunView},
};

use super::steps;
use crate::{Error, Result, stack::tenancy::TenantScope};

/// States in which something may still happen.
pub(in crate::stack) const ACTIVE: [RunState; 5] = [
    RunState::Queued,
    RunState::Planning,
    RunState::Waiting,
    RunState::Approved,
    RunState::Applying,
];

/// A value as a JSON column keeps it.
pub(in crate::stack) fn encode<T: Serialize>(value: &T) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|error| Error::internal("write a JSON column", error))
}

/// A JSON column as a value; the default when it was written by another version.
pub(in crate::stack) fn decode<T: DeserializeOwned + Default>(json: &serde_json::Value) -> T {
    serde_json::from_value(json.clone()).unwrap_or_default()
}

/// What lists and steps show of a run, without its resources and steps: those are large.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "run::Entity")]
pub(in crate::stack) struct RunHead {
    pub(in crate::stack) id: RunId,
    number: i32,
    pub(in crate::stack) stack_id: StackId,
    pub(in crate::stack) kind: RunKind,
    pub(in crate::stack) state: RunState,
    pub(in crate::stack) revision: i32,
    pub(in crate::stack) decided_by: Option<String>,
    pub(in crate::stack) summary: Summary,
    created_at: Timestamp,
    pub(in crate::stack) finished_at: Option<Timestamp>,
}

/// How much a run's plan touches, read without a detour over a tree of JSON.
#[derive(Clone, Copy, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub(in crate::stack) struct Summary(pub(in crate::stack) ChangeSummary);

impl RunHead {
    /// The run as lists show it.
    pub(in crate::stack) fn brief(&self, stack_name: &str) -> RunBrief {
        RunBrief {
            id: self.id,
            number: self.number,
            stack: self.stack_id,
            stack_name: stack_name.to_owned(),
            kind: self.kind,
            state: self.state,
            revision: self.revision,
            created_at: self.created_at,
            finished_at: self.finished_at,
        }
    }
}

/// A run as its page shows it.
pub(in crate::stack) fn view(
    run: run::Model,
    stack_name: &str,
    scope: &TenantScope,
    now: Timestamp,
) -> RunView {
    let steps = steps::shown(&run);
    let run::Model {
        id,
        number,
        stack_id,
        kind,
        state,
        revision,
        requested_by,
        requested_by_id,
        decided_by,
        decided_at,
        comment,
        plan_digest,
        state_serial,
        steps: _,
        resources,
        summary,
        failure,
        failure_code,
        cancel,
        cancelled_by,
        token_hash: _,
        apply_locked_at: _,
        change: _,
        log_lines: _,
        created_at,
        finished_at,
    } = run;
    RunView {
        run: RunBrief {
            id,
            number,
            stack: stack_id,
            stack_name: stack_name.to_owned(),
            kind,
            state,
            revision,
            created_at,
            finished_at,
        },
        steps,
        resources: observed(decode(&resources), state),
        summary: decode(&summary),
        plan_digest,
        state_serial,
        requested_by,
        decided_by,
        decided_at,
        comment,
        cancelled_by,
        failure,
        failure_code: failure_code.and_then(|word| {
            let mut all = ErrorCode::ALL.iter().copied();
            all.find(|code| code.word() == word)
        }),
        cancelling: cancel > 0 && !state.ended(),
        role: scope.role(),
        own: requested_by_id == scope.member(),
        now,
    }
}

/// What was being worked on when the run ended was broken off: nobody saw its end.
fn observed(mut resources: Vec<ResourceChange>, run: RunState) -> Vec<ResourceChange> {
    if run.ended() {
        for one in &mut resources {
            if one.state == ResourceState::Running {
                one.state = ResourceState::Broken;
            }
        }
    }
    resources
}

/// A change of runs that live views will notice.
pub(in crate::stack) fn change() -> UpdateMany<run::Entity> {
    run::Entity::update_many().col_expr(run::Column::Change, Expr::col(run::Column::Change).add(1))
}

/// A change that ends runs: no token is valid any more.
pub(in crate::stack) fn ending(state: RunState, now: Timestamp) -> UpdateMany<run::Entity> {
    change()
        .col_expr(run::Column::State, Expr::value(state.word()))
        .col_expr(run::Column::FinishedAt, Expr::value(now.0))
        .col_expr(run::Column::TokenHash, Expr::value(None::<String>))
}

/// An end by an error, which is kept as its sentence and its code.
pub(in crate::stack) fn failing(
    state: RunState,
    error: &Error,
    now: Timestamp,
) -> UpdateMany<run::Entity> {
    ending(state, now)
        .col_expr(run::Column::Failure, Expr::value(error.problem().detail))
        .col_expr(run::Column::FailureCode, Expr::value(error.code().word()))
}

/// Waiting plans that must not be approved any more, and why, in the words of each kind.
pub(in crate::stack) async fn make_stale(
    on: &impl ConnectionTrait,
    runs: &[RunId],
    why: impl Fn(RunKind) -> String,
    now: Timestamp,
) -> Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    for kind in RunKind::ALL.iter().copied() {
        ending(RunState::Stale, now)
            .col_expr(run::Column::Failure, Expr::value(why(kind)))
            .filter(run::Column::Id.is_in(runs.iter().copied()))
            .filter(run::Column::Kind.eq(kind))
            .filter(run::Column::State.is_in([RunState::Waiting, RunState::Approved]))
            .exec(on)
            .await?;
    }
    Ok(())
}

/// Releases the state's lock if this run holds it, and no other lock.
pub(in crate::stack) async fn release_lock(on: &impl ConnectionTrait, run: RunId) -> Result<()> {
    state_lock::Entity::delete_many()
        .filter(state_lock::Column::RunId.eq(run))
        .exec(on)
        .await?;
    Ok(())
}
