//! What converges by itself: runs without a job, and jobs that ended without their run.

use entity::namespace::{run, state_lock};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use types::stack::RunState;

use super::{Runs, ask_again, handlers::Kind, row};
use crate::{
    Error, Result,
    stack::{
        core::forget_plans,
        specifications::lock_stack,
        tenancy::{NamespaceDb, TenantScope},
    },
};

impl Runs {
    /// Brings runs and jobs of all tenants together: enqueues jobs that are missing,
    /// ends runs whose job is over, releases locks of runs that have ended. Takes no
    /// input and can be repeated.
    ///
    /// # Errors
    /// When a database fails; what was done stays done.
    pub async fn reconcile(&self) -> Result<()> {
        let mut first = Ok(());
        for scope in self.access.every_tenant().await? {
            if let Err(error) = self.reconcile_tenant(&scope).await {
                tracing::warn!(tenant.slug = scope.slug(), error = %error, "a tenant's runs could not be reconciled");
                first = first.and(Err(error));
            }
        }
        first
    }

    async fn reconcile_tenant(&self, scope: &TenantScope) -> Result<()> {
        let db = self.core.open(scope).await?;
        let working = run::Entity::find()
            .filter(run::Column::State.is_in([
                RunState::Queued,
                RunState::Planning,
                RunState::Approved,
                RunState::Applying,
            ]))
            .all(db.read())
            .await?;
        let mut first = Ok(());
        for run in working {
            first = first.and(self.reconcile_run(scope, &db, &run).await);
        }
        for lock in state_lock::Entity::find().all(db.read()).await? {
            let works = run::Entity::find_by_id(lock.run_id)
                .one(db.read())
                .await?
                .is_some_and(|run| matches!(run.state, RunState::Planning | RunState::Applying));
            if !works {
                // This very lock: its run may have begun again and taken another.
                state_lock::Entity::delete_many()
                    .filter(state_lock::Column::RunId.eq(lock.run_id))
                    .filter(state_lock::Column::LockId.eq(lock.lock_id))
                    .exec(db.write())
                    .await?;
            }
        }
        first
    }

    async fn reconcile_run(
        &self,
        scope: &TenantScope,
        db: &NamespaceDb,
        seen: &run::Model,
    ) -> Result<()> {
        let kind = match seen.state {
            RunState::Queued | RunState::Planning => Kind::Plan,
            _ => Kind::Apply,
        };
        let job = self.try_enqueue(scope, seen, kind).await?;
        let job = self
            .core
            .queue
            .get(job)
            .await
            .map_err(|error| Error::internal("look at a run's job", error))?;
        if !job.is_over() {
            return Ok(());
        }
        let transaction = db.begin().await?;
        lock_stack(&transaction, seen.stack_id).await?;
        // The job may have ended between the two looks, with the run as it should.
        let Some(run) = run::Entity::find_by_id(seen.id)
            .filter(run::Column::Change.eq(seen.change))
            .filter(run::Column::State.eq(seen.state))
            .one(&transaction)
            .await?
        else {
            return Ok(());
        };
        tracing::error!(run.id = %run.id, job.id = %job.id, job.state = job.state.word(), "a job ended without its run");
        let why = format!(
            "The job of this run ended without a result; the operator's log says why. {}.",
            ask_again(run.kind)
        );
        if run.state == RunState::Applying && run.apply_locked_at.is_some() {
            self.give_up(&transaction, &run, &why).await?;
        } else {
            row::release_lock(&transaction, run.id).await?;
            row::ending(RunState::Failed, self.core.env.now())
                .col_expr(run::Column::Failure, Expr::value(why))
                .filter(run::Column::Id.eq(run.id))
                .exec(&transaction)
                .await?;
            forget_plans(&transaction, &[run.id]).await?;
        }
        transaction.commit().await?;
        self.core.changes.announce();
        Ok(())
    }
}
