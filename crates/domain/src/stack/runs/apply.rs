//! The job that applies an approved plan, once.
//!
//! From the moment that OpenTofu takes the state's lock in an apply, or that the output
//! folder is emptied to make everything anew, things may have changed. So an attempt that finds such an apply of an earlier attempt does not
//! repeat it: the run then needs a new plan, which makes everything anew. Before the lock
//! nothing can have changed, and the apply is simply begun again.

use entity::namespace::run;
use jobs::{CancelReason, JobContext};
use sea_orm::{ColumnTrait, DatabaseTransaction, QueryFilter, UpdateMany, sea_query::Expr};
use sha2::{Digest, Sha256};
use types::{
    ErrorCode, RunId, Timestamp,
    stack::{RunKind, RunState},
};

use super::{
    Runs, ask_again,
    decide::moved_on,
    handlers::End,
    observe::Progress,
    plan::{Inputs, cut_off_since},
    row,
    steps::{APPLY, RECORD},
    work::{Attempt, mark_broken},
};
use crate::{
    Error, Result,
    ports::{ApplyResult, RunError},
    stack::{
        core::{forget_plans, inputs_secret, plan_secret},
        state,
        steps::done,
        tenancy::TenantScope,
    },
};

/// What is told of a run that is not complete, in the words of its kind: who wanted
/// everything gone must not be led to make it anew.
struct Told {
    /// What the run does.
    work: &'static str,
    /// It was cut off: what is not known then, and what comes next.
    unknown: &'static str,
    /// It ended in order before its end: what comes next.
    rest: &'static str,
}

impl Told {
    const fn of(kind: RunKind) -> Self {
        match kind {
            RunKind::Apply => Self {
                work: "apply",
                unknown: "it is not known what stands. Plan again: everything is made anew then.",
                rest: "plan again to see what is left.",
            },
            RunKind::Destroy => Self {
                work: "destruction",
                unknown: "it is not known what still stands. Destroy again: all that is left goes then.",
                rest: "destroy again to remove what is left.",
            },
        }
    }
}

/// An apply that was observed to be complete, with what it was made of.
struct Applied {
    result: ApplyResult,
    inputs: Inputs,
}

/// Why an apply is not complete.
enum Without {
    Failed(Error),
    Stopped,
    Killed,
}

impl From<Error> for Without {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Runs {
    /// Applies an approved run.
    pub(super) async fn apply_job(
        &self,
        scope: &TenantScope,
        id: RunId,
        context: JobContext,
    ) -> Result<End> {
        let db = self.core.open(scope).await?;
        let transaction = db.begin().await?;
        let Some((run, stack)) = self.lock_by_id(&transaction, id).await? else {
            return Ok(End::Done);
        };
        let again = match run.state {
            RunState::Approved => false,
            RunState::Applying if run.apply_locked_at.is_none() => true,
            RunState::Applying => {
                let Told { work, unknown, .. } = Told::of(run.kind);
                let why = format!("The worker stopped in the middle of this {work}, so {unknown}");
                self.give_up(&transaction, &run, &why).await?;
                transaction.commit().await?;
                self.core.changes.announce();
                return Ok(End::Done);
            }
            _ => return Ok(End::Done),
        };
        let serial = state::serial(&transaction, stack.id).await?.unwrap_or(0);
        let stale = if run.state_serial == Some(serial) {
            None
        } else {
            moved_on(&run, &stack, serial)
        };
        if let Some(why) = stale {
            row::ending(RunState::Stale, self.core.env.now())
                .col_expr(run::Column::Failure, Expr::value(why))
                .filter(run::Column::Id.eq(id))
                .exec(&transaction)
                .await?;
            row::release_lock(&transaction, id).await?;
            forget_plans(&transaction, &[id]).await?;
            transaction.commit().await?;
            self.core.changes.announce();
            return Ok(End::Done);
        }
        let attempt = self
            .take(
                scope,
                &db,
                transaction,
                (run, stack),
                RunState::Applying,
                context,
            )
            .await?;
        let mut progress = Progress::of(&attempt.run);
        if again {
            attempt.note(
                &mut progress,
                "warn",
                format!(
                    "The worker stopped before this {} changed anything. It is begun again.",
                    Told::of(attempt.run.kind).work
                ),
            );
        }
        let applied = attempt.apply(&mut progress).await;
        match &applied {
            Ok(applied) => {
                attempt.end(&mut progress, APPLY, true, "");
                let said = done(applied.result.summary);
                attempt.note(&mut progress, "info", format!("Applied: {said}."));
                attempt.begin(&mut progress, RECORD).await;
                attempt.end(
                    &mut progress,
                    RECORD,
                    true,
                    recorded(&attempt.run, &applied.inputs),
                );
            }
            Err(Without::Failed(error)) => {
                attempt.fail(&mut progress, &error.problem().detail).await;
            }
            Err(Without::Stopped | Without::Killed) => {}
        }
        attempt.flush_whole(&mut progress).await;
        attempt
            .persist(|| attempt.conclude_apply(&progress, &applied))
            .await
    }

