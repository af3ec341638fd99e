//! The OpenAPI document says what is really taken and answered.

use std::collections::{BTreeMap, BTreeSet};

use domain::assertion;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use types::{
    ErrorCode,
    admin::{ComponentStatus, DeploymentMode, HealthStatus, InstanceStatus, ProvisionerKind},
    jobs::JobState,
    portal::{Plan, Role, Scope, StepState, SubscriptionStatus},
    stack::{
        ChangeAction, FitLevel, NodeStatus, NodeType, ResourceState, RunKind, RunState,
        StackStatus, StackStepState,
    },
};

use crate::support::{Homelab, TestApp, json as body};

pub(crate) async fn document(app: &TestApp) -> Value {
    body(app.get("/api/openapi.json", "").await).await
}

/// Each operation with its method, in capitals, and its path.
pub(crate) fn operations(document: &Value) -> impl Iterator<Item = (String, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().expect("operations");
        operations
            .iter()
            .map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    })
}

/// Each answer of an operation with its status.
pub(crate) fn answers(operation: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let answers = operation["responses"].as_object().expect("responses");
    answers
        .iter()
        .map(|(status, answer)| (status.as_str(), answer))
}

/// The words that the document gives for an enum.
fn words<'d>(document: &'d Value, name: &str) -> &'d [Value] {
    document["components"]["schemas"][name]["enum"]
        .as_array()
        .unwrap_or_else(|| panic!("no words for {name}"))
}

#[tokio::test]
async fn enums_are_the_words_of_the_wire() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let schemas = document["components"]["schemas"].as_object();
    let documented: BTreeMap<&str, &Value> = schemas
        .expect("schemas")
        .iter()
        .filter_map(|(name, schema)| Some((name.as_str(), schema.get("enum")?)))
        .collect();
    let sent = [
        ("ChangeAction", json!(ChangeAction::ALL)),
        ("ComponentStatus", json!(ComponentStatus::ALL)),
        ("DeploymentMode", json!(DeploymentMode::ALL)),
        ("ErrorCode", json!(ErrorCode::ALL)),
        ("FitLevel", json!(FitLevel::ALL)),
        ("HealthStatus", json!(HealthStatus::ALL)),
        ("InstanceStatus", json!(InstanceStatus::ALL)),
        ("JobState", json!(JobState::ALL)),
        ("NodeStatus", json!(NodeStatus::ALL)),
        ("NodeType", json!(NodeType::ALL)),
        ("Plan", json!(Plan::ALL)),
        ("ProvisionerKind", json!(ProvisionerKind::ALL)),
        ("ResourceState", json!(ResourceState::ALL)),
        ("Role", json!(Role::ALL)),
        ("RunKind", json!(RunKind::ALL)),
        ("RunState", json!(RunState::ALL)),
        ("Scope", json!(Scope::ALL)),
        ("StackStatus", json!(StackStatus::ALL)),
        ("StackStepState", json!(StackStepState::ALL)),
        ("StepState", json!(StepState::ALL)),
        ("SubscriptionStatus", json!(SubscriptionStatus::ALL)),
    ];
    let sent: BTreeMap<&str, &Value> = sent.iter().map(|(name, all)| (*name, all)).collect();
    assert_eq!(documented, sent);
    let description = &document["components"]["schemas"]["Scope"]["description"];
    assert_eq!(description, "What an API token may do.");
}

#[tokio::test]
async fn requests_take_the_words_of_the_document() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let document = document(&app).await;
    for role in words(&document, "Role") {
        let path = lab.fill("/api/tenant/$slug/members/$user");
        let wanted = json!({ "role": role });
        let given = lab.ada.put(Method::PUT, &path, &wanted).await;
        assert_eq!(given.status(), StatusCode::NO_CONTENT, "{role}");
    }
    for scope in words(&document, "Scope") {
        let wanted = json!({ "name": "a script", "scopes": [scope], "days": 1 });
        let made = lab.ada.put(Method::POST, "/api/tokens", &wanted).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{scope}");
        let held = body(made).await["token"]["scopes"].clone();
        let held = held.as_array().expect("scopes");
        assert!(held.contains(scope), "{scope}");
        assert!(held.contains(&json!("read")), "what is written is read");
    }
    for (number, mode) in words(&document, "DeploymentMode").iter().enumerate() {
        let wanted = json!({
            "name": format!("cell-{number}"),
            "region": "north",
            "deployment_mode": mode,
            "internal_endpoint": "http://127.0.0.1:1",
        });
        let path = "/api/admin/instances";
        let made = lab.operator.put(Method::POST, path, &wanted).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{mode}");
        assert_eq!(&body(made).await["deployment_mode"], mode);
    }
    for kind in words(&document, "RunKind") {
        let path = lab.fill("/tenant/$slug/v1/stacks/$stack/runs");
        let wanted = json!({ "kind": kind, "confirm": "core" });
        let asked = lab.ada.put(Method::POST, &path, &wanted).await;
        assert_eq!(asked.status(), StatusCode::ACCEPTED, "{kind}");
        assert_eq!(&body(asked).await["run"]["kind"], kind);
    }
}

#[tokio::test]
async fn every_answer_is_described_and_every_refusal_is_a_problem() {
    let app = TestApp::start().await;
    let problem = json!({
        "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
    });
    let document = document(&app).await;
    for (method, path, operation) in operations(&document) {
        for (status, answer) in answers(operation) {
            let said = answer["description"].as_str().unwrap_or_default();
            assert!(!said.is_empty(), "{method} {path} {status}");
            if status.starts_with(['4', '5']) {
                assert_eq!(answer["content"], problem, "{method} {path} {status}");
            }
        }
    }
    for schema in ["Problem", "FieldProblem"] {
        let schema = &document["components"]["schemas"][schema];
        assert_eq!(schema["type"], "object");
    }
}

#[tokio::test]
async fn every_operation_has_a_name_of_its_own() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name), "{method} {path}: {name} is taken");
    }
}

#[tokio::test]
async fn the_proofs_that_operations_take_are_declared_as_they_are_sent() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let schemes = document["components"]["securitySchemes"].as_object();
    let schemes = schemes.expect("security schemes");
    let mut named: BTreeSet<&String> = BTreeSet::new();
    for (_, _, operation) in operations(&document) {
        for proof in operation["security"].as_array().expect("security") {
            named.extend(proof.as_object().expect("names").keys());
        }
    }
    let declared: BTreeSet<&String> = schemes.keys().collect();
    assert_eq!(named, declared);

    let session = app.sign_in("owner").await;
    let (name, _) = session.split_once('=').expect("a cookie");
    assert_eq!(schemes["session_http"]["name"], name);
    assert_eq!(schemes["session"]["name"], format!("__Host-{name}"));
    let homelab = format!("{name}-stack-{{slug}}");
    assert_eq!(schemes["stack_session_http"]["name"], homelab);
    for cookie in ["session", "session_http", "stack_session"] {
        assert_eq!(schemes[cookie]["type"], "apiKey", "{cookie}");
        assert_eq!(schemes[cookie]["in"], "cookie", "{cookie}");
    }
    assert_eq!(schemes["token"]["type"], "http");
    assert_eq!(schemes["token"]["scheme"], "bearer");
    assert_eq!(schemes["assertion"]["in"], "header");
    assert_eq!(schemes["assertion"]["name"], assertion::HEADER);
}
