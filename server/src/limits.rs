//! How often one address may start a sign-in, and how large a request may be.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};

use axum::{
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::Response,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use types::{ErrorCode, Problem};

use crate::error::{self, PROBLEM};

/// No request body is larger, streamed or not; in bytes.
pub(crate) const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// What is said of one that is.
pub(crate) const TOO_LARGE: &str = "The request is larger than 16 MiB. Send less.";

/// Gives the answer to a body that is too large the form that every error has.
pub(crate) async fn too_large(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == PROBLEM);
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE && !is_problem {
        return error::problem(Problem::new(ErrorCode::TooLarge, TOO_LARGE));
    }
    response
}

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
        self.0.check_key(&party(address)).map_err(|_| {
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

/// Who is counted as one. With IPv6 everybody has a network of 2⁶⁴ addresses
/// (RFC 4291, 2.5.4), so the network counts.
fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_network_of_ipv6_is_one_party() {
        let limit = SignInLimit::new(2);
        assert!(limit.count(address("2001:db8:1:2::1")).is_ok());
        assert!(limit.count(address("2001:db8:1:2:ffff::2")).is_ok());
        assert!(limit.count(address("2001:db8:1:2::3")).is_err());
        assert!(limit.count(address("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn an_ipv4_address_counts_the_same_in_both_notations() {
        let limit = SignInLimit::new(1);
        assert!(limit.count(address("192.0.2.1")).is_ok());
        assert!(limit.count(address("::ffff:192.0.2.1")).is_err());
        assert!(limit.count(address("192.0.2.2")).is_ok());
    }
}
