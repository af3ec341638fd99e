//! Personal API tokens: hashed, scoped, expiring, shown once.

use entity::control::{api_token, session, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use types::{
    ApiTokenId, UserId,
    portal::{ApiTokenCreate, ApiTokenSecret, ApiTokenView, Scope},
};

use super::audit::{Audit, Entry};
use crate::{
    Error, Result,
    actor::{Actor, Via},
    db::Db,
    env::Env,
    error::{Wrong, is_line},
    vault::fingerprint,
};

const PREFIX: &str = "kbf_";
/// How often "last used" is written, at most.
const TOUCH_MS: i64 = 60_000;

/// Personal API tokens.
#[derive(Clone)]
pub struct ApiTokens {
    db: Db,
    env: Env,
    audit: Audit,
}

impl ApiTokens {
    pub(crate) fn new(db: Db, env: Env, audit: Audit) -> Self {
        Self { db, env, audit }
    }

    /// The actor's tokens, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<ApiTokenView>> {
        actor.require_scope(Scope::Read)?;
        let tokens = api_token::Entity::find()
            .filter(api_token::Column::UserId.eq(actor.user))
            .filter(api_token::Column::RevokedAt.is_null())
            .order_by_desc(api_token::Column::CreatedAt)
            .all(self.db.read())
            .await?;
        Ok(tokens.into_iter().map(view).collect())
    }

    /// Makes a token; its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// `forbidden` for a token, so that a leaked one cannot make others; `invalid`.
    pub async fn create(&self, actor: &Actor, wanted: ApiTokenCreate) -> Result<ApiTokenSecret> {
        let session = actor.require_browser()?;
        let transaction = self.db.begin().await?;
        // It may have been ended while the request came in; a token would outlive it.
        session::Entity::find_by_id(session)
            .one(&transaction)
            .await?
            .ok_or_else(Error::unauthenticated)?;
        let made = self.write(&transaction, actor, wanted).await?;
        transaction.commit().await?;
        Ok(made)
    }

    async fn write(
        &self,
        on: &DatabaseTransaction,
        actor: &Actor,
        wanted: ApiTokenCreate,
    ) -> Result<ApiTokenSecret> {
        let ApiTokenCreate {
            name,
            mut scopes,
            days,
        } = wanted;
        let name = name.trim().to_owned();
        if !scopes.is_empty() {
            scopes = with_read(scopes);
        }
        let mut wrong = Wrong::default();
        wrong.unless(
            is_line(&name, 1..=60),
            "name",
            "The name needs 1 to 60 characters on one line.",
        );
        wrong.unless(
            (1..=365).contains(&days),
            "days",
            "A token may work for 1 to 365 days.",
        );
        wrong.unless(!scopes.is_empty(), "scopes", "Choose at least one scope.");
        wrong.refuse()?;
        let secret = format!("{PREFIX}{}", self.env.secret());
        let now = self.env.now();
        let made = api_token::Entity::insert(api_token::ActiveModel {
            id: Set(self.env.id()),
            user_id: Set(actor.user),
            name: Set(name),
            prefix: Set(secret.chars().take(10).collect()),
            secret_hash: Set(fingerprint(&secret)),
            scopes: Set(words(&scopes)),
            created_at: Set(now),
            expires_at: Set(now.plus_seconds(i64::from(days) * 86_400)),
            last_used_at: Set(None),
            revoked_at: Set(None),
        })
        .exec_with_returning(on)
        .await?;
        let entry =
            Entry::by(actor, "api_token.created", &made.name).with_detail(made.scopes.clone());
        self.audit.record(on, entry).await?;
        Ok(ApiTokenSecret {
            token: view(made),
            secret,
        })
    }

    /// Takes a token back, at once.
    ///
    /// # Errors
    /// `not_found` when it is not the actor's.
    pub async fn revoke(&self, actor: &Actor, id: ApiTokenId) -> Result<()> {
        actor.require_scope(Scope::Write)?;
        let transaction = self.db.begin().await?;
        let revoked = api_token::Entity::update_many()
            .set(api_token::ActiveModel {
                revoked_at: Set(Some(self.env.now())),
                ..Default::default()
            })
            .filter(api_token::Column::Id.eq(id))
            .filter(api_token::Column::UserId.eq(actor.user))
            .filter(api_token::Column::RevokedAt.is_null())
            .exec(&transaction)
            .await?;
        if revoked.rows_affected == 0 {
            return Err(Error::not_found("API token"));
        }
        self.audit
            .record(
                &transaction,
                Entry::by(actor, "api_token.revoked", id.to_string()),
            )
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Whose token it is, and what it may do.
    ///
    /// # Errors
    /// `unauthenticated` when it is unknown, revoked or too old.
    pub async fn authenticate(&self, secret: &str, request_id: &str) -> Result<Actor> {
        let now = self.env.now();
        let found = api_token::Entity::find()
            .filter(api_token::Column::SecretHash.eq(fingerprint(secret)))
            .filter(api_token::Column::RevokedAt.is_null())
            .filter(api_token::Column::ExpiresAt.gt(now))
            .find_also_related(user::Entity)
            .one(self.db.read())
            .await?;
        let Some((token, Some(user))) = found else {
            return Err(Error::token_invalid());
        };
        if token
            .last_used_at
            .is_none_or(|at| now.millis_since(at) > TOUCH_MS)
        {
            api_token::Entity::update_many()
                .set(api_token::ActiveModel {
                    last_used_at: Set(Some(now)),
                    ..Default::default()
                })
                .filter(api_token::Column::Id.eq(token.id))
                .exec(self.db.write())
                .await?;
        }
        Ok(Actor {
            user: user.id,
            name: user.name,
            email: user.email,
            operator: user.operator,
            via: Via::Token {
                id: token.id,
                scopes: scopes(&token.scopes),
            },
            request_id: request_id.to_owned(),
        })
    }
}

/// A token that was made on the command line.
pub struct Issued {
    /// Its secret, which is nowhere else.
    pub secret: String,
    id: ApiTokenId,
    actor: Actor,
    tokens: ApiTokens,
}

impl Issued {
    /// Takes it back, when its secret reached nobody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_back(self) -> Result<()> {
        self.tokens.revoke(&self.actor, self.id).await
    }
}

