//! Whoever belongs to another tenant finds nothing of this one, and changes nothing.

use reqwest::{Response, StatusCode};

use super::{Caller, Door, Needs, all};
use crate::support::{Homelab, TestApp};

const ALL_SCOPES: [&str; 3] = ["read", "write", "approve"];

/// What a stranger is answered; nothing for what is theirs to ask.
fn refusal(door: &Door) -> Option<StatusCode> {
    match door.needs {
        Needs::Nothing | Needs::Person => None,
        Needs::Assertion => Some(StatusCode::UNAUTHORIZED),
        Needs::Operator => Some(StatusCode::FORBIDDEN),
        Needs::Link | Needs::Owner | Needs::Tenant(_) | Needs::Stack(_) => {
            Some(StatusCode::NOT_FOUND)
        }
    }
}

async fn refused(answer: Response, expected: StatusCode, door: &Door, how: &str) {
    let status = answer.status();
    let body = answer.text().await.expect("a body");
    assert_eq!(status, expected, "{how}: {door:?} answered {body}");
    for name in ["Harbour", "core", "ada Example", "ada@"] {
        assert!(!body.contains(name), "{how}: {door:?} tells {name}: {body}");
    }
}

async fn by(lab: &Homelab<'_>, caller: &Caller<'_>, how: &str) {
    let before = lab.everything().await;
    for door in all() {
        let Some(expected) = refusal(door) else {
            continue;
        };
        // A browser's proof is asked for before the thing is looked for.
        let expected = match (caller, door.token) {
            (Caller::Token(..), super::Token::Never) => StatusCode::FORBIDDEN,
            _ => expected,
        };
        let answer = door.knock(caller, "harbour", |text| lab.fill(text)).await;
        refused(answer, expected, door, how).await;
        if door.changes() {
            let after = lab.everything().await;
            assert_eq!(before, after, "{how}: {door:?} changed something");
        }
    }
}

#[tokio::test]
async fn a_stranger_finds_nothing_by_their_session() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    by(&lab, &Caller::Browser(&lab.ben), "session").await;
}

#[tokio::test]
async fn a_stranger_finds_nothing_by_their_token() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let token = Homelab::token(&lab.ben, &ALL_SCOPES).await;
    by(&lab, &Caller::Token(&app, token), "API token").await;
}

#[tokio::test]
async fn a_stranger_finds_nothing_by_a_stack_session_of_theirs() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let theirs = lab.ben.cookie("kombify-stack-meadow");
    // Under the name that the session of this tenant would have, and as a bearer.
    lab.ben.set_cookie("kombify-stack-harbour", &theirs);
    by(&lab, &Caller::Browser(&lab.ben), "stack session, renamed").await;
    let bearer = Caller::Token(&app, theirs);
    for door in all().filter(|door| matches!(door.needs, Needs::Stack(_))) {
        let answer = door.knock(&bearer, "harbour", |text| lab.fill(text)).await;
        refused(answer, StatusCode::NOT_FOUND, door, "stack session, bearer").await;
    }
}

#[tokio::test]
async fn another_tenants_things_are_not_found_in_ones_own() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let before = lab.everything().await;
    let named = ["$stack", "$run", "$user", "$invitation"];
    let doors = all().filter(|door| {
        let names = |name: &&str| door.path.contains(*name) || door.body.contains(*name);
        matches!(door.needs, Needs::Tenant(_) | Needs::Stack(_)) && named.iter().any(names)
    });
    let mut knocked = 0;
    for door in doors {
        let caller = Caller::Browser(&lab.ben);
        let answer = door
            .knock(&caller, "meadow", |text| lab.fill_from("meadow", text))
            .await;
        refused(answer, StatusCode::NOT_FOUND, door, "own tenant").await;
        knocked += 1;
    }
    assert!(
        knocked > 20,
        "only {knocked} doors name a thing of a tenant"
    );
    assert_eq!(before, lab.everything().await);
}

#[tokio::test]
async fn the_address_and_the_header_open_the_same_and_nothing_else() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for door in all().filter(|door| door.is_headed()) {
        let path = format!("/tenant/harbour{}", lab.fill(door.path));
        let mut request = lab.ben.request(door.method(), &path);
        if !door.body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .body(lab.fill(door.body));
        }
        let answer = request.send().await.expect("an answer");
        refused(answer, StatusCode::NOT_FOUND, door, "address").await;
        // The header of one's own tenant does not open another's address.
        let mixed = lab
            .ben
            .request(door.method(), &path)
            .header("x-tenant-id", "meadow");
        let answer = mixed.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{door:?}");
    }
}

#[tokio::test]
async fn lists_hold_only_what_is_ones_own() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for path in [
        "/api/tenant",
        "/api/tokens",
        "/ui/viewer",
        "/ui/tokens",
        "/ui/sessions",
    ] {
        let answer = lab.ben.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let body = answer.text().await.expect("a body");
        for name in [
            "Harbour",
            "harbour",
            "ada Example",
            "ada@",
            lab.id("$session"),
            lab.id("$token"),
        ] {
            assert!(!body.contains(name), "{path} tells {name}: {body}");
        }
    }
}

#[tokio::test]
async fn an_operator_of_the_platform_is_a_stranger_to_a_tenants_homelab() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let before = lab.everything().await;
    for door in all().filter(|door| matches!(door.needs, Needs::Tenant(_) | Needs::Stack(_))) {
        let caller = Caller::Browser(&lab.operator);
        let answer = door.knock(&caller, "harbour", |text| lab.fill(text)).await;
        refused(answer, StatusCode::NOT_FOUND, door, "operator").await;
    }
    assert_eq!(before, lab.everything().await);
}
