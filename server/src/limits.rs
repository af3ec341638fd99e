//! How often one address may start a sign-in, and how large a request may be.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
};

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::Response,
};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use ipnet::IpNet;
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
pub(crate) struct SignInLimit {
    counts: DefaultKeyedRateLimiter<IpAddr>,
    trusted_proxies: Vec<IpNet>,
}

/// Refused for so many seconds.
#[derive(Debug)]
pub(crate) struct Wait(pub(crate) u64);

impl Wait {
    pub(crate) fn error(&self) -> domain::Error {
        domain::Error::refused(
            ErrorCode::RateLimited,
            format!(
                "Too many sign-ins from this address. Wait {} s, then try again.",
                self.0
            ),
        )
    }
}

impl SignInLimit {
    pub(crate) fn new(per_minute: u32, trusted_proxies: Vec<IpNet>) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            counts: RateLimiter::keyed(Quota::per_minute(per_minute)),
            trusted_proxies,
        }
    }

    /// Counts one.
    ///
    /// # Errors
    /// When there were too many.
    pub(crate) fn count(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), Wait> {
        let client = self.client(peer, headers);
        self.counts.check_key(&party(client)).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Wait(wait.as_secs() + 1)
        })
    }

    /// Who asks: of what trusted proxies say, the last that none of them is. Anybody may
    /// send the header, so from anybody else it says nothing.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let said: Vec<_> = headers
            .get_all("x-forwarded-for")
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','))
            .collect();
        let mut client = peer;
        for before in said.into_iter().rev().map_while(address) {
            if !self.trusts(client) {
                break;
            }
            client = before;
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Forgets addresses that have been quiet.
    pub(crate) fn sweep(&self) {
        self.counts.retain_recent();
    }
}

/// An address as a proxy writes it, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<SocketAddr>().map(|it| it.ip());
    text.parse().or_else(|_| with_port()).ok()
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

    #[test]
    fn a_network_of_ipv6_is_one_party() {
        let limit = SignInLimit::new(2, Vec::new());
        let count = |text: &str| limit.count(text.parse().expect("an address"), &HeaderMap::new());
        assert!(count("2001:db8:1:2::1").is_ok());
        assert!(count("2001:db8:1:2:ffff::2").is_ok());
        assert!(count("2001:db8:1:2::3").is_err());
        assert!(count("2001:db8:1:3::1").is_ok());
    }

    #[test]
    fn an_ipv4_address_counts_the_same_in_both_notations() {
        let limit = SignInLimit::new(1, Vec::new());
        let count = |text: &str| limit.count(text.parse().expect("an address"), &HeaderMap::new());
        assert!(count("192.0.2.1").is_ok());
        assert!(count("::ffff:192.0.2.1").is_err());
        assert!(count("192.0.2.2").is_ok());
    }

    #[test]
    fn only_trusted_proxies_say_who_asks() {
        let proxies = ["10.0.0.0/24", "127.0.0.1/32"].map(|text| text.parse().expect("a network"));
        let limit = SignInLimit::new(1, proxies.to_vec());
        let client = |peer, said: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in said {
                headers.append("x-forwarded-for", value.parse().expect("a header"));
            }
            limit
                .client(address(peer).expect("an address"), &headers)
                .to_string()
        };
        assert_eq!(client("127.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(client("192.0.2.1", &["192.0.2.7"]), "192.0.2.1");
        // What a client claims itself stands before what the proxies saw.
        let claimed = ["nobody, 198.51.100.1, 192.0.2.7:5123", "10.0.0.9"];
        assert_eq!(client("127.0.0.1", &claimed), "192.0.2.7");
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client("::ffff:10.0.0.3", &["2001:db8::1"]), "2001:db8::1");
    }
}
