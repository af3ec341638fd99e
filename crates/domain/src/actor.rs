//! Who asks, and with what they prove it.

use std::collections::BTreeMap;

use types::{ApiTokenId, SessionId, UserId, portal::Scope};

use crate::{Error, Result};

/// What a request brought to prove who asks. Nothing of it is verified yet.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The portal's session cookie.
    pub portal_session: Option<String>,
    /// The stack service's session cookies, by tenant slug.
    pub stack_sessions: BTreeMap<String, String>,
    /// `Authorization: Bearer …`.
    pub bearer: Option<String>,
    /// The gateway's signed assertion.
    pub assertion: Option<String>,
    /// The request's method, which an assertion is bound to.
    pub method: String,
    /// The request's path, which an assertion is bound to.
    pub path: String,
    /// The request's id, for the log and the audit log.
    pub request_id: String,
    /// Whether a person asks.
    pub presence: Presence,
}

/// Whether a person asks, or a page that they left open looks again by itself. Both
/// have to prove the same, but only a person keeps a session from becoming idle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// A person asks.
    #[default]
    Attended,
    /// A live view looks again.
    Unattended,
}

impl Credentials {
    /// The same proofs, for a live view that looks again by itself.
    #[must_use]
    pub fn unattended(&self) -> Self {
        Self {
            presence: Presence::Unattended,
            ..self.clone()
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// A user whose identity was verified.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The user.
    pub user: UserId,
    /// Name for the audit log.
    pub name: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// May enter the admin centre.
    pub operator: bool,
    /// How they proved it.
    pub via: Via,
    /// The request's id.
    pub request_id: String,
}

/// How an actor proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// A browser's session.
    Session(SessionId),
    /// A personal API token with these scopes.
    Token {
        /// The token.
        id: ApiTokenId,
        /// What it may do.
        scopes: Vec<Scope>,
    },
}

impl Actor {
    /// Whether the way they proved themselves allows this.
    ///
    /// # Errors
    /// `forbidden` when it is a token without the scope.
    pub fn require_scope(&self, scope: Scope) -> Result<()> {
        match &self.via {
            Via::Token { scopes, .. } if !scopes.contains(&scope) => Err(Error::forbidden(
                format!("an API token with the scope {scope}"),
            )),
            _ => Ok(()),
        }
    }

    /// What only a person in a browser may do, such as making tokens.
    ///
    /// # Errors
    /// `forbidden` when it is a token.
    pub fn require_browser(&self) -> Result<SessionId> {
        match self.via {
            Via::Session(session) => Ok(session),
            Via::Token { .. } => Err(Error::forbidden("a signed-in browser, not an API token")),
        }
    }

    /// What only operators may do. A token of an operator needs the scope too.
    ///
    /// # Errors
    /// `forbidden` when they are none.
    pub fn require_operator(&self, scope: Scope) -> Result<()> {
        self.require_scope(scope)?;
        if self.operator {
            Ok(())
        } else {
            Err(Error::forbidden("a platform operator"))
        }
    }
}
