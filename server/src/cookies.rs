//! Cookies: names, flags, nothing else.
//!
//! Over https a session cookie is `__Host-…` with `Secure`, `HttpOnly`, `Path=/` and
//! `SameSite=Lax`. Over http, which is loopback only, a browser refuses the prefix
//! and `Secure`, so both are left out.

use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::{Cookie, SameSite};
use time::Duration;

/// How cookies are named on this site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieNames {
    https: bool,
}

impl CookieNames {
    pub(crate) const fn new(https: bool) -> Self {
        Self { https }
    }

    /// Browsers reach this site by https.
    pub(crate) const fn is_https(self) -> bool {
        self.https
    }

    /// The portal's session.
    pub(crate) fn portal(self) -> String {
        self.name("kombify")
    }

    /// The stack service's session for one tenant.
    pub(crate) fn stack(self, slug: &str) -> String {
        self.name(&format!("kombify-stack-{slug}"))
    }

    /// The sign-in on its way.
    pub(crate) fn sign_in(self) -> String {
        self.name("kombify-sign-in")
    }

    /// The hand-over on its way.
    pub(crate) fn hand_over(self) -> String {
        self.name("sso_tx")
    }

    /// Which refusal a form without scripts was led back to its page with.
    pub(crate) fn said(self) -> String {
        self.name("kombify-said")
    }

    fn name(self, word: &str) -> String {
        if self.https {
            format!("__Host-{word}")
        } else {
            word.to_owned()
        }
    }

    /// A cookie that only the server reads and that ends with the browser, or after
    /// `max_age`.
    pub(crate) fn cookie(
        self,
        name: String,
        value: String,
        max_age: Option<Duration>,
    ) -> Cookie<'static> {
        let mut cookie = Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.https);
        if let Some(age) = max_age {
            cookie = cookie.max_age(age);
        }
        cookie.build()
    }

    /// The same cookie, gone.
    pub(crate) fn removal(self, name: String) -> Cookie<'static> {
        self.cookie(name, String::new(), Some(Duration::ZERO))
    }

    /// The stack sessions that a browser brought: slug and token.
    pub(crate) fn stack_sessions(self, headers: &HeaderMap) -> Vec<(String, String)> {
        let prefix = self.stack("");
        all(headers)
            .filter_map(|cookie| {
                let slug = cookie.name().strip_prefix(&prefix)?.to_owned();
                Some((slug, cookie.value().to_owned()))
            })
            .collect()
    }

    /// The value of a cookie that a browser brought.
    pub(crate) fn value(self, headers: &HeaderMap, name: &str) -> Option<String> {
        all(headers)
            .find(|cookie| cookie.name() == name)
            .map(|cookie| cookie.value().to_owned())
    }
}

fn all(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
}
