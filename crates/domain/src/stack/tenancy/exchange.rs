//! Trading a signed assertion for a session of the stack service.

use entity::instance::{consumed_assertion, stack_session};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    SqlErr,
};
use types::{ErrorCode, SessionId, Timestamp, portal::Role, stack::SsoExchangeView};

use super::{
    namespaces::Namespaces,
    provision::{Capacity, Identity, ensure_member, ensure_tenant, note_login},
};
use crate::{
    Error, Result,
    assertion::{AssertionClaims, AssertionVerifier, BoundRequest},
    db::Db,
    env::Env,
    vault::fingerprint,
};

/// How long a session of the stack service lasts, in seconds.
pub const SESSION_SECONDS: i64 = 3600;
/// What a session's token begins with.
pub const SESSION_PREFIX: &str = "kbs_";

/// Trades assertions for sessions.
#[derive(Clone)]
pub struct Exchange {
    pub(super) instance: Db,
    pub(super) env: Env,
    pub(super) namespaces: Namespaces,
    pub(super) verifier: AssertionVerifier,
    pub(super) capacity: Capacity,
}

impl Exchange {
    pub(in crate::stack) fn new(
        instance: Db,
        env: Env,
        namespaces: Namespaces,
        verifier: AssertionVerifier,
        capacity: Capacity,
    ) -> Self {
        Self {
            instance,
            env,
            namespaces,
            verifier,
            capacity,
        }
    }

    /// Verifies an assertion that is bound to this request, finds or makes the tenant
    /// (by its id) and the member (by issuer and subject), and begins a session of an
    /// hour for this tenant only.
    ///
    /// # Errors
    /// `unauthenticated` when there is no assertion, when it does not hold or when it
    /// was exchanged before; `invalid`, `conflict`, `no_capacity`, `forbidden` and
    /// `tenant_not_found` when the tenant cannot come in.
    pub async fn exchange(
        &self,
        assertion: Option<&str>,
        request: &BoundRequest<'_>,
    ) -> Result<SsoExchangeView> {
        let assertion = assertion.ok_or_else(|| {
            Error::refused(
                ErrorCode::Unauthenticated,
                "This needs the gateway's signed assertion. Plain identity headers prove nothing.",
            )
        })?;
        let claims = self.verifier.verify(assertion, request)?;
        let identity = Identity::from(&claims);

        let transaction = self.instance.begin().await?;
        self.consume(&transaction, &claims).await?;
        let tenant = ensure_tenant(&transaction, &self.env, self.capacity, &claims).await?;
        transaction.commit().await?;

        let member = ensure_member(&self.namespaces, &self.env, &tenant, &identity).await?;

        let token = format!("{SESSION_PREFIX}{}", self.env.secret());
        let now = self.env.now();
        let expires_at = now.plus_seconds(SESSION_SECONDS);
        let transaction = self.instance.begin().await?;
        note_login(&transaction, &self.env, tenant.id, member, &identity).await?;
        stack_session::ActiveModel {
            id: Set(self.env.id::<SessionId>()),
            token_hash: Set(fingerprint(&token)),
            tenant_id: Set(tenant.id),
            member_id: Set(member),
            issuer: Set(identity.issuer),
            subject: Set(identity.subject),
            name: Set(identity.name),
            email: Set(identity.email.clone()),
            role: Set(identity.role),
            portal_session: Set(claims.sid),
            created_at: Set(now),
            expires_at: Set(expires_at),
        }
        .insert(&transaction)
        .await?;
        transaction.commit().await?;

        let role: Role = identity.role;
        Ok(SsoExchangeView {
            token,
            tenant_id: tenant.id.to_string(),
            tenant_slug: tenant.slug,
            user_id: member.to_string(),
            email: identity.email,
            role,
            expires_at,
        })
    }

    /// Takes an assertion's id, which works once.
    async fn consume(&self, on: &DatabaseTransaction, claims: &AssertionClaims) -> Result<()> {
        let taken = consumed_assertion::Entity::insert(consumed_assertion::ActiveModel {
            id: Set(fingerprint(&format!("{}\n{}", claims.iss, claims.jti))),
            expires_at: Set(Timestamp(claims.exp.saturating_mul(1000))),
        })
        .exec_without_returning(on)
        .await;
        match taken {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                Err(Error::refused(
                    ErrorCode::Unauthenticated,
                    "This assertion was used before. Sign in again.",
                ))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets sessions and assertion ids whose time is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self) -> Result<()> {
        let now = self.env.now();
        stack_session::Entity::delete_many()
            .filter(stack_session::Column::ExpiresAt.lt(now))
            .exec(self.instance.write())
            .await?;
        consumed_assertion::Entity::delete_many()
            .filter(consumed_assertion::Column::ExpiresAt.lt(now))
            .exec(self.instance.write())
            .await?;
        Ok(())
    }
}
