//! How the fake issuer makes its tokens, rightly and wrongly.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Account, CLIENT_ID, CLIENT_SECRET, Fault,
    keys::{Key, Signing},
};

/// A logout token that is right unless it is changed.
#[derive(Clone, Debug)]
pub struct LogoutToken {
    pub(super) claims: Map<String, Value>,
    pub(super) removed: Vec<String>,
    pub(super) kind: String,
    pub(super) signing: Signing,
    pub(super) issued_in: i64,
    pub(super) expires_in: i64,
}

impl LogoutToken {
    /// About one session of a person.
    #[must_use]
    pub fn of_session(subject: &str, sid: &str) -> Self {
        Self::of_subject(subject).claim("sid", sid)
    }

    /// About all sessions of a person.
    #[must_use]
    pub fn of_subject(subject: &str) -> Self {
        Self {
            claims: Map::from_iter([("sub".to_owned(), json!(subject))]),
            removed: Vec::new(),
            kind: "logout+jwt".to_owned(),
            signing: Signing::Proper,
            issued_in: 0,
            expires_in: 120,
        }
    }

    /// With this claim, whatever it was.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Without this claim.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.removed.push(name.to_owned());
        self
    }

    /// With this `typ`.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    /// Signed in another way.
    #[must_use]
    pub fn signed(mut self, signing: Signing) -> Self {
        self.signing = signing;
        self
    }

    /// Issued and expiring so many seconds from now.
    #[must_use]
    pub fn times(mut self, issued_in: i64, expires_in: i64) -> Self {
        (self.issued_in, self.expires_in) = (issued_in, expires_in);
        self
    }
}

/// What an ID token is made from.
pub(super) struct Occasion<'a> {
    pub(super) issuer: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
    pub(super) lifetime: i64,
    pub(super) nonce: Option<&'a str>,
    pub(super) access_token: &'a str,
}

/// The ID token of a sign-in, with its faults.
pub(super) fn id_token(account: &Account, occasion: &Occasion<'_>, key: &Key) -> String {
    let Occasion {
        issuer,
        now,
        lifetime,
        nonce,
        access_token,
    } = *occasion;
    let mut claims = account.claims.clone();
    let mut set = |name: &str, value: Value| {
        claims.insert(name.to_owned(), value);
    };
    set("iss", json!(issuer));
    set("aud", json!([CLIENT_ID]));
    set("sub", json!(account.subject));
    set("sid", json!(account.sid));
    set("iat", json!(now));
    set("exp", json!(now + lifetime));
    set("at_hash", json!(half_hash(access_token)));
    if let Some(nonce) = nonce {
        set("nonce", json!(nonce));
    }
    let mut signing = Signing::Proper;
    for fault in &account.faults {
        match fault {
            Fault::WrongNonce => set("nonce", json!("the-nonce-of-another-sign-in")),
            Fault::NoNonce => set("nonce", Value::Null),
            Fault::Signed(how) => signing = *how,
            Fault::ForeignIssuer => set("iss", json!("https://issuer.example.test")),
            Fault::ForeignAudience => set("aud", json!(["another-client"])),
            Fault::ForeignAuthorizedParty => {
                set("aud", json!([CLIENT_ID, "another-client"]));
                set("azp", json!("another-client"));
            }
            Fault::Audiences(others) => {
                let all: Vec<&str> = std::iter::once(CLIENT_ID)
                    .chain(others.iter().map(String::as_str))
                    .collect();
                set("aud", json!(all));
            }
            Fault::ProjectAudience(project) => {
                set("aud", json!([CLIENT_ID, project]));
                set("azp", json!(CLIENT_ID));
            }
            Fault::ExpiresIn(seconds) => set("exp", json!(now + seconds)),
            Fault::IssuedIn(seconds) => set("iat", json!(now + seconds)),
            Fault::NotBeforeIn(seconds) => set("nbf", json!(now + seconds)),
            Fault::WrongAccessTokenHash => set("at_hash", json!(half_hash("another"))),
            Fault::NoIdToken
            | Fault::ForeignUserinfo
            | Fault::SilentUserinfo
            | Fault::UnsendableAccessToken => {}
        }
    }
    claims.retain(|_, value| !value.is_null());
    jws(&claims, "JWT", signing, key)
}

/// A logout token (OpenID Connect Back-Channel Logout 1.0, 2.4).
pub(super) fn logout_token(
    token: &LogoutToken,
    issuer: &str,
    now: i64,
    jti: &str,
    key: &Key,
) -> String {
    let mut claims = Map::from_iter([
        ("iss".to_owned(), json!(issuer)),
        ("aud".to_owned(), json!(CLIENT_ID)),
        ("iat".to_owned(), json!(now + token.issued_in)),
        ("exp".to_owned(), json!(now + token.expires_in)),
        ("jti".to_owned(), json!(jti)),
        (
            "events".to_owned(),
            json!({ "http://schemas.openid.net/event/backchannel-logout": {} }),
        ),
    ]);
    claims.extend(token.claims.clone());
    claims.retain(|name, _| !token.removed.contains(name));
    jws(&claims, &token.kind, token.signing, key)
}

/// A JWS in compact form (RFC 7515).
fn jws(claims: &Map<String, Value>, kind: &str, signing: Signing, key: &Key) -> String {
    let id = if signing == Signing::UnknownKeyId {
        "nobodys-key"
    } else {
        &key.id
    };
    let header = json!({ "alg": signing.algorithm(), "typ": kind, "kid": id });
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let message = format!(
        "{}.{}",
        encode(&header),
        encode(&Value::Object(claims.clone()))
    );
    let signature = key.sign(signing, message.as_bytes(), CLIENT_SECRET);
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// `at_hash` (OpenID Connect Core 1.0, 3.1.3.6).
fn half_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(token)[..16])
}
