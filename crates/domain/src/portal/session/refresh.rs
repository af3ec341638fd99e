//! Renewing the provider's tokens of a session: it goes on only while the provider
//! stands by it.

use std::{sync::Arc, time::Duration};

use entity::control::session;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};
use tracing::Instrument as _;
use types::{ErrorCode, SessionId, Timestamp};

use super::Sessions;
use crate::{Error, Result};

/// Who refreshes the provider's tokens holds them so long.
const REFRESH_LEASE_SECONDS: i64 = 15;
/// A provider that does not answer is borne with so long.
const UNREACHABLE_GRACE_SECONDS: i64 = 300;
/// How often, and how many times, a request looks whether another process has renewed.
const LOOK_FOR_RENEWAL: Duration = Duration::from_millis(100);
const LOOKS_FOR_RENEWAL: u32 = 50;

impl Sessions {
    /// Refreshes the provider's tokens once, however many requests ask at a time: in
    /// this process by a lock per session, between processes by a lease on its row. Who
    /// asks may go away meanwhile; what the provider has given out is kept all the same.
    pub(super) async fn refresh(&self, id: SessionId) -> Result<()> {
        let sessions = self.clone();
        tokio::spawn(async move { sessions.refresh_once(id).await }.in_current_span())
            .await
            .map_err(|failed| Error::internal("renew a session", failed))?
    }

    async fn refresh_once(&self, id: SessionId) -> Result<()> {
        let lock = Arc::clone(self.refreshing.lock().await.entry(id).or_default());
        let made = {
            let _guard = lock.lock().await;
            let now = self.env.now();
            match self.lease(id, now).await {
                Ok(true) => Some(self.refresh_leased(id, now).await),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            }
        };
        {
            let mut refreshing = self.refreshing.lock().await;
            if Arc::strong_count(&lock) <= 2 {
                refreshing.remove(&id);
            }
        }
        match made {
            Some(result) => result,
            None => self.renewed_by_another(id).await,
        }
    }

    async fn refresh_leased(&self, id: SessionId, now: Timestamp) -> Result<()> {
        let Some(session) = session::Entity::find_by_id(id).one(self.db.write()).await? else {
            return Err(Error::unauthenticated());
        };
        let tokens = self.tokens(&session)?;
        let Some(refresh_token) = tokens
            .as_ref()
            .and_then(|tokens| tokens.refresh_token.as_deref())
        else {
            return Ok(());
        };
        match self.provider.refresh(refresh_token).await {
            Ok(mut renewed) => {
                let previous = tokens.as_ref();
                renewed.id_token = renewed
                    .id_token
                    .or_else(|| previous.and_then(|t| t.id_token.clone()));
                renewed.refresh_token = renewed
                    .refresh_token
                    .or_else(|| previous.and_then(|t| t.refresh_token.clone()));
                session::Entity::update_many()
                    .set(session::ActiveModel {
                        tokens_expire_at: Set(Some(renewed.expires_at)),
                        provider_tokens: Set(Some(self.seal(id, &renewed)?)),
                        refresh_lease_until: Set(None),
                        ..Default::default()
                    })
                    .filter(session::Column::Id.eq(id))
                    .exec(self.db.write())
                    .await?;
                Ok(())
            }
            Err(error) if error.code() == ErrorCode::Unauthenticated => {
                session::Entity::delete_by_id(id)
                    .exec(self.db.write())
                    .await?;
                tracing::info!(session.id = %id, "the provider refused to renew a session: it ends");
                Err(Error::unauthenticated())
            }
            Err(error) => {
                tracing::warn!(session.id = %id, %error, "the provider does not answer; sessions go on for five minutes");
                if is_borne(&session, now) {
                    Ok(())
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Whether the refresh is this caller's to make.
    async fn lease(&self, id: SessionId, now: Timestamp) -> Result<bool> {
        let due = Condition::all()
            .add(session::Column::Id.eq(id))
            .add(session::Column::TokensExpireAt.lte(now))
            .add(
                Condition::any()
                    .add(session::Column::RefreshLeaseUntil.is_null())
                    .add(session::Column::RefreshLeaseUntil.lt(now)),
            );
        let leased = session::Entity::update_many()
            .set(session::ActiveModel {
                refresh_lease_until: Set(Some(now.plus_seconds(REFRESH_LEASE_SECONDS))),
                ..Default::default()
            })
            .filter(due)
            .exec(self.db.write())
            .await?;
        Ok(leased.rows_affected > 0)
    }

    /// Another process renews, or tried a moment ago and got no answer: what it came to
    /// is in the row. Without an answer a session goes on for five minutes, whoever asks.
    async fn renewed_by_another(&self, id: SessionId) -> Result<()> {
        for _ in 0..LOOKS_FOR_RENEWAL {
            let found = session::Entity::find_by_id(id).one(self.db.write()).await?;
            let Some(session) = found else {
                return Err(Error::unauthenticated());
            };
            let now = self.env.now();
            let renewed = session.tokens_expire_at.is_none_or(|at| at > now);
            if renewed || is_borne(&session, now) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_FOR_RENEWAL).await;
        }
        Err(Error::refused(
            ErrorCode::Upstream,
            "The sign-in provider does not answer, so kombify cannot tell whether you are still signed in. Try again in a moment.",
        ))
    }
}

/// A provider that does not answer is borne with for a while.
fn is_borne(session: &session::Model, now: Timestamp) -> bool {
    session
        .tokens_expire_at
        .is_some_and(|at| now.millis_since(at) < UNREACHABLE_GRACE_SECONDS * 1000)
}
