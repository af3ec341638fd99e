//! A tenant: one homelab with its members, plan and place on an instance.

use sea_orm::entity::prelude::*;
use types::{
    InstanceId, TenantId, Timestamp, UserId,
    portal::{Plan, SubscriptionStatus},
};

/// A tenant: one homelab with its members, plan and place on an instance.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantId,
    /// Name in URLs, unique.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// The organisation at the issuer, unique where set.
    pub organisation_id: Option<String>,
    /// The instance that holds it.
    pub instance_id: Option<InstanceId>,
    /// Its plan.
    pub plan: Plan,
    /// Whether it may work.
    pub subscription_status: SubscriptionStatus,
    /// Most members.
    pub max_users: i32,
    /// Most nodes.
    pub max_nodes: i32,
    /// Made by the sample data.
    pub sample: bool,
    /// When somebody first came to its instance; what it has there does not move.
    pub launched_at: Option<Timestamp>,
    /// Who made it; unknown for those that earlier versions made.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What it belongs to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The instance.
    #[sea_orm(
        belongs_to = "super::instance::Entity",
        from = "Column::InstanceId",
        to = "super::instance::Column::Id"
    )]
    Instance,
}

impl Related<super::instance::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Instance.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
