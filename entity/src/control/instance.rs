//! A Stack instance: the cell that holds tenants.

use sea_orm::entity::prelude::*;
use types::{
    InstanceId, Timestamp,
    admin::{DeploymentMode, InstanceStatus, ProvisionerKind},
};

/// A Stack instance: the cell that holds tenants.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "instance")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InstanceId,
    /// Its name, unique.
    pub name: String,
    /// Where it runs.
    pub region: String,
    /// Who made it.
    pub provisioner: ProvisionerKind,
    /// Where it is in its life.
    pub status: InstanceStatus,
    /// Most tenants.
    pub max_tenants: i32,
    /// Tenants now; only changed by a guarded update.
    pub current_tenants: i32,
    /// Who shares it.
    pub deployment_mode: DeploymentMode,
    /// Where the platform reaches it.
    pub internal_endpoint: String,
    /// Where browsers reach it.
    pub public_endpoint: Option<String>,
    /// When it is looked at again; whoever moves it on does the look.
    pub next_check_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
