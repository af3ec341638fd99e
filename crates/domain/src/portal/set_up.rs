//! The first operator, made by a link that works once. There is no default password.

use entity::control::{session, set_up_link, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use types::ErrorCode;

use super::audit::{Audit, Entry};
use crate::{Error, Result, actor::Actor, db::Db, env::Env, vault::fingerprint};

const LIFETIME_SECONDS: i64 = 24 * 3600;

/// The first operator.
#[derive(Clone)]
pub struct SetUp {
    db: Db,
    env: Env,
    audit: Audit,
    public_url: String,
}

impl SetUp {
    pub(crate) fn new(db: Db, env: Env, audit: Audit, public_url: String) -> Self {
        Self {
            db,
            env,
            audit,
            public_url,
        }
    }

    /// No operator exists yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_needed(&self) -> Result<bool> {
        let operators = user::Entity::find()
            .filter(user::Column::Operator.eq(true))
            .count(self.db.read())
            .await?;
        Ok(operators == 0)
    }

    /// Nobody operates the platform as far as is known: no operator was made, and none
    /// whom the issuer's roles make one is signed in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn nobody_operates(&self) -> Result<bool> {
        let by_role = session::Entity::find()
            .filter(session::Column::OperatorByRole.eq(true))
            .count(self.db.read())
            .await?;
        Ok(by_role == 0 && self.is_needed().await?)
    }

    /// A new link while no operator exists; it replaces the earlier ones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn link(&self) -> Result<Option<String>> {
        if !self.is_needed().await? {
            return Ok(None);
        }
        let secret = self.env.secret();
        let now = self.env.now();
        let transaction = self.db.begin().await?;
        set_up_link::Entity::delete_many()
            .exec(&transaction)
            .await?;
        set_up_link::Entity::insert(set_up_link::ActiveModel {
            secret_hash: Set(fingerprint(&secret)),
            created_at: Set(now),
            expires_at: Set(now.plus_seconds(LIFETIME_SECONDS)),
        })
        .exec_without_returning(&transaction)
        .await?;
        transaction.commit().await?;
        Ok(Some(format!("{}/setup/{secret}", self.public_url)))
    }

    /// Whether the link works now.
    ///
    /// # Errors
    /// `not_found` when it does not.
    pub async fn check(&self, secret: &str) -> Result<()> {
        let found = set_up_link::Entity::find_by_id(fingerprint(secret))
            .filter(set_up_link::Column::ExpiresAt.gt(self.env.now()))
            .one(self.db.read())
            .await?;
        found.map(|_| ()).ok_or_else(gone)
    }

    /// Makes the actor the first operator and burns the link.
    ///
    /// # Errors
    /// `not_found` when the link is wrong, used or older than a day; `conflict` when
    /// an operator exists.
    pub async fn accept(&self, actor: &Actor, secret: &str) -> Result<()> {
        actor.require_browser()?;
        let transaction = self.db.begin().await?;
        let burned = set_up_link::Entity::delete_many()
            .filter(set_up_link::Column::SecretHash.eq(fingerprint(secret)))
            .filter(set_up_link::Column::ExpiresAt.gt(self.env.now()))
            .exec(&transaction)
            .await?;
        if burned.rows_affected == 0 {
            return Err(gone());
        }
        let operators = user::Entity::find()
            .filter(user::Column::Operator.eq(true))
            .count(&transaction)
            .await?;
        if operators > 0 {
            return Err(Error::conflict(
                "This platform has an operator already. Ask them to make you one, in the admin centre's users.",
            ));
        }
        user::Entity::update_many()
            .set(user::ActiveModel {
                operator: Set(true),
                ..Default::default()
            })
            .filter(user::Column::Id.eq(actor.user))
            .exec(&transaction)
            .await?;
        self.audit
            .record(&transaction, Entry::by(actor, "operator.made", &actor.name))
            .await?;
        Ok(transaction.commit().await?)
    }
}

fn gone() -> Error {
    Error::refused(
        ErrorCode::NotFound,
        "The link has been used or replaced, or is older than a day. Restart kombify to get a new one.",
    )
}
