//! Members and invitations: who may come in, and who must not come back.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::issuer::Account;
use uuid::Uuid;

use crate::support::{Browser, Homelab, Setup, TestApp, code, json as body, on_both};

pub(super) async fn members(browser: &Browser<'_>) -> Vec<Value> {
    let view = body(browser.get("/api/tenant/harbour/members").await).await;
    view["members"].as_array().expect("members").clone()
}

pub(super) async fn path_to(browser: &Browser<'_>, subject: &str) -> String {
    let name = format!("{subject} Example");
    let found = members(browser)
        .await
        .into_iter()
        .find(|one| one["name"] == name);
    let id = found.expect("a member")["user"]
        .as_str()
        .expect("an id")
        .to_owned();
    format!("/api/tenant/harbour/members/{id}")
}

/// Mel's invitation of another admin.
pub(super) async fn link_of_mel(lab: &Homelab<'_>) -> String {
    // The table's invitation makes room for one of hers.
    let open = lab.fill("/api/tenant/harbour/invitations/$invitation");
    lab.ada.send(lab.ada.request(Method::DELETE, &open)).await;
    let wanted = json!({ "role": "admin" });
    let made = lab
        .member
        .put(Method::POST, "/api/tenant/harbour/invitations", &wanted)
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let url = body(made).await["url"].as_str().expect("a link").to_owned();
    url.rsplit('/').next().expect("a secret").to_owned()
}

#[tokio::test]
async fn an_admin_who_was_removed_does_not_come_back_by_a_link_of_theirs() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let mel = path_to(&lab.ada, "mel").await;
    lab.ada
        .put(Method::PUT, &mel, &json!({ "role": "admin" }))
        .await;
    let secret = link_of_mel(&lab).await;
    let removed = lab.ada.send(lab.ada.request(Method::DELETE, &mel)).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    for browser in [&lab.member, &lab.ben] {
        let joined = browser
            .call("/ui/invitation/accept", &format!("secret={secret}"))
            .await;
        assert_eq!(joined.status(), StatusCode::NOT_FOUND);
    }
    let shown = app
        .get(&format!("/ui/invitation?secret={secret}"), "")
        .await;
    assert_eq!(shown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_invitation_is_good_for_its_own_tenant_once() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let open = lab.fill("/api/tenant/harbour/invitations/$invitation");
    lab.ada.send(lab.ada.request(Method::DELETE, &open)).await;
    let secret = lab.invite("viewer").await;
    let accept = format!("secret={secret}&slug=meadow&role=admin");
    let joined = lab.ben.call("/ui/invitation/accept", &accept).await;
    assert_eq!(joined.status(), StatusCode::OK);
    let harbour = body(lab.ben.get("/api/tenant/harbour").await).await;
    assert_eq!(harbour["role"], "viewer");
    let again = lab.operator.call("/ui/invitation/accept", &accept).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
}

async fn one_person_makes_so_many_homelabs(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    let make = async |who: &Browser<'_>, number: usize| {
        let wanted = json!({ "name": format!("Lab {number}") });
        who.put(Method::POST, "/api/tenant", &wanted).await
    };
    let made = join_all((0..8).map(|number| make(&ada, number))).await;
    let refused: Vec<_> = made
        .into_iter()
        .filter(|answer| answer.status() != StatusCode::CREATED)
        .collect();
    assert_eq!(refused.len(), 3);
    for answer in refused {
        assert_eq!(answer.status(), StatusCode::PAYMENT_REQUIRED);
        assert_eq!(code(answer).await, "plan_limit");
    }
    // Who operates the platform makes them for others.
    app.change("UPDATE \"user\" SET operator = true").await;
    assert_eq!(make(&ada, 9).await.status(), StatusCode::CREATED);
}

