//! When an ID token holds (OpenID Connect Core 1.0, 3.1.3.7). openidconnect checks
//! signature, issuer, audience, expiry and nonce; what it leaves open is closed here:
//! the algorithm, `azp`, the time of issue, and 30 s of leeway for two clocks.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IdTokenClaims,
    IdTokenVerifier, IssuerUrl, Nonce, SignatureVerificationError,
    core::{CoreGenderClaim, CoreJsonWebKeySet, CoreJwsSigningAlgorithm as Algorithm},
};
use types::Timestamp;

use super::{claims::Extra, tokens::IdToken};

/// How far the provider's clock and ours may be apart, in seconds.
pub(super) const LEEWAY_SECONDS: i64 = 30;

/// Signatures that only the provider can make. Never `none`, and never a MAC: its key
/// would be the client's secret, or, by the well-known confusion, a public key.
pub(super) static ALGORITHMS: LazyLock<Vec<Algorithm>> = LazyLock::new(|| {
    vec![
        Algorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::RsaSsaPkcs1V15Sha384,
        Algorithm::RsaSsaPkcs1V15Sha512,
        Algorithm::RsaSsaPssSha256,
        Algorithm::RsaSsaPssSha384,
        Algorithm::RsaSsaPssSha512,
        Algorithm::EcdsaP256Sha256,
        Algorithm::EcdsaP384Sha384,
        Algorithm::EdDsa,
    ]
});

/// What a token is held against.
pub(super) struct Rules {
    pub(super) issuer: IssuerUrl,
    pub(super) client_id: ClientId,
    pub(super) now: Timestamp,
}

/// Why a token does not hold. For the log: no part of the token is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no known key signed it")]
    UnknownKey,
    #[error("{0}")]
    Claims(ClaimsVerificationError),
    #[error("{0}")]
    Other(&'static str),
}

impl From<ClaimsVerificationError> for Refusal {
    fn from(error: ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            ) => Self::UnknownKey,
            other => Self::Claims(other),
        }
    }
}

impl Rules {
    /// The claims of an ID token that holds.
    ///
    /// A sign-in gives the nonce that it sent; a renewed token has none.
    pub(super) fn id_token<'t>(
        &self,
        keys: &CoreJsonWebKeySet,
        token: &'t IdToken,
        nonce: Option<&str>,
        access_token: &AccessToken,
    ) -> Result<&'t IdTokenClaims<Extra, CoreGenderClaim>, Refusal> {
        let latest = self.moment(LEEWAY_SECONDS);
        let verifier = IdTokenVerifier::new_public_client(
            self.client_id.clone(),
            self.issuer.clone(),
            keys.clone(),
        )
        .set_allowed_algs(ALGORITHMS.iter().cloned())
        // Zitadel names the project as well; `azp` below tells whom a token is for.
        .set_other_audience_verifier_fn(|_| true)
        .set_time_fn(|| self.moment(-LEEWAY_SECONDS))
        .set_issue_time_verifier_fn(|issued| {
            if issued > latest {
                Err("issued in the future".to_owned())
            } else {
                Ok(())
            }
        });
        let claims = match nonce {
            Some(nonce) => token.claims(&verifier, &Nonce::new(nonce.to_owned()))?,
            None => token.claims(&verifier, |_: Option<&Nonce>| Ok(()))?,
        };
        self.check_authorized_party(claims)?;
        if claims.subject().is_empty() {
            return Err(Refusal::Other("it names nobody"));
        }
        let not_before = claims.additional_claims().not_before();
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since 1970 are exact in a f64"
        )]
        if not_before.is_some_and(|seconds| seconds > latest.timestamp() as f64) {
            return Err(Refusal::Other("it does not hold yet"));
        }
        if let Some(claimed) = claims.access_token_hash() {
            let unusable = |_| Refusal::Other("its at_hash cannot be checked");
            let algorithm = token.signing_alg().map_err(|_| Refusal::UnknownKey)?;
            let key = token
                .signing_key(&verifier)
                .map_err(|_| Refusal::UnknownKey)?;
            let actual =
                AccessTokenHash::from_token(access_token, algorithm, key).map_err(unusable)?;
            if actual != *claimed {
                return Err(Refusal::Other("its at_hash is another access token's"));
            }
        }
        Ok(claims)
    }

    /// `azp`, when there, has to be this client; among several audiences it has to be
    /// there. openidconnect leaves this to its callers.
    fn check_authorized_party(
        &self,
        claims: &IdTokenClaims<Extra, CoreGenderClaim>,
    ) -> Result<(), Refusal> {
        match claims.authorized_party() {
            Some(party) if *party != self.client_id => {
                Err(Refusal::Other("its azp is another client"))
            }
            None if claims.audiences().len() > 1 => {
                Err(Refusal::Other("it has several audiences and no azp"))
            }
            _ => Ok(()),
        }
    }

    fn moment(&self, seconds_later: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.now.plus_seconds(seconds_later).0).unwrap_or_default()
    }
}
