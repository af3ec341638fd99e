//! The OpenTofu state of each stack: our http backend.
//!
//! The protocol is OpenTofu's (<https://opentofu.org/docs/language/settings/backends/http/>):
//! GET, POST with `?ID=`, LOCK, UNLOCK, Basic auth. A run's token opens the state of
//! its own stack while a worker runs it, and nothing else.

use std::sync::Arc;

use entity::namespace::{run, state_lock, tofu_state};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use types::{ErrorCode, RunId, StackId, stack::RunState};

use super::{
    core::{Core, forget_plans},
    runs::{ask_again, row},
    specifications::lock_stack,
    tenancy::{Access, NamespaceDb},
};
use crate::{Error, Result, vault::fingerprint};

/// The largest state, in bytes.
pub const LARGEST: usize = 16 * 1024 * 1024;
/// How many versions of a state are kept.
const VERSIONS: i32 = 50;

/// The http backend for OpenTofu's states.
#[derive(Clone)]
pub struct States {
    pub(in crate::stack) core: Arc<Core>,
    pub(in crate::stack) access: Access,
}

/// What a run brings to the backend; nothing of it is verified yet.
#[derive(Clone)]
pub struct StateCredentials {
    /// The tenant's slug, from the path.
    pub tenant: String,
    /// The stack's id, from the path.
    pub stack: StackId,
    /// Basic auth user: the run's id.
    pub username: String,
    /// Basic auth password: the run's token.
    pub password: String,
}

impl std::fmt::Debug for StateCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateCredentials")
            .field("tenant", &self.tenant)
            .field("stack", &self.stack)
            .finish_non_exhaustive()
    }
}

/// What an attempt to lock came to.
#[derive(Clone, Debug, PartialEq)]
pub enum LockAnswer {
    /// The caller holds the lock.
    Taken,
    /// Somebody else does; what OpenTofu said of that lock.
    Held(serde_json::Value),
}

/// A run that proved itself.
struct Proven {
    db: NamespaceDb,
    run: run::Model,
}

#[derive(Deserialize)]
struct StateFacts {
    serial: i64,
    lineage: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

/// A resource block with what stands of it.
#[derive(Deserialize)]
struct Resource {
    module: Option<String>,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    /// A number, or a text in quotes, as an address has it.
    index_key: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct LockInfo {
    #[serde(rename = "ID")]
    id: String,
}

impl States {
    /// The newest state; `None` before the first.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub async fn get(&self, credentials: &StateCredentials) -> Result<Option<Vec<u8>>> {
        let Proven { db, run } = self.prove(credentials).await?;
        let Some(newest) = newest(db.read(), run.stack_id).await? else {
            return Ok(None);
        };
        self.core
            .vault
            .open(&place(run.stack_id, newest.version), &newest.sealed)
            .map(Some)
    }

    /// Takes a new version from the run that holds the lock. Waiting plans of other
    /// runs become stale.
    ///
    /// # Errors
    /// `unauthenticated`, `too_large`, `invalid` when it is not a state, `state_locked`
    /// when the caller does not hold the lock, `conflict` when the serial falls or the
    /// lineage is another.
    pub async fn put(
        &self,
        credentials: &StateCredentials,
        lock_id: Option<&str>,
        state: &[u8],
    ) -> Result<()> {
        if state.len() > LARGEST {
            return Err(Error::refused(
                ErrorCode::TooLarge,
                format!(
                    "The state has {} MiB; at most 16 MiB are taken.",
                    state.len() / (1024 * 1024)
                ),
            ));
        }
        let Proven { db, run } = self.prove(credentials).await?;
        let facts: StateFacts = serde_json::from_slice(state)
            .map_err(|error| Error::invalid("state", format!("This is not a state: {error}.")))?;
        let transaction = db.begin().await?;
        lock_stack(&transaction, run.stack_id).await?;
        still_valid(&transaction, &run).await?;
        let held = state_lock::Entity::find_by_id(run.stack_id)
            .one(&transaction)
            .await?;
        if !held.is_some_and(|lock| lock.run_id == run.id && Some(lock.lock_id.as_str()) == lock_id)
        {
            return Err(Error::refused(
                ErrorCode::StateLocked,
                "Only the run that holds the state's lock may write it.",
            ));
        }
        let digest = hex::encode(Sha256::digest(state));
        let newest = newest(&transaction, run.stack_id).await?;
        if let Some(newest) = &newest {
            if newest.serial == facts.serial && newest.digest == digest {
                transaction.rollback().await?;
                return Ok(());
            }
            if newest.lineage != facts.lineage || facts.serial <= newest.serial {
                return Err(Error::conflict(format!(
                    "The state stands at serial {} of its lineage; serial {} does not follow.",
                    newest.serial, facts.serial
                )));
            }
        }
        let standing: usize = facts.resources.iter().map(|one| one.instances.len()).sum();
        let version = newest.map_or(0, |newest| newest.version) + 1;
        tofu_state::ActiveModel {
            stack_id: Set(run.stack_id),
            version: Set(version),
            serial: Set(facts.serial),
            lineage: Set(facts.lineage),
            digest: Set(digest),
            resources: Set(i32::try_from(standing).unwrap_or(i32::MAX)),
            sealed: Set(self.core.vault.seal(&place(run.stack_id, version), state)?),
            run_id: Set(run.id),
            created_at: Set(self.core.env.now()),
        }
        .insert(&transaction)
        .await?;
        tofu_state::Entity::delete_many()
            .filter(tofu_state::Column::StackId.eq(run.stack_id))
            .filter(tofu_state::Column::Version.lte(version - VERSIONS))
            .exec(&transaction)
            .await?;
        self.stale_plans(&transaction, &run).await?;
        transaction.commit().await?;
        self.core.changes.announce();
        Ok(())
    }

