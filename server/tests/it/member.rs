//! Members and invitations: who may come in, and who must not come back.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::issuer::Account;

use crate::support::{Browser, Homelab, Setup, TestApp, code, json as body, on_both};

async fn members(browser: &Browser<'_>) -> Vec<Value> {
    let view = body(browser.get("/api/tenant/harbour/members").await).await;
    view["members"].as_array().expect("members").clone()
}

async fn path_to(browser: &Browser<'_>, subject: &str) -> String {
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

#[tokio::test]
async fn an_admin_who_was_removed_does_not_come_back_by_a_link_of_theirs() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let mel = path_to(&lab.ada, "mel").await;
    lab.ada
        .put(Method::PUT, &mel, &json!({ "role": "admin" }))
        .await;
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
    let secret = url.rsplit('/').next().expect("a secret").to_owned();
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
    two_admins_who_demote_each_other_leave_one,
    more_people_than_the_plan_holds_do_not_come_in_at_once,
);
