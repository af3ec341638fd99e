//! Encryption at rest, and keys for single purposes from one master key.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};

use crate::{Error, Result, env::Env};

const NONCE: usize = 24;

/// Seals and opens what must not lie readable in a database: provider tokens,
/// plans, states (XChaCha20-Poly1305, a random nonce in front).
#[derive(Clone)]
pub struct Vault {
    master: [u8; 32],
    env: Env,
}

impl Vault {
    /// A vault with this master key.
    #[must_use]
    pub fn new(master: [u8; 32], env: Env) -> Self {
        Self { master, env }
    }

    /// A key for one purpose (HKDF-SHA-256, RFC 5869, the purpose as info).
    #[must_use]
    pub fn key_for(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"kombify"), &self.master)
            .expand(purpose.as_bytes(), &mut key)
            .expect("32 bytes are within HKDF's limit");
        key
    }

    /// Seals `plain` for one place: `place` names the row, so that a sealed value
    /// cannot be moved to another one.
    ///
    /// # Errors
    /// When the cipher refuses, which it does only for sizes beyond memory.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = self.env.random::<NONCE>();
        let sealed = self
            .cipher()
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload {
                    msg: plain,
                    aad: place.as_bytes(),
                },
            )
            .map_err(|error| Error::internal(format!("seal {place}"), error.to_string()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// When it was sealed for another place, with another key, or was altered.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let broken = || {
            Error::internal(
                format!("open {place}"),
                "the sealed value does not open with this key",
            )
        };
        let (nonce, body) = sealed.split_at_checked(NONCE).ok_or_else(broken)?;
        self.cipher()
            .decrypt(
                XNonce::from_slice(nonce),
                Payload {
                    msg: body,
                    aad: place.as_bytes(),
                },
            )
            .map_err(|_| broken())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.key_for("vault").into())
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// SHA-256 of a secret, hexadecimal: what is kept in place of the secret. The
/// secrets are 256 random bits, so no slow hash is needed.
#[must_use]
pub fn fingerprint(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
