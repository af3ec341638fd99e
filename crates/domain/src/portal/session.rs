//! Signed-in browsers: an own table, only the hash of the cookie's token in it.

mod refresh;

use std::{collections::HashMap, sync::Arc};

use entity::control::{logout_notice, session, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, SqlErr,
};
use tokio::sync::Mutex;
use types::{ErrorCode, SessionId, Timestamp, UserId, portal::SessionView};

use super::audit::{Audit, Entry};
use crate::{
    Error, Result,
    actor::{Actor, Presence, Via},
    db::Db,
    env::Env,
    ports::{IdentityProvider, LogoutNotice, ProviderTokens},
    vault::{Vault, fingerprint},
};

/// A session ends so long after its last use.
pub const IDLE_SECONDS: i64 = 30 * 60;
/// A session ends so long after its sign-in.
pub const ABSOLUTE_SECONDS: i64 = 12 * 3600;
/// How often "last seen" is written, at most.
const TOUCH_MS: i64 = 30_000;

/// Signed-in browsers.
#[derive(Clone)]
pub struct Sessions {
    db: Db,
    env: Env,
    audit: Audit,
    vault: Vault,
    provider: Arc<dyn IdentityProvider>,
    refreshing: Arc<Mutex<HashMap<SessionId, Arc<Mutex<()>>>>>,
}

/// A session to begin.
pub(crate) struct NewSession {
    pub(crate) user: UserId,
    pub(crate) issuer: String,
    pub(crate) sid: Option<String>,
    pub(crate) operator_by_role: bool,
    pub(crate) tokens: ProviderTokens,
}

impl Sessions {
    pub(crate) fn new(
        db: Db,
        env: Env,
        audit: Audit,
        vault: Vault,
        provider: Arc<dyn IdentityProvider>,
    ) -> Self {
        Self {
            db,
            env,
            audit,
            vault,
            provider,
            refreshing: Arc::default(),
        }
    }

    /// Begins a session under a new token and ends the one that the browser brought,
    /// so that a planted session id is worth nothing.
    pub(crate) async fn begin(&self, new: NewSession, brought: Option<&str>) -> Result<String> {
        let token = self.env.secret();
        let now = self.env.now();
        let id: SessionId = self.env.id();
        let transaction = self.db.begin().await?;
        if let Some(brought) = brought {
            session::Entity::delete_many()
                .filter(session::Column::TokenHash.eq(fingerprint(brought)))
                .exec(&transaction)
                .await?;
        }
        let refresh_at = new
            .tokens
            .refresh_token
            .as_ref()
            .map(|_| new.tokens.expires_at);
        session::Entity::insert(session::ActiveModel {
            id: Set(id),
            token_hash: Set(fingerprint(&token)),
            user_id: Set(new.user),
            issuer: Set(new.issuer),
            oidc_sid: Set(new.sid),
            operator_by_role: Set(new.operator_by_role),
            provider_tokens: Set(Some(self.seal(id, &new.tokens)?)),
            tokens_expire_at: Set(refresh_at),
            refresh_lease_until: Set(None),
            created_at: Set(now),
            last_seen_at: Set(now),
        })
        .exec_without_returning(&transaction)
        .await?;
        transaction.commit().await?;
        Ok(token)
    }

    /// Who is signed in with this token.
    ///
    /// # Errors
    /// `unauthenticated` when it is unknown, idle for 30 min, older than 12 h, or the
    /// provider does not stand by it any more.
    pub async fn authenticate(
        &self,
        token: &str,
        request_id: &str,
        presence: Presence,
    ) -> Result<Actor> {
        let by_token = session::Column::TokenHash.eq(fingerprint(token));
        self.find(Condition::all().add(by_token), request_id, presence)
            .await
    }

    /// The same for a session that the caller knows by its id, such as the one that a
    /// launch came from.
    ///
    /// # Errors
    /// As [`Self::authenticate`].
    pub(crate) async fn resume(&self, id: SessionId, presence: Presence) -> Result<Actor> {
        let by_id = session::Column::Id.eq(id);
        self.find(Condition::all().add(by_id), "", presence).await
    }

    async fn find(&self, which: Condition, request_id: &str, presence: Presence) -> Result<Actor> {
        let now = self.env.now();
        let found = session::Entity::find()
            .filter(which)
            .find_also_related(user::Entity)
            .one(self.db.read())
            .await?;
        let Some((session, Some(user))) = found else {
            return Err(Error::unauthenticated());
        };
        if !alive(&session, now) {
            session::Entity::delete_by_id(session.id)
                .exec(self.db.write())
                .await?;
            return Err(Error::unauthenticated());
        }
        if session.tokens_expire_at.is_some_and(|at| at <= now) {
            self.refresh(session.id).await?;
        }
        let attended = presence == Presence::Attended;
        if attended && now.millis_since(session.last_seen_at) > TOUCH_MS {
            self.touch(&session, now).await?;
        }
        Ok(Actor {
            user: user.id,
            name: user.name,
            email: user.email,
            operator: user.operator || session.operator_by_role,
            via: Via::Session(session.id),
            request_id: request_id.to_owned(),
        })
    }