    /// A run whose apply was cut off: what stands is not known until the next apply.
    pub(super) async fn give_up(
        &self,
        on: &DatabaseTransaction,
        run: &run::Model,
        why: &str,
    ) -> Result<()> {
        let now = self.core.env.now();
        row::release_lock(on, run.id).await?;
        row::ending(RunState::NeedsReconcile, now)
            .col_expr(run::Column::Failure, Expr::value(why))
            .filter(run::Column::Id.eq(run.id))
            .exec(on)
            .await?;
        mark_broken(on, run.stack_id, now).await?;
        self.core.stale_after(on, run).await?;
        forget_plans(on, &[run.id]).await
    }
}

impl Attempt {
    async fn apply(&self, progress: &mut Progress) -> Result<Applied, Without> {
        self.begin(progress, APPLY).await;
        let (kit, _) = self.core.kit(&self.stack.kit)?;
        let missing = || {
            Error::refused(
                ErrorCode::PlanStale,
                format!(
                    "The plan that was approved is not there any more. {}.",
                    ask_again(self.run.kind)
                ),
            )
        };
        let plan = self
            .core
            .secret(self.db.read(), &plan_secret(self.run.id))
            .await?
            .ok_or_else(missing)?;
        if self.run.plan_digest.as_deref() != Some(hex::encode(Sha256::digest(&plan)).as_str()) {
            return Err(Error::refused(
                ErrorCode::PlanStale,
                "The stored plan is not the one that was approved. Nothing was applied; plan again.",
            )
            .into());
        }
        let inputs = self
            .core
            .secret(self.db.read(), &inputs_secret(self.run.id))
            .await?
            .ok_or_else(missing)?;
        let inputs: Inputs = serde_json::from_slice(&inputs)
            .map_err(|error| Error::internal("read the plan's inputs", error))?;
        if inputs.module != kit.digest {
            return Err(Error::refused(
                ErrorCode::PlanStale,
                format!(
                    "The kit {} was changed after this plan was made. {}.",
                    kit.name,
                    ask_again(self.run.kind)
                ),
            )
            .into());
        }
        let cut_off = state::cut_off(self.db.read(), self.stack.id).await?;
        if let Some(why) = cut_off_since(self.run.kind, inputs.anew_since, cut_off) {
            return Err(Error::refused(ErrorCode::PlanStale, why).into());
        }
        let anew = cut_off.map(|_| Vec::new());
        let work = self.infrastructure(&kit, inputs.variables.clone(), anew);
        let answer = self
            .observe(progress, |watch| {
                let (core, work, plan) = (&self.core, &work, &plan);
                async move { core.runner.apply(work, plan, &watch).await }
            })
            .await;
        match answer {
            Ok(result) => Ok(Applied { result, inputs }),
            Err(RunError::Stopped) => Err(Without::Stopped),
            Err(RunError::Killed) => Err(Without::Killed),
            Err(RunError::Failed(error)) => Err(error.into()),
        }
    }

