//! The portal, as a stack instance asks it.

use async_trait::async_trait;
use types::{
    SessionId, TenantId,
    portal::{Role, Scope},
};

use crate::{Result, actor::Presence};

/// The portal, asked by a stack instance about somebody who brought a proof of the
/// portal's: an API token or a portal session.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Whom an API token stands for in a tenant, with the token's scopes.
    ///
    /// # Errors
    /// `unauthenticated` when there is no such token or it has expired;
    /// `forbidden` when it may not read, or nobody may work in the tenant;
    /// `tenant_not_found` when its owner has no place in the tenant.
    async fn verify(&self, token: &str, slug: &str) -> Result<TokenIdentity>;

    /// Whether this portal session may launch the tenant: then the way in is a
    /// launch, and otherwise the tenant does not exist for whoever asks.
    ///
    /// # Errors
    /// `unauthenticated` when the session is over; when the portal does not answer.
    async fn may_launch(&self, portal_session: &str, slug: &str) -> Result<bool>;

    /// The role that somebody has in a tenant at this moment; `None` when they have no
    /// place in it any more, or when the portal session that they came from is over.
    ///
    /// # Errors
    /// `forbidden` when nobody may work in the tenant; when the portal does not answer.
    async fn place(&self, question: &PlaceQuestion<'_>) -> Result<Option<Role>>;
}

/// A session of the stack service that wants to go on.
#[derive(Clone, Copy, Debug)]
pub struct PlaceQuestion<'a> {
    /// `iss` of its person at the identity provider.
    pub issuer: &'a str,
    /// `sub` of its person at the identity provider.
    pub subject: &'a str,
    /// The tenant's id at the portal.
    pub tenant: TenantId,
    /// The portal session that the launch came from; none when a gateway brought the
    /// person.
    pub session: Option<SessionId>,
    /// Whether a person asks.
    pub presence: Presence,
}

/// Whom an API token stands for in one tenant.
#[derive(Clone, Debug)]
pub struct TokenIdentity {
    /// `iss` of its owner at the identity provider.
    pub issuer: String,
    /// `sub` of its owner at the identity provider.
    pub subject: String,
    /// Its owner's name.
    pub name: String,
    /// Its owner's e-mail address; may be empty.
    pub email: String,
    /// The tenant's id at the portal.
    pub tenant: TenantId,
    /// Its owner's role in the tenant.
    pub role: Role,
    /// What the token may do.
    pub scopes: Vec<Scope>,
}
