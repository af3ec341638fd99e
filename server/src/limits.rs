//! How often one address may start a sign-in.

use std::{net::IpAddr, num::NonZeroU32};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use types::ErrorCode;

/// Counts sign-ins by address.
pub(crate) struct SignInLimit(DefaultKeyedRateLimiter<IpAddr>);

impl SignInLimit {
    pub(crate) fn new(per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        Self(RateLimiter::keyed(Quota::per_minute(per_minute)))
    }

    /// Counts one.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) fn count(&self, address: IpAddr) -> domain::Result<()> {
        self.0.check_key(&address).map_err(|_| {
            domain::Error::refused(
                ErrorCode::RateLimited,
                "Too many sign-ins from this address. Wait a minute, then try again.",
            )
        })
    }

    /// Forgets addresses that have been quiet.
    pub(crate) fn sweep(&self) {
        self.0.retain_recent();
    }
}