    async fn touch(&self, session: &session::Model, now: Timestamp) -> Result<()> {
        session::Entity::update_many()
            .set(session::ActiveModel {
                last_seen_at: Set(now),
                ..Default::default()
            })
            .filter(session::Column::Id.eq(session.id))
            .exec(self.db.write())
            .await?;
        user::Entity::update_many()
            .set(user::ActiveModel {
                last_seen_at: Set(Some(now)),
                ..Default::default()
            })
            .filter(user::Column::Id.eq(session.user_id))
            .exec(self.db.write())
            .await?;
        Ok(())
    }

    /// The actor's browsers, newest first.
    ///
    /// # Errors
    /// `forbidden` for an API token.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<SessionView>> {
        let current = actor.require_browser()?;
        let now = self.env.now();
        let sessions = session::Entity::find()
            .filter(session::Column::UserId.eq(actor.user))
            .order_by_desc(session::Column::LastSeenAt)
            .all(self.db.read())
            .await?;
        Ok(sessions
            .into_iter()
            .filter(|session| alive(session, now))
            .map(|session| SessionView {
                id: session.id,
                created_at: session.created_at,
                last_seen_at: session.last_seen_at,
                current: session.id == current,
            })
            .collect())
    }

    /// Signs one of the actor's browsers out.
    ///
    /// # Errors
    /// `not_found` when it is not the actor's.
    pub async fn end(&self, actor: &Actor, id: SessionId) -> Result<()> {
        actor.require_browser()?;
        let ended = session::Entity::delete_many()
            .filter(session::Column::Id.eq(id))
            .filter(session::Column::UserId.eq(actor.user))
            .exec(self.db.write())
            .await?;
        if ended.rows_affected == 0 {
            return Err(Error::not_found("session"));
        }
        self.audit
            .record_alone(Entry::by(actor, "session.ended", id.to_string()))
            .await
    }

    /// Signs this browser out; where it goes on to sign out at the provider.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out(&self, token: &str, return_to: &str) -> Result<Option<String>> {
        let found = session::Entity::find()
            .filter(session::Column::TokenHash.eq(fingerprint(token)))
            .one(self.db.read())
            .await?;
        let Some(session) = found else {
            return Ok(None);
        };
        let id_token = self
            .tokens(&session)
            .ok()
            .flatten()
            .and_then(|tokens| tokens.id_token);
        session::Entity::delete_by_id(session.id)
            .exec(self.db.write())
            .await?;
        Ok(self
            .provider
            .end_session_url(id_token.as_deref(), return_to)
            .await)
    }

    /// Ends sessions because the provider says so (OpenID Connect Back-Channel
    /// Logout 1.0). Each notice is taken once.
    ///
    /// # Errors
    /// `invalid` when the token is not valid or was taken before.
    pub async fn end_by_provider(&self, logout_token: &str) -> Result<u64> {
        let LogoutNotice {
            issuer,
            id,
            subject,
            sid,
        } = self.provider.verify_logout(logout_token).await?;
        let transaction = self.db.begin().await?;
        logout_notice::Entity::insert(logout_notice::ActiveModel {
            id: Set(format!("{issuer} {id}")),
            at: Set(self.env.now()),
        })
        .exec_without_returning(&transaction)
        .await
        .map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                Error::refused(ErrorCode::Invalid, "This logout token was taken before.")
            }
            _ => error.into(),
        })?;
        let mut which = Condition::all().add(session::Column::Issuer.eq(issuer.clone()));
        if let Some(sid) = sid {
            which = which.add(session::Column::OidcSid.eq(sid));
        }
        if let Some(subject) = subject {
            let user = user::Entity::find()
                .filter(user::Column::Issuer.eq(issuer))
                .filter(user::Column::Subject.eq(subject))
                .one(&transaction)
                .await?;
            let Some(user) = user else {
                transaction.commit().await?;
                return Ok(0);
            };
            which = which.add(session::Column::UserId.eq(user.id));
        }
        let ended = session::Entity::delete_many()
            .filter(which)
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(ended.rows_affected)
    }

    /// Removes sessions that ended by time; called now and then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self) -> Result<u64> {
        let now = self.env.now();
        let over = Condition::any()
            .add(session::Column::LastSeenAt.lt(now.plus_seconds(-IDLE_SECONDS)))
            .add(session::Column::CreatedAt.lt(now.plus_seconds(-ABSOLUTE_SECONDS)));
        let swept = session::Entity::delete_many()
            .filter(over)
            .exec(self.db.write())
            .await?;
        logout_notice::Entity::delete_many()
            .filter(logout_notice::Column::At.lt(now.plus_seconds(-2 * ABSOLUTE_SECONDS)))
            .exec(self.db.write())
            .await?;
        Ok(swept.rows_affected)
    }

    fn seal(&self, id: SessionId, tokens: &ProviderTokens) -> Result<Vec<u8>> {
        let plain =
            serde_json::to_vec(tokens).map_err(|error| Error::internal("write tokens", error))?;
        self.vault.seal(&format!("session {id}"), &plain)
    }

    fn tokens(&self, session: &session::Model) -> Result<Option<ProviderTokens>> {
        let Some(sealed) = &session.provider_tokens else {
            return Ok(None);
        };
        let plain = self
            .vault
            .open(&format!("session {}", session.id), sealed)?;
        serde_json::from_slice(&plain)
            .map(Some)
            .map_err(|error| Error::internal("read tokens", error))
    }
}

pub(super) fn alive(session: &session::Model, now: Timestamp) -> bool {
    now.millis_since(session.last_seen_at) < IDLE_SECONDS * 1000
        && now.millis_since(session.created_at) < ABSOLUTE_SECONDS * 1000
}
