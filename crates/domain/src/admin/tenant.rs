//! All tenants, for operators.

use std::collections::HashMap;

use entity::control::{instance, membership, tenant};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, SqlErr,
};
use types::{
    TenantId,
    admin::{InstanceAssign, OrganisationBind, TenantAdminView},
    portal::Scope,
};

use super::{placement::Placement, user::still_operator};
use crate::{
    Error, Result,
    actor::Actor,
    db::Db,
    env::Env,
    error::is_line,
    portal::{
        audit::{Audit, Entry},
        member::admins,
    },
};

/// All tenants, for operators.
#[derive(Clone)]
pub struct AdminTenants {
    db: Db,
    env: Env,
    audit: Audit,
    placement: Placement,
}

impl AdminTenants {
    pub(crate) fn new(db: Db, env: Env, audit: Audit, placement: Placement) -> Self {
        Self {
            db,
            env,
            audit,
            placement,
        }
    }

    /// Every tenant, by name.
    ///
    /// # Errors
    /// `forbidden` unless operator.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<TenantAdminView>> {
        actor.require_operator(Scope::Read)?;
        let tenants = tenant::Entity::find()
            .find_also_related(instance::Entity)
            .order_by_asc(tenant::Column::Name)
            .all(self.db.read())
            .await?;
        let members = self.member_counts().await?;
        Ok(tenants
            .into_iter()
            .map(|(tenant, instance)| {
                let count = members.get(&tenant.id).copied().unwrap_or_default();
                view(tenant, instance, count)
            })
            .collect())
    }

    /// Chooses the instance of a tenant that was never launched.
    ///
    /// # Errors
    /// `forbidden` unless operator, and what [`Placement::assign`] refuses.
    pub async fn assign(
        &self,
        actor: &Actor,
        id: TenantId,
        wanted: InstanceAssign,
    ) -> Result<TenantAdminView> {
        actor.require_operator(Scope::Write)?;
        let InstanceAssign { instance } = wanted;
        let transaction = self.db.begin().await?;
        still_operator(&transaction, actor).await?;
        self.placement.assign(&transaction, id, instance).await?;
        let (tenant, instance) = tenant::Entity::find_by_id(id)
            .find_also_related(instance::Entity)
            .one(&transaction)
            .await?
            .ok_or_else(|| Error::not_found("tenant"))?;
        let on = instance
            .as_ref()
            .map(|instance| instance.name.clone())
            .unwrap_or_default();
        let entry = Entry::by(actor, "tenant.placed", &tenant.name)
            .in_tenant(&tenant.slug)
            .with_detail(format!("on {on}"));
        self.audit.record(&transaction, entry).await?;
        transaction.commit().await?;
        self.show(id).await
    }

    /// Binds a tenant to an organisation at the OpenID provider: whoever signs in from it
    /// with a role there has that role here. Whom the organisation before gave a place
    /// loses it. It opens a homelab to people, so it takes a person.
    ///
    /// # Errors
    /// `forbidden` unless operator in a browser, `not_found`, `invalid`, `conflict` when
    /// another tenant is bound to it, or when unbinding would take the last admin away.
    pub async fn bind(
        &self,
        actor: &Actor,
        id: TenantId,
        wanted: OrganisationBind,
    ) -> Result<TenantAdminView> {
        actor.require_operator(Scope::Write)?;
        actor.require_browser()?;
        let organisation = wanted.organisation_id.map(|id| id.trim().to_owned());
        if organisation
            .as_ref()
            .is_some_and(|id| !is_line(id, 1..=200))
        {
            return Err(Error::invalid(
                "organisation_id",
                "The organisation's id needs 1 to 200 characters on one line.",
            ));
        }
        let transaction = self.db.begin().await?;
        still_operator(&transaction, actor).await?;
        let before = tenant::Entity::find_by_id(id)
            .lock_exclusive()
            .one(&transaction)
            .await?
            .ok_or_else(|| Error::not_found("tenant"))?;
        if before.organisation_id != organisation {
            self.rebind(&transaction, actor, &before, organisation)
                .await?;
        }
        transaction.commit().await?;
        self.show(id).await
    }

    async fn rebind(
        &self,
        on: &impl ConnectionTrait,
        actor: &Actor,
        tenant: &tenant::Model,
        organisation: Option<String>,
    ) -> Result<()> {
        match &organisation {
            Some(organisation) => nobody_else_is_bound(on, tenant, organisation).await?,
            None => keep_an_admin(on, tenant).await?,
        }
        tenant::Entity::update_many()
            .set(tenant::ActiveModel {
                organisation_id: Set(organisation.clone()),
                updated_at: Set(self.env.now()),
                ..Default::default()
            })
            .filter(tenant::Column::Id.eq(tenant.id))
            .exec(on)
            .await
            .map_err(|error| match error.sql_err() {
                // PostgreSQL answers nothing more in this transaction, so not which one.
                Some(SqlErr::UniqueConstraintViolation(_)) => {
                    Error::conflict("Another tenant was bound to this organisation meanwhile.")
                }
                _ => error.into(),
            })?;
        membership::Entity::delete_many()
            .filter(membership::Column::TenantId.eq(tenant.id))
            .filter(membership::Column::ByOrganisation.eq(true))
            .exec(on)
            .await?;
        let (action, detail) = match organisation {
            Some(organisation) => ("tenant.bound", format!("to organisation {organisation}")),
            None => ("tenant.unbound", String::new()),
        };
        let entry = Entry::by(actor, action, &tenant.name)
            .in_tenant(&tenant.slug)
            .with_detail(detail);
        self.audit.record(on, entry).await
    }

    async fn show(&self, id: TenantId) -> Result<TenantAdminView> {
        let (tenant, instance) = tenant::Entity::find_by_id(id)
            .find_also_related(instance::Entity)
            .one(self.db.write())
            .await?
            .ok_or_else(|| Error::not_found("tenant"))?;
        let members = self.member_counts().await?;
        let count = members.get(&id).copied().unwrap_or_default();
        Ok(view(tenant, instance, count))
    }

    async fn member_counts(&self) -> Result<HashMap<TenantId, u32>> {
        let counts: Vec<(TenantId, i64)> = membership::Entity::find()
            .select_only()
            .column(membership::Column::TenantId)
            .column_as(membership::Column::Id.count(), "members")
            .group_by(membership::Column::TenantId)
            .into_tuple()
            .all(self.db.read())
            .await?;
        Ok(counts
            .into_iter()
            .map(|(id, count)| (id, u32::try_from(count).unwrap_or(u32::MAX)))
            .collect())
    }
}

