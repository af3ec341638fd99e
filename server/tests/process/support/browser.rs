//! A person's browser: cookies, redirects, and which process serves which path.

use std::{collections::BTreeMap, sync::Arc};

use reqwest::{Method, Response, StatusCode, header, redirect::Policy};
use serde_json::{Value, json};

use super::eventually;

/// The address of the process that serves a path, as a reverse proxy decides it.
pub(crate) type Routes = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// A browser with its cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) http: reqwest::Client,
    routes: Routes,
    cookies: BTreeMap<String, String>,
}

/// An answer that was read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) request_id: String,
    pub(crate) body: Value,
    pub(crate) location: String,
}

impl Answer {
    /// The JSON of an answer with this status.
    pub(crate) fn ok(self, status: StatusCode) -> Value {
        assert_eq!(self.status, status.as_u16(), "{self:?}");
        self.body
    }

    /// The code of a problem with this status.
    pub(crate) fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.kind, "application/problem+json", "{self:?}");
        assert_eq!(self.body["request_id"], self.request_id, "{self:?}");
        let detail = self.body["detail"].as_str().expect("a sentence");
        assert!(detail.ends_with('.'), "{self:?}");
        self.body["code"].as_str().expect("a code")
    }
}

impl Browser {
    pub(crate) fn new(routes: Routes) -> Self {
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            http,
            routes,
            cookies: BTreeMap::new(),
        }
    }

    /// One that knows a single server.
    pub(crate) fn at(address: String) -> Self {
        Self::new(Arc::new(move |_| address.clone()))
    }

    /// Sends a request and leaves the answer's body unread.
    pub(crate) async fn open(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self
            .http
            .request(method, format!("{}{path}", (self.routes)(path)))
            .header(header::COOKIE, cookies.join("; "))
            .header("sec-fetch-site", "same-origin");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        self.remember(&answer);
        Ok(answer)
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let answer = self.open(method, path, headers, body).await;
        read(answer.expect("an answer")).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// Signs in at the development issuer.
    pub(crate) async fn sign_in(&mut self, account: &str) {
        let start = self.get("/auth/sign-in").await;
        assert_eq!(start.status, 303, "{start:?}");
        let chosen = format!("{}&prompt=none&login_hint={account}", start.location);
        let chosen = self.follow(&chosen).await;
        let back = self.follow(&chosen.location).await;
        assert_eq!(back.status, 303, "{back:?}");
        assert!(self.cookies.contains_key("kombify"), "{back:?}");
    }

    /// Makes a tenant and launches it; its slug.
    pub(crate) async fn launch(&mut self, name: &str) -> String {
        let made = self.post("/api/tenant", json!({ "name": name })).await;
        let made = made.ok(StatusCode::CREATED);
        let slug = made["slug"].as_str().expect("a slug").to_owned();
        self.enter(&slug).await;
        slug
    }

    /// Launches a homelab. An instance is ready a moment after the platform's start.
    pub(crate) async fn enter(&mut self, slug: &str) {
        let redirect = eventually("a launch", async || {
            let mut browser = self.clone();
            let started = browser
                .post("/api/tenant/launch", json!({ "tenant": slug }))
                .await
                .ok(StatusCode::ACCEPTED);
            let id = started["id"].as_str().expect("an id").to_owned();
            let ended = eventually("the end of a launch", async || {
                let mut browser = browser.clone();
                let seen = browser.get(&format!("/api/tenant/launch/{id}")).await;
                let seen = seen.ok(StatusCode::OK);
                (seen["ended"] == true).then_some(seen)
            })
            .await;
            let redirect = ended["redirect"].as_str().map(str::to_owned);
            let failure = ended["failure"].as_str().unwrap_or_default();
            let early = failure.contains("No instance is well");
            assert!(redirect.is_some() || early, "{ended}");
            redirect
        })
        .await;
        let mut next = self.follow(&redirect).await;
        while next.status == 303 && !self.cookies.contains_key(&cookie(slug)) {
            next = self.follow(&next.location).await;
        }
        assert!(self.cookies.contains_key(&cookie(slug)), "{next:?}");
    }

    /// Follows an address of this site, whichever process serves it.
    async fn follow(&mut self, address: &str) -> Answer {
        let path = match address.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/').expect("a path")..],
            None => address,
        };
        self.get(path).await
    }

    fn remember(&mut self, answer: &Response) {
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            let (pair, rest) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// What must never stand in a log: the values of all cookies.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.cookies.values().cloned().collect()
    }
}

fn cookie(slug: &str) -> String {
    format!("kombify-stack-{slug}")
}

async fn read(answer: Response) -> Answer {
    let text = |name: &str| {
        answer
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let status = answer.status().as_u16();
    let (kind, request_id, location) =
        (text("content-type"), text("x-request-id"), text("location"));
    let body = answer.text().await.expect("a body");
    Answer {
        status,
        kind,
        request_id,
        body: serde_json::from_str(&body).unwrap_or(Value::String(body)),
        location,
    }
}