    /// Writes down what the apply came to, from what was observed.
    async fn conclude_apply(
        &self,
        progress: &Progress,
        applied: &Result<Applied, Without>,
    ) -> Result<End> {
        let transaction = self.db.begin().await?;
        let Some(run) = self.lock(&transaction).await? else {
            return Ok(End::Lost);
        };
        row::release_lock(&transaction, run.id).await?;
        let now = self.core.env.now();
        // Before the lock nothing can have changed.
        let touched = run.apply_locked_at.is_some();
        if matches!(applied, Err(Without::Stopped | Without::Killed))
            && !touched
            && run.cancel == 0
            && matches!(
                self.context.cancel_reason(),
                Some(CancelReason::Shutdown | CancelReason::LeaseLost)
            )
        {
            let back = row::change()
                .col_expr(run::Column::State, Expr::value(RunState::Approved.word()))
                .col_expr(run::Column::TokenHash, Expr::value(None::<String>));
            self.leave(back, &Progress::of(&self.run))?
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            self.core.changes.announce();
            return Ok(End::HandedBack);
        }
        let (state, change) = match applied {
            Ok(applied) => {
                self.record_standing(&transaction, &applied.inputs.nodes)
                    .await?;
                let change = row::ending(RunState::Applied, now).col_expr(
                    run::Column::Summary,
                    Expr::value(row::encode(&applied.result.summary)?),
                );
                (RunState::Applied, change)
            }
            Err(why) => {
                let (state, change) = unfinished(&run, why, touched, now);
                if touched && state != RunState::Stale {
                    self.record_broken(&transaction).await?;
                }
                if touched && state == RunState::NeedsReconcile {
                    self.core.stale_after(&transaction, &run).await?;
                }
                (state, change)
            }
        };
        self.leave(change, progress)?.exec(&transaction).await?;
        forget_plans(&transaction, &[run.id]).await?;
        transaction.commit().await?;
        self.core.changes.announce();
        self.count(state);
        Ok(End::Done)
    }
}

/// What becomes of a run whose apply is not complete.
fn unfinished(
    run: &run::Model,
    why: &Without,
    touched: bool,
    now: Timestamp,
) -> (RunState, UpdateMany<run::Entity>) {
    let by = run.cancelled_by.as_deref().unwrap_or("an operator");
    let Told {
        work,
        unknown,
        rest,
    } = Told::of(run.kind);
    let (state, said) = match why {
        Without::Killed if run.cancel > 0 && !touched => (
            RunState::Cancelled,
            format!("Killed by {by}. Nothing was changed."),
        ),
        Without::Killed if run.cancel > 0 => (
            RunState::NeedsReconcile,
            format!("Killed by {by}: {unknown}"),
        ),
        Without::Killed if !touched => (
            RunState::Failed,
            format!(
                "The program was killed before it changed anything, at a limit or because it could not start. {}.",
                ask_again(run.kind)
            ),
        ),
        Without::Killed => (
            RunState::NeedsReconcile,
            format!(
                "The program was killed in the middle of the {work}, at a limit or because it did not end: {unknown}"
            ),
        ),
        Without::Stopped if run.cancel > 0 && touched => (
            RunState::Cancelled,
            format!("Cancelled by {by} in the middle of the {work}. The state is saved; {rest}"),
        ),
        Without::Stopped if run.cancel > 0 => (
            RunState::Cancelled,
            format!("Cancelled by {by}. Nothing was changed."),
        ),
        Without::Stopped => (
            RunState::Failed,
            format!("kombify was stopped in the middle of the {work}. The state is saved; {rest}"),
        ),
        Without::Failed(error) => {
            if error.is_fault() {
                tracing::error!(run.id = %run.id, error = %error, "an apply failed on our side");
            }
            let state = if error.code() == ErrorCode::PlanStale && !touched {
                RunState::Stale
            } else {
                RunState::Failed
            };
            return (state, row::failing(state, error, now));
        }
    };
    let change = row::ending(state, now).col_expr(run::Column::Failure, Expr::value(said));
    (state, change)
}

fn recorded(run: &run::Model, inputs: &Inputs) -> String {
    match run.kind {
        RunKind::Apply => crate::stack::steps::counted(
            u32::try_from(inputs.nodes.len()).unwrap_or(u32::MAX),
            "node",
        ),
        RunKind::Destroy => "no nodes".to_owned(),
    }
}
