//! A browser: it keeps cookies and says where its requests come from.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use test_support::issuer::Account;

use super::{TestApp, json as body, location, path_of};

/// Somebody's browser.
pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// One answer on the way of redirects.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) address: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
}

impl Step {
    /// Value and flags of a cookie that the answer sets.
    pub(crate) fn set_cookie(&self, name: &str) -> Option<(&str, &str)> {
        let all = self.headers.get_all(header::SET_COOKIE);
        all.iter().find_map(|set| {
            let rest = set.to_str().ok()?.strip_prefix(name)?;
            rest.strip_prefix('=')?.split_once("; ")
        })
    }
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            cookies: Mutex::default(),
        }
    }

    /// A request of this browser, from a page of the site.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.app
            .request(method, path)
            .header(header::COOKIE, self.cookies())
            .header("sec-fetch-site", "same-origin")
    }

    /// Sends a request and keeps the cookies that the answer sets.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Response {
        let answer = request.send().await.expect("an answer");
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().expect("text");
            let (pair, flags) = set.split_once(';').unwrap_or((set, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if flags.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        drop(cookies);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends JSON.
    pub(crate) async fn put(&self, method: Method, path: &str, body: &Value) -> Response {
        self.send(self.request(method, path).json(body)).await
    }

    /// Calls a server function with form fields as they stand in a body.
    pub(crate) async fn call(&self, path: &str, fields: &str) -> Response {
        let form = "application/x-www-form-urlencoded";
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, form)
            .body(fields.to_owned());
        self.send(request).await
    }

    /// All cookies, as they are sent.
    pub(crate) fn cookies(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let value = cookies.get(name).cloned();
        value.unwrap_or_else(|| panic!("no cookie {name} among {:?}", cookies.keys()))
    }

    /// Puts a cookie into the browser.
    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Starts a sign-in and lets the issuer send the browser back: the callback.
    pub(crate) async fn begin(&self, account: Account) -> String {
        let start = self.get("/auth/sign-in?return_to=%2Fkits").await;
        assert_eq!(start.status(), StatusCode::SEE_OTHER);
        let back = self
            .app
            .issuer()
            .authorize(&location(&start), account)
            .await;
        path_of(&back)
    }

    /// Tries to sign in; what the callback answers.
    pub(crate) async fn try_sign_in(&self, account: Account) -> Response {
        let callback = self.begin(account).await;
        self.get(&callback).await
    }

    /// Signs in.
    pub(crate) async fn sign_in(&self, account: Account) {
        let answer = self.try_sign_in(account).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(location(&answer), "/kits");
    }

    /// Binds the tenant of this name to an organisation of the provider, as an operator.
    pub(crate) async fn bind(&self, tenant: &str, organisation: Value) -> Response {
        let all = body(self.get("/api/admin/tenants").await).await;
        let mut tenants = all.as_array().expect("tenants").iter();
        let found = tenants.find(|one| one["name"] == tenant).expect("a tenant");
        let id = found["id"].as_str().expect("an id");
        let path = format!("/api/admin/tenants/{id}/organisation");
        let wanted = json!({ "organisation_id": organisation });
        self.put(Method::PUT, &path, &wanted).await
    }

    /// Follows redirects of this site to their end.
    pub(crate) async fn follow(&self, address: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut next = Some(address.to_owned());
        while let Some(address) = next {
            let answer = self.get(&path_of(&address)).await;
            let (status, headers) = (answer.status(), answer.headers().clone());
            next = status.is_redirection().then(|| location(&answer));
            steps.push(Step {
                address,
                status,
                headers,
            });
            assert!(steps.len() < 10, "redirects without an end");
        }
        steps
    }

    /// Asks for a launch and waits for its end: the launch.
    pub(crate) async fn start_launch(&self, slug: &str) -> Value {
        let launch = json!({ "tenant": slug });
        let started = self.put(Method::POST, "/api/tenant/launch", &launch).await;
        assert_eq!(started.status(), StatusCode::ACCEPTED);
        let launch = body(started).await;
        let path = format!(
            "/api/tenant/launch/{}",
            launch["id"].as_str().expect("an id")
        );
        // The live view ends with the launch.
        let events = self.get(&format!("{path}/events")).await;
        events.text().await.expect("the steps");
        let launch = body(self.get(&path).await).await;
        assert!(launch["redirect"].is_string(), "no way in: {launch}");
        launch
    }

    /// Launches a homelab and goes in.
    pub(crate) async fn launch(&self, slug: &str) -> Vec<Step> {
        let launch = self.start_launch(slug).await;
        let steps = self
            .follow(launch["redirect"].as_str().expect("a way in"))
            .await;
        self.cookie(&format!("kombify-stack-{slug}"));
        steps
    }

    /// A request below `/v1` for a tenant.
    pub(crate) async fn in_stack(&self, slug: &str, path: &str) -> Response {
        let request = self.request(Method::GET, path).header("x-tenant-id", slug);
        self.send(request).await
    }
}
