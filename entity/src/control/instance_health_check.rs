//! One observation of an instance.

use sea_orm::entity::prelude::*;
use types::{
    HealthCheckId, InstanceId, Timestamp,
    admin::{ComponentStatus, HealthStatus},
};

/// One observation of an instance.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "instance_health_check")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HealthCheckId,
    /// The instance.
    pub instance_id: InstanceId,
    /// When it was observed.
    pub timestamp: Timestamp,
    /// The instance as a whole.
    pub status: HealthStatus,
    /// Its database.
    pub database: ComponentStatus,
    /// Its API.
    pub api: ComponentStatus,
    /// Its agents.
    pub agents: ComponentStatus,
    /// How long the database took.
    pub database_ms: Option<f64>,
    /// How long the API took.
    pub api_ms: Option<f64>,
    /// Processor use.
    pub cpu_percent: Option<f64>,
    /// Memory use.
    pub memory_percent: Option<f64>,
    /// Storage use.
    pub storage_percent: Option<f64>,
    /// What was wrong.
    pub detail: String,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
