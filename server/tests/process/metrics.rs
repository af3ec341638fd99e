//! `/metrics`: what is there, under which names, what must not be there, and how many
//! series there can be.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{
    browser::Browser,
    eventually,
    lab::Lab,
    place::{KEY, Place},
    server::Options,
};

/// Families by name, with their type and whether they are explained.
fn families(text: &str) -> BTreeMap<String, (String, bool)> {
    let mut families = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            let help = format!("# HELP {name} ");
            let explained = text.lines().any(|line| line.starts_with(&help));
            families.insert(name.to_owned(), (kind.to_owned(), explained));
        }
    }
    families
}

/// The names with labels of all series.
fn series(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.rsplit_once(' ').expect("a value").0.to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn measures_are_named_as_prometheus_asks() {
    let place = Place::sqlite();
    let server = Options::on(&place).start().await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    lab.apply().await;
    let text = eventually("all measures", async || {
        let text = server.metrics().await;
        let all = [
            "kombify_requests_total{",
            "kombify_request_duration_seconds_bucket{",
            "kombify_database_query_duration_seconds_bucket{",
            "kombify_database_connections{database=\"control\"",
            "kombify_database_connections{database=\"instance\"",
            "kombify_jobs_enqueued_total{",
            "kombify_jobs_claimed_total{",
            "kombify_jobs_finished_total{",
            "kombify_jobs_wait_seconds_bucket{",
            "kombify_jobs_duration_seconds_bucket{",
            "kombify_jobs_waiting{",
            "kombify_jobs_running{",
            "kombify_launches_total{outcome=\"done\"} 1",
            "kombify_runs_finished_total{kind=\"apply\",state=\"applied\"} 1",
            "process_resident_memory_bytes ",
            "process_cpu_seconds_total ",
        ];
        all.iter().all(|part| text.contains(part)).then_some(text)
    })
    .await;
    for (name, (kind, explained)) in families(&text) {
        assert!(explained, "{name} has no HELP");
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{name}"
        );
        match kind.as_str() {
            "counter" => assert!(name.ends_with("_total"), "{name} is a counter"),
            "histogram" => assert!(
                name.ends_with("_seconds") || name.ends_with("_bytes"),
                "{name} has no unit"
            ),
            "gauge" => assert!(!name.ends_with("_total"), "{name} is a gauge"),
            other => panic!("{name} is a {other}"),
        }
        assert!(!name.ends_with("_ms") && !name.contains("milli"), "{name}");
    }
}

/// Makes an API token, uses it in the portal and in the homelab, and gives it.
async fn use_token(lab: &mut Lab) -> String {
    let wanted = json!({ "name": "a script", "scopes": ["read"], "days": 1 });
    let made = lab.browser.post("/api/tokens", wanted).await;
    let made = made.ok(StatusCode::CREATED);
    let token = made["secret"].as_str().expect("a token").to_owned();
    let bearer = format!("Bearer {token}");
    let stacks = format!("/tenant/{}/v1/stacks", lab.slug);
    for path in ["/api/tenant", stacks.as_str()] {
        let headers = [("authorization", bearer.as_str())];
        let seen = lab.browser.send(Method::GET, path, &headers, None).await;
        assert_eq!(seen.status, 200, "{seen:?}");
    }
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn measures_name_nobody_and_let_nobody_in() {
    let place = Place::sqlite();
    let server = Options::on(&place).start().await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    lab.apply().await;
    let token = use_token(&mut lab).await;
    let members = format!("/api/tenant/{}/members", lab.slug);
    let members = lab.browser.get(&members).await.ok(StatusCode::OK);
    let person = &members["members"][0];
    let text = eventually("measures of all that was done", async || {
        let text = server.metrics().await;
        let all = [
            "route=\"/auth/callback\"",
            "route=\"/sso/callback\"",
            "route=\"/api/tokens\"",
            "kombify_launches_total{",
            "kombify_runs_finished_total{",
            "kombify_jobs_finished_total{",
        ];
        all.iter().all(|part| text.contains(part)).then_some(text)
    })
    .await;
    let cookies = lab.browser.secrets();
    assert!(cookies.len() >= 2, "a session and a stack session");
    let words = [
        lab.slug.as_str(),
        "Test house",
        person["name"].as_str().expect("a name"),
        person["email"].as_str().expect("an address"),
        token.as_str(),
        KEY,
        "code=",
    ];
    for word in cookies.iter().map(String::as_str).chain(words) {
        assert!(
            !text.contains(word),
            "{word} is among the measures:\n{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_methods_that_nobody_serves_make_no_series() {
    let place = Place::sqlite();
    let server = Options::on(&place).start().await;
    let browser = Browser::at(server.address());
    let requests = async |number: usize| {
        let mut browser = browser.clone();
        for path in [
            format!("/nothing/{number}"),
            format!("/v1/nothing/{number}"),
            format!("/tenant/nobody-{number}/v1/stacks"),
            format!("/pkg/{number}.js"),
            format!("/api/tenant/nobody-{number}"),
        ] {
            browser.get(&path).await;
        }
        let method = Method::from_bytes(format!("MADE-UP-{number}").as_bytes());
        browser
            .send(method.expect("a method"), "/api/tenant", &[], None)
            .await;
    };
    requests(0).await;
    let of_requests = |text: &str| -> BTreeSet<String> {
        let all = series(text);
        all.into_iter()
            .filter(|one| one.contains("kombify_request"))
            .collect()
    };
    // The first look is a request itself, so the second one has its series.
    server.metrics().await;
    let before = of_requests(&server.metrics().await);
    assert!(!before.is_empty());
    for number in 1..20 {
        requests(number).await;
    }
    assert_eq!(before, of_requests(&server.metrics().await));
}
