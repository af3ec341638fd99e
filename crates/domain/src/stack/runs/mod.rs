//! Runs: plan, a person's decision, apply of exactly that plan.
//!
//! The namespace (runs) and the instance's queue (jobs) are two databases, so a run
//! and its job cannot be written in one transaction. The order is always: first the
//! run's row, then the job under an idempotency key made of the run's id. A process
//! that dies between the two leaves a run without a job; [`Runs::reconcile`] finds it
//! and enqueues the job again, which the key makes harmless. A job that finds its run
//! decided otherwise does nothing.

mod apply;
mod cancel;
mod decide;
mod events;
pub mod handlers;
mod log;
mod observe;
mod plan;
mod reconcile;
pub(in crate::stack) mod row;
pub(in crate::stack) mod steps;
mod work;

use std::{collections::BTreeMap, sync::Arc};

use entity::namespace::{counter, run, stack, stack_revision};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func, OnConflict, Query},
};
use types::{
    ErrorCode, FieldProblem, Problem, RunId, StackId,
    portal::{Role, Scope},
    stack::{
        ChangeSummary, RunBrief, RunCreate, RunKind, RunLogLine, RunState, RunView,
        SpecificationCheck,
    },
};

use super::{
    core::{Core, find_run, find_stack},
    nodes,
    specifications::{lock_stack, newest as newest_revision, revision},
    stacks::names,
    steps::counted,
    tenancy::{Access, NamespaceDb, TenantScope},
};
use crate::{Error, Result};

pub use events::RunEvents;

/// The counter that numbers a tenant's runs.
const RUN_NUMBERS: &str = "run";
/// Most runs that a list answers.
const LIST: u64 = 200;

/// A tenant's runs.
#[derive(Clone)]
pub struct Runs {
    pub(in crate::stack) core: Arc<Core>,
    pub(in crate::stack) access: Access,
}

impl Runs {
    /// The newest runs first, at most 200.
    ///
    /// # Errors
    /// `forbidden`; when the database fails.
    pub async fn list(&self, scope: &TenantScope) -> Result<Vec<RunBrief>> {
        scope.require(Role::Viewer, Scope::Read)?;
        let db = self.core.open(scope).await?;
        newest(db.read(), &names(db.read()).await?, LIST).await
    }

    /// Asks for a plan. It begins when a worker is free and no other run of the stack
    /// works; runs of one stack keep their order.
    ///
    /// # Errors
    /// `forbidden`, `not_found`; `tool_missing` and `kit_invalid` when CUE has to be asked
    /// and is missing or refuses the kit; `specification_invalid` when the newest revision
    /// is not valid, `plan_limit` when it has more nodes than the tenant's plan allows;
    /// for a destroy `invalid` when the typed name is another.
    pub async fn create(
        &self,
        scope: &TenantScope,
        stack: StackId,
        new: RunCreate,
    ) -> Result<RunView> {
        let RunCreate { kind, confirm } = new;
        match kind {
            RunKind::Apply => scope.require(Role::Member, Scope::Write)?,
            RunKind::Destroy => scope.require(Role::Admin, Scope::Approve)?,
        }
        let db = self.core.open(scope).await?;
        self.check_again(&db, stack).await?;
        let transaction = db.begin().await?;
        let stack = lock_stack(&transaction, stack).await?;
        let wanted = match kind {
            RunKind::Apply => stack.revision,
            RunKind::Destroy => standing_revision(&transaction, &stack).await?,
        };
        if kind == RunKind::Destroy && confirm.as_deref() != Some(stack.name.as_str()) {
            return Err(Error::invalid(
                "confirm",
                format!("Type {} to destroy what this stack made.", stack.name),
            ));
        }
        plannable(&transaction, scope, &stack, wanted, kind).await?;
        let made = run::ActiveModel {
            id: Set(self.core.env.id::<RunId>()),
            number: Set(next_number(&transaction).await?),
            stack_id: Set(stack.id),
            kind: Set(kind),
            state: Set(RunState::Queued),
            revision: Set(wanted),
            requested_by: Set(scope.name().to_owned()),
            requested_by_id: Set(scope.member()),
            decided_by: Set(None),
            decided_at: Set(None),
            comment: Set(None),
            plan_digest: Set(None),
            state_serial: Set(None),
            steps: Set(serde_json::json!([])),
            resources: Set(serde_json::json!([])),
            summary: Set(row::encode(&ChangeSummary::default())?),
            failure: Set(None),
            failure_code: Set(None),
            cancel: Set(0),
            cancelled_by: Set(None),
            token_hash: Set(None),
            apply_locked_at: Set(None),
            change: Set(1),
            log_lines: Set(0),
            created_at: Set(self.core.env.now()),
            finished_at: Set(None),
        }
        .insert(&transaction)
        .await?;
        transaction.commit().await?;
        self.core.changes.announce();
        self.enqueue(scope, &made, handlers::Kind::Plan).await;
        self.core
            .audit(
                scope,
                "run.requested",
                subject(&made, &stack.name),
                format!("{kind} of revision {wanted}"),
            )
            .await;
        self.show(scope, made.number).await
    }

