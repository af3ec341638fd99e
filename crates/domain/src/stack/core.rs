//! What all services of the stack share.

use std::{path::PathBuf, sync::Arc};

use entity::namespace::{run, secret, stack};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict,
};
use tokio::sync::watch;
use types::{RunId, StackId, stack::RunState};

use super::{
    runs::{ask_again, row},
    tenancy::{NamespaceDb, Namespaces, TenantScope},
};
use crate::{
    Error, Result,
    db::Db,
    env::Env,
    ports::{AuditRecord, AuditSink, InfrastructureRunner, KitRegistry, SpecificationEngine},
    vault::Vault,
};

/// What all services of the stack share.
pub(in crate::stack) struct Core {
    pub(in crate::stack) env: Env,
    pub(in crate::stack) vault: Vault,
    pub(in crate::stack) namespaces: Namespaces,
    pub(in crate::stack) engine: Arc<dyn SpecificationEngine>,
    pub(in crate::stack) runner: Arc<dyn InfrastructureRunner>,
    pub(in crate::stack) kits: Arc<dyn KitRegistry>,
    pub(in crate::stack) audit: Arc<dyn AuditSink>,
    pub(in crate::stack) queue: jobs::Queue,
    pub(in crate::stack) instance: Db,
    pub(in crate::stack) changes: Changes,
    pub(in crate::stack) state_url: String,
    pub(in crate::stack) outputs: PathBuf,
}

impl Core {
    pub(in crate::stack) async fn open(&self, scope: &TenantScope) -> Result<NamespaceDb> {
        self.namespaces.open(scope).await
    }

    /// Where a stack's applies write what they render.
    pub(in crate::stack) fn output_folder(&self, scope: &TenantScope, stack: StackId) -> PathBuf {
        self.outputs.join(scope.slug()).join(stack.to_string())
    }

    /// Tells the audit log what was done. The thing stands already, so a log that
    /// cannot be written is an alarm and not an answer.
    pub(in crate::stack) async fn audit(
        &self,
        scope: &TenantScope,
        action: &'static str,
        subject: String,
        detail: String,
    ) {
        let record = AuditRecord {
            tenant: scope.slug().to_owned(),
            actor: scope.name().to_owned(),
            action,
            subject,
            detail,
            request_id: scope.request_id().to_owned(),
        };
        if let Err(error) = self.audit.record(record).await {
            metrics::counter!("kombify_audit_failures_total").increment(1);
            tracing::error!(audit.action = action, error = %error, "the audit log could not be written");
        }
    }

    /// Writes a secret under a name, sealed for it.
    pub(in crate::stack) async fn put_secret(
        &self,
        on: &impl ConnectionTrait,
        name: &str,
        plain: &[u8],
    ) -> Result<()> {
        secret::Entity::insert(secret::ActiveModel {
            name: Set(name.to_owned()),
            sealed: Set(self.vault.seal(name, plain)?),
            created_at: Set(self.env.now()),
        })
        .on_conflict(
            OnConflict::column(secret::Column::Name)
                .update_columns([secret::Column::Sealed, secret::Column::CreatedAt])
                .to_owned(),
        )
        .exec_without_returning(on)
        .await?;
        Ok(())
    }

    /// Reads a secret; `None` when there is none of this name.
    pub(in crate::stack) async fn secret(
        &self,
        on: &impl ConnectionTrait,
        name: &str,
    ) -> Result<Option<Vec<u8>>> {
        secret::Entity::find_by_id(name)
            .one(on)
            .await?
            .map(|secret| self.vault.open(name, &secret.sealed))
            .transpose()
    }
}

impl Core {
    /// After a run that was cut off, plans of the same stack that were made before hold no
    /// more, approved or not.
    pub(in crate::stack) async fn stale_after(
        &self,
        on: &impl ConnectionTrait,
        cut_off: &run::Model,
    ) -> Result<()> {
        let planned: Vec<RunId> = run::Entity::find()
            .select_only()
            .column(run::Column::Id)
            .filter(run::Column::StackId.eq(cut_off.stack_id))
            .filter(run::Column::Id.ne(cut_off.id))
            .filter(run::Column::State.is_in([RunState::Waiting, RunState::Approved]))
            .into_tuple()
            .all(on)
            .await?;
        let why = |kind| {
            format!(
                "Run {} was cut off after this plan was made. {}.",
                cut_off.number,
                ask_again(kind)
            )
        };
        row::make_stale(on, &planned, why, self.env.now()).await?;
        forget_plans(on, &planned).await
    }
}

/// Where a run's plan file lies.
pub(in crate::stack) fn plan_secret(run: RunId) -> String {
    format!("run/{run}/plan")
}

/// Where the variables and nodes that a plan was made of lie.
pub(in crate::stack) fn inputs_secret(run: RunId) -> String {
    format!("run/{run}/inputs")
}

/// Forgets the plan files of runs that will not be applied any more.
pub(in crate::stack) async fn forget_plans(
    on: &impl ConnectionTrait,
    runs: &[RunId],
) -> Result<()> {
    let names = runs
        .iter()
        .flat_map(|run| [plan_secret(*run), inputs_secret(*run)]);
    secret::Entity::delete_many()
        .filter(secret::Column::Name.is_in(names))
        .exec(on)
        .await?;
    Ok(())
}

/// A stack of the tenant.
///
/// # Errors
/// `not_found`.
pub(in crate::stack) async fn find_stack(
    on: &impl ConnectionTrait,
    id: StackId,
) -> Result<stack::Model> {
    stack::Entity::find_by_id(id)
        .one(on)
        .await?
        .ok_or_else(|| Error::not_found("stack"))
}

/// A run of the tenant by its number.
///
/// # Errors
/// `not_found`.
pub(in crate::stack) async fn find_run(
    on: &impl ConnectionTrait,
    number: i32,
) -> Result<run::Model> {
    run::Entity::find()
        .filter(run::Column::Number.eq(number))
        .one(on)
        .await?
        .ok_or_else(|| Error::not_found("run"))
}

/// Wakes live views of this process when a run changed; those of other processes
/// look by themselves every second.
#[derive(Clone)]
pub(in crate::stack) struct Changes(Arc<watch::Sender<u64>>);

impl Changes {
    pub(in crate::stack) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    pub(in crate::stack) fn announce(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(in crate::stack) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
