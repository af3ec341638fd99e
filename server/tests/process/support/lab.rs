//! Somebody's launched homelab with one stack.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    browser::{Answer, Browser},
    eventually,
};

const KIT: &str = "base-homelab";

/// A stack in a launched homelab, with its owner's browser.
#[derive(Clone)]
pub(crate) struct Lab {
    pub(crate) browser: Browser,
    pub(crate) slug: String,
    pub(crate) stack: String,
    pub(crate) example: String,
}

impl Lab {
    /// Signs in, launches a homelab, and saves the kit's example as a stack.
    pub(crate) async fn open(mut browser: Browser) -> Self {
        browser.sign_in("owner").await;
        let slug = browser.launch("Test house").await;
        let kit = browser.get(&format!("/v1/stackkits/{KIT}")).await;
        let kit = kit.ok(StatusCode::OK);
        let example = kit["example"].as_str().expect("an example").to_owned();
        let mut lab = Self {
            browser,
            slug,
            stack: String::new(),
            example,
        };
        lab.stack = lab.make_stack("core").await;
        lab
    }

    /// A new stack of the kit with its example saved; its id.
    pub(crate) async fn make_stack(&mut self, name: &str) -> String {
        let wanted = json!({ "name": name, "kit": KIT });
        let made = self.send(Method::POST, "/v1/stacks", Some(wanted)).await;
        let made = made.ok(StatusCode::CREATED);
        let id = made["stack"]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{made}"));
        let id = id.to_owned();
        let example = self.example.clone();
        let saved = self.save(&id, &example).await.ok(StatusCode::OK);
        assert_eq!(saved["stack"]["revision"], 1, "{saved}");
        id
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let slug = self.slug.clone();
        self.browser
            .send(method, path, &[("x-tenant-id", &slug)], body)
            .await
    }

    pub(crate) async fn save(&mut self, stack: &str, yaml: &str) -> Answer {
        let path = format!("/v1/stacks/{stack}/specification");
        self.send(Method::PUT, &path, Some(json!({ "yaml": yaml })))
            .await
    }

    /// Asks for a plan; the run's number.
    pub(crate) async fn plan(&mut self) -> i64 {
        let path = format!("/v1/stacks/{}/runs", self.stack);
        let made = self
            .send(Method::POST, &path, Some(json!({ "kind": "apply" })))
            .await;
        let made = made.ok(StatusCode::ACCEPTED);
        made["run"]["number"].as_i64().expect("a number")
    }

    pub(crate) async fn run(&mut self, number: i64) -> Value {
        let seen = self
            .send(Method::GET, &format!("/v1/runs/{number}"), None)
            .await;
        seen.ok(StatusCode::OK)
    }

    /// The lines of a run's log, after having checked that none is missing.
    pub(crate) async fn log(&mut self, number: i64) -> Vec<String> {
        let path = format!("/v1/runs/{number}/log");
        let lines = self.send(Method::GET, &path, None).await.ok(StatusCode::OK);
        let lines = lines.as_array().expect("lines");
        for (place, line) in lines.iter().enumerate() {
            assert_eq!(line["number"], place + 1, "numbers have no gaps");
        }
        lines
            .iter()
            .map(|line| line["line"].as_str().expect("text").to_owned())
            .collect()
    }

    /// Waits until a run is in one of these states.
    pub(crate) async fn until(&mut self, number: i64, states: &[&str]) -> Value {
        eventually(&format!("run {number} in {states:?}"), async || {
            let mut lab = self.clone();
            let run = lab.run(number).await;
            let state = run["run"]["state"].as_str().expect("a state").to_owned();
            if states.contains(&state.as_str()) {
                return Some(run);
            }
            let ended = !matches!(
                state.as_str(),
                "queued" | "planning" | "waiting" | "approved" | "applying"
            );
            assert!(!ended, "run {number} ended otherwise: {run}");
            None
        })
        .await
    }

    /// Approves exactly the plan that waits.
    pub(crate) async fn approve(&mut self, number: i64) -> Value {
        let digest = self.run(number).await["plan_digest"].clone();
        let path = format!("/v1/runs/{number}/approve");
        let decided = self
            .send(Method::POST, &path, Some(json!({ "plan_digest": digest })))
            .await;
        decided.ok(StatusCode::OK)
    }

    /// Plans, approves and applies; the end.
    pub(crate) async fn apply(&mut self) -> Value {
        let number = self.plan().await;
        self.until(number, &["waiting"]).await;
        self.approve(number).await;
        self.until(number, &["applied"]).await
    }
}
