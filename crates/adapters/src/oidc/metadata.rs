//! What the provider says of itself, kept: its endpoints and its keys.
//!
//! They are read when first needed and again after an hour, so that a key which the
//! provider withdrew is not trusted for ever. In between, a token signed by an
//! unknown key makes the keys be read once more; whoever sends random key ids makes
//! that happen once in thirty seconds at most.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{Error, Result, env::Env};
use openidconnect::{
    DiscoveryError, IssuerUrl, JsonWebKeySet, ProviderMetadataWithLogout, core::CoreJsonWebKeySet,
};
use tokio::sync::Mutex;
use types::Timestamp;

use super::{
    http::{Http, HttpError},
    unavailable,
};

/// How long what the provider said of itself is used without asking again.
const KEPT_MS: i64 = 3_600_000;
/// A provider that did not answer is not asked again for so long.
const RETRY_COOLDOWN_MS: i64 = 5_000;
/// An unknown key makes the keys be read again once in so long.
const KEYS_COOLDOWN_MS: i64 = 30_000;
/// The one retry of a request that got no answer waits so long.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// What a provider said of itself.
pub(super) struct Provider {
    pub(super) metadata: ProviderMetadataWithLogout,
    pub(super) keys: CoreJsonWebKeySet,
    read_at: Timestamp,
}

/// Keeps what the provider said of itself.
pub(super) struct Directory {
    issuer: IssuerUrl,
    env: Env,
    current: RwLock<Option<Arc<Provider>>>,
    /// Held while the provider is asked, so that it is asked by one at a time.
    attempts: Mutex<Attempts>,
}

#[derive(Default)]
struct Attempts {
    discovery_failed_at: Option<Timestamp>,
    keys_sought_at: Option<Timestamp>,
}

impl Directory {
    /// Nothing is known yet.
    ///
    /// # Errors
    /// `invalid` when the issuer is no URL.
    pub(super) fn new(issuer: &str, env: Env) -> Result<Self> {
        let issuer = IssuerUrl::new(issuer.to_owned()).map_err(|_| {
            Error::invalid(
                "identity.issuer",
                "The issuer is no URL. Give the whole address, e.g. https://example.zitadel.cloud.",
            )
        })?;
        Ok(Self {
            issuer,
            env,
            current: RwLock::default(),
            attempts: Mutex::default(),
        })
    }

    /// The provider, asked if need be.
    ///
    /// # Errors
    /// `upstream_failed` when it does not answer and never has, or did not within the
    /// last five seconds.
    pub(super) async fn provider(&self, http: &Http) -> Result<Arc<Provider>> {
        if let Some(provider) = self.fresh() {
            return Ok(provider);
        }
        let mut attempts = self.attempts.lock().await;
        if let Some(provider) = self.fresh() {
            return Ok(provider);
        }
        if !self.is_recent(attempts.discovery_failed_at, RETRY_COOLDOWN_MS) {
            match self.discover(http).await {
                Ok(provider) => {
                    attempts.discovery_failed_at = None;
                    return Ok(self.keep(provider));
                }
                Err(error) => {
                    let reason = describe(&error);
                    tracing::warn!(oidc.issuer = %*self.issuer, reason, "the identity provider could not be discovered");
                    attempts.discovery_failed_at = Some(self.env.now());
                }
            }
        }
        self.known().ok_or_else(unavailable)
    }

    /// The provider with its keys read once more, after `seen` did not have the key
    /// that a token names; `None` when the keys were sought a moment ago already.
    pub(super) async fn look_for_keys(
        &self,
        http: &Http,
        seen: &Arc<Provider>,
    ) -> Option<Arc<Provider>> {
        let mut attempts = self.attempts.lock().await;
        let current = self.known()?;
        if !Arc::ptr_eq(&current, seen) {
            return Some(current);
        }
        if self.is_recent(attempts.keys_sought_at, KEYS_COOLDOWN_MS) {
            return None;
        }
        attempts.keys_sought_at = Some(self.env.now());
        match JsonWebKeySet::fetch_async(seen.metadata.jwks_uri(), http).await {
            Ok(keys) => {
                tracing::info!(oidc.issuer = %*self.issuer, keys = keys.keys().len(), "read the identity provider's keys again");
                Some(self.keep(Provider {
                    metadata: seen.metadata.clone(),
                    keys,
                    read_at: seen.read_at,
                }))
            }
            Err(error) => {
                tracing::warn!(oidc.issuer = %*self.issuer, reason = describe(&error), "the identity provider's keys could not be read");
                None
            }
        }
    }

    async fn discover(&self, http: &Http) -> Result<Provider, DiscoveryError<HttpError>> {
        let ask = || ProviderMetadataWithLogout::discover_async(self.issuer.clone(), http);
        let metadata = match ask().await {
            Err(error) if may_pass(&error) => {
                tokio::time::sleep(RETRY_AFTER).await;
                ask().await?
            }
            other => other?,
        };
        let keys = metadata.jwks().clone();
        Ok(Provider {
            metadata,
            keys,
            read_at: self.env.now(),
        })
    }

    fn keep(&self, provider: Provider) -> Arc<Provider> {
        let provider = Arc::new(provider);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&provider));
        provider
    }

    fn known(&self) -> Option<Arc<Provider>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn fresh(&self) -> Option<Arc<Provider>> {
        self.known()
            .filter(|provider| self.is_recent(Some(provider.read_at), KEPT_MS))
    }

    /// A moment that lies ahead means that the clock was set back: not recent.
    fn is_recent(&self, at: Option<Timestamp>, within_ms: i64) -> bool {
        at.is_some_and(|at| (0..within_ms).contains(&self.env.now().millis_since(at)))
    }
}

/// Whether asking once more may help.
fn may_pass(error: &DiscoveryError<HttpError>) -> bool {
    match error {
        DiscoveryError::Request(HttpError::Request(error)) => !error.is_timeout(),
        DiscoveryError::Response(status, ..) => status.is_server_error(),
        _ => false,
    }
}

/// The reason with what lies behind it; never a response's body.
fn describe(error: &DiscoveryError<HttpError>) -> String {
    use std::error::Error as _;
    match (error, error.source()) {
        (DiscoveryError::Response(status, ..), _) => format!("it answered {status}"),
        (_, Some(source)) => format!("{error}: {source}"),
        (_, None) => error.to_string(),
    }
}
