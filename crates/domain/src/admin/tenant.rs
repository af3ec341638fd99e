//! All tenants, for operators.

use std::collections::HashMap;

use entity::control::{instance, membership, tenant};
use sea_orm::{ColumnTrait, EntityTrait, QueryOrder, QuerySelect};
use types::{
    TenantId,
    admin::{InstanceAssign, TenantAdminView},
    portal::Scope,
};

use super::placement::Placement;
use crate::{
    Error, Result,
    actor::Actor,
    db::Db,
    portal::audit::{Audit, Entry},
};

/// All tenants, for operators.
#[derive(Clone)]
pub struct AdminTenants {
    db: Db,
    audit: Audit,
    placement: Placement,
}

impl AdminTenants {
    pub(crate) fn new(db: Db, audit: Audit, placement: Placement) -> Self {
        Self {
            db,
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
        let count = self
            .member_counts()
            .await?
            .get(&id)
            .copied()
            .unwrap_or_default();
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

fn view(tenant: tenant::Model, instance: Option<instance::Model>, members: u32) -> TenantAdminView {
    let tenant::Model {
        id,
        slug,
        name,
        organisation_id: _,
        instance_id,
        plan,
        subscription_status,
        max_users: _,
        max_nodes: _,
        sample,
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
        sample,
        created_at,
    }
}