/// Makes a token for the user with this id, or the only one with this e-mail address: for
/// whoever holds the database itself, on the command line.
///
/// # Errors
/// `not_found` for nobody, `conflict` for several, and what [`ApiTokens::create`] refuses.
pub async fn issue(db: Db, env: Env, whose: &str, wanted: ApiTokenCreate) -> Result<Issued> {
    let mut users = user::Entity::find()
        .filter(match whose.parse::<UserId>() {
            Ok(id) => user::Column::Id.eq(id),
            Err(_) => user::Column::Email.eq(whose),
        })
        .all(db.read())
        .await?;
    if users.len() > 1 {
        let each: Vec<String> = users
            .iter()
            .map(|user| format!("{} ({} at {})", user.id, user.subject, user.issuer))
            .collect();
        return Err(Error::conflict(format!(
            "{} users have the address {whose}. Give the id of one of them instead: {}.",
            users.len(),
            each.join(", ")
        )));
    }
    let user = users.pop().ok_or_else(|| {
        Error::refused(
            types::ErrorCode::NotFound,
            format!("There is no user {whose}: a user is made when somebody signs in for the first time."),
        )
    })?;
    let actor = Actor {
        user: user.id,
        name: format!("{} (command line)", user.name),
        email: user.email,
        operator: user.operator,
        via: Via::Session(env.id()),
        request_id: env.id::<uuid::Uuid>().to_string(),
    };
    let audit = Audit::new(db.clone(), env.clone());
    let transaction = db.begin().await?;
    let tokens = ApiTokens::new(db.clone(), env, audit);
    let made = tokens.write(&transaction, &actor, wanted).await?;
    transaction.commit().await?;
    Ok(Issued {
        secret: made.secret,
        id: made.token.id,
        actor,
        tokens,
    })
}

fn words(scopes: &[Scope]) -> String {
    scopes
        .iter()
        .map(|scope| scope.word())
        .collect::<Vec<_>>()
        .join(" ")
}

fn scopes(words: &str) -> Vec<Scope> {
    with_read(
        words
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect(),
    )
}

/// Nothing can be written or approved that cannot be read.
fn with_read(mut scopes: Vec<Scope>) -> Vec<Scope> {
    scopes.push(Scope::Read);
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

fn view(token: api_token::Model) -> ApiTokenView {
    let api_token::Model {
        id,
        user_id: _,
        name,
        prefix,
        secret_hash: _,
        scopes: words,
        created_at,
        expires_at,
        last_used_at,
        revoked_at: _,
    } = token;
    ApiTokenView {
        id,
        name,
        prefix,
        scopes: scopes(&words),
        created_at,
        expires_at,
        last_used_at,
    }
}
