//! One line of the audit log; never changed.

use sea_orm::entity::prelude::*;
use types::{AuditEventId, Timestamp, UserId};

/// One line of the audit log; never changed.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_event")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditEventId,
    /// When it happened.
    pub at: Timestamp,
    /// The tenant that it concerns.
    pub tenant_slug: Option<String>,
    /// Who did it, as they were named then.
    pub actor: String,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What was done, e.g. `run.approved`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More, in words.
    pub detail: String,
    /// The request that did it.
    pub request_id: Option<String>,
}

/// No relations: services join by id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
