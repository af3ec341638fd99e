//! Members of a tenant and their roles.

use entity::control::{invitation, membership, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    ModelTrait, QueryFilter, QueryOrder,
};
use types::{
    TenantId, UserId,
    portal::{InvitationView, MemberView, MembersView, PlanUse, Role, Scope},
};

use super::{
    audit::{Audit, Entry},
    tenant::{access, held},
};
use crate::{Error, Result, actor::Actor, db::Db, env::Env};

/// Members and their roles.
#[derive(Clone)]
pub struct Members {
    db: Db,
    env: Env,
    audit: Audit,
}

impl Members {
    pub(crate) fn new(db: Db, env: Env, audit: Audit) -> Self {
        Self { db, env, audit }
    }

    /// Members and open invitations.
    ///
    /// # Errors
    /// `tenant_not_found`.
    pub async fn list(&self, actor: &Actor, slug: &str) -> Result<MembersView> {
        let access = access(&self.db, actor, slug).await?;
        let now = self.env.now();
        let members: Vec<MemberView> = membership::Entity::find()
            .filter(membership::Column::TenantId.eq(access.id()))
            .find_also_related(user::Entity)
            .order_by_asc(user::Column::Name)
            .all(self.db.read())
            .await?
            .into_iter()
            .filter_map(|(place, user)| Some((place, user?)))
            .map(|(place, user)| MemberView {
                user: user.id,
                name: user.name,
                email: user.email,
                role: place.role,
                joined_at: place.created_at,
                last_seen_at: user.last_seen_at,
                is_viewer: user.id == actor.user,
            })
            .collect();
        let invitations = invitation::Entity::find()
            .filter(invitation::Column::TenantId.eq(access.id()))
            .filter(invitation::Column::EndedAt.is_null())
            .filter(invitation::Column::ExpiresAt.gt(now))
            .find_also_related(user::Entity)
            .order_by_asc(invitation::Column::CreatedAt)
            .all(self.db.read())
            .await?
            .into_iter()
            .map(|(invitation, inviter)| InvitationView {
                id: invitation.id,
                note: invitation.note,
                role: invitation.role,
                invited_by: inviter.map(|user| user.name).unwrap_or_default(),
                expires_at: invitation.expires_at,
            })
            .collect();
        let usage = PlanUse {
            label: "Members".to_owned(),
            used: u32::try_from(members.len()).unwrap_or(u32::MAX),
            limit: u32::try_from(access.tenant.max_users).unwrap_or_default(),
        };
        Ok(MembersView {
            members,
            invitations,
            usage,
            now,
        })
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `conflict` for the last admin.
    pub async fn set_role(
        &self,
        actor: &Actor,
        slug: &str,
        user: UserId,
        role: Role,
    ) -> Result<()> {
        actor.require_scope(Scope::Write)?;
        let transaction = self.db.begin().await?;
        let access = held(&transaction, actor, slug).await?;
        access.require(Role::Admin)?;
        let place = place_of(&transaction, access.id(), user).await?;
        if role != Role::Admin {
            self.keep_an_admin(&transaction, &place).await?;
        }
        let name = name_of(&transaction, user).await?;
        let detail = format!("{} to {role}", place.role);
        let mut place = place.into_active_model();
        place.role = Set(role);
        place.by_organisation = Set(false);
        place.update(&transaction).await?;
        let entry = Entry::by(actor, "member.role_changed", name)
            .in_tenant(slug)
            .with_detail(detail);
        self.audit.record(&transaction, entry).await?;
        Ok(transaction.commit().await?)
    }

    /// Removes a member; members may remove themselves.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `conflict` for the last admin.
    pub async fn remove(&self, actor: &Actor, slug: &str, user: UserId) -> Result<()> {
        actor.require_scope(Scope::Write)?;
        let transaction = self.db.begin().await?;
        let access = held(&transaction, actor, slug).await?;
        if user != actor.user {
            access.require(Role::Admin)?;
        }
        let place = place_of(&transaction, access.id(), user).await?;
        self.keep_an_admin(&transaction, &place).await?;
        let name = name_of(&transaction, user).await?;
        place.delete(&transaction).await?;
        let entry = Entry::by(actor, "member.removed", name).in_tenant(slug);
        self.audit.record(&transaction, entry).await?;
        Ok(transaction.commit().await?)
    }

    async fn keep_an_admin(
        &self,
        on: &impl ConnectionTrait,
        place: &membership::Model,
    ) -> Result<()> {
        if place.role != Role::Admin {
            return Ok(());
        }
        if admins(on, place.tenant_id).await?.len() > 1 {
            Ok(())
        } else {
            Err(Error::conflict(
                "This is the last admin. Make another member an admin first.",
            ))
        }
    }
}

/// The places of a tenant's admins; they hold while its row is locked.
pub(crate) async fn admins(
    on: &impl ConnectionTrait,
    tenant: TenantId,
) -> Result<Vec<membership::Model>> {
    Ok(membership::Entity::find()
        .filter(membership::Column::TenantId.eq(tenant))
        .filter(membership::Column::Role.eq(Role::Admin))
        .all(on)
        .await?)
}

async fn place_of(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    user: UserId,
) -> Result<membership::Model> {
    membership::Entity::find()
        .filter(membership::Column::TenantId.eq(tenant))
        .filter(membership::Column::UserId.eq(user))
        .one(on)
        .await?
        .ok_or_else(|| Error::not_found("member"))
}

async fn name_of(on: &impl ConnectionTrait, user: UserId) -> Result<String> {
    Ok(user::Entity::find_by_id(user)
        .one(on)
        .await?
        .map(|user| user.name)
        .unwrap_or_default())
}
