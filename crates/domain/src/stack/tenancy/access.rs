//! From what a request brought to a verified place in a tenant.

use std::sync::Arc;

use entity::instance::{stack_session, tenant};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use types::{ErrorCode, TenantId, stack::StackTenantStatus};

use super::{
    exchange::SESSION_PREFIX,
    namespaces::Namespaces,
    provision::{Identity, known_member, may_work},
    scope::{TenantScope, Who, is_slug},
};
use crate::{
    Error, Result,
    actor::Credentials,
    assertion::{AssertionVerifier, BoundRequest},
    db::Db,
    env::Env,
    ports::{PlaceQuestion, TokenVerifier},
    vault::fingerprint,
};

/// Decides who may enter a tenant.
#[derive(Clone)]
pub struct Access {
    instance: Db,
    env: Env,
    namespaces: Namespaces,
    verifier: AssertionVerifier,
    tokens: Arc<dyn TokenVerifier>,
}

impl Access {
    pub(in crate::stack) fn new(
        instance: Db,
        env: Env,
        namespaces: Namespaces,
        verifier: AssertionVerifier,
        tokens: Arc<dyn TokenVerifier>,
    ) -> Self {
        Self {
            instance,
            env,
            namespaces,
            verifier,
            tokens,
        }
    }

    /// The caller's place in a tenant, by what they brought: a bearer token (an API
    /// token or a session's token), else the gateway's assertion, else the session
    /// cookie of this tenant.
    ///
    /// # Errors
    /// `tenant_not_found` when there is no such tenant or the caller has no place in
    /// it; `stack_session_required` when they may launch it but have not; `forbidden`
    /// when it is suspended; `unauthenticated` when nothing valid was brought.
    pub async fn authorise(&self, credentials: &Credentials, slug: &str) -> Result<TenantScope> {
        if let Some(bearer) = &credentials.bearer {
            return if bearer.starts_with(SESSION_PREFIX) {
                self.by_session(bearer, slug, credentials)
                    .await?
                    .ok_or_else(Error::token_invalid)
            } else {
                self.by_token(bearer, slug, credentials).await
            };
        }
        if let Some(assertion) = &credentials.assertion {
            return self.by_assertion(assertion, slug, credentials).await;
        }
        if let Some(cookie) = credentials.stack_sessions.get(slug)
            && let Some(scope) = self.by_session(cookie, slug, credentials).await?
        {
            return Ok(scope);
        }
        Err(self.without_session(credentials, slug).await?)
    }

