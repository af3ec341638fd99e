//! Which instance holds a tenant: a guarded counter, so that no instance ever
//! holds more than its limit, however many are placed at once.

use entity::control::{instance, instance_health_check, tenant};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, SelectStatement},
};
use types::{
    ErrorCode, InstanceId, TenantId,
    admin::{DeploymentMode, HealthStatus, InstanceStatus},
};

use super::instance::STALE_SECONDS;
use crate::{Error, Result, db::Db, env::Env};

/// Whether a tenant got a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seat {
    Taken,
    /// The instance is full or not active.
    Full,
    /// The tenant was placed or launched by somebody else since it was read.
    Changed,
}

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
    /// that is well and still has room when none does, so that whole instances stay
    /// free. A tenant that nobody launched yet does not wait for a shared instance that
    /// was not seen well lately while another one was; on a dedicated one, which somebody
    /// chose for it, it stays.
    ///
    /// # Errors
    /// `no_capacity` when the tenant has no place, and no active shared instance was seen
    /// well lately and has room.
    pub async fn place(&self, tenant: TenantId) -> Result<instance::Model> {
        loop {
            let transaction = self.db.begin().await?;
            let (tenant, placed) = current(&transaction, tenant).await?;
            if let Some(placed) = &placed
                && (tenant.launched_at.is_some()
                    || placed.deployment_mode != DeploymentMode::Shared
                    || self.is_well(&transaction, placed.id).await?)
            {
                return Ok(placed.clone());
            }
            let Some(candidate) = self.candidate(&transaction).await? else {
                return placed.ok_or_else(|| {
                    Error::refused(
                        ErrorCode::NoCapacity,
                        "No instance is well and has room. An operator sees why in the admin centre, and can add one; then launch again.",
                    )
                });
            };
            // It was seen well since the question before.
            if tenant.instance_id == Some(candidate.id) {
                return Ok(candidate);
            }
            if self.seat(&transaction, &tenant, candidate.id).await? == Seat::Taken {
                transaction.commit().await?;
                return Ok(candidate);
            }
            // Somebody took the last place, or placed this tenant, in between.
            transaction.rollback().await?;
        }
    }

    /// Puts a tenant that was never launched on the instance that an operator chose.
    ///
    /// # Errors
    /// `not_found`; `no_capacity` when it is full or not active; `conflict` when the
    /// tenant was launched and so has data on another instance, which this does not move.
    pub async fn assign(
        &self,
        on: &impl ConnectionTrait,
        tenant: TenantId,
        to: InstanceId,
    ) -> Result<()> {
        let tenant = tenant::Entity::find_by_id(tenant)
            .one(on)
            .await?
            .ok_or_else(|| Error::not_found("tenant"))?;
        if tenant.instance_id == Some(to) {
            return Ok(());
        }
        if tenant.launched_at.is_some() {
            return Err(Error::conflict(
                "The tenant was launched and has its data on its instance. Choose an instance for tenants that were never launched.",
            ));
        }
        if instance::Entity::find_by_id(to).one(on).await?.is_none() {
            return Err(Error::not_found("instance"));
        }
        match self.seat(on, &tenant, to).await? {
            Seat::Taken => Ok(()),
            Seat::Full => Err(Error::refused(
                ErrorCode::NoCapacity,
                "The instance is full or not active. Choose another one.",
            )),
            Seat::Changed => Err(Error::conflict(
                "The tenant was placed or launched by somebody else in between. Reload the page.",
            )),
        }
    }

    /// Takes a place for the tenant and gives the one that it had back. Anything but
    /// [`Seat::Taken`] has to be rolled back. The counters are changed in the order of the
    /// instances' ids, so that two tenants that change places do not wait for each other.
    async fn seat(
        &self,
        on: &impl ConnectionTrait,
        tenant: &tenant::Model,
        to: InstanceId,
    ) -> Result<Seat> {
        let before = tenant.instance_id;
        if let Some(before) = before.filter(|before| *before < to) {
            self.give_back(on, before).await?;
        }
        if !self.take(on, to).await? {
            return Ok(Seat::Full);
        }
        if let Some(before) = before.filter(|before| *before > to) {
            self.give_back(on, before).await?;
        }
        if self.bind(on, tenant, to).await? {
            Ok(Seat::Taken)
        } else {
            Ok(Seat::Changed)
        }
    }

    /// The instances that were seen well lately: at least once within the time in which
    /// several looks fit, so that one look that failed moves nobody.
    fn well(&self) -> SelectStatement {
        let since = self.env.now().plus_seconds(-STALE_SECONDS);
        instance_health_check::Entity::find()
            .select_only()
            .column(instance_health_check::Column::InstanceId)
            .filter(instance_health_check::Column::Timestamp.gte(since))
            .filter(
                instance_health_check::Column::Status
                    .is_in([HealthStatus::Healthy, HealthStatus::Degraded]),
            )
            .into_query()
    }

    async fn is_well(&self, on: &impl ConnectionTrait, instance: InstanceId) -> Result<bool> {
        let found = instance::Entity::find_by_id(instance)
            .filter(instance::Column::Id.in_subquery(self.well()))
            .one(on)
            .await?;
        Ok(found.is_some())
    }

    /// The fullest shared instance that is well and has room.
    async fn candidate(&self, on: &impl ConnectionTrait) -> Result<Option<instance::Model>> {
        Ok(instance::Entity::find()
            .filter(instance::Column::Status.eq(InstanceStatus::Active))
            .filter(instance::Column::DeploymentMode.eq(DeploymentMode::Shared))
            .filter(
                Expr::col(instance::Column::CurrentTenants)
                    .lt(Expr::col(instance::Column::MaxTenants)),
            )
            .filter(instance::Column::Id.in_subquery(self.well()))
            .order_by_desc(instance::Column::CurrentTenants)
            .order_by_asc(instance::Column::Name)
            .one(on)
            .await?)
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

    async fn give_back(&self, on: &impl ConnectionTrait, instance: InstanceId) -> Result<()> {
        instance::Entity::update_many()
            .col_expr(
                instance::Column::CurrentTenants,
                Expr::col(instance::Column::CurrentTenants).sub(1),
            )
            .col_expr(instance::Column::UpdatedAt, Expr::value(self.env.now()))
            .filter(instance::Column::Id.eq(instance))
            .exec(on)
            .await?;
        Ok(())
    }

    /// Binds the tenant to the instance, unless it was launched or bound elsewhere since
    /// it was read.
    async fn bind(
        &self,
        on: &impl ConnectionTrait,
        tenant: &tenant::Model,
        instance: InstanceId,
    ) -> Result<bool> {
        let as_read = match tenant.instance_id {
            Some(before) => tenant::Column::InstanceId.eq(before),
            None => tenant::Column::InstanceId.is_null(),
        };
        let bound = tenant::Entity::update_many()
            .col_expr(tenant::Column::InstanceId, Expr::value(Some(instance)))
            .col_expr(tenant::Column::UpdatedAt, Expr::value(self.env.now()))
            .filter(tenant::Column::Id.eq(tenant.id))
            .filter(tenant::Column::LaunchedAt.is_null())
            .filter(as_read)
            .exec(on)
            .await?;
        Ok(bound.rows_affected == 1)
    }
}

async fn current(
    on: &impl ConnectionTrait,
    tenant: TenantId,
) -> Result<(tenant::Model, Option<instance::Model>)> {
    tenant::Entity::find_by_id(tenant)
        .find_also_related(instance::Entity)
        .one(on)
        .await?
        .ok_or_else(|| Error::not_found("tenant"))
}
