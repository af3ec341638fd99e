//! A member of the tenant.

use sea_orm::entity::prelude::*;
use types::{MemberId, Timestamp, portal::Role};

/// One row: one identity, as the last hand-over named it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "member")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MemberId,
    /// `iss` at the identity provider.
    pub issuer: String,
    /// `sub` at the identity provider; unique together with the issuer.
    pub subject: String,
    /// E-mail address, only for display.
    pub email: String,
    /// Name for display.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When they first came in.
    pub created_at: Timestamp,
    /// When they last came in.
    pub last_seen_at: Timestamp,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
