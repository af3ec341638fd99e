//! One attempt of a worker at a run.
//!
//! At its beginning an attempt gives the run a new token: OpenTofu's key to the state,
//! and the fence of every change that the attempt makes to the row. An attempt that
//! was given up can so neither write the state nor the row, whatever it still does.

use std::{future::Future, sync::Arc, time::Duration};

use entity::namespace::{run, stack};
use jobs::JobContext;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction,
    EntityTrait, QueryFilter, sea_query::Expr,
};
use types::{
    RunId, StackId, Timestamp,
    stack::{RunKind, RunState, StackStatus},
};

use super::{Runs, observe::Progress, row};
use crate::{
    Error, Result,
    ports::{InfrastructureWork, Kit, SpecifiedNode, StateBackend},
    stack::{
        core::{Core, find_stack},
        nodes,
        specifications::lock_stack,
        tenancy::{NamespaceDb, TenantScope},
    },
    vault::fingerprint,
};

/// How often the end of an attempt is written again while the database does not answer.
pub(super) const WRITE_AGAIN: Duration = Duration::from_millis(500);
/// How many times.
pub(super) const WRITES: u32 = 40;

/// One attempt of a worker at a run.
pub(super) struct Attempt {
    pub(super) core: Arc<Core>,
    pub(super) scope: TenantScope,
    pub(super) db: NamespaceDb,
    pub(super) run: run::Model,
    pub(super) stack: stack::Model,
    pub(super) context: JobContext,
    token: String,
    pub(super) fence: String,
}

impl Runs {
    /// The run that a job is about with its stack, the stack locked; `None` when its
    /// stack was removed.
    pub(super) async fn lock_by_id(
        &self,
        on: &DatabaseTransaction,
        id: RunId,
    ) -> Result<Option<(run::Model, stack::Model)>> {
        let Some(run) = run::Entity::find_by_id(id).one(on).await? else {
            return Ok(None);
        };
        let stack = lock_stack(on, run.stack_id).await?;
        Ok(run::Entity::find_by_id(id)
            .one(on)
            .await?
            .map(|run| (run, stack)))
    }

    /// Takes a run for an attempt: it changes to this state, under a new token, and
    /// a lock that an earlier attempt left behind is released.
    pub(super) async fn take(
        &self,
        scope: &TenantScope,
        db: &NamespaceDb,
        transaction: DatabaseTransaction,
        (run, stack): (run::Model, stack::Model),
        state: RunState,
        context: JobContext,
    ) -> Result<Attempt> {
        let token = self.core.env.secret();
        let fence = fingerprint(&token);
        row::release_lock(&transaction, run.id).await?;
        row::change()
            .col_expr(run::Column::State, Expr::value(state.word()))
            .col_expr(run::Column::TokenHash, Expr::value(&fence))
            .filter(run::Column::Id.eq(run.id))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        self.core.changes.announce();
        Ok(Attempt {
            core: Arc::clone(&self.core),
            scope: scope.clone(),
            db: db.clone(),
            run,
            stack,
            context,
            token,
            fence,
        })
    }
}

impl Attempt {
    /// What OpenTofu works on.
    pub(super) fn infrastructure(
        &self,
        kit: &Kit,
        variables: serde_json::Value,
        anew: Option<Vec<String>>,
    ) -> InfrastructureWork {
        let slug = self.scope.slug();
        InfrastructureWork {
            module: kit.folder.join("tofu"),
            variables,
            destroy: self.run.kind == RunKind::Destroy,
            anew,
            backend: StateBackend {
                address: format!(
                    "{}/internal/state/{slug}/{}",
                    self.core.state_url, self.stack.id
                ),
                username: self.run.id.to_string(),
                password: self.token.clone(),
            },
            output: self.core.output_folder(&self.scope, self.stack.id),
        }
    }

    /// The run's row as it stands, with its stack locked; `None` when another attempt
    /// has it.
    pub(super) async fn lock(&self, on: &DatabaseTransaction) -> Result<Option<run::Model>> {
        lock_stack(on, self.stack.id).await?;
        Ok(run::Entity::find_by_id(self.run.id)
            .filter(run::Column::TokenHash.eq(&self.fence))
            .one(on)
            .await?)
    }

    /// Writes the steps with the state that the attempt leaves behind; a change of
    /// this run's row, still to be executed.
    pub(super) fn leave(
        &self,
        change: sea_orm::UpdateMany<run::Entity>,
        progress: &Progress,
    ) -> Result<sea_orm::UpdateMany<run::Entity>> {
        Ok(change
            .col_expr(
                run::Column::Steps,
                Expr::value(row::encode(&progress.begun.0)?),
            )
            .col_expr(
                run::Column::Resources,
                Expr::value(row::encode(&progress.resources)?),
            )
            .filter(run::Column::Id.eq(self.run.id))
            .filter(run::Column::TokenHash.eq(&self.fence)))
    }

    /// Does something with the database that must not be lost because it does not
    /// answer for a moment.
    pub(super) async fn persist<T, F: Future<Output = Result<T>>>(
        &self,
        mut write: impl FnMut() -> F,
    ) -> Result<T> {
        for _ in 1..WRITES {
            match write().await {
                Err(Error::Database(error)) => {
                    tracing::warn!(run.id = %self.run.id, error = %error, "the end of a run waits for the database");
                    tokio::time::sleep(WRITE_AGAIN).await;
                }
                answer => return answer,
            }
        }
        write().await
    }

    /// Counts the end of a run.
    pub(super) fn count(&self, state: RunState) {
        metrics::counter!(
            "kombify_runs_finished_total",
            "kind" => self.run.kind.word(),
            "state" => state.word()
        )
        .increment(1);
        tracing::info!(
            run.id = %self.run.id,
            run.number = self.run.number,
            run.state = state.word(),
            tenant.slug = self.scope.slug(),
            "a run came to its state"
        );
    }

    /// The stack's row as it stands.
    pub(super) async fn stack_now(&self, on: &impl ConnectionTrait) -> Result<stack::Model> {
        find_stack(on, self.stack.id).await
    }

    /// Writes down that everything stands as this run wanted it: the stack's status,
    /// its applied revision and its nodes.
    pub(super) async fn record_standing(
        &self,
        on: &DatabaseTransaction,
        nodes: &[SpecifiedNode],
    ) -> Result<()> {
        let now = self.core.env.now();
        let (status, applied, nodes) = match self.run.kind {
            RunKind::Apply => (StackStatus::Active, Some(self.run.revision), nodes),
            RunKind::Destroy => (StackStatus::Draft, None, [].as_slice()),
        };
        nodes::record_apply(on, &self.core.env, self.stack.id, nodes).await?;
        stack::ActiveModel {
            id: Set(self.stack.id),
            status: Set(status),
            applied_revision: Set(applied),
            applied_at: Set(applied.map(|_| now)),
            updated_at: Set(now),
            ..Default::default()
        }
        .update(on)
        .await?;
        Ok(())
    }

    /// Writes down that the stack's last change was not observed to be complete.
    pub(super) async fn record_broken(&self, on: &DatabaseTransaction) -> Result<()> {
        mark_broken(on, self.stack.id, self.core.env.now()).await
    }
}

/// The stack's last change was not observed to be complete.
pub(super) async fn mark_broken(
    on: &impl ConnectionTrait,
    stack: StackId,
    now: Timestamp,
) -> Result<()> {
    stack::ActiveModel {
        id: Set(stack),
        status: Set(StackStatus::Error),
        updated_at: Set(now),
        ..Default::default()
    }
    .update(on)
    .await?;
    Ok(())
}
