//! Signing with an Ed25519 key (RFC 8037), which costs nothing to make at a start.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

const KEY_ID: &str = "development";

pub(super) struct Signer {
    private: EncodingKey,
    public: [u8; 32],
}

impl Signer {
    pub(super) fn new(seed: &[u8; 32]) -> anyhow::Result<Self> {
        let key = SigningKey::from_bytes(seed);
        let document = key.to_pkcs8_der().map_err(|error| {
            anyhow::anyhow!("the development key could not be encoded: {error}")
        })?;
        Ok(Self {
            private: EncodingKey::from_ed_der(document.as_bytes()),
            public: key.verifying_key().to_bytes(),
        })
    }

    /// The public key as a JSON web key set.
    pub(super) fn keys(&self) -> Value {
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": KEY_ID,
            "x": URL_SAFE_NO_PAD.encode(self.public),
        }] })
    }

    /// A token of this kind (`typ`).
    pub(super) fn sign(&self, kind: &str, claims: &Value) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(kind.to_owned());
        header.kid = Some(KEY_ID.to_owned());
        jsonwebtoken::encode(&header, claims, &self.private)
    }

    /// The claims of an ID token that came back as a hint: it has to be ours and this
    /// client's, and may have expired (OpenID Connect RP-Initiated Logout 1.0, 2).
    pub(super) fn read_hint(&self, token: &str, issuer: &str, client_id: &str) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[client_id]);
        validation.set_required_spec_claims(&["iss", "aud", "sub"]);
        let key = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(self.public)).ok()?;
        let read = jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?;
        (read.header.typ.as_deref() == Some("JWT")).then_some(read.claims)
    }
}

/// `at_hash` for a signature by Ed25519: half of SHA-512.
pub(super) fn access_token_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha512::digest(access_token)[..32])
}
