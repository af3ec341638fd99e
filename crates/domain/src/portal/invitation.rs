//! Invitations by link: seven days, one use, the secret only in the link.

use entity::control::{invitation, membership, tenant, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, sea_query::OnConflict,
};
use types::{
    ErrorCode, InvitationId,
    portal::{InvitationCreate, InvitationLink, InvitationOffer, Role, Scope, TenantView},
};

use super::{
    audit::{Audit, Entry},
    tenant::{held, lock, view},
};
use crate::{Error, Result, actor::Actor, db::Db, env::Env, error::is_line, vault::fingerprint};

const LIFETIME_SECONDS: i64 = 7 * 24 * 3600;

/// Invitations by link.
#[derive(Clone)]
pub struct Invitations {
    db: Db,
    env: Env,
    audit: Audit,
    public_url: String,
}

impl Invitations {
    pub(crate) fn new(db: Db, env: Env, audit: Audit, public_url: String) -> Self {
        Self {
            db,
            env,
            audit,
            public_url,
        }
    }

    /// Makes an invitation; its link is shown once.
    ///
    /// # Errors
    /// `forbidden` unless admin, `plan_limit`, `invalid`.
    pub async fn create(
        &self,
        actor: &Actor,
        slug: &str,
        wanted: InvitationCreate,
    ) -> Result<InvitationLink> {
        actor.require_scope(Scope::Write)?;
        let InvitationCreate { note, role } = wanted;
        if !is_line(&note, 0..=120) {
            return Err(Error::invalid(
                "note",
                "The note may have at most 120 characters on one line.",
            ));
        }
        let now = self.env.now();
        let secret = self.env.secret();
        let expires_at = now.plus_seconds(LIFETIME_SECONDS);
        let transaction = self.db.begin().await?;
        let access = held(&transaction, actor, slug).await?;
        access.require(Role::Admin)?;
        let members = membership::Entity::find()
            .filter(membership::Column::TenantId.eq(access.id()))
            .count(&transaction)
            .await?;
        let open = invitation::Entity::find()
            .filter(invitation::Column::TenantId.eq(access.id()))
            .filter(invitation::Column::EndedAt.is_null())
            .filter(invitation::Column::ExpiresAt.gt(now))
            .count(&transaction)
            .await?;
        let limit = u64::try_from(access.tenant.max_users).unwrap_or_default();
        if members + open >= limit {
            return Err(full(limit));
        }
        invitation::Entity::insert(invitation::ActiveModel {
            id: Set(self.env.id()),
            tenant_id: Set(access.id()),
            secret_hash: Set(fingerprint(&secret)),
            note: Set(note.trim().to_owned()),
            role: Set(role),
            invited_by: Set(actor.user),
            created_at: Set(now),
            expires_at: Set(expires_at),
            ended_at: Set(None),
            accepted_by: Set(None),
        })
        .exec_without_returning(&transaction)
        .await?;
        let entry = Entry::by(actor, "invitation.created", note)
            .in_tenant(slug)
            .with_detail(format!("as {role}"));
        self.audit.record(&transaction, entry).await?;
        transaction.commit().await?;
        Ok(InvitationLink {
            url: format!("{}/invitations/{secret}", self.public_url),
            expires_at,
        })
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// `forbidden` unless admin, `not_found`.
    pub async fn revoke(&self, actor: &Actor, slug: &str, id: InvitationId) -> Result<()> {
        actor.require_scope(Scope::Write)?;
        let transaction = self.db.begin().await?;
        let access = held(&transaction, actor, slug).await?;
        access.require(Role::Admin)?;
        let found = invitation::Entity::find_by_id(id)
            .filter(invitation::Column::TenantId.eq(access.id()))
            .filter(invitation::Column::EndedAt.is_null())
            .one(&transaction)
            .await?
            .ok_or_else(|| Error::not_found("invitation"))?;
        let note = found.note.clone();
        let mut found = found.into_active_model();
        found.ended_at = Set(Some(self.env.now()));
        found.update(&transaction).await?;
        let entry = Entry::by(actor, "invitation.revoked", note).in_tenant(slug);
        self.audit.record(&transaction, entry).await?;
        Ok(transaction.commit().await?)
    }

    /// What somebody sees who opens the link.
    ///
    /// # Errors
    /// `not_found` when the link is wrong, used, revoked or too old.
    pub async fn offer(&self, secret: &str) -> Result<InvitationOffer> {
        let (invitation, tenant) = self.open(self.db.read(), secret).await?;
        let inviter = user::Entity::find_by_id(invitation.invited_by)
            .one(self.db.read())
            .await?;
        Ok(InvitationOffer {
            tenant: tenant.name,
            slug: tenant.slug,
            role: invitation.role,
            invited_by: inviter.map(|user| user.name).unwrap_or_default(),
        })
    }

    /// Joins the tenant. Somebody who belongs to it already keeps their role, and
    /// the link stays good for whom it was meant.
    ///
    /// # Errors
    /// `not_found`, `plan_limit`, `conflict`.
    pub async fn accept(&self, actor: &Actor, secret: &str) -> Result<TenantView> {
        actor.require_browser()?;
        let now = self.env.now();
        let transaction = self.db.begin().await?;
        let (_, tenant) = self.open(&transaction, secret).await?;
        lock(&transaction, tenant.id).await?;
        // Whoever made it may have been removed, or have taken it back, meanwhile.
        let (found, tenant) = self.open(&transaction, secret).await?;
        let members = membership::Entity::find()
            .filter(membership::Column::TenantId.eq(tenant.id))
            .count(&transaction)
            .await?;
        let limit = u64::try_from(tenant.max_users).unwrap_or_default();
        if members >= limit {
            return Err(full(limit));
        }
        let role = found.role;
        let mut found = found.into_active_model();
        found.ended_at = Set(Some(now));
        found.accepted_by = Set(Some(actor.user));
        found.update(&transaction).await?;
        let joined = membership::Entity::insert(membership::ActiveModel {
            id: Set(self.env.id()),
            user_id: Set(actor.user),
            tenant_id: Set(tenant.id),
            role: Set(role),
            by_organisation: Set(false),
            created_at: Set(now),
        })
        .on_conflict(
            OnConflict::columns([membership::Column::UserId, membership::Column::TenantId])
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(&transaction)
        .await?;
        if joined == 0 {
            return Err(Error::conflict(format!(
                "You belong to {} already.",
                tenant.name
            )));
        }
        let entry = Entry::by(actor, "invitation.accepted", &actor.name).in_tenant(&tenant.slug);
        self.audit.record(&transaction, entry).await?;
        transaction.commit().await?;
        Ok(view(tenant, role, None))
    }

    async fn open(
        &self,
        on: &impl ConnectionTrait,
        secret: &str,
    ) -> Result<(invitation::Model, tenant::Model)> {
        let found = invitation::Entity::find()
            .filter(invitation::Column::SecretHash.eq(fingerprint(secret)))
            .filter(invitation::Column::EndedAt.is_null())
            .filter(invitation::Column::ExpiresAt.gt(self.env.now()))
            .find_also_related(tenant::Entity)
            .one(on)
            .await?;
        let Some((invitation, Some(tenant))) = found else {
            return Err(gone());
        };
        // An admin who was removed must not come back by a link that they made before.
        let inviters = membership::Entity::find()
            .filter(membership::Column::TenantId.eq(tenant.id))
            .filter(membership::Column::UserId.eq(invitation.invited_by))
            .filter(membership::Column::Role.eq(Role::Admin))
            .count(on)
            .await?;
        if inviters == 0 {
            return Err(gone());
        }
        Ok((invitation, tenant))
    }
}

fn gone() -> Error {
    Error::refused(
        ErrorCode::NotFound,
        "This invitation does not work: it was used, taken back, is older than seven days, or who made it is no admin any more. Ask for a new one.",
    )
}

fn full(limit: u64) -> Error {
    Error::refused(
        ErrorCode::PlanLimit,
        format!(
            "The plan holds {limit} members, and all places are taken or offered. Remove one, or choose a larger plan."
        ),
    )
}
