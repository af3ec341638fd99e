//! The receiver's side of the launch: from a visit without a session to a session.
//!
//! The receiver starts it, so that a code which somebody else obtained is worth
//! nothing here: the browser that ends the hand-over must be the one that began it.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use types::{ErrorCode, Timestamp, stack::SsoExchangeView};

use super::{exchange::Exchange, scope::is_slug};
use crate::{
    Error, Result, assertion::BoundRequest, env::Env, portal::return_to::local_path,
    ports::LaunchRedeemer, vault::Vault,
};

/// How long a hand-over may take, in seconds.
pub const TRANSACTION_SECONDS: i64 = 600;

const PLACE: &str = "sso_tx";

/// The receiver's side of the launch.
#[derive(Clone)]
pub struct HandOver {
    exchange: Exchange,
    redeemer: Arc<dyn LaunchRedeemer>,
    vault: Vault,
    env: Env,
    client: String,
    public_url: String,
    portal_url: String,
}

/// A hand-over that was started.
#[derive(Debug)]
pub struct HandOverStart {
    /// Where the browser goes: the portal's `/launch/authorize`.
    pub redirect: String,
    /// What the browser keeps in the cookie `__Host-sso_tx`; sealed.
    pub transaction: String,
}

/// A hand-over that ended well.
#[derive(Debug)]
pub struct HandOverEnd {
    /// The session that it began.
    pub session: SsoExchangeView,
    /// Where the browser goes; a path of this site.
    pub return_to: String,
}

#[derive(Serialize, Deserialize)]
struct Transaction {
    tenant: String,
    state: String,
    verifier: String,
    return_to: String,
    expires_at: Timestamp,
}

/// What a [`HandOver`] is built of.
pub(in crate::stack) struct HandOverParts {
    pub(in crate::stack) exchange: Exchange,
    pub(in crate::stack) redeemer: Arc<dyn LaunchRedeemer>,
    pub(in crate::stack) vault: Vault,
    pub(in crate::stack) env: Env,
    pub(in crate::stack) client: String,
    pub(in crate::stack) public_url: String,
    pub(in crate::stack) portal_url: String,
}

impl HandOver {
    pub(in crate::stack) fn new(parts: HandOverParts) -> Self {
        let HandOverParts {
            exchange,
            redeemer,
            vault,
            env,
            client,
            public_url,
            portal_url,
        } = parts;
        Self {
            exchange,
            redeemer,
            vault,
            env,
            client,
            public_url: public_url.trim_end_matches('/').to_owned(),
            portal_url: portal_url.trim_end_matches('/').to_owned(),
        }
    }

    /// Starts a hand-over for a tenant.
    ///
    /// # Errors
    /// `tenant_not_found` when the text cannot be a tenant's slug.
    pub fn start(&self, tenant: &str, return_to: Option<&str>) -> Result<HandOverStart> {
        if !is_slug(tenant) {
            return Err(Error::tenant_not_found());
        }
        let transaction = Transaction {
            tenant: tenant.to_owned(),
            state: self.env.secret(),
            verifier: self.env.secret(),
            return_to: local_path(return_to),
            expires_at: self.env.now().plus_seconds(TRANSACTION_SECONDS),
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&transaction.verifier));
        let redirect = format!(
            "{}/launch/authorize?client={}&tenant={tenant}&redirect_uri={}&state={}&code_challenge={challenge}&code_challenge_method=S256",
            self.portal_url,
            escape(&self.client),
            escape(&self.redirect_uri()),
            transaction.state,
        );
        let plain = serde_json::to_vec(&transaction)
            .map_err(|error| Error::internal("write the hand-over", error))?;
        Ok(HandOverStart {
            redirect,
            transaction: URL_SAFE_NO_PAD.encode(self.vault.seal(PLACE, &plain)?),
        })
    }

    /// Ends a hand-over: the state must be the one of this browser's transaction, the
    /// portal must accept code and verifier, and what it asserts must hold.
    ///
    /// # Errors
    /// `hand_over_refused` when any of this does not hold; nothing is changed then.
    pub async fn finish(
        &self,
        transaction: Option<&str>,
        code: &str,
        state: &str,
    ) -> Result<HandOverEnd> {
        let transaction = transaction
            .and_then(|sealed| self.open(sealed))
            .filter(|transaction| transaction.expires_at > self.env.now())
            .filter(|transaction| bool::from(transaction.state.as_bytes().ct_eq(state.as_bytes())))
            .ok_or_else(|| {
                refused("This launch was not started in this browser, or took longer than 10 minutes. Launch the homelab again.")
            })?;
        let assertion = self
            .redeemer
            .redeem(code, &transaction.verifier, &self.redirect_uri())
            .await?;
        let session = self
            .exchange
            .exchange(Some(&assertion), &BoundRequest::EXCHANGE)
            .await?;
        if session.tenant_slug != transaction.tenant {
            return Err(refused(
                "The portal answered for another homelab. Launch the homelab again.",
            ));
        }
        Ok(HandOverEnd {
            session,
            return_to: transaction.return_to,
        })
    }

    fn redirect_uri(&self) -> String {
        format!("{}/sso/callback", self.public_url)
    }

    fn open(&self, sealed: &str) -> Option<Transaction> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = self.vault.open(PLACE, &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn refused(detail: &str) -> Error {
    Error::refused(ErrorCode::HandOver, detail)
}
