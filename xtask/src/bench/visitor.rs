//! Somebody who visits the pages: a small HTTP client that keeps cookies.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use ureq::{
    Agent, Body,
    http::{Response, header},
};

const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(50);
/// A launch and a sign-in are this many redirects at most.
const MOST_REDIRECTS: usize = 10;

/// Whether this address answers with success.
pub(super) fn answers(address: &str) -> bool {
    agent()
        .get(address)
        .call()
        .is_ok_and(|answer| answer.status().is_success())
}

fn agent() -> Agent {
    Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .build()
        .into()
}

/// A browser without a window.
pub(super) struct Visitor {
    agent: Agent,
    site: String,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    /// Nobody yet, at this site (`http://host:port`).
    pub(super) fn at(site: &str) -> Self {
        Self {
            agent: agent(),
            site: site.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    /// The header `Cookie` of the next request.
    pub(super) fn cookies(&self) -> String {
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// Signs in with an account of the development issuer.
    ///
    /// # Errors
    /// When a step answers something else.
    pub(super) fn sign_in(&mut self, account: &str) -> Result<()> {
        let authorize = self.redirect("/auth/sign-in")?;
        let chosen = format!("{authorize}&prompt=none&login_hint={account}");
        self.follow(&chosen)
    }

    /// Launches a tenant's homelab, so that the stack service knows this browser.
    ///
    /// # Errors
    /// When it fails or takes two minutes.
    pub(super) fn launch(&mut self, tenant: &str) -> Result<()> {
        let started = self.post("/api/tenant/launch", &json!({ "tenant": tenant }))?;
        let id = started["id"].as_str().context("a launch has an id")?;
        let place = format!("/api/tenant/launch/{id}");
        let launched = self.until(&place, |launch| launch["ended"] == true)?;
        let redirect = launched["redirect"]
            .as_str()
            .with_context(|| format!("the launch failed: {}", launched["failure"]))?
            .to_owned();
        self.follow(&redirect)
    }

    /// Asks until the answer is what is waited for.
    ///
    /// # Errors
    /// When that takes two minutes.
    pub(super) fn until(&mut self, path: &str, there: impl Fn(&Value) -> bool) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let mut answer = self.get(path, None)?;
            if answer.status().is_success() {
                let value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
                if there(&value) {
                    return Ok(value);
                }
            }
            ensure!(begun.elapsed() < PATIENCE, "{path} stayed as it was");
            thread::sleep(GLANCE);
        }
    }

    /// Reads a page or file, in this encoding when one is given: the very bytes.
    ///
    /// # Errors
    /// When it does not answer with success.
    pub(super) fn read(&mut self, path: &str, encoding: Option<&str>) -> Result<Vec<u8>> {
        let mut answer = self.get(path, encoding)?;
        ensure!(
            answer.status().is_success(),
            "{path} answered {}",
            answer.status()
        );
        if let Some(wanted) = encoding {
            let sent = answer.headers().get(header::CONTENT_ENCODING);
            ensure!(
                sent.is_some_and(|sent| sent == wanted),
                "{path} was not sent as {wanted}"
            );
        }
        Ok(answer.body_mut().read_to_vec()?)
    }

    fn follow(&mut self, address: &str) -> Result<()> {
        let mut next = address.to_owned();
        for _ in 0..MOST_REDIRECTS {
            let answer = self.get(&next, None)?;
            if answer.status().is_success() {
                return Ok(());
            }
            next = location(&answer)?;
        }
        bail!("{address} redirects for ever")
    }

    fn redirect(&mut self, path: &str) -> Result<String> {
        location(&self.get(path, None)?)
    }

    fn get(&mut self, path: &str, encoding: Option<&str>) -> Result<Response<Body>> {
        let mut request = self.agent.get(self.address(path));
        if !self.cookies.is_empty() {
            request = request.header(header::COOKIE, self.cookies());
        }
        if let Some(encoding) = encoding {
            request = request.header(header::ACCEPT_ENCODING, encoding);
        }
        let answer = request.call().with_context(|| path.to_owned())?;
        self.keep(&answer);
        Ok(answer)
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let mut answer = self
            .agent
            .post(self.address(path))
            .header(header::COOKIE, self.cookies())
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/json")
            .send(body.to_string())?;
        let text = answer.body_mut().read_to_string()?;
        ensure!(answer.status().is_success(), "{path} answered {text}");
        Ok(serde_json::from_str(&text)?)
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.site)
        }
    }

    fn keep(&mut self, answer: &Response<Body>) {
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap_or_default();
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            if let Some((name, value)) = pair.split_once('=') {
                if attributes.contains("Max-Age=0") {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
    }
}

fn location(answer: &Response<Body>) -> Result<String> {
    answer
        .headers()
        .get(header::LOCATION)
        .and_then(|place| place.to_str().ok())
        .map(str::to_owned)
        .with_context(|| format!("no redirect but {}", answer.status()))
}
