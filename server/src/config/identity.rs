//! Who signs people in.

use serde::Deserialize;

/// Who signs people in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The OpenID provider's issuer; the embedded one in development when empty.
    pub issuer: String,
    /// kombify's client id there.
    pub client_id: String,
    /// Its secret; empty for a public client (PKCE).
    pub client_secret: String,
    /// Scopes to ask for.
    pub scopes: Vec<String>,
    /// The role that makes a platform operator.
    pub operator_role: String,
    /// The organisation in which it must be held; empty: no operators by role.
    pub operator_organisation: String,
}

impl Identity {
    /// Scheme, host and port of the issuer.
    #[must_use]
    pub fn origin(&self) -> &str {
        let host = self.issuer.find("://").map_or(0, |scheme| scheme + 3);
        let end = self.issuer[host..]
            .find('/')
            .map_or(self.issuer.len(), |slash| host + slash);
        &self.issuer[..end]
    }
}
