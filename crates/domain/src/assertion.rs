//! The signed statement of who asks, from the portal or the gateway to a service.
//!
//! A JWT (RFC 7519) signed with Ed25519 (`EdDSA`, RFC 8037), header
//! `typ: kombify-gw+jwt`. It names one audience, one request (method and path, for
//! the exchange the body as well) and lives for at most 60 seconds. Identity comes
//! from here and from nowhere else: plain headers such as `X-User-ID` prove nothing.
//! Signer and verifier share this one definition.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use types::{
    ErrorCode, SessionId, TenantId,
    portal::{Plan, Role},
};

use crate::{Error, Result, env::Env};

/// The header that carries an assertion.
pub const HEADER: &str = "x-kombify-assertion";
/// The path that an assertion for the exchange is bound to; its method is `POST`.
pub const EXCHANGE_PATH: &str = "/api/internal/sso/exchange";
/// The longest that an assertion may live, in seconds.
pub const LIFETIME: i64 = 60;

const TYPE: &str = "kombify-gw+jwt";
/// How far two machines' clocks may be apart, in seconds.
const SKEW: i64 = 5;

/// Everything that an assertion says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionClaims {
    /// Who signed: the portal's or the gateway's name.
    pub iss: String,
    /// The one service that it is for: the instance's name.
    pub aud: String,
    /// The person's `sub` at the identity provider.
    pub sub: String,
    /// The identity provider's `iss`, which `sub` belongs to.
    pub idp: String,
    /// The organisation at the identity provider, when the tenant is bound to one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub org: Option<String>,
    /// E-mail address, only for display; may be empty.
    pub email: String,
    /// Name for display.
    pub name: String,
    /// The role in the tenant.
    pub role: Role,
    /// The portal session that the person comes from; none through a gateway.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sid: Option<SessionId>,
    /// The tenant's plan.
    pub plan: Plan,
    /// The tenant.
    pub tenant: AssertedTenant,
    /// When it was signed, in seconds since 1970.
    pub iat: i64,
    /// When it stops to hold, in seconds since 1970; at most 60 after `iat`.
    pub exp: i64,
    /// Its id; the exchange takes each once.
    pub jti: String,
    /// The request's method.
    pub htm: String,
    /// The request's path.
    pub htu: String,
    /// SHA-256 of the request's body, URL-safe base64 without padding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bh: Option<String>,
}

/// The tenant of an assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertedTenant {
    /// Its id at the portal.
    pub id: TenantId,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Most members.
    pub max_users: i32,
    /// Most nodes.
    pub max_nodes: i32,
}

/// What an assertion shall say; issuer, times and id come from the signer.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// The one service that it is for: the instance's name.
    pub audience: String,
    /// The identity provider's `iss`.
    pub identity_provider: String,
    /// The person's `sub` there.
    pub subject: String,
    /// The organisation there, when the tenant is bound to one.
    pub organisation: Option<String>,
    /// E-mail address, only for display; may be empty.
    pub email: String,
    /// Name for display.
    pub name: String,
    /// The role in the tenant.
    pub role: Role,
    /// The portal session that the person comes from; none through a gateway.
    pub session: Option<SessionId>,
    /// The tenant's plan.
    pub plan: Plan,
    /// The tenant.
    pub tenant: AssertedTenant,
}

/// The one request that an assertion goes with.
#[derive(Clone, Copy, Debug)]
pub struct BoundRequest<'a> {
    /// Its method, in capitals.
    pub method: &'a str,
    /// Its path, without the query.
    pub path: &'a str,
    /// Its body, where the assertion covers it.
    pub body: Option<&'a [u8]>,
}

impl BoundRequest<'static> {
    /// The exchange with an empty body: what an assertion that answers a launch
    /// code is bound to.
    pub const EXCHANGE: Self = Self {
        method: "POST",
        path: EXCHANGE_PATH,
        body: Some(b""),
    };
}

/// Signs assertions.
#[derive(Clone)]
pub struct AssertionSigner {
    issuer: String,
    key: EncodingKey,
    public: [u8; 32],
    env: Env,
}

impl AssertionSigner {
    /// A signer with a secret key of 32 bytes (RFC 8032).
    ///
    /// # Errors
    /// When the key cannot be encoded.
    pub fn new(issuer: impl Into<String>, seed: &[u8; 32], env: Env) -> Result<Self> {
        let key = SigningKey::from_bytes(seed);
        let document = key
            .to_pkcs8_der()
            .map_err(|error| Error::internal("encode the assertion key", error.to_string()))?;
        Ok(Self {
            issuer: issuer.into(),
            key: EncodingKey::from_ed_der(document.as_bytes()),
            public: key.verifying_key().to_bytes(),
            env,
        })
    }

