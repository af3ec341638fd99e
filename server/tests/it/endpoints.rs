//! Every endpoint of the OpenAPI document, called by nobody and by somebody else.

use reqwest::{Method, StatusCode, header};
use serde_json::Value;

use crate::support::TestApp;

/// Resources and a path of each: a resource that is not listed here has no test of its
/// authorisation, and `cargo xtask tidy` says so.
const RESOURCES: [(&str, &str); 10] = [
    ("tenant", "/api/tenant"),
    ("launch", "/api/tenant/launch"),
    ("member", "/api/tenant/{slug}/members"),
    ("api_token", "/api/tokens"),
    ("instance", "/api/admin/instances"),
    ("stacks", "/v1/stacks"),
    ("runs", "/v1/runs"),
    ("nodes", "/v1/nodes"),
    ("kits", "/v1/stackkits"),
    ("sso", "/api/internal/sso/exchange"),
];
/// What anybody may read.
const PUBLIC: [&str; 2] = ["/v1/stackkits", "/v1/stackkits/{name}"];

async fn endpoints(app: &TestApp) -> Vec<(Method, String)> {
    let document: Value = app
        .get("/api/openapi.json", "")
        .await
        .json()
        .await
        .expect("the document");
    let mut endpoints = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            endpoints.push((method, path.clone()));
        }
    }
    endpoints
}

fn filled(path: &str) -> String {
    path.replace("{slug}", "elsewhere")
        .replace("{number}", "1")
        .replace("{name}", "base-homelab")
        .replace("{id}", "019abcde-0000-7000-8000-000000000000")
        .replace("{user}", "019abcde-0000-7000-8000-000000000000")
}

#[tokio::test]
async fn the_document_names_every_resource() {
    let app = TestApp::start().await;
    let endpoints = endpoints(&app).await;
    for (resource, path) in RESOURCES {
        assert!(
            endpoints.iter().any(|(_, known)| known == path),
            "{resource}: {path}"
        );
    }
}

#[tokio::test]
async fn nobody_gets_in_without_proof() {
    let app = TestApp::start().await;
    for (method, path) in endpoints(&app).await {
        let answer = app
            .request(method.clone(), &filled(&path))
            .header("x-tenant-id", "elsewhere")
            .header("x-user-id", "dev-owner")
            .json(&serde_json::json!({}))
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        if PUBLIC.contains(&path.as_str()) {
            assert_eq!(status, StatusCode::OK, "{method} {path}");
            continue;
        }
        assert!(
            matches!(status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND),
            "{method} {path} answered {status}"
        );
        assert_eq!(
            answer.headers()[header::CONTENT_TYPE],
            "application/problem+json",
            "{method} {path}"
        );
        let problem: Value = answer.json().await.expect("a problem");
        assert!(
            problem["request_id"].is_string(),
            "{method} {path}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_stack_request_needs_a_tenant() {
    let app = TestApp::start().await;
    let session = app.sign_in("viewer").await;
    let none = app.get("/v1/stacks", &session).await;
    assert_eq!(none.status(), StatusCode::BAD_REQUEST);
    let problem: Value = none.json().await.expect("a problem");
    assert_eq!(problem["error"], "Tenant ID required");
    let unknown = app.get("/tenant/elsewhere/v1/stacks", &session).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    let problem: Value = unknown.json().await.expect("a problem");
    assert_eq!(problem["error"], "Tenant not found");
}

#[tokio::test]
async fn another_tenant_does_not_exist_for_who_does_not_belong_to_it() {
    let app = TestApp::start().await;
    let owner = app.sign_in("owner").await;
    let made = app
        .request(Method::POST, "/api/tenant")
        .header(header::COOKIE, &owner)
        .header("sec-fetch-site", "same-origin")
        .json(&serde_json::json!({ "name": "Quiet house" }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(
        app.get("/api/tenant/quiet-house", &owner).await.status(),
        StatusCode::OK
    );
    let other = app.sign_in("member").await;
    for path in ["", "/members", "/audit", "/instance/events"] {
        let answer = app
            .get(&format!("/api/tenant/quiet-house{path}"), &other)
            .await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let admin = app.get("/api/admin/instances", &other).await;
    assert_eq!(admin.status(), StatusCode::FORBIDDEN);
}
