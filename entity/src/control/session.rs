//! A signed-in browser.

use sea_orm::entity::prelude::*;
use types::{SessionId, Timestamp, UserId};

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SessionId,
    /// SHA-256 of the cookie's token, unique.
    pub token_hash: String,
    /// The user.
    pub user_id: UserId,
    /// Who vouched for them.
    pub issuer: String,
    /// The provider's session.
    pub oidc_sid: Option<String>,
    /// The issuer's roles make them an operator.
    pub operator_by_role: bool,
    /// Tokens of the provider, sealed.
    pub provider_tokens: Option<Vec<u8>>,
    /// When the access token has to be refreshed.
    pub tokens_expire_at: Option<Timestamp>,
    /// Some process refreshes the tokens until then.
    pub refresh_lease_until: Option<Timestamp>,
    /// When it began; it ends 12 h later.
    pub created_at: Timestamp,
    /// When it was last used; it ends 30 min later.
    pub last_seen_at: Timestamp,
}

/// What it belongs to.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    /// The user.
    #[sea_orm(
        belongs_to = "super::user::Entity",
        from = "Column::UserId",
        to = "super::user::Column::Id"
    )]
    User,
}

impl Related<super::user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
