//! A session at the stack service: one identity in one tenant, for an hour.

use sea_orm::entity::prelude::*;
use types::{MemberId, SessionId, TenantId, Timestamp, portal::Role};

/// One row: one session; only the SHA-256 of its token is kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stack_session")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// The tenant it is for, and no other.
    pub tenant_id: TenantId,
    /// The member.
    pub member_id: MemberId,
    /// `iss` at the identity provider.
    pub issuer: String,
    /// `sub` at the identity provider.
    pub subject: String,
    /// Name for display.
    pub name: String,
    /// E-mail address, only for display.
    pub email: String,
    /// The role that the hand-over named; what counts is the one of the moment.
    pub role: Role,
    /// The portal session that it came from, and ends with; none through a gateway.
    pub portal_session: Option<SessionId>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
