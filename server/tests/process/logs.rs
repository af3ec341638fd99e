//! Log lines: the request's id from the request to its job, and no secret anywhere.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    browser::Browser,
    eventually,
    lab::Lab,
    place::{KEY, Place},
    server::{Options, Server},
};

const REQUEST: &str = "request-of-this-test";
const FILTER: &str = "info,server=debug,domain=debug,jobs=debug,adapters=debug";

/// Whether a JSON line belongs to the request.
fn is_of_request(line: &Value) -> bool {
    let spans = line["spans"].as_array().cloned().unwrap_or_default();
    line["request.id"] == REQUEST || spans.iter().any(|span| span["request.id"] == REQUEST)
}

async fn plan(lab: &mut Lab) -> i64 {
    let path = format!("/v1/stacks/{}/runs", lab.stack);
    let slug = lab.slug.clone();
    let headers = [("x-tenant-id", slug.as_str()), ("x-request-id", REQUEST)];
    let body = Some(json!({ "kind": "apply" }));
    let asked = lab.browser.send(Method::POST, &path, &headers, body).await;
    assert_eq!(asked.request_id, REQUEST);
    let number = asked.ok(StatusCode::ACCEPTED)["run"]["number"].as_i64();
    let number = number.expect("a number");
    lab.until(number, &["waiting"]).await;
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_lead_from_a_request_to_its_job() {
    let place = Place::sqlite();
    let server = Options::on(&place).set("LOG__FILTER", FILTER).start().await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    plan(&mut lab).await;
    let lines = eventually("the last line of the job", async || {
        let lines = json_lines(&server);
        let ended = |line: &Value| line["message"] == "attempt ended" && is_of_request(line);
        lines.iter().any(ended).then_some(lines)
    })
    .await;
    for message in ["answered", "a run came to its state", "attempt ended"] {
        let found = lines
            .iter()
            .find(|line| line["message"] == message && is_of_request(line));
        let line = found.unwrap_or_else(|| panic!("{message}: {lines:#?}"));
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
    check_secrets(&server, &lab);
}

/// All lines but those for the person who started it.
fn json_lines(server: &Server) -> Vec<Value> {
    server
        .lines()
        .iter()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn readable_lines_name_the_request() {
    let place = Place::sqlite();
    let server = Options::on(&place)
        .set("LOG__FORMAT", "readable")
        .set("LOG__FILTER", FILTER)
        .start()
        .await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    plan(&mut lab).await;
    eventually("the last line of the job", async || {
        let lines = server.lines();
        let of_job = |line: &String| line.contains("attempt ended") && line.contains(REQUEST);
        lines.iter().any(of_job).then_some(())
    })
    .await;
    let said = server.said();
    assert!(said.contains(" INFO "), "{said}");
    assert!(
        !said.contains("\u{1b}["),
        "no colours where nobody looks: {said}"
    );
    check_secrets(&server, &lab);
}

fn check_secrets(server: &Server, lab: &Lab) {
    let said = server.said();
    let secrets = lab.browser.secrets();
    assert!(secrets.len() >= 2, "a session and a stack session");
    for secret in secrets
        .iter()
        .map(String::as_str)
        .chain([KEY, "code=", "code_verifier"])
    {
        assert!(!said.contains(secret), "{secret} is in the log:\n{said}");
    }
}
