//! A launch of a tenant's homelab, with its steps.

use sea_orm::entity::prelude::*;
use types::{LaunchId, TenantId, Timestamp, UserId};

/// A launch of a tenant's homelab, with its steps.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "launch")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LaunchId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// Who launches.
    pub user_id: UserId,
    /// `Vec<types::portal::LaunchStep>`.
    pub steps: Json,
    /// It ended, well or not.
    pub ended: bool,
    /// Where the browser goes on.
    pub redirect: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When a step last changed.
    pub updated_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
