//! The table is whole, and nobody gets in without proof.

use std::collections::BTreeSet;

use leptos::server_fn::axum::server_fn_paths;
use reqwest::{StatusCode, header};

use super::{Caller, Door, Needs, all, interface, rest};
use crate::{
    document::{document, operations},
    support::{TestApp, json},
};

/// `GET /v1/stacks/{}`: without the names of parameters and without a query.
pub(super) fn shape(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let words: Vec<&str> = path
        .split('/')
        .map(|word| match word.chars().next() {
            Some('{' | '$') => "{}",
            _ => word,
        })
        .collect();
    format!("{method} {}", words.join("/").replace("base-homelab", "{}"))
}

fn shapes(doors: &[Door]) -> BTreeSet<String> {
    doors
        .iter()
        .map(|door| shape(door.method, door.path))
        .collect()
}

#[tokio::test]
async fn every_endpoint_of_the_document_has_a_row() {
    let app = TestApp::start().await;
    let documented: BTreeSet<String> = operations(&document(&app).await)
        .map(|(method, path, _)| shape(&method, path))
        .collect();
    assert_eq!(shapes(rest::DOORS), documented);
}

#[tokio::test]
async fn every_server_function_has_a_row() {
    // They register themselves; starting the application makes sure that they are there.
    let _app = TestApp::start().await;
    let served: BTreeSet<String> = server_fn_paths()
        .map(|(path, method)| shape(method.as_str(), path))
        .collect();
    assert_eq!(shapes(interface::DOORS), served);
}

#[tokio::test]
async fn nobody_gets_in_without_proof() {
    let app = TestApp::start().await;
    // Ids of nothing: who asks comes before what for.
    let fill = |template: &str| {
        let nil = "019abcde-0000-7000-8000-000000000000";
        let text = template.replace("$slug", "harbour").replace("$run", "1");
        [
            "$stack",
            "$user",
            "$invitation",
            "$launch",
            "$token",
            "$session",
            "$instance",
            "$tenant",
        ]
        .iter()
        .fold(text, |text, name| text.replace(name, nil))
    };
    for door in all() {
        let answer = door
            .request(&Caller::Nobody(&app), "harbour", fill)
            .header("x-user-id", "dev-owner")
            .header("x-user-email", "owner@example.test")
            .header("x-user-roles", "admin")
            .header("x-org-id", "dev-org")
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        let expected = match door.needs {
            Needs::Nothing => StatusCode::OK,
            Needs::Link => StatusCode::NOT_FOUND,
            _ => StatusCode::UNAUTHORIZED,
        };
        assert_eq!(status, expected, "{door:?}");
        if status == StatusCode::OK {
            continue;
        }
        if door.path.starts_with("/ui/") {
            let problem = json(answer).await;
            assert!(problem["request_id"].is_string(), "{door:?}: {problem}");
        } else {
            assert_eq!(
                answer.headers()[header::CONTENT_TYPE],
                "application/problem+json",
                "{door:?}"
            );
            let problem = json(answer).await;
            assert!(problem["request_id"].is_string(), "{door:?}: {problem}");
        }
    }
}
