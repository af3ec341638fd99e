//! What holds for the whole instance.

use sea_orm::entity::prelude::*;
use types::{Timestamp, admin::DeploymentMode};

/// The one row; its lock guards the number of tenants.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "instance_config")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Who shares the instance.
    pub deployment_mode: DeploymentMode,
    /// Most tenants.
    pub max_tenants: i32,
    /// Features that are switched on, by name.
    pub features: Json,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
