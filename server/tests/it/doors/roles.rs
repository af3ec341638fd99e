//! Each role may do what it may, and no more; a token no more than its scopes.

use reqwest::{Response, StatusCode};
use types::portal::{Role, Scope};

use super::{Caller, Door, Needs, Token, all};
use crate::support::{Browser, Homelab, TestApp, code};

/// Ids of nothing: a role is asked for before the thing is looked for, so whoever may
/// is told that there is no such thing, and nothing is changed.
pub(super) fn absent(text: &str) -> String {
    let nil = "019abcde-0000-7000-8000-000000000000";
    let text = text.replace("$slug", "harbour").replace("$run", "4711");
    ["$stack", "$user", "$invitation", "$tenant", "$instance"]
        .iter()
        .fold(text, |text, name| text.replace(name, nil))
}

fn role_of(door: &Door) -> Option<Role> {
    match door.needs {
        Needs::Tenant(role) | Needs::Stack(role) => Some(role),
        _ => None,
    }
}

async fn is_let_through(answer: Response, door: &Door, who: &str) {
    let status = answer.status();
    assert!(
        !status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE,
        "{who}: {door:?} answered {status}"
    );
    if status.is_client_error() {
        let code = code(answer).await;
        assert!(
            [
                "invalid",
                "not_found",
                "conflict",
                "plan_stale",
                "plan_limit",
                "specification_invalid"
            ]
            .contains(&code.as_str()),
            "{who}: {door:?} answered {status} {code}"
        );
    }
}

#[tokio::test]
async fn less_than_the_role_is_refused_and_changes_nothing() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let before = lab.everything().await;
    for (role, browser) in [(Role::Viewer, &lab.viewer), (Role::Member, &lab.member)] {
        for door in all().filter(|door| role_of(door).is_some_and(|needed| role < needed)) {
            let caller = Caller::Browser(browser);
            let answer = door.knock(&caller, "harbour", |text| lab.fill(text)).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{role}: {door:?}");
            assert_eq!(code(answer).await, "forbidden", "{role}: {door:?}");
            if door.changes() {
                let after = lab.everything().await;
                assert_eq!(before, after, "{role}: {door:?} changed something");
            }
        }
    }
}

#[tokio::test]
async fn the_role_is_enough() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let by = |role: Role| -> &Browser<'_> {
        match role {
            Role::Viewer => &lab.viewer,
            Role::Member => &lab.member,
            Role::Admin => &lab.ada,
        }
    };
    for door in all() {
        let Some(role) = role_of(door) else { continue };
        let caller = Caller::Browser(by(role));
        let answer = door.knock(&caller, "harbour", absent).await;
        is_let_through(answer, door, role.word()).await;
    }
    for door in all().filter(|door| door.needs == Needs::Operator) {
        let caller = Caller::Browser(&lab.operator);
        let answer = door.knock(&caller, "harbour", absent).await;
        is_let_through(answer, door, "operator").await;
    }
}

#[tokio::test]
async fn members_are_no_operators() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for browser in [&lab.ada, &lab.member, &lab.viewer] {
        for door in all().filter(|door| door.needs == Needs::Operator) {
            let caller = Caller::Browser(browser);
            let answer = door.knock(&caller, "harbour", |text| lab.fill(text)).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{door:?}");
        }
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_refused_and_changes_nothing() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let lesser = [
        (
            Scope::Write,
            Homelab::token(&lab.ada, &["read", "approve"]).await,
        ),
        (
            Scope::Approve,
            Homelab::token(&lab.ada, &["read", "write"]).await,
        ),
    ];
    let whole = Homelab::token(&lab.ada, &["read", "write", "approve"]).await;
    let before = lab.everything().await;
    for door in all() {
        // Operators by role are operators in a browser only.
        if door.needs == Needs::Operator {
            continue;
        }
        let token = match door.token {
            // Every token may read.
            Token::Any | Token::Scope(Scope::Read) => continue,
            Token::Never => whole.clone(),
            Token::Scope(needed) => {
                let found = lesser.iter().find(|(missing, _)| *missing == needed);
                found.expect("a token").1.clone()
            }
        };
        let caller = Caller::Token(&app, token);
        let answer = door.knock(&caller, "harbour", |text| lab.fill(text)).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{door:?}");
        if door.changes() {
            let after = lab.everything().await;
            assert_eq!(before, after, "{door:?} changed something");
        }
    }
}

#[tokio::test]
async fn a_token_with_the_scope_does_what_its_owner_may() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let token = Homelab::token(&lab.ada, &["read", "write", "approve"]).await;
    let caller = Caller::Token(&app, token);
    for door in all().filter(|door| role_of(door).is_some() && door.token != Token::Never) {
        let answer = door.knock(&caller, "harbour", absent).await;
        is_let_through(answer, door, "token").await;
    }
    // A viewer's token with every scope is still a viewer's.
    let token = Homelab::token(&lab.viewer, &["read", "write", "approve"]).await;
    let caller = Caller::Token(&app, token);
    let above = |door: &&Door| role_of(door).is_some_and(|needed| needed > Role::Viewer);
    for door in all().filter(above) {
        let answer = door.knock(&caller, "harbour", |text| lab.fill(text)).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{door:?}");
    }
}
