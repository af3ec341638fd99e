//! Signing with an Ed25519 key (RFC 8037).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

const KEY_ID: &str = "development";

pub(super) struct Signer {
    private: EncodingKey,
    public: [u8; 32],
}

impl Signer {
    pub(super) fn new(seed: &[u8; 32]) -> anyhow::Result<Self> {
        let key = SigningKey::from_bytes(seed);
        let document = key.to_pkcs8_der().map_err(|error| anyhow::anyhow!("the development key could not be encoded: {error}"))?;
        Ok(Self { private: EncodingKey::from_ed_der(document.as_bytes()), public: key.verifying_key().to_bytes() })
    }

    /// The public key as a JSON web key set.
    pub(super) fn keys(&self) -> Value {
        json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": KEY_ID,
            "x": URL_SAFE_NO_PAD.encode(self.public),
        }] })
    }

    pub(super) fn sign(&self, claims: &Value) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(KEY_ID.to_owned());
        jsonwebtoken::encode(&header, claims, &self.private)
    }

    /// The claims of a token that this key signed; times are not looked at.
    pub(super) fn read(&self, token: &str) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(self.public)).ok()?;
        jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|data| data.claims)
    }
}
