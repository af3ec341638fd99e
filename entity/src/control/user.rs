//! A person who signed in at least once; found by issuer and subject, never by e-mail.

use sea_orm::entity::prelude::*;
use types::{Timestamp, UserId};

/// A person who signed in at least once; found by issuer and subject, never by e-mail.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "user")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// `iss` of the provider.
    pub issuer: String,
    /// `sub` at the provider.
    pub subject: String,
    /// For display only; may be empty.
    pub email: String,
    /// For display only.
    pub name: String,
    /// May enter the admin centre.
    pub operator: bool,
    /// When they first signed in.
    pub created_at: Timestamp,
    /// When they were last seen.
    pub last_seen_at: Option<Timestamp>,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
