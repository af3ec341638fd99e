//! A one-use code of the launch hand-over.

use sea_orm::entity::prelude::*;
use types::{InstanceId, SessionId, TenantId, Timestamp, UserId};

/// A one-use code of the launch hand-over.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "launch_code")]
pub struct Model {
    /// SHA-256 of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: String,
    /// Who launches.
    pub user_id: UserId,
    /// Their session: the stack session ends with it.
    pub session_id: Option<SessionId>,
    /// What is launched.
    pub tenant_id: TenantId,
    /// The only instance that may redeem it.
    pub instance_id: InstanceId,
    /// The exact address that it was sent to.
    pub redirect_uri: String,
    /// PKCE challenge (S256).
    pub challenge: String,
    /// 60 s after it was made.
    pub expires_at: Timestamp,
    /// When somebody tried to redeem it: once, whatever came of it.
    pub used_at: Option<Timestamp>,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