    /// Takes the lock for the run.
    ///
    /// # Errors
    /// `unauthenticated`, `invalid` when the body is not a lock's description.
    pub async fn lock(&self, credentials: &StateCredentials, info: &[u8]) -> Result<LockAnswer> {
        let Proven { db, run } = self.prove(credentials).await?;
        let (id, info) = lock_info(info)?;
        let transaction = db.begin().await?;
        lock_stack(&transaction, run.stack_id).await?;
        still_valid(&transaction, &run).await?;
        let held = state_lock::Entity::find_by_id(run.stack_id)
            .one(&transaction)
            .await?;
        if let Some(held) = held {
            if held.run_id == run.id && held.lock_id == id {
                // OpenTofu asks again when it did not hear the answer.
                return Ok(LockAnswer::Taken);
            }
            if self.holds(&transaction, &held).await? {
                return Ok(LockAnswer::Held(held.info));
            }
            // Its run has ended without releasing it.
            row::release_lock(&transaction, held.run_id).await?;
        }
        let now = self.core.env.now();
        state_lock::ActiveModel {
            stack_id: Set(run.stack_id),
            lock_id: Set(id),
            run_id: Set(run.id),
            info: Set(info),
            created_at: Set(now),
        }
        .insert(&transaction)
        .await?;
        if run.state == RunState::Applying && run.apply_locked_at.is_none() {
            row::change()
                .col_expr(run::Column::ApplyLockedAt, Expr::value(now.0))
                .filter(run::Column::Id.eq(run.id))
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(LockAnswer::Taken)
    }

    /// Releases the run's own lock.
    ///
    /// # Errors
    /// `unauthenticated`; `invalid` when the body names no lock, as a forced unlock
    /// does not; `state_locked` when it is another's.
    pub async fn unlock(&self, credentials: &StateCredentials, info: &[u8]) -> Result<()> {
        let Proven { db, run } = self.prove(credentials).await?;
        let (id, _) = lock_info(info)?;
        let gone = state_lock::Entity::delete_many()
            .filter(state_lock::Column::StackId.eq(run.stack_id))
            .filter(state_lock::Column::RunId.eq(run.id))
            .filter(state_lock::Column::LockId.eq(id))
            .exec(db.write())
            .await?;
        // OpenTofu asks again when it did not hear the answer.
        let held = state_lock::Entity::find_by_id(run.stack_id);
        if gone.rows_affected == 0 && held.one(db.write()).await?.is_some() {
            return Err(Error::refused(
                ErrorCode::StateLocked,
                "This run does not hold that lock.",
            ));
        }
        Ok(())
    }

    /// The run that a token belongs to. All that does not hold gives one answer.
    async fn prove(&self, credentials: &StateCredentials) -> Result<Proven> {
        let refused = || {
            Error::refused(
                ErrorCode::Unauthenticated,
                "The token is not valid for this state: it works for one stack while its run works.",
            )
        };
        let id: RunId = credentials.username.parse().map_err(|_| refused())?;
        let scope = match self.access.resume(&credentials.tenant, "").await {
            Ok(scope) => scope,
            Err(error) if error.code() == ErrorCode::TenantNotFound => return Err(refused()),
            Err(error) => return Err(error),
        };
        let db = self.core.open(&scope).await?;
        let run = run::Entity::find_by_id(id)
            .one(db.read())
            .await?
            .filter(|run| run.stack_id == credentials.stack)
            .filter(|run| matches!(run.state, RunState::Planning | RunState::Applying))
            .filter(|run| {
                let brought = fingerprint(&credentials.password);
                run.token_hash
                    .as_ref()
                    .is_some_and(|hash| hash.as_bytes().ct_eq(brought.as_bytes()).into())
            })
            .ok_or_else(refused)?;
        Ok(Proven { db, run })
    }

    /// Whether a lock's run still works.
    async fn holds(&self, on: &DatabaseTransaction, lock: &state_lock::Model) -> Result<bool> {
        Ok(run::Entity::find_by_id(lock.run_id)
            .one(on)
            .await?
            .is_some_and(|run| matches!(run.state, RunState::Planning | RunState::Applying)))
    }

    async fn stale_plans(&self, on: &DatabaseTransaction, writer: &run::Model) -> Result<()> {
        let waiting: Vec<RunId> = run::Entity::find()
            .filter(run::Column::StackId.eq(writer.stack_id))
            .filter(run::Column::State.eq(RunState::Waiting))
            .all(on)
            .await?
            .into_iter()
            .map(|run| run.id)
            .collect();
        let why = |kind| {
            format!(
                "Run {} changed the state after this plan was made. {}.",
                writer.number,
                ask_again(kind)
            )
        };
        row::make_stale(on, &waiting, why, self.core.env.now()).await?;
        forget_plans(on, &waiting).await
    }
}

/// A worker may have lost the run while this call waited for the writer.
async fn still_valid(on: &DatabaseTransaction, run: &run::Model) -> Result<()> {
    let now = run::Entity::find_by_id(run.id).one(on).await?;
    if now.is_some_and(|now| now.token_hash == run.token_hash && now.state == run.state) {
        Ok(())
    } else {
        Err(Error::refused(
            ErrorCode::Unauthenticated,
            "The run of this token has ended.",
        ))
    }
}

/// Where a version of a state is sealed.
fn place(stack: StackId, version: i32) -> String {
    format!("state/{stack}/{version}")
}

fn lock_info(body: &[u8]) -> Result<(String, serde_json::Value)> {
    let wrong = || {
        Error::invalid(
            "lock",
            "The body does not name a lock. A lock is released by the run that holds it, or when that run ends.",
        )
    };
    if body.len() > 64 * 1024 {
        return Err(wrong());
    }
    let info: serde_json::Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    let LockInfo { id } = LockInfo::deserialize(&info).map_err(|_| wrong())?;
    Ok((id, info))
}

/// The newest version of a stack's state.
async fn newest(on: &impl ConnectionTrait, stack: StackId) -> Result<Option<tofu_state::Model>> {
    Ok(tofu_state::Entity::find()
        .filter(tofu_state::Column::StackId.eq(stack))
        .order_by_desc(tofu_state::Column::Version)
        .one(on)
        .await?)
}

/// Serial of the newest state; `None` before the first.
pub(in crate::stack) async fn serial(
    on: &impl ConnectionTrait,
    stack: StackId,
) -> Result<Option<i64>> {
    Ok(tofu_state::Entity::find()
        .select_only()
        .column(tofu_state::Column::Serial)
        .filter(tofu_state::Column::StackId.eq(stack))
        .order_by_desc(tofu_state::Column::Version)
        .into_tuple()
        .one(on)
        .await?)
}

/// The number of the run whose apply was cut off, when nothing was applied whole since: it
/// is not known what stands then, whatever the state says.
pub(in crate::stack) async fn cut_off(
    on: &impl ConnectionTrait,
    stack: StackId,
) -> Result<Option<i32>> {
    let last: Option<(i32, RunState)> = run::Entity::find()
        .select_only()
        .columns([run::Column::Number, run::Column::State])
        .filter(run::Column::StackId.eq(stack))
        .filter(run::Column::ApplyLockedAt.is_not_null())
        .filter(run::Column::State.is_in([RunState::Applied, RunState::NeedsReconcile]))
        .order_by_desc(run::Column::ApplyLockedAt)
        .order_by_desc(run::Column::Number)
        .into_tuple()
        .one(on)
        .await?;
    Ok(last
        .filter(|(_, state)| *state == RunState::NeedsReconcile)
        .map(|(number, _)| number))
}

/// The addresses of all that a state holds, as OpenTofu writes them.
fn addresses(state: &[u8]) -> Result<Vec<String>> {
    let facts: StateFacts = serde_json::from_slice(state)
        .map_err(|error| Error::internal("read a stored state", error))?;
    let managed = facts.resources.iter().filter(|it| it.mode == "managed");
    Ok(managed.flat_map(Resource::addresses).collect())
}

impl Resource {
    fn addresses(&self) -> impl Iterator<Item = String> {
        let module = self.module.as_deref().map(|module| format!("{module}."));
        let name = format!("{}{}.{}", module.unwrap_or_default(), self.kind, self.name);
        self.instances.iter().map(move |one| match &one.index_key {
            None => name.clone(),
            Some(key) => {
                // A text in quotes as JSON has it, but for what begins a template.
                let key = key.to_string().replace("${", "$${").replace("%{", "%%{");
                format!("{name}[{key}]")
            }
        })
    }
}

impl Core {
    /// What the newest state of a stack holds, by address.
    pub(in crate::stack) async fn in_state(
        &self,
        on: &impl ConnectionTrait,
        stack: StackId,
    ) -> Result<Vec<String>> {
        let Some(newest) = newest(on, stack).await? else {
            return Ok(Vec::new());
        };
        addresses(
            &self
                .vault
                .open(&place(stack, newest.version), &newest.sealed)?,
        )
    }
}

/// How many resources the newest state holds.
pub(in crate::stack) async fn resources(on: &impl ConnectionTrait, stack: StackId) -> Result<u32> {
    let count: Option<i32> = tofu_state::Entity::find()
        .select_only()
        .column(tofu_state::Column::Resources)
        .filter(tofu_state::Column::StackId.eq(stack))
        .order_by_desc(tofu_state::Column::Version)
        .into_tuple()
        .one(on)
        .await?;
    Ok(count
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or_default())
}
