//! What the issuer remembers while it runs: codes and refresh tokens, each good once.

use std::{collections::HashMap, sync::{Mutex, PoisonError}};

use types::Timestamp;

#[derive(Default)]
pub(super) struct Store {
    codes: Mutex<HashMap<String, Code>>,
    refresh: Mutex<HashMap<String, Grant>>,
}

/// An authorisation code.
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) expires_at: Timestamp,
}

/// Who was signed in, and in which session.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) subject: String,
    pub(super) sid: String,
}

impl Store {
    pub(super) fn keep_code(&self, code: String, value: Code) {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(code, value);
    }

    pub(super) fn take_code(&self, code: &str) -> Option<Code> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(code)
    }

    pub(super) fn keep_refresh(&self, token: String, grant: Grant) {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner).insert(token, grant);
    }

    /// A refresh token is used up by its use (rotation).
    pub(super) fn take_refresh(&self, token: &str) -> Option<Grant> {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner).remove(token)
    }

    pub(super) fn end_session(&self, subject: &str) {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, grant| grant.subject != subject);
    }
}
