//! A tenant with everything that a tenant can have.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::issuer::Account;

use super::{Browser, OPERATORS, TestApp, json as body};

/// Fields that differ whenever they are read.
const FLEETING: [&str; 3] = ["now", "last_seen_at", "last_used_at"];

/// Harbour: its admin Ada, a member, two viewers, an invitation, a token, a launch, and
/// a stack with a run that nobody works on. Ben has another tenant, Meadow, with
/// nothing in it; Otto is the platform's operator.
pub(crate) struct Homelab<'a> {
    pub(crate) ada: Browser<'a>,
    pub(crate) member: Browser<'a>,
    pub(crate) viewer: Browser<'a>,
    pub(crate) ben: Browser<'a>,
    pub(crate) operator: Browser<'a>,
    ids: BTreeMap<&'static str, String>,
}

impl<'a> Homelab<'a> {
    pub(crate) async fn build(app: &'a TestApp) -> Self {
        app.work().await;
        let person = async |name: &str| {
            let browser = app.browser();
            browser.sign_in(Account::complete(name)).await;
            browser
        };
        let (ada, ben) = (person("ada").await, person("ben").await);
        let (member, viewer, zoe) = (
            person("mel").await,
            person("vic").await,
            person("zoe").await,
        );
        let operator = app.browser();
        let otto = Account::complete("otto").role("operator", OPERATORS);
        operator.sign_in(otto.requested(OPERATORS)).await;
        let mut lab = Self {
            ada,
            member,
            viewer,
            ben,
            operator,
            ids: BTreeMap::from([("$slug", "harbour".to_owned())]),
        };
        lab.tenants().await;
        for (browser, role) in [
            (&lab.member, "member"),
            (&lab.viewer, "viewer"),
            (&zoe, "viewer"),
        ] {
            let secret = lab.invite(role).await;
            let joined = browser
                .call("/ui/invitation/accept", &format!("secret={secret}"))
                .await;
            assert_eq!(joined.status(), StatusCode::OK);
        }
        lab.invite("viewer").await;
        lab.launches().await;
        lab.stack().await;
        lab.names().await;
        lab
    }

    /// Replaces `$slug`, `$stack` and so on by what they are in Harbour.
    pub(crate) fn fill(&self, template: &str) -> String {
        self.ids
            .iter()
            .fold(template.to_owned(), |text, (name, id)| {
                text.replace(name, id)
            })
    }

    /// The same with another tenant's slug.
    pub(crate) fn fill_from(&self, slug: &str, template: &str) -> String {
        self.fill(&template.replace("$slug", slug))
    }

    pub(crate) fn id(&self, name: &str) -> &str {
        &self.ids[name]
    }

    /// An API token of somebody's, for thirty days.
    pub(crate) async fn token(browser: &Browser<'_>, scopes: &[&str]) -> String {
        Self::new_token(browser, scopes).await.1
    }

    /// The same with its id before it.
    pub(crate) async fn new_token(browser: &Browser<'_>, scopes: &[&str]) -> (String, String) {
        let wanted = json!({ "name": "a script", "scopes": scopes, "days": 30 });
        let made = browser.put(Method::POST, "/api/tokens", &wanted).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        let made = body(made).await;
        (text(&made["token"]["id"]), text(&made["secret"]))
    }

    /// Writes lines of the log of Harbour's run, as a worker in another process does.
    pub(crate) async fn write_log(app: &TestApp, first: i64, last: i64) {
        let statement = format!(
            "WITH RECURSIVE counted(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM counted WHERE i < {last}) \
             INSERT INTO run_log (run_id, number, \"at\", level, source, line) \
             SELECT run.id, counted.i, 0, 'info', '', 'a line' FROM run, counted"
        );
        app.change_namespace("harbour", &statement).await;
    }

