//! The job that plans a run: validate, init, plan, and keep the plan for a person.

use entity::namespace::run;
use jobs::{CancelReason, JobContext};
use sea_orm::{ColumnTrait, DatabaseTransaction, QueryFilter, sea_query::Expr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use types::{
    ErrorCode, RunId,
    stack::{RunKind, RunState, SpecificationCheck},
};

use super::{
    Runs, ask_again,
    decide::moved_on,
    handlers::End,
    not_valid,
    observe::Progress,
    row,
    steps::{INIT, PLAN, VALIDATE},
    within_plan,
    work::Attempt,
};
use crate::{
    Error, Result,
    ports::{PlanResult, RunError, SpecifiedNode, UnifiedSpecification},
    stack::{
        core::{inputs_secret, plan_secret},
        specifications::revision,
        state,
        steps::{counted, summary},
        tenancy::TenantScope,
    },
};

/// What a plan was made of, kept with it for the apply.
#[derive(Serialize, Deserialize)]
pub(super) struct Inputs {
    pub(super) variables: serde_json::Value,
    pub(super) nodes: Vec<SpecifiedNode>,
    /// The digest of the kit's OpenTofu module: a plan holds no scripts.
    #[serde(default)]
    pub(super) module: String,
    /// The run that was cut off before, so that all is made anew.
    #[serde(default)]
    pub(super) anew_since: Option<i32>,
}

/// A plan that was made, and the state that it is for.
struct Planned {
    result: PlanResult,
    inputs: Inputs,
    serial: i64,
}

/// Why there is no plan.
enum Without {
    Failed(Error),
    Stopped,
}

impl From<Error> for Without {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Runs {
    /// Plans a run. Planning changes nothing, so an attempt that died is repeated.
    pub(super) async fn plan_job(
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
        if !matches!(run.state, RunState::Queued | RunState::Planning) {
            return Ok(End::Done);
        }
        if run.cancel > 0 {
            // The attempt that was told to stop died of something else.
            row::release_lock(&transaction, id).await?;
            cancelled(&run, self.core.env.now())
                .filter(run::Column::Id.eq(id))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            self.core.changes.announce();
            return Ok(End::Done);
        }
        let again = run.state == RunState::Planning;
        let attempt = self
            .take(
                scope,
                &db,
                transaction,
                (run, stack),
                RunState::Planning,
                context,
            )
            .await?;
        let mut progress = Progress::of(&attempt.run);
        progress.begun.0.clear();
        if again {
            attempt.note(
                &mut progress,
                "warn",
                "The worker that planned this run stopped in the middle. It is planned again.",
            );
        }
        let planned = attempt.plan(&mut progress).await;
        if let Err(Without::Failed(error)) = &planned {
            attempt.fail(&mut progress, &error.problem().detail).await;
        }
        attempt.flush_whole(&mut progress).await;
        attempt
            .persist(|| attempt.conclude_plan(&progress, &planned))
            .await
    }
}

impl Attempt {
    async fn plan(&self, progress: &mut Progress) -> Result<Planned, Without> {
        self.begin(progress, VALIDATE).await;
        let (kit, _) = self.core.kit(&self.stack.kit)?;
        let Some(revision) = revision(self.db.read(), self.stack.id, self.run.revision).await?
        else {
            return Err(Error::not_found("revision").into());
        };
        let checked = self.core.engine.check(&kit, &revision.yaml).await?;
        let Some(unified) = checked.unified else {
            return Err(not_valid(self.run.revision, Some(&checked.check)).into());
        };
        if self.run.kind == RunKind::Apply {
            within_plan(
                self.db.read(),
                &self.scope,
                self.stack.id,
                checked.check.nodes,
            )
            .await?;
        }
        self.end(progress, VALIDATE, true, found(&checked.check));
        let UnifiedSpecification {
            document: _,
            variables,
            nodes,
        } = unified;

        self.begin(progress, INIT).await;
        let before = state::serial(self.db.read(), self.stack.id).await?;
        let anew_since = state::cut_off(self.db.read(), self.stack.id).await?;
        let anew = match anew_since {
            Some(run) => {
                let does = match self.run.kind {
                    RunKind::Apply => "makes everything anew",
                    RunKind::Destroy => "removes all that is left",
                };
                self.note(
                    progress,
                    "warn",
                    format!(
                        "Run {run} was cut off, so it is not known what stands: this plan {does}."
                    ),
                );
                Some(self.core.in_state(self.db.read(), self.stack.id).await?)
            }
            None => None,
        };
        let work = self.infrastructure(&kit, variables.clone(), anew);
        let answer = self
            .observe(progress, |watch| {
                let (core, work) = (&self.core, &work);
                async move { core.runner.plan(work, &watch).await }
            })
            .await;
        let result = match answer {
            Ok(result) => result,
            Err(RunError::Stopped | RunError::Killed) => return Err(Without::Stopped),
            Err(RunError::Failed(error)) => return Err(error.into()),
        };
        if state::serial(self.db.read(), self.stack.id).await? != before {
            return Err(Error::refused(
                ErrorCode::PlanStale,
                format!(
                    "The state changed while this plan was made. {}.",
                    ask_again(self.run.kind)
                ),
            )
            .into());
        }
        let said = summary(result.summary, self.run.kind);
        // A plan without changes may come without a word that init ended.
        self.end(progress, INIT, true, "");
        self.end(progress, PLAN, true, said);
        progress.resources.clone_from(&result.changes);
        self.flush(progress).await;
        Ok(Planned {
            result,
            inputs: Inputs {
                variables,
                nodes,
                module: kit.digest,
                anew_since,
            },
            serial: before.unwrap_or(0),
        })
    }

    /// Writes down what planning came to.
    async fn conclude_plan(
        &self,
        progress: &Progress,
        planned: &Result<Planned, Without>,
    ) -> Result<End> {
        if let Err(Without::Failed(Error::Database(error))) = planned {
            // Not the run's fault: another attempt plans it when the database is back.
            return Err(Error::internal("plan a run", error.to_string()));
        }
        let transaction = self.db.begin().await?;
        let Some(run) = self.lock(&transaction).await? else {
            return Ok(End::Lost);
        };
        row::release_lock(&transaction, run.id).await?;
        let now = self.core.env.now();
        let mut end = End::Done;
        let state = match planned {
            _ if run.cancel > 0 => {
                self.leave(cancelled(&run, now), progress)?
                    .exec(&transaction)
                    .await?;
                RunState::Cancelled
            }
            Ok(planned) => self.keep_plan(&transaction, progress, planned).await?,
            Err(Without::Stopped)
                if self.context.cancel_reason() == Some(CancelReason::Requested) =>
            {
                self.leave(cancelled(&run, now), progress)?
                    .exec(&transaction)
                    .await?;
                RunState::Cancelled
            }
            Err(Without::Stopped) => {
                end = End::HandedBack;
                let back = row::change()
                    .col_expr(run::Column::State, Expr::value(RunState::Queued.word()))
                    .col_expr(run::Column::TokenHash, Expr::value(None::<String>));
                self.leave(back, &Progress::of(&self.run))?
                    .exec(&transaction)
                    .await?;
                RunState::Queued
            }
            Err(Without::Failed(error)) => {
                if error.is_fault() {
                    tracing::error!(run.id = %run.id, error = %error, "a plan failed on our side");
                }
                let failed = row::failing(RunState::Failed, error, now);
                self.leave(failed, progress)?.exec(&transaction).await?;
                RunState::Failed
            }
        };
        transaction.commit().await?;
        self.core.changes.announce();
        self.count(state);
        Ok(end)
    }

    /// Keeps a plan for a person to read; nothing to change is the end of the run.
    async fn keep_plan(
        &self,
        on: &DatabaseTransaction,
        progress: &Progress,
        planned: &Planned,
    ) -> Result<RunState> {
        let Planned {
            result:
                PlanResult {
                    plan,
                    changes,
                    summary,
                },
            inputs,
            serial,
        } = planned;
        let stack = self.stack_now(on).await?;
        let now = self.core.env.now();
        let run = run::Model {
            state_serial: Some(*serial),
            ..self.run.clone()
        };
        let cut_off = state::cut_off(on, self.stack.id).await?;
        let stale = moved_on(&run, &stack, *serial)
            .or_else(|| cut_off_since(run.kind, inputs.anew_since, cut_off));
        let (state, change) = if let Some(why) = stale {
            let stale =
                row::ending(RunState::Stale, now).col_expr(run::Column::Failure, Expr::value(why));
            (RunState::Stale, stale)
        } else if changes.is_empty() && cut_off.is_none() {
            // Nothing to change, where all that was done was seen to its end: all stands as
            // it is specified.
            self.record_standing(on, &inputs.nodes).await?;
            (RunState::Unchanged, row::ending(RunState::Unchanged, now))
        } else {
            self.core
                .put_secret(on, &plan_secret(self.run.id), plan)
                .await?;
            let inputs = serde_json::to_vec(inputs)
                .map_err(|error| Error::internal("write the plan's inputs", error))?;
            self.core
                .put_secret(on, &inputs_secret(self.run.id), &inputs)
                .await?;
            let waiting = row::change()
                .col_expr(run::Column::State, Expr::value(RunState::Waiting.word()))
                .col_expr(run::Column::TokenHash, Expr::value(None::<String>));
            (RunState::Waiting, waiting)
        };
        let change = change
            .col_expr(
                run::Column::PlanDigest,
                Expr::value(hex::encode(Sha256::digest(plan))),
            )
            .col_expr(run::Column::StateSerial, Expr::value(*serial))
            .col_expr(run::Column::Summary, Expr::value(row::encode(summary)?));
        self.leave(change, progress)?.exec(on).await?;
        Ok(state)
    }
}

/// Why a plan does not hold any more: an apply was cut off while it was made, or after.
pub(super) fn cut_off_since(
    kind: RunKind,
    planned: Option<i32>,
    now: Option<i32>,
) -> Option<String> {
    let run = now.filter(|_| planned != now)?;
    Some(format!(
        "Run {run} was cut off after this plan was made. {}.",
        ask_again(kind)
    ))
}

fn cancelled(run: &run::Model, now: types::Timestamp) -> sea_orm::UpdateMany<run::Entity> {
    let by = run.cancelled_by.as_deref().unwrap_or("an operator");
    row::ending(RunState::Cancelled, now).col_expr(
        run::Column::Failure,
        Expr::value(format!(
            "Cancelled by {by} while it was planned. Nothing was changed."
        )),
    )
}

fn found(check: &SpecificationCheck) -> String {
    format!(
        "{}, {}",
        counted(check.nodes, "node"),
        counted(check.services, "service")
    )
}
