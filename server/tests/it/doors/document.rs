//! The document says of each door what opens it and what is answered there.

use std::collections::BTreeSet;

use reqwest::{Response, StatusCode, header};
use serde_json::Value;

use super::{Caller, Door, Needs, Token, rest, roles::absent, table::shape};
use crate::{
    document::{answers, document, operations},
    support::{Homelab, TestApp},
};

fn operation<'d>(document: &'d Value, door: &Door) -> &'d Value {
    let wanted = shape(door.method, door.path);
    operations(document)
        .find(|(method, path, _)| shape(method, path) == wanted)
        .map(|(_, _, operation)| operation)
        .unwrap_or_else(|| panic!("{door:?} is not in the document"))
}

/// What names a thing, in a form that it never has.
fn unreadable(text: &str) -> String {
    let text = text.replace("$slug", "%ff").replace("$run", "first");
    [
        "$stack",
        "$user",
        "$invitation",
        "$launch",
        "$token",
        "$tenant",
        "$instance",
    ]
    .iter()
    .fold(text, |text, name| text.replace(name, "no-id"))
}

fn is_documented(answer: &Response, operation: &Value, door: &Door) {
    let status = answer.status();
    let (_, said) = answers(operation)
        .find(|(documented, _)| *documented == status.as_str())
        .unwrap_or_else(|| panic!("{door:?} answered {status}, of which the document is silent"));
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().expect("text").split(';').next());
    let content = said["content"].as_object();
    let documented = content.and_then(|content| content.keys().next());
    assert_eq!(kind, documented.map(String::as_str), "{door:?}: {status}");
}

#[tokio::test]
async fn the_document_says_what_opens_each_door() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    for door in rest::DOORS {
        let operation = operation(&document, door);
        let proofs = operation["security"].as_array().expect("security");
        let documented: BTreeSet<&str> = proofs
            .iter()
            .flat_map(|proof| proof.as_object().expect("names").keys())
            .map(String::as_str)
            .collect();
        let proofs: &[&str] = match (door.needs, door.token) {
            (Needs::Nothing, _) => &[],
            (Needs::Assertion, _) => &["assertion"],
            (Needs::Stack(_), _) => &["stack_session", "stack_session_http", "token", "assertion"],
            (_, Token::Scope(_)) => &["session", "session_http", "token"],
            (_, Token::Never | Token::Any) => &["session", "session_http"],
        };
        let proofs: BTreeSet<&str> = proofs.iter().copied().collect();
        assert_eq!(documented, proofs, "{door:?}");
        let is_refused = answers(operation).any(|(status, _)| status == "401");
        assert_eq!(is_refused, door.needs != Needs::Nothing, "{door:?}");
    }
}

#[tokio::test]
async fn what_is_answered_at_each_door_is_in_the_document() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let document = document(&app).await;
    let reader = Homelab::token(&lab.ada, &["read"]).await;
    let present = |text: &str| lab.fill(text);
    let mut seen = BTreeSet::new();
    for door in rest::DOORS {
        let operation = operation(&document, door);
        let able = Caller::Browser(match door.needs {
            Needs::Operator => &lab.operator,
            _ => &lab.ada,
        });
        let mut requests = vec![
            door.request(&Caller::Nobody(&app), "harbour", present),
            door.request(&Caller::Browser(&lab.ben), "harbour", present),
            door.request(&Caller::Browser(&lab.viewer), "harbour", present),
            door.request(&Caller::Token(&app, reader.clone()), "harbour", present),
            door.request(&able, "harbour", absent),
            door.request(&able, "harbour", unreadable),
        ];
        if !door.body.is_empty() {
            requests.push(door.request(&able, "harbour", absent).body("{"));
        }
        for request in requests {
            let answer = request.send().await.expect("an answer");
            is_documented(&answer, operation, door);
            seen.insert(answer.status());
        }
    }
    for status in [
        StatusCode::OK,
        StatusCode::CREATED,
        StatusCode::ACCEPTED,
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::CONFLICT,
    ] {
        assert!(
            seen.contains(&status),
            "{status} was not answered: {seen:?}"
        );
    }
}