/// Refuses an organisation that another tenant is bound to, and names that one, so that it
/// can be found and unbound: operators see every tenant's name.
async fn nobody_else_is_bound(
    on: &impl ConnectionTrait,
    tenant: &tenant::Model,
    organisation: &str,
) -> Result<()> {
    let other = tenant::Entity::find()
        .filter(tenant::Column::OrganisationId.eq(organisation))
        .filter(tenant::Column::Id.ne(tenant.id))
        .one(on)
        .await?;
    other.map_or(Ok(()), |other| {
        Err(Error::conflict(format!(
            "{} ({}) is bound to this organisation. Unbind it first.",
            other.name, other.slug
        )))
    })
}

/// Refuses to take the organisation's places away where every admin has one of them and
/// nobody could become one afterwards.
async fn keep_an_admin(on: &impl ConnectionTrait, tenant: &tenant::Model) -> Result<()> {
    let admins = admins(on, tenant.id).await?;
    if admins.is_empty() || admins.iter().any(|admin| !admin.by_organisation) {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "{} would have no admin: all it has come from the organisation. Bind it to another one, or let one of them make somebody an admin first.",
        tenant.name
    )))
}

fn view(tenant: tenant::Model, instance: Option<instance::Model>, members: u32) -> TenantAdminView {
    let tenant::Model {
        id,
        slug,
        name,
        organisation_id,
        instance_id,
        plan,
        subscription_status,
        max_users: _,
        max_nodes: _,
        sample,
        launched_at,
        created_by: _,
        created_at,
        updated_at: _,
    } = tenant;
    TenantAdminView {
        id,
        slug,
        name,
        plan,
        subscription_status,
        members,
        instance: instance_id,
        instance_name: instance.map(|instance| instance.name),
        organisation_id,
        launched_at,
        sample,
        created_at,
    }
}
