//! Somebody's place in a tenant, when it changes while they are in the homelab.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Browser, Homelab, TestApp, code, json as body};

async fn user_id(lab: &Homelab<'_>, name: &str) -> String {
    let members = body(lab.ada.get("/api/tenant/harbour/members").await).await;
    let members = members["members"].as_array().expect("members").clone();
    let found = members.into_iter().find(|one| one["name"] == name);
    let id = found.map(|one| one["user"].clone());
    id.as_ref()
        .and_then(Value::as_str)
        .expect("a member")
        .to_owned()
}

async fn make_stack(browser: &Browser<'_>, name: &str) -> StatusCode {
    let wanted = json!({ "name": name, "kit": "base-homelab" });
    browser
        .put(Method::POST, "/tenant/harbour/v1/stacks", &wanted)
        .await
        .status()
}

#[tokio::test]
async fn another_role_holds_in_the_homelab_at_once() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    assert_eq!(make_stack(&lab.member, "before").await, StatusCode::CREATED);
    let member = format!(
        "/api/tenant/harbour/members/{}",
        user_id(&lab, "mel Example").await
    );
    let viewer = json!({ "role": "viewer" });
    let changed = lab.ada.put(Method::PUT, &member, &viewer).await;
    assert_eq!(changed.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        make_stack(&lab.member, "after").await,
        StatusCode::FORBIDDEN
    );
    // They are still in: a smaller place is a place.
    let read = lab.member.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(read.status(), StatusCode::OK);
    let admin = json!({ "role": "admin" });
    lab.ada.put(Method::PUT, &member, &admin).await;
    let path = lab.fill("/tenant/harbour/v1/stacks/$stack");
    let view = body(lab.member.get(&path).await).await;
    assert_eq!(view["role"], "admin");
}

#[tokio::test]
async fn who_is_removed_is_out_of_the_homelab_at_once() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let token = lab.member.cookie("kombify-stack-harbour");
    let member = format!(
        "/api/tenant/harbour/members/{}",
        user_id(&lab, "mel Example").await
    );
    let removed = lab.ada.send(lab.ada.request(Method::DELETE, &member)).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    // With a portal session they are a stranger now; with the token alone, nobody.
    let read = lab.member.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(read.status(), StatusCode::NOT_FOUND);
    assert_eq!(code(read).await, "tenant_not_found");
    let bearer = app
        .request(Method::GET, "/v1/stacks")
        .header("x-tenant-id", "harbour")
        .bearer_auth(&token);
    let bearer = bearer.send().await.expect("an answer");
    assert_eq!(bearer.status(), StatusCode::UNAUTHORIZED);
    // An invitation back does not bring the old session back.
    let secret = lab.invite("viewer").await;
    let joined = format!("secret={secret}");
    let joined = lab.member.call("/ui/invitation/accept", &joined).await;
    assert_eq!(joined.status(), StatusCode::OK);
    let read = lab.member.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(read.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(code(read).await, "stack_session_required");
}

#[tokio::test]
async fn a_stack_session_ends_with_the_portal_session_that_it_came_from() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let stack = lab.ada.cookie("kombify-stack-harbour");
    let by_bearer = async || {
        let request = app
            .request(Method::GET, "/v1/stacks")
            .header("x-tenant-id", "harbour")
            .bearer_auth(&stack);
        request.send().await.expect("an answer").status()
    };
    assert_eq!(by_bearer().await, StatusCode::OK);
    // Only the portal's cookie goes along; the stack's token was kept by somebody.
    let portal = format!("kombify={}", lab.ada.cookie("kombify"));
    let out = app
        .request(Method::POST, "/auth/sign-out")
        .header("cookie", portal)
        .header("sec-fetch-site", "same-origin");
    let out = out.send().await.expect("an answer");
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    assert_eq!(by_bearer().await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn work_in_the_homelab_keeps_the_portal_session_from_becoming_idle() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for _ in 0..2 {
        app.clock.advance(25 * 60);
        let read = lab.ada.in_stack("harbour", "/v1/stacks").await;
        assert_eq!(read.status(), StatusCode::OK);
    }
    assert_eq!(lab.ada.get("/api/tenant").await.status(), StatusCode::OK);
    // Without work both are over.
    app.clock.advance(31 * 60);
    let read = lab.ada.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(read.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_homelab_whose_subscription_was_cancelled_is_closed_at_once() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let token = Homelab::token(&lab.ada, &["read"]).await;
    app.change("UPDATE tenant SET subscription_status = 'CANCELLED' WHERE slug = 'harbour'")
        .await;
    let by_session = lab.ada.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(by_session.status(), StatusCode::FORBIDDEN);
    let by_token = app
        .request(Method::GET, "/v1/stacks")
        .header("x-tenant-id", "harbour")
        .bearer_auth(token);
    let by_token = by_token.send().await.expect("an answer");
    assert_eq!(by_token.status(), StatusCode::FORBIDDEN);
    // The portal stays open, so that it can be put right; other homelabs do as well.
    let portal = lab.ada.get("/api/tenant/harbour").await;
    assert_eq!(portal.status(), StatusCode::OK);
    let other = lab.ben.in_stack("meadow", "/v1/stacks").await;
    assert_eq!(other.status(), StatusCode::OK);
    app.change("UPDATE tenant SET subscription_status = 'ACTIVE' WHERE slug = 'harbour'")
        .await;
    let again = lab.ada.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(again.status(), StatusCode::OK);
}