    /// Everything that Harbour has, as its admin reads it.
    pub(crate) async fn everything(&self) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        for path in [
            "/api/tenant",
            "/api/tenant/$slug",
            "/api/tenant/$slug/members",
            "/api/tenant/$slug/audit",
            "/api/tenant/launch/$launch",
            "/api/tokens",
            "/ui/sessions",
            "/tenant/$slug/v1/stacks",
            "/tenant/$slug/v1/stacks/$stack",
            "/tenant/$slug/v1/runs",
            "/tenant/$slug/v1/runs/$run",
            "/tenant/$slug/v1/runs/$run/log",
            "/tenant/$slug/v1/nodes",
        ] {
            let path = self.fill(path);
            let answer = self.ada.get(&path).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            let mut read = body(answer).await;
            forget(&mut read);
            all.push((path, read));
        }
        all
    }

    async fn tenants(&self) {
        for (browser, name) in [(&self.ada, "Harbour"), (&self.ben, "Meadow")] {
            let made = browser
                .put(Method::POST, "/api/tenant", &json!({ "name": name }))
                .await;
            assert_eq!(made.status(), StatusCode::CREATED);
        }
    }

    /// The secret of a new invitation into Harbour.
    pub(crate) async fn invite(&self, role: &str) -> String {
        let path = "/api/tenant/harbour/invitations";
        let wanted = json!({ "role": role });
        let made = self.ada.put(Method::POST, path, &wanted).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        let url = text(&body(made).await["url"]);
        url.rsplit('/').next().expect("a secret").to_owned()
    }

    async fn launches(&mut self) {
        let launch = self.ada.start_launch("harbour").await;
        self.ids.insert("$launch", text(&launch["id"]));
        self.ada.follow(&text(&launch["redirect"])).await;
        self.member.launch("harbour").await;
        self.viewer.launch("harbour").await;
        self.ben.launch("meadow").await;
    }

    async fn stack(&mut self) {
        let kit = body(self.ada.get("/v1/stackkits/base-homelab").await).await;
        let wanted = json!({ "name": "core", "kit": "base-homelab" });
        let at = "/tenant/harbour/v1/stacks";
        let made = self.ada.put(Method::POST, at, &wanted).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        let stack = text(&body(made).await["stack"]["id"]);
        let specification = json!({ "yaml": kit["example"] });
        let path = format!("{at}/{stack}/specification");
        let saved = self.ada.put(Method::PUT, &path, &specification).await;
        assert_eq!(saved.status(), StatusCode::OK);
        let path = format!("{at}/{stack}/runs");
        let run = self
            .ada
            .put(Method::POST, &path, &json!({ "kind": "apply" }))
            .await;
        let status = run.status();
        let run = body(run).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{run}");
        self.ids.insert("$stack", stack);
        self.ids.insert("$run", run["run"]["number"].to_string());
    }

    async fn names(&mut self) {
        let members = body(self.ada.get("/api/tenant/harbour/members").await).await;
        let zoe = find(&members["members"], "name", "zoe Example");
        let tenant = body(self.ada.get("/api/tenant/harbour").await).await;
        let instances = body(self.operator.get("/api/admin/instances").await).await;
        let sessions = body(self.ada.get("/ui/sessions").await).await;
        let session = first_id(&sessions).expect("a session");
        let (token, _) = Self::new_token(&self.ada, &["read", "write", "approve"]).await;
        self.ids.extend([
            ("$user", text(&zoe["user"])),
            ("$invitation", text(&members["invitations"][0]["id"])),
            ("$tenant", text(&tenant["id"])),
            ("$instance", text(&instances[0]["id"])),
            ("$session", session),
            ("$token", token),
        ]);
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn find<'v>(list: &'v Value, field: &str, wanted: &str) -> &'v Value {
    list.as_array()
        .and_then(|items| items.iter().find(|item| item[field] == wanted))
        .unwrap_or_else(|| panic!("no {field} {wanted} in {list}"))
}

/// The first field `id`, however deep.
fn first_id(value: &Value) -> Option<String> {
    match value {
        Value::Object(fields) => match fields.get("id") {
            Some(Value::String(id)) => Some(id.clone()),
            _ => fields.values().find_map(first_id),
        },
        Value::Array(items) => items.iter().find_map(first_id),
        _ => None,
    }
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !FLEETING.contains(&name.as_str()));
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}
