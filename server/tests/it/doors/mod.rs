//! Every door of the application: who may go through it, and that nobody else can.
//!
//! The table is checked against the running application: an endpoint of the OpenAPI
//! document or a server function without a row fails, and so does a route in the source
//! that is neither there nor in `others`. The document's proofs and answers are checked
//! against the table in turn.

mod document;
mod interface;
mod isolation;
mod others;
mod rest;
mod roles;
mod table;

use reqwest::{Method, Response, header};
use types::portal::{Role, Scope};

use crate::support::{Browser, TestApp};

/// A way into the application.
#[derive(Clone, Copy, Debug)]
struct Door {
    method: &'static str,
    /// With `$slug`, `$stack` and so on in place of parameters, and its query.
    path: &'static str,
    /// JSON when it begins with a brace, else form fields; the same placeholders.
    body: &'static str,
    needs: Needs,
    token: Token,
}

/// Who may go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Anybody.
    Nothing,
    /// Whoever holds the secret of a link; the table's secret is none.
    Link,
    /// Another service's proof; no session and no token is one.
    Assertion,
    /// Whoever is signed in, about themselves.
    Person,
    /// Whoever is signed in and whose the thing is.
    Owner,
    /// The platform's operators.
    Operator,
    /// Members of the tenant, with at least this role.
    Tenant(Role),
    /// The same, who have launched the homelab.
    Stack(Role),
}

/// What an API token needs to do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// This scope.
    Scope(Scope),
    /// No token can: it takes a browser.
    Never,
    /// It makes no difference.
    Any,
}

const READ: Token = Token::Scope(Scope::Read);
const WRITE: Token = Token::Scope(Scope::Write);
const APPROVE: Token = Token::Scope(Scope::Approve);

const fn door(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    needs: Needs,
    token: Token,
) -> Door {
    Door {
        method,
        path,
        body,
        needs,
        token,
    }
}

fn all() -> impl Iterator<Item = &'static Door> {
    rest::DOORS.iter().chain(interface::DOORS)
}

impl Door {
    fn method(&self) -> Method {
        self.method.parse().expect("a method")
    }

    fn changes(&self) -> bool {
        self.method != "GET"
    }

    /// Whether the tenant is in a header instead of the address.
    fn is_headed(&self) -> bool {
        self.path.starts_with("/v1/") && matches!(self.needs, Needs::Stack(_))
    }

    /// The request, with the placeholders filled.
    fn request(
        &self,
        by: &Caller<'_>,
        slug: &str,
        fill: impl Fn(&str) -> String,
    ) -> reqwest::RequestBuilder {
        let path = fill(self.path);
        let mut request = match by {
            Caller::Nobody(app) => app.request(self.method(), &path),
            Caller::Browser(browser) => browser.request(self.method(), &path),
            Caller::Token(app, token) => app.request(self.method(), &path).bearer_auth(token),
        };
        if self.is_headed() {
            request = request.header("x-tenant-id", slug);
        }
        if self.body.is_empty() {
            return request;
        }
        let kind = if self.body.starts_with('{') {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        };
        request
            .header(header::CONTENT_TYPE, kind)
            .body(fill(self.body))
    }

    async fn knock(&self, by: &Caller<'_>, slug: &str, fill: impl Fn(&str) -> String) -> Response {
        self.request(by, slug, fill)
            .send()
            .await
            .expect("an answer")
    }
}

/// Who stands before a door.
enum Caller<'a> {
    Nobody(&'a TestApp),
    Browser(&'a Browser<'a>),
    Token(&'a TestApp, String),
}
