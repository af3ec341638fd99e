//! The audit log: who did what, to what, when.

use entity::control::audit_event;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::IntoCondition,
};
use types::{
    UserId,
    portal::{AuditEventView, Role},
};

use crate::{Result, actor::Actor, db::Db, env::Env, portal::tenant::access};

/// The audit log.
#[derive(Clone)]
pub struct Audit {
    db: Db,
    env: Env,
}

/// Something that was done.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The tenant that it concerns.
    pub tenant: Option<String>,
    /// Who did it, by name.
    pub actor: String,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What was done, e.g. `tenant.created`.
    pub action: &'static str,
    /// To what, as a person names it.
    pub subject: String,
    /// More, in words.
    pub detail: String,
    /// The request that did it.
    pub request_id: Option<String>,
}

impl Entry {
    /// Something that an actor did.
    #[must_use]
    pub fn by(actor: &Actor, action: &'static str, subject: impl Into<String>) -> Self {
        Self {
            actor: actor.name.clone(),
            actor_id: Some(actor.user),
            action,
            subject: subject.into(),
            request_id: Some(actor.request_id.clone()),
            ..Self::default()
        }
    }

    /// The same, in a tenant.
    #[must_use]
    pub fn in_tenant(mut self, slug: &str) -> Self {
        self.tenant = Some(slug.to_owned());
        self
    }

    /// The same, with more words.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Most lines that one page shows.
const PAGE: u64 = 200;

impl Audit {
    pub(crate) fn new(db: Db, env: Env) -> Self {
        Self { db, env }
    }

    /// Writes an entry, in the transaction that does the thing.
    ///
    /// # Errors
    /// When the database fails; then the thing must not be done either.
    pub async fn record(&self, on: &impl ConnectionTrait, entry: Entry) -> Result<()> {
        let Entry {
            tenant,
            actor,
            actor_id,
            action,
            subject,
            detail,
            request_id,
        } = entry;
        audit_event::Entity::insert(audit_event::ActiveModel {
            id: Set(self.env.id()),
            at: Set(self.env.now()),
            tenant_slug: Set(tenant),
            actor: Set(actor),
            actor_id: Set(actor_id),
            action: Set(action.to_owned()),
            subject: Set(subject),
            detail: Set(detail),
            request_id: Set(request_id),
        })
        .exec_without_returning(on)
        .await?;
        Ok(())
    }

    /// Writes an entry by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_alone(&self, entry: Entry) -> Result<()> {
        self.record(self.db.write(), entry).await
    }

    /// The newest lines of a tenant's log, for its admins.
    ///
    /// # Errors
    /// `tenant_not_found`, `forbidden`.
    pub async fn list(&self, actor: &Actor, slug: &str) -> Result<Vec<AuditEventView>> {
        access(&self.db, actor, slug).await?.require(Role::Admin)?;
        self.read(audit_event::Column::TenantSlug.eq(slug), PAGE)
            .await
    }

    /// What was last done in all tenants and on the platform, for operators. Signing in
    /// and out changes nothing and is left out.
    pub(crate) async fn newest(&self, limit: u64) -> Result<Vec<AuditEventView>> {
        self.read(audit_event::Column::Action.not_like("session.%"), limit)
            .await
    }

    async fn read(&self, which: impl IntoCondition, limit: u64) -> Result<Vec<AuditEventView>> {
        let events = audit_event::Entity::find()
            .filter(which)
            .order_by_desc(audit_event::Column::At)
            .order_by_desc(audit_event::Column::Id)
            .limit(limit)
            .all(self.db.read())
            .await?;
        Ok(events.into_iter().map(view).collect())
    }
}

fn view(event: audit_event::Model) -> AuditEventView {
    let audit_event::Model {
        id,
        at,
        tenant_slug: tenant,
        actor,
        actor_id: _,
        action,
        subject,
        detail,
        request_id,
    } = event;
    AuditEventView {
        id,
        at,
        actor,
        action,
        subject,
        detail,
        tenant,
        request_id,
    }
}