    /// A newest revision that is not valid is checked once more: CUE may have been missing
    /// when it was saved, or the kit may have been mended since.
    async fn check_again(&self, db: &NamespaceDb, stack: StackId) -> Result<()> {
        let stack = find_stack(db.read(), stack).await?;
        let Some(newest) = newest_revision(db.read(), &stack)
            .await?
            .filter(|it| !it.valid)
        else {
            return Ok(());
        };
        let check = self.core.unify(&stack, &newest.yaml).await?.check;
        stack_revision::ActiveModel {
            id: Set(newest.id),
            valid: Set(check.valid),
            check: Set(row::encode(&check)?),
            ..Default::default()
        }
        .update(db.write())
        .await?;
        Ok(())
    }

    /// A run with its steps and resources.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn view(&self, scope: &TenantScope, number: i32) -> Result<RunView> {
        scope.require(Role::Viewer, Scope::Read)?;
        self.show(scope, number).await
    }

    /// The same for whoever just changed it, who is not asked again for role and scope.
    async fn show(&self, scope: &TenantScope, number: i32) -> Result<RunView> {
        let db = self.core.open(scope).await?;
        let run = find_run(db.read(), number).await?;
        let stack = find_stack(db.read(), run.stack_id).await?;
        Ok(row::view(run, &stack.name, scope, self.core.env.now()))
    }

    /// The lines of a run's log after a number, at most 1,000.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn log(
        &self,
        scope: &TenantScope,
        number: i32,
        after: i64,
    ) -> Result<Vec<RunLogLine>> {
        scope.require(Role::Viewer, Scope::Read)?;
        let db = self.core.open(scope).await?;
        let run = find_run(db.read(), number).await?;
        log::read(db.read(), run.id, after).await
    }

    /// A run of this tenant with its stack, both locked.
    async fn lock(
        &self,
        on: &DatabaseTransaction,
        number: i32,
    ) -> Result<(run::Model, stack::Model)> {
        let stack = find_run(on, number).await?.stack_id;
        let stack = lock_stack(on, stack).await?;
        Ok((find_run(on, number).await?, stack))
    }
}

/// The newest runs first.
pub(in crate::stack) async fn newest(
    on: &impl ConnectionTrait,
    names: &BTreeMap<StackId, String>,
    limit: u64,
) -> Result<Vec<RunBrief>> {
    let runs = run::Entity::find()
        .order_by_desc(run::Column::Number)
        .limit(limit)
        .into_partial_model::<row::RunHead>()
        .all(on)
        .await?;
    Ok(runs
        .into_iter()
        .filter_map(|run| Some(run.brief(names.get(&run.stack_id)?)))
        .collect())
}

/// The revision that a stack's resources are of: the one that was applied, or else the
/// last that an apply began to make, or else the newest.
async fn standing_revision(on: &impl ConnectionTrait, stack: &stack::Model) -> Result<i32> {
    if let Some(applied) = stack.applied_revision {
        return Ok(applied);
    }
    let begun = run::Entity::find()
        .select_only()
        .column(run::Column::Revision)
        .filter(run::Column::StackId.eq(stack.id))
        .filter(run::Column::ApplyLockedAt.is_not_null())
        .order_by_desc(run::Column::Number)
        .into_tuple()
        .one(on)
        .await?;
    Ok(begun.unwrap_or(stack.revision))
}

/// `run 41 of core-services`.
pub(in crate::stack) fn subject(run: &run::Model, stack: &str) -> String {
    format!("run {} of {stack}", run.number)
}

/// What to do when a run came to nothing. Who destroys must not be led to an apply.
pub(in crate::stack) const fn ask_again(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Apply => "Plan again",
        RunKind::Destroy => "Destroy again",
    }
}

/// Whether a revision may be planned.
async fn plannable(
    on: &DatabaseTransaction,
    scope: &TenantScope,
    stack: &stack::Model,
    wanted: i32,
    kind: RunKind,
) -> Result<()> {
    let Some(revision) = revision(on, stack.id, wanted).await? else {
        return Err(Error::refused(
            ErrorCode::SpecificationInvalid,
            "This stack has no specification yet. Save one first.",
        ));
    };
    if !revision.valid {
        let check: Option<SpecificationCheck> = serde_json::from_value(revision.check).ok();
        return Err(not_valid(wanted, check.as_ref()));
    }
    if kind == RunKind::Apply {
        let nodes = specified_nodes(&revision.check);
        within_plan(on, scope, stack.id, nodes).await?;
    }
    Ok(())
}

/// Why a revision is not planned, with each problem at its field and line.
fn not_valid(number: i32, check: Option<&SpecificationCheck>) -> Error {
    let problems: Vec<FieldProblem> = check
        .map(|check| check.problems.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|problem| FieldProblem {
            field: problem.field.clone(),
            message: problem.message.clone(),
            line: problem.line,
            column: problem.column,
        })
        .collect();
    let count = counted(
        u32::try_from(problems.len().max(1)).unwrap_or(u32::MAX),
        "problem",
    );
    Error::Refused(
        Problem::new(
            ErrorCode::SpecificationInvalid,
            format!("Revision {number} has {count}. Save a valid specification, then plan."),
        )
        .with_fields(problems),
    )
}

