//! A value with the server's time when it was read.

use serde::{Deserialize, Serialize};
use types::Timestamp;

/// A list that carries no time of its own, with the time it was read, so that
/// relative times agree on the server and in the browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dated<T> {
    /// What was read.
    pub(crate) value: T,
    /// The server's time when it was read.
    pub(crate) now: Timestamp,
}

#[cfg(feature = "ssr")]
impl<T> Dated<T> {
    /// The value as read now.
    pub(crate) fn now(value: T) -> Self {
        Self {
            value,
            now: crate::request::now(),
        }
    }
}