    /// Ends the sessions whose cookies a browser brought, at sign-out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out(&self, credentials: &Credentials) -> Result<()> {
        let hashes = credentials
            .stack_sessions
            .values()
            .map(|token| fingerprint(token));
        stack_session::Entity::delete_many()
            .filter(stack_session::Column::TokenHash.is_in(hashes))
            .exec(self.instance.write())
            .await?;
        Ok(())
    }

    /// `None` when there is no such session any more. The portal is asked each time:
    /// who lost their place, or whose portal session is over, is out at once, and a
    /// role that changed holds from the next request on.
    async fn by_session(
        &self,
        token: &str,
        slug: &str,
        credentials: &Credentials,
    ) -> Result<Option<TenantScope>> {
        let session = stack_session::Entity::find()
            .filter(stack_session::Column::TokenHash.eq(fingerprint(token)))
            .filter(stack_session::Column::ExpiresAt.gt(self.env.now()))
            .one(self.instance.read())
            .await?;
        let Some(session) = session else {
            return Ok(None);
        };
        let tenant = tenant::Entity::find_by_id(session.tenant_id)
            .one(self.instance.read())
            .await?
            .filter(|tenant| tenant.slug == slug)
            .ok_or_else(Error::tenant_not_found)?;
        may_work(&tenant)?;
        let question = PlaceQuestion {
            issuer: &session.issuer,
            subject: &session.subject,
            tenant: tenant.id,
            session: session.portal_session,
            presence: credentials.presence,
        };
        let Some(role) = self.tokens.place(&question).await? else {
            stack_session::Entity::delete_by_id(session.id)
                .exec(self.instance.write())
                .await?;
            return Ok(None);
        };
        let who = Who {
            member: session.member_id,
            name: session.name,
            role,
            scopes: None,
        };
        Ok(Some(TenantScope::new(tenant, who, &credentials.request_id)))
    }

    async fn by_token(
        &self,
        token: &str,
        slug: &str,
        credentials: &Credentials,
    ) -> Result<TenantScope> {
        let owner = self.tokens.verify(token, slug).await?;
        let tenant = self.tenant(owner.tenant, slug).await?;
        let identity = Identity {
            issuer: owner.issuer,
            subject: owner.subject,
            name: owner.name,
            email: owner.email,
            role: owner.role,
        };
        self.scope(tenant, identity, Some(owner.scopes), credentials)
            .await
    }

    async fn by_assertion(
        &self,
        assertion: &str,
        slug: &str,
        credentials: &Credentials,
    ) -> Result<TenantScope> {
        let request = BoundRequest {
            method: &credentials.method,
            path: &credentials.path,
            body: None,
        };
        let claims = self.verifier.verify(assertion, &request)?;
        let tenant = self.tenant(claims.tenant.id, slug).await?;
        self.scope(tenant, Identity::from(&claims), None, credentials)
            .await
    }

    async fn scope(
        &self,
        tenant: tenant::Model,
        identity: Identity,
        scopes: Option<Vec<types::portal::Scope>>,
        credentials: &Credentials,
    ) -> Result<TenantScope> {
        let member = known_member(
            &self.instance,
            &self.namespaces,
            &self.env,
            &tenant,
            &identity,
        )
        .await?;
        let who = Who {
            member,
            name: identity.name,
            role: identity.role,
            scopes,
        };
        Ok(TenantScope::new(tenant, who, &credentials.request_id))
    }

    async fn tenant(&self, id: TenantId, slug: &str) -> Result<tenant::Model> {
        let tenant = tenant::Entity::find_by_id(id)
            .one(self.instance.read())
            .await?
            .filter(|tenant| tenant.slug == slug)
            .ok_or_else(Error::tenant_not_found)?;
        may_work(&tenant)?;
        Ok(tenant)
    }

    /// What to answer when there is no session for this tenant.
    async fn without_session(&self, credentials: &Credentials, slug: &str) -> Result<Error> {
        if let Some(portal) = &credentials.portal_session {
            let launchable = is_slug(slug)
                && match self.tokens.may_launch(portal, slug).await {
                    Err(error) if error.code() == ErrorCode::Unauthenticated => {
                        return Ok(Error::unauthenticated());
                    }
                    answer => answer?,
                };
            return Ok(if launchable {
                Error::refused(
                    ErrorCode::StackSession,
                    "Launch the homelab first: you have no session in it.",
                )
            } else {
                Error::tenant_not_found()
            });
        }
        Ok(if credentials.stack_sessions.is_empty() {
            Error::unauthenticated()
        } else {
            Error::tenant_not_found()
        })
    }

    /// Places for background work in all tenants that may work.
    pub(in crate::stack) async fn every_tenant(&self) -> Result<Vec<TenantScope>> {
        let tenants = tenant::Entity::find()
            .filter(tenant::Column::Status.eq(StackTenantStatus::Active))
            .all(self.instance.read())
            .await?;
        Ok(tenants
            .into_iter()
            .map(|tenant| TenantScope::new(tenant, Who::worker(), ""))
            .collect())
    }

    /// A place for background work in the tenant that its own row names.
    pub(in crate::stack) async fn resume(
        &self,
        slug: &str,
        request_id: &str,
    ) -> Result<TenantScope> {
        if !is_slug(slug) {
            return Err(Error::tenant_not_found());
        }
        let tenant = tenant::Entity::find()
            .filter(tenant::Column::Slug.eq(slug))
            .filter(tenant::Column::Status.ne(StackTenantStatus::Deleted))
            .one(self.instance.read())
            .await?
            .ok_or_else(Error::tenant_not_found)?;
        Ok(TenantScope::new(tenant, Who::worker(), request_id))
    }
}