    /// The public key that services pin.
    #[must_use]
    pub const fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// Signs an assertion that holds for 60 seconds and this one request.
    ///
    /// # Errors
    /// When signing fails.
    pub fn sign(&self, assertion: Assertion, request: &BoundRequest<'_>) -> Result<String> {
        let Assertion {
            audience,
            identity_provider,
            subject,
            organisation,
            email,
            name,
            role,
            session,
            plan,
            tenant,
        } = assertion;
        let now = self.env.now().0.div_euclid(1000);
        self.sign_claims(&AssertionClaims {
            iss: self.issuer.clone(),
            aud: audience,
            sub: subject,
            idp: identity_provider,
            org: organisation,
            email,
            name,
            role,
            sid: session,
            plan,
            tenant,
            iat: now,
            exp: now + LIFETIME,
            jti: self.env.secret(),
            htm: request.method.to_owned(),
            htu: request.path.to_owned(),
            bh: request.body.map(body_hash),
        })
    }

    /// Signs these claims as they are.
    ///
    /// # Errors
    /// When signing fails.
    pub fn sign_claims(&self, claims: &AssertionClaims) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key_id(&self.public));
        jsonwebtoken::encode(&header, claims, &self.key)
            .map_err(|error| Error::internal("sign an assertion", error))
    }
}

impl std::fmt::Debug for AssertionSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssertionSigner")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Verifies assertions against pinned keys.
#[derive(Clone)]
pub struct AssertionVerifier {
    issuer: String,
    audience: String,
    keys: BTreeMap<String, DecodingKey>,
    env: Env,
}

impl AssertionVerifier {
    /// A verifier for one audience that trusts these Ed25519 public keys of this
    /// issuer; two keys at a time allow rotation.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: &[[u8; 32]],
        env: Env,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            keys: keys
                .iter()
                .map(|key| (key_id(key), DecodingKey::from_ed_der(key)))
                .collect(),
            env,
        }
    }

    /// What a valid assertion for this request says.
    ///
    /// # Errors
    /// `unauthenticated` when the signature, type, key, issuer, audience, times or
    /// the bound request do not hold; the answer does not say which.
    pub fn verify(&self, token: &str, request: &BoundRequest<'_>) -> Result<AssertionClaims> {
        self.claims(token)
            .and_then(|claims| self.check(claims, request))
            .map_err(|reason| {
                tracing::info!(assertion.refused = reason, "an assertion was refused");
                Error::refused(
                    ErrorCode::Unauthenticated,
                    "The assertion of who asks is not valid. Sign in again.",
                )
            })
    }

    fn claims(&self, token: &str) -> std::result::Result<AssertionClaims, &'static str> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| "not a JWT")?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err("another type");
        }
        let key = header
            .kid
            .as_ref()
            .and_then(|kid| self.keys.get(kid))
            .ok_or("a key that is not pinned")?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The times are checked below, by the clock that was passed in.
        validation.validate_exp = false;
        jsonwebtoken::decode(token, key, &validation)
            .map(|data| data.claims)
            .map_err(|_| "signature, issuer, audience or a claim")
    }

    fn check(
        &self,
        claims: AssertionClaims,
        request: &BoundRequest<'_>,
    ) -> std::result::Result<AssertionClaims, &'static str> {
        let now = self.env.now().0.div_euclid(1000);
        if claims.exp <= now {
            return Err("expired");
        }
        if claims.iat > now + SKEW {
            return Err("issued in the future");
        }
        if claims.exp.saturating_sub(claims.iat) > LIFETIME {
            return Err("lives too long");
        }
        if claims.sub.is_empty() || claims.idp.is_empty() || claims.jti.is_empty() {
            return Err("names nobody");
        }
        if claims.htm != request.method || claims.htu != request.path {
            return Err("bound to another request");
        }
        if claims.bh != request.body.map(body_hash) {
            return Err("bound to another body");
        }
        Ok(claims)
    }
}

impl std::fmt::Debug for AssertionVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssertionVerifier")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("keys", &self.keys.keys())
            .finish_non_exhaustive()
    }
}

/// The name of a public key: the first 16 hexadecimal digits of its SHA-256.
#[must_use]
pub fn key_id(public: &[u8; 32]) -> String {
    hex::encode(&Sha256::digest(public)[..8])
}

fn body_hash(body: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(body))
}

#[cfg(test)]
mod tests;