/// How many nodes a revision has, by its check.
fn specified_nodes(check: &serde_json::Value) -> u32 {
    serde_json::from_value(check.clone()).map_or(0, |check: SpecificationCheck| check.nodes)
}

/// How many nodes the tenant's stacks have or may have, as its plan limits them.
pub(in crate::stack) async fn nodes_in_all(on: &impl ConnectionTrait) -> Result<u32> {
    Ok(sum(nodes_by_stack(on).await?))
}

/// The same of all stacks but one.
pub(in crate::stack) async fn nodes_elsewhere(
    on: &impl ConnectionTrait,
    stack: StackId,
) -> Result<u32> {
    let mut nodes = nodes_by_stack(on).await?;
    nodes.remove(&stack);
    Ok(sum(nodes))
}

fn sum(nodes: BTreeMap<StackId, u32>) -> u32 {
    nodes.into_values().fold(0, u32::saturating_add)
}

/// How many nodes each of the tenant's stacks has, or may have: what an approved run brings
/// counts from its approval on, and what one brought that did not succeed until another
/// one does. In a transaction that takes the tenant's [`turn`] no other run is approved
/// until its end.
async fn nodes_by_stack(on: &impl ConnectionTrait) -> Result<BTreeMap<StackId, u32>> {
    // When a run began to change something, or said that nothing was to be changed.
    let told = || {
        Func::coalesce([
            Expr::col(run::Column::ApplyLockedAt),
            Expr::col(run::Column::FinishedAt),
        ])
    };
    let last = Query::select()
        .column(run::Column::StackId)
        .expr(Func::max(told()))
        .from(run::Entity)
        .and_where(
            run::Column::State
                .eq(RunState::Unchanged)
                .or(run::Column::ApplyLockedAt.is_not_null()),
        )
        .group_by_col(run::Column::StackId)
        .take();
    // The last one of each stack, unless its nodes are recorded. Read before these are: one
    // that ends in between counts then.
    let unrecorded = Condition::all()
        .add(run::Column::State.is_not_in([RunState::Applied, RunState::Unchanged]))
        .add(run::Column::ApplyLockedAt.is_not_null())
        .add(Expr::tuple([Expr::col(run::Column::StackId), Expr::expr(told())]).in_subquery(last));
    let coming: Vec<(StackId, i32)> = run::Entity::find()
        .select_only()
        .columns([run::Column::StackId, run::Column::Revision])
        .filter(run::Column::Kind.eq(RunKind::Apply))
        .filter(
            Condition::any()
                .add(run::Column::State.is_in([RunState::Approved, RunState::Applying]))
                .add(unrecorded),
        )
        .into_tuple()
        .all(on)
        .await?;
    let mut nodes = nodes::count_by_stack(on).await?;
    for (stack, number) in coming {
        let wanted = revision(on, stack, number).await?;
        let wanted = wanted.map_or(0, |it| specified_nodes(&it.check));
        let count = nodes.entry(stack).or_default();
        *count = Ord::max(*count, wanted);
    }
    Ok(nodes)
}

/// Takes the tenant's turn until the transaction ends: of two stacks that are approved at
/// once the second one sees the first one's nodes.
async fn turn(on: &DatabaseTransaction) -> Result<()> {
    counter::Entity::find_by_id(RUN_NUMBERS.to_owned())
        .lock_exclusive()
        .one(on)
        .await?;
    Ok(())
}

/// Whether the tenant's plan allows so many nodes in this stack.
async fn within_plan(
    on: &impl ConnectionTrait,
    scope: &TenantScope,
    stack: StackId,
    nodes: u32,
) -> Result<()> {
    let wanted = nodes_elsewhere(on, stack).await?.saturating_add(nodes);
    if wanted > scope.max_nodes() {
        return Err(Error::refused(
            ErrorCode::PlanLimit,
            format!(
                "With this specification the homelab has {}; its plan allows {}. Remove nodes or choose a larger plan.",
                counted(wanted, "node"),
                scope.max_nodes()
            ),
        ));
    }
    Ok(())
}

/// The next number of a run in the tenant; a number is never given twice.
async fn next_number(on: &DatabaseTransaction) -> Result<i32> {
    let next = Query::insert()
        .into_table(counter::Entity)
        .columns([counter::Column::Name, counter::Column::Value])
        .values_panic([RUN_NUMBERS.into(), 1.into()])
        .on_conflict(
            OnConflict::column(counter::Column::Name)
                .value(
                    counter::Column::Value,
                    Expr::col((counter::Entity, counter::Column::Value)).add(1),
                )
                .to_owned(),
        )
        .returning_col(counter::Column::Value)
        .take();
    let row = on
        .query_one(&next)
        .await?
        .ok_or_else(|| Error::internal("number a run", "the counter answered nothing"))?;
    Ok(row.try_get("", "value")?)
}
