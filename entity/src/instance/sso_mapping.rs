//! Which member of which tenant an identity of the issuer is.

use sea_orm::entity::prelude::*;
use types::{MemberId, TenantId, Timestamp};

/// One row: one identity in one tenant. The identity is (issuer, subject), never
/// an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sso_mapping")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tenant.
    pub tenant_id: TenantId,
    /// `iss` at the identity provider.
    pub issuer: String,
    /// `sub` at the identity provider.
    pub subject: String,
    /// The member in the tenant's namespace.
    pub member_id: MemberId,
    /// Whether the last hand-over named them an admin.
    pub is_admin: bool,
    /// When they last came in.
    pub last_login_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
