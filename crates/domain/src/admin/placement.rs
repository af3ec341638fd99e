//! Which instance holds a tenant: a guarded counter, so that no instance ever
//! holds more than its limit, however many are placed at once.

use entity::control::{instance, tenant};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use types::{
    ErrorCode, InstanceId, TenantId,
    admin::{DeploymentMode, InstanceStatus},
};

use crate::{Error, Result, db::Db, env::Env};

/// Tenants on instances.
#[derive(Clone)]
pub struct Placement {
    db: Db,
    env: Env,
}

impl Placement {
    /// Placement by this control database.
    #[must_use]
    pub fn new(db: Db, env: Env) -> Self {
        Self { db, env }
    }

    /// The instance that holds the tenant; places it on the fullest shared instance
    /// that still has room when none does, so that whole instances stay free.
    ///
    /// # Errors
    /// `no_capacity` when no active shared instance has room.
    pub async fn place(&self, tenant: TenantId) -> Result<instance::Model> {
        loop {
            let transaction = self.db.begin().await?;
            if let Some(placed) = current(&transaction, tenant).await? {
                return Ok(placed);
            }
            let candidate = instance::Entity::find()
                .filter(instance::Column::Status.eq(InstanceStatus::Active))
                .filter(instance::Column::DeploymentMode.eq(DeploymentMode::Shared))
                .filter(
                    Expr::col(instance::Column::CurrentTenants)
                        .lt(Expr::col(instance::Column::MaxTenants)),
                )
                .order_by_desc(instance::Column::CurrentTenants)
                .order_by_asc(instance::Column::Name)
                .one(&transaction)
                .await?;
            let Some(candidate) = candidate else {
                return Err(Error::refused(
                    ErrorCode::NoCapacity,
                    "Every instance is full or not ready yet. An operator has to add one in the admin centre; then launch again.",
                ));
            };
            if self.take(&transaction, candidate.id).await?
                && self.bind(&transaction, tenant, candidate.id).await?
            {
                transaction.commit().await?;
                return Ok(candidate);
            }
            // Somebody took the last place, or placed this tenant, in between.
            transaction.rollback().await?;
        }
    }

    /// Moves a tenant to the instance that an operator chose.
    ///
    /// # Errors
    /// `not_found`; `no_capacity` when it is full or not active; `conflict` when the
    /// tenant already has data on another instance, which this does not move.
    pub async fn assign(
        &self,
        on: &impl ConnectionTrait,
        tenant: TenantId,
        to: InstanceId,
    ) -> Result<()> {
        let before = tenant::Entity::find_by_id(tenant)
            .one(on)
            .await?
            .ok_or_else(|| Error::not_found("tenant"))?
            .instance_id;
        if before == Some(to) {
            return Ok(());
        }
        if before.is_some() {
            return Err(Error::conflict(
                "The tenant's data is on another instance. Moving it is a restore onto the new one; choosing here is for tenants that were never launched.",
            ));
        }
        if instance::Entity::find_by_id(to).one(on).await?.is_none() {
            return Err(Error::not_found("instance"));
        }
        if !self.take(on, to).await? {
            return Err(Error::refused(
                ErrorCode::NoCapacity,
                "The instance is full or not active. Choose another one.",
            ));
        }
        if self.bind(on, tenant, to).await? {
            Ok(())
        } else {
            Err(Error::conflict(
                "The tenant was placed by somebody else in between. Reload the page.",
            ))
        }
    }

    async fn take(&self, on: &impl ConnectionTrait, instance: InstanceId) -> Result<bool> {
        let taken = instance::Entity::update_many()
            .col_expr(
                instance::Column::CurrentTenants,
                Expr::col(instance::Column::CurrentTenants).add(1),
            )
            .col_expr(instance::Column::UpdatedAt, Expr::value(self.env.now()))
            .filter(instance::Column::Id.eq(instance))
            .filter(instance::Column::Status.eq(InstanceStatus::Active))
            .filter(
                Expr::col(instance::Column::CurrentTenants)
                    .lt(Expr::col(instance::Column::MaxTenants)),
            )
            .exec(on)
            .await?;
        Ok(taken.rows_affected == 1)
    }

    async fn bind(
        &self,
        on: &impl ConnectionTrait,
        tenant: TenantId,
        instance: InstanceId,
    ) -> Result<bool> {
        let bound = tenant::Entity::update_many()
            .col_expr(tenant::Column::InstanceId, Expr::value(Some(instance)))
            .col_expr(tenant::Column::UpdatedAt, Expr::value(self.env.now()))
            .filter(tenant::Column::Id.eq(tenant))
            .filter(tenant::Column::InstanceId.is_null())
            .exec(on)
            .await?;
        Ok(bound.rows_affected == 1)
    }
}

async fn current(on: &impl ConnectionTrait, tenant: TenantId) -> Result<Option<instance::Model>> {
    let found = tenant::Entity::find_by_id(tenant)
        .find_also_related(instance::Entity)
        .one(on)
        .await?
        .ok_or_else(|| Error::not_found("tenant"))?;
    Ok(found.1)
}
