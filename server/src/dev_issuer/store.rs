//! What the issuer remembers: codes while it runs, and the sessions that came of them
//! in a file, so that a restart signs nobody out. Tokens are kept as their hashes.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{env::Env, vault::fingerprint};
use serde::{Deserialize, Serialize};
use types::Timestamp;

use super::account::{self, Account};

/// A code is good for so long, once.
const CODE_SECONDS: i64 = 60;
/// How long an access token works.
pub(super) const TOKEN_SECONDS: i64 = 3_600;
/// A session ends so long after its sign-in.
const SESSION_SECONDS: i64 = 12 * 3_600;

pub(super) struct Store {
    file: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    codes: HashMap<String, Issued>,
    sessions: HashMap<String, Session>,
}

/// What an authorisation code stands for.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) account: &'static Account,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) offline: bool,
}

/// A code that was given out; it is remembered for its whole life, used or not.
struct Issued {
    code: Code,
    sid: String,
    used: bool,
    expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Session {
    #[serde(serialize_with = "account::write", deserialize_with = "account::read")]
    account: &'static Account,
    begun_at: Timestamp,
    access_hash: String,
    access_until: Timestamp,
    /// None: the client did not ask for refresh tokens.
    refresh_hash: Option<String>,
}

/// The tokens of a session, fresh.
pub(super) struct Granted {
    pub(super) account: &'static Account,
    pub(super) sid: String,
    pub(super) begun_at: Timestamp,
    pub(super) nonce: Option<String>,
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
}

impl Store {
    /// What an earlier process left in this file. One that cannot be read is as good as
    /// none: people sign in again.
    pub(super) fn open(file: PathBuf) -> Self {
        let sessions = fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let inner = Inner {
            codes: HashMap::new(),
            sessions,
        };
        Self {
            file,
            inner: Mutex::new(inner),
        }
    }

    /// A code for one sign-in.
    pub(super) fn issue(&self, code: Code, env: &Env) -> String {
        let text = env.secret();
        let issued = Issued {
            code,
            sid: env.secret(),
            used: false,
            expires_at: env.now().plus_seconds(CODE_SECONDS),
        };
        self.inner(env.now()).codes.insert(text.clone(), issued);
        text
    }

    /// Tokens for a code that `fits`. A code works once; used again, it ends the
    /// session that came of it (RFC 6749, 4.1.2).
    pub(super) fn redeem(
        &self,
        code: &str,
        env: &Env,
        fits: impl FnOnce(&Code) -> bool,
    ) -> Option<Granted> {
        let now = env.now();
        let mut inner = self.inner(now);
        let issued = inner.codes.get_mut(code)?;
        let sid = issued.sid.clone();
        if issued.used {
            inner.sessions.remove(&sid);
            self.keep(&inner);
            return None;
        }
        issued.used = true;
        let code = issued.code.clone();
        if !fits(&code) {
            return None;
        }
        let session = Session {
            account: code.account,
            begun_at: now,
            access_hash: String::new(),
            access_until: now,
            refresh_hash: code.offline.then(String::new),
        };
        let session = inner.sessions.entry(sid.clone()).insert_entry(session);
        let granted = session.into_mut().renew(sid, code.nonce, env);
        self.keep(&inner);
        Some(granted)
    }

    /// New tokens for a refresh token (`<sid>.<secret>`), which is used up by it. One
    /// that was used before ends the session: somebody else has it too (RFC 9700, 4.14).
    pub(super) fn refresh(&self, token: &str, env: &Env) -> Option<Granted> {
        let (sid, _) = token.split_once('.')?;
        let mut inner = self.inner(env.now());
        let session = inner.sessions.get_mut(sid)?;
        let granted = (session.refresh_hash == Some(fingerprint(token)))
            .then(|| session.renew(sid.to_owned(), None, env));
        if granted.is_none() {
            inner.sessions.remove(sid);
        }
        self.keep(&inner);
        granted
    }

    /// Whose access token this is.
    pub(super) fn bearer(&self, token: &str, env: &Env) -> Option<&'static Account> {
        let (sid, _) = token.split_once('.')?;
        let inner = self.inner(env.now());
        let session = inner.sessions.get(sid)?;
        let holds = session.access_hash == fingerprint(token) && session.access_until > env.now();
        holds.then_some(session.account)
    }

    /// Ends a session; its tokens work no more.
    pub(super) fn end(&self, sid: &str, env: &Env) {
        let mut inner = self.inner(env.now());
        inner.sessions.remove(sid);
        self.keep(&inner);
    }

    fn keep(&self, inner: &Inner) {
        if let Err(error) = self.write(inner) {
            tracing::warn!(path = %self.file.display(), %error, "the development issuer's sessions end with this process");
        }
    }

    /// Whole or not at all, also when the process is killed.
    fn write(&self, inner: &Inner) -> io::Result<()> {
        let next = self.file.with_extension("next");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&next)?;
        file.write_all(&serde_json::to_vec(&inner.sessions)?)?;
        file.sync_all()?;
        fs::rename(next, &self.file)
    }

    /// What is remembered, without what has ended by time.
    fn inner(&self, now: Timestamp) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.codes.retain(|_, issued| issued.expires_at > now);
        inner
            .sessions
            .retain(|_, session| session.begun_at.plus_seconds(SESSION_SECONDS) > now);
        inner
    }
}

impl Session {
    fn renew(&mut self, sid: String, nonce: Option<String>, env: &Env) -> Granted {
        let access_token = format!("{sid}.{}", env.secret());
        self.access_hash = fingerprint(&access_token);
        self.access_until = env.now().plus_seconds(TOKEN_SECONDS);
        let refresh_token = self.refresh_hash.as_mut().map(|hash| {
            let token = format!("{sid}.{}", env.secret());
            *hash = fingerprint(&token);
            token
        });
        Granted {
            account: self.account,
            sid,
            begun_at: self.begun_at,
            nonce,
            access_token,
            refresh_token,
        }
    }
}
