//! Looking at every instance each 15 s and keeping what was seen for a day.

use std::sync::Arc;

use entity::control::{instance, instance_health_check};
use futures::future::join_all;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr,
};
use tokio::sync::watch;
use types::admin::{HealthStatus, InstanceStatus};

use super::instance::CHECK_SECONDS;
use crate::{Result, db::Db, env::Env, ports::InstanceProbe};

const KEPT_SECONDS: i64 = 24 * 3600;

/// The health reconciler: no input, safe to run in any number of processes.
#[derive(Clone)]
pub struct HealthWatch {
    db: Db,
    env: Env,
    probe: Arc<dyn InstanceProbe>,
    seen: watch::Sender<u64>,
}

impl HealthWatch {
    /// A reconciler with this probe.
    #[must_use]
    pub fn new(db: Db, env: Env, probe: Arc<dyn InstanceProbe>) -> Self {
        Self {
            db,
            env,
            probe,
            seen: watch::Sender::new(0),
        }
    }

    /// Changes after each round of this process, for live views.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.seen.subscribe()
    }

    /// Looks at the instances whose time has come. Whoever moves an instance's next
    /// check on does the look, so that two processes do not both.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn round(&self) -> Result<usize> {
        let now = self.env.now();
        let due = instance::Entity::find()
            .filter(instance::Column::Status.ne(InstanceStatus::Decommissioning))
            .filter(instance::Column::NextCheckAt.lte(now))
            .all(self.db.read())
            .await?;
        let looks = join_all(due.into_iter().map(|instance| self.look(instance))).await;
        let mut looked = 0;
        for look in looks {
            looked += usize::from(look?);
        }
        if looked > 0 {
            instance_health_check::Entity::delete_many()
                .filter(
                    instance_health_check::Column::Timestamp.lt(now.plus_seconds(-KEPT_SECONDS)),
                )
                .exec(self.db.write())
                .await?;
            self.seen.send_modify(|rounds| *rounds += 1);
        }
        Ok(looked)
    }

    async fn look(&self, instance: instance::Model) -> Result<bool> {
        let now = self.env.now();
        let taken = instance::Entity::update_many()
            .col_expr(
                instance::Column::NextCheckAt,
                Expr::value(now.plus_seconds(CHECK_SECONDS)),
            )
            .filter(instance::Column::Id.eq(instance.id))
            .filter(instance::Column::NextCheckAt.eq(instance.next_check_at))
            .exec(self.db.write())
            .await?;
        if taken.rows_affected == 0 {
            return Ok(false);
        }
        let seen = self
            .probe
            .probe(&instance.name, &instance.internal_endpoint)
            .await;
        let status = seen.status;
        instance_health_check::Entity::insert(instance_health_check::ActiveModel {
            id: Set(self.env.id()),
            instance_id: Set(instance.id),
            timestamp: Set(self.env.now()),
            status: Set(status),
            database: Set(seen.database),
            api: Set(seen.api),
            agents: Set(seen.agents),
            database_ms: Set(seen.database_ms),
            api_ms: Set(seen.api_ms),
            cpu_percent: Set(seen.cpu_percent),
            memory_percent: Set(seen.memory_percent),
            storage_percent: Set(seen.storage_percent),
            detail: Set(seen.detail),
        })
        .exec_without_returning(self.db.write())
        .await?;
        if instance.status == InstanceStatus::Provisioning
            && matches!(status, HealthStatus::Healthy | HealthStatus::Degraded)
        {
            instance::Entity::update_many()
                .col_expr(
                    instance::Column::Status,
                    Expr::value(InstanceStatus::Active),
                )
                .col_expr(instance::Column::UpdatedAt, Expr::value(self.env.now()))
                .filter(instance::Column::Id.eq(instance.id))
                .filter(Expr::col(instance::Column::Status).eq(InstanceStatus::Provisioning))
                .exec(self.db.write())
                .await?;
        }
        Ok(true)
    }
}
