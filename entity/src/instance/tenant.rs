//! A tenant that this instance holds.

use sea_orm::entity::prelude::*;
use types::{TenantId, Timestamp, portal::Plan, stack::StackTenantStatus};

/// One row: one tenant, with the limits that its last hand-over named.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub struct Model {
    /// The tenant's id at the portal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantId,
    /// Name in URLs, and of the namespace; never changes.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// The organisation at the issuer, when the tenant is bound to one.
    pub organisation_id: Option<String>,
    /// Its plan.
    pub plan: Plan,
    /// Most members.
    pub max_users: i32,
    /// Most nodes.
    pub max_nodes: i32,
    /// Whether it may work.
    pub status: StackTenantStatus,
    /// When it first came here.
    pub created_at: Timestamp,
    /// When a hand-over last changed it.
    pub updated_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