async fn what_no_database_keeps_is_refused_in_words(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    for path in ["/api/tenant/%00", "/tenant/%00/v1/stacks"] {
        let answer = ada.get(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(code(answer).await, "tenant_not_found");
    }
    let state = format!("/internal/state/%00/{}", Uuid::nil());
    let state = app
        .request(Method::GET, &state)
        .basic_auth(Uuid::nil(), Some("x"));
    let state = state.send().await.expect("an answer");
    assert_eq!(state.status(), StatusCode::UNAUTHORIZED);
    let made = ada
        .put(Method::POST, "/api/tenant", &json!({ "name": "Harbour" }))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    for (path, wanted) in [
        ("/api/tenant", json!({ "name": "Har\0bour" })),
        (
            "/api/tenant/harbour/invitations",
            json!({ "role": "viewer", "note": "for\0Ben" }),
        ),
        (
            "/api/tokens",
            json!({ "name": "a\0script", "scopes": ["read"], "days": 30 }),
        ),
        // What nobody sees is no name.
        (
            "/api/tenant",
            json!({ "name": "\u{200b}", "slug": "unseen" }),
        ),
        (
            "/api/tokens",
            json!({ "name": "\u{2060}\u{feff}", "scopes": ["read"], "days": 30 }),
        ),
    ] {
        let answer = ada.put(Method::POST, path, &wanted).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(code(answer).await, "invalid");
    }
}

#[tokio::test]
async fn an_invitation_lives_for_a_week() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let open = lab.fill("/api/tenant/harbour/invitations/$invitation");
    lab.ada.send(lab.ada.request(Method::DELETE, &open)).await;
    let secret = lab.invite("viewer").await;
    app.clock.advance(7 * 24 * 3600 + 1);
    lab.ben.sign_in(Account::complete("ben")).await;
    let accept = format!("secret={secret}");
    let late = lab.ben.call("/ui/invitation/accept", &accept).await;
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
}

async fn two_admins_who_demote_each_other_leave_one(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    let (ada, mel) = (
        path_to(&lab.ada, "ada").await,
        path_to(&lab.ada, "mel").await,
    );
    let admin = json!({ "role": "admin" });
    let viewer = json!({ "role": "viewer" });
    for _ in 0..5 {
        let by = |one: Value| one["role"] == "admin";
        let admins = members(&lab.viewer)
            .await
            .into_iter()
            .filter(|one| by(one.clone()));
        // Whoever is left makes the other one an admin again.
        if admins.count() == 1 {
            for (browser, path) in [(&lab.ada, &mel), (&lab.member, &ada)] {
                browser.put(Method::PUT, path, &admin).await;
            }
        }
        let (one, other) = tokio::join!(
            lab.ada.put(Method::PUT, &mel, &viewer),
            lab.member.put(Method::PUT, &ada, &viewer)
        );
        let statuses = [one.status(), other.status()];
        assert!(statuses.contains(&StatusCode::NO_CONTENT), "{statuses:?}");
        let left = members(&lab.viewer).await;
        let left = left.iter().filter(|one| one["role"] == "admin").count();
        assert_eq!(left, 1, "{statuses:?}");
    }
}

async fn more_people_than_the_plan_holds_do_not_come_in_at_once(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    // Four members and one open invitation: the plan's five.
    let wanted = json!({ "role": "viewer" });
    let path = "/api/tenant/harbour/invitations";
    let more = join_all((0..5).map(|_| lab.ada.put(Method::POST, path, &wanted))).await;
    for answer in more {
        assert_eq!(answer.status(), StatusCode::PAYMENT_REQUIRED);
        assert_eq!(code(answer).await, "plan_limit");
    }
    let open = lab.fill("/api/tenant/harbour/invitations/$invitation");
    lab.ada.send(lab.ada.request(Method::DELETE, &open)).await;
    let made = join_all((0..10).map(|_| lab.ada.put(Method::POST, path, &wanted))).await;
    let made = made
        .iter()
        .filter(|it| it.status() == StatusCode::CREATED)
        .count();
    assert_eq!(made, 1);
}

on_both!(
    one_person_makes_so_many_homelabs,
    what_no_database_keeps_is_refused_in_words,
    two_admins_who_demote_each_other_leave_one,
    more_people_than_the_plan_holds_do_not_come_in_at_once,
);
