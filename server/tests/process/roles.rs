//! `--roles`: what one process does in development, three do on one PostgreSQL.

use nix::sys::signal::Signal;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{browser::Browser, fleet::Fleet, lab::Lab, place::Place, server::Options};

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_do_what_one_does() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let fleet = Fleet::start(&place).await;
    for (server, roles) in [
        (&fleet.portal, json!(["portal", "admin"])),
        (&fleet.stack, json!(["stack"])),
        (&fleet.worker, json!(["worker"])),
    ] {
        let (status, health) = server.health().await;
        assert_eq!((status, &health["roles"]), (200, &roles), "{health}");
    }
    let mut lab = Lab::open(fleet.browser()).await;
    let number = lab.plan().await;

    // The stack service's process streams what the worker does.
    let path = format!("/tenant/{}/v1/runs/{number}/events", lab.slug);
    let stream = lab.browser.open(Method::GET, &path, &[], None).await;
    let mut stream = stream.expect("a stream");
    let mut seen = String::new();
    while !(seen.contains("\"state\":\"waiting\"") && seen.contains("event: log")) {
        let piece = stream.chunk().await.expect("a stream");
        seen.push_str(&String::from_utf8_lossy(&piece.expect("more")));
    }
    lab.approve(number).await;
    while !seen.contains("\"state\":\"applied\"") {
        let piece = stream.chunk().await.expect("a stream");
        seen.push_str(&String::from_utf8_lossy(&piece.expect("more")));
    }

    // The portal's process streams a launch that the worker does.
    let again = json!({ "tenant": lab.slug });
    let started = lab.browser.post("/api/tenant/launch", again).await;
    let started = started.ok(StatusCode::ACCEPTED);
    let id = started["id"].as_str().expect("an id");
    let path = format!("/api/tenant/launch/{id}/events");
    let stream = lab.browser.open(Method::GET, &path, &[], None).await;
    let stream = stream.expect("a stream").text().await;
    let seen = stream.expect("a stream that ends with the launch");
    assert!(seen.contains("\"ended\":true"), "{seen}");
    assert!(seen.contains("/sso/start"), "{seen}");
    let launches = fleet.worker.metrics().await;
    assert!(
        launches.contains("kombify_launches_total{outcome=\"done\"} 2"),
        "{launches}"
    );
    for server in [fleet.portal, fleet.stack, fleet.worker] {
        server.signal(Signal::SIGTERM);
        assert_eq!(server.wait().await.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_of_another_role_says_so() {
    let place = Place::sqlite();
    for (roles, foreign, own) in [
        ("portal", "/v1/stacks", "/api/tenant"),
        ("portal", "/api/admin/instances", "/"),
        ("admin", "/auth/sign-in", "/api/admin/instances"),
        ("stack", "/api/tenant", "/tenant/nobody/v1/stacks"),
        ("stack", "/", "/v1/stackkits"),
        ("worker", "/tenant/nobody/v1/stacks", "/internal/state/a/b"),
    ] {
        let server = Options::on(&place).roles(roles).start().await;
        let mut browser = Browser::at(server.address());
        let answer = browser.get(foreign).await;
        assert_eq!(answer.problem(421), "misdirected", "{roles}");
        let detail = answer.body["detail"].as_str().expect("a sentence");
        assert!(detail.contains(foreign), "{detail}");
        assert_ne!(browser.get(own).await.status, 421, "{roles}: {own}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_another_master_key_does_not_start() {
    let place = Place::sqlite();
    drop(Options::on(&place).start().await);
    let other = "ff".repeat(32);
    let options = Options::on(&place).set("SECURITY__MASTER_KEY", &other);
    let said = crate::support::command::run(&mut options.command());
    let why = said.complaint();
    assert!(why.contains("master key is not the one"), "{why}");
    assert!(!why.contains(&other), "{why}");
}
