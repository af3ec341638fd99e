//! Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6). They are no
//! ID tokens, so openidconnect's verifier does not take them; its keys check the
//! signature.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::ports::LogoutNotice;
use openidconnect::{
    JsonWebKey as _, JsonWebKeyUse as _, JwsSigningAlgorithm as _,
    core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm as Algorithm},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::verify::{ALGORITHMS, LEEWAY_SECONDS, Refusal, Rules};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The longest token that is read, in bytes.
const LONGEST: usize = 16 * 1024;
/// A token is taken so long after it was made, in seconds, even when it says longer:
/// the ids of those that were taken are not kept for ever.
const OLDEST_SECONDS: i64 = 600;

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
    cty: Option<Value>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    iat: i64,
    exp: Option<i64>,
    jti: String,
    events: serde_json::Map<String, Value>,
    sub: Option<String>,
    sid: Option<String>,
    nonce: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// A logout token whose signature is not verified yet.
pub(super) struct LogoutToken<'t> {
    header: Header,
    signed: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
}

/// Takes a logout token apart.
///
/// # Errors
/// When it is no JWS, or by an algorithm that is not accepted.
pub(super) fn parse(token: &str) -> Result<LogoutToken<'_>, Refusal> {
    if token.len() > LONGEST {
        return Err(Refusal::Other("it is too long"));
    }
    let parts: Vec<&str> = token.split('.').collect();
    let &[header, payload, signature] = parts.as_slice() else {
        return Err(Refusal::Other("it is no JWS"));
    };
    let signed = &token[..header.len() + 1 + payload.len()];
    let header: Header = json(header)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Refusal::Other("its algorithm is not accepted"));
    }
    if header.crit.is_some() || header.cty.is_some() {
        return Err(Refusal::Other("its header asks for what is not understood"));
    }
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    let kind = kind
        .as_deref()
        .map(|kind| kind.strip_prefix("application/").unwrap_or(kind));
    if !matches!(kind, None | Some("jwt" | "logout+jwt")) {
        return Err(Refusal::Other("it is another kind of token"));
    }
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| Refusal::Other("its signature cannot be read"))?;
    Ok(LogoutToken {
        header,
        signed,
        payload,
        signature,
    })
}

impl LogoutToken<'_> {
    /// What the token says, when it holds.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn verify(
        &self,
        keys: &CoreJsonWebKeySet,
        rules: &Rules,
    ) -> Result<LogoutNotice, Refusal> {
        let key = self.key(keys)?;
        key.verify_signature(&self.header.alg, self.signed.as_bytes(), &self.signature)
            .map_err(|_| Refusal::Other("its signature is wrong"))?;
        let Claims {
            iss,
            aud,
            iat,
            exp,
            jti,
            events,
            sub,
            sid,
            nonce,
        } = json(self.payload)?;
        let is_for_us = match &aud {
            Audience::One(client) => client == rules.client_id.as_str(),
            Audience::Several(clients) => clients
                .iter()
                .any(|client| client == rules.client_id.as_str()),
        };
        let now = rules.now.0.div_euclid(1000);
        let refusal = if iss != rules.issuer.as_str() {
            "another issuer made it"
        } else if !is_for_us {
            "it is for another client"
        } else if iat > now + LEEWAY_SECONDS {
            "it was issued in the future"
        } else if iat < now - OLDEST_SECONDS {
            "it is too old"
        } else if exp.is_some_and(|exp| exp <= now - LEEWAY_SECONDS) {
            "it has expired"
        } else if !events.get(EVENT).is_some_and(Value::is_object) {
            "it is about no logout"
        } else if nonce.is_some() {
            "it has a nonce, as only an ID token has"
        } else if jti.is_empty() {
            "it has no id"
        } else if sub.as_deref().unwrap_or_default().is_empty()
            && sid.as_deref().unwrap_or_default().is_empty()
        {
            "it names neither a person nor a session"
        } else {
            return Ok(LogoutNotice {
                issuer: iss,
                id: jti,
                subject: sub.filter(|sub| !sub.is_empty()),
                sid: sid.filter(|sid| !sid.is_empty()),
            });
        };
        Err(Refusal::Other(refusal))
    }

    /// The one key that can have signed it.
    fn key<'k>(&self, keys: &'k CoreJsonWebKeySet) -> Result<&'k CoreJsonWebKey, Refusal> {
        let kind = self.header.alg.key_type();
        let mut fitting = keys.keys().iter().filter(|key| {
            kind.as_ref() == Some(key.key_type())
                && key
                    .key_use()
                    .is_none_or(|key_use| key_use.allows_signature())
                && self
                    .header
                    .kid
                    .as_ref()
                    .is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid))
        });
        match (fitting.next(), fitting.next()) {
            (None, _) => Err(Refusal::UnknownKey),
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(Refusal::Other("it does not say which key signed it")),
        }
    }
}

fn json<T: DeserializeOwned>(part: &str) -> Result<T, Refusal> {
    URL_SAFE_NO_PAD
        .decode(part)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or(Refusal::Other("it cannot be read"))
}
