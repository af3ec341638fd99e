//! The provider says that somebody signed out (OpenID Connect Back-Channel Logout 1.0).

use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use test_support::issuer::{Account, LogoutToken, Signing};

use crate::support::{Homelab, TestApp, code};

async fn tell(app: &TestApp, token: &str) -> Response {
    app.request(Method::POST, "/auth/backchannel-logout")
        .form(&[("logout_token", token)])
        .send()
        .await
        .expect("an answer")
}

#[tokio::test]
async fn case_21_the_providers_logout_ends_the_sessions_here() {
    let app = TestApp::with_issuer().await;
    let (one, other) = (app.browser(), app.browser());
    one.sign_in(Account::complete("ada").sid("first")).await;
    other.sign_in(Account::complete("ada").sid("second")).await;
    let first = app
        .issuer()
        .logout_token(&LogoutToken::of_session("ada", "first"));
    let answer = tell(&app, &first).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(
        one.get("/api/tenant").await.status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(other.get("/api/tenant").await.status(), StatusCode::OK);
    let all = app.issuer().logout_token(&LogoutToken::of_subject("ada"));
    assert_eq!(tell(&app, &all).await.status(), StatusCode::OK);
    assert_eq!(
        other.get("/api/tenant").await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn case_21_the_providers_logout_ends_the_sessions_of_homelabs_too() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let stack = lab.ada.cookie("kombify-stack-harbour");
    let notice = app.issuer().logout_token(&LogoutToken::of_subject("ada"));
    assert_eq!(tell(&app, &notice).await.status(), StatusCode::OK);
    let with_cookie = lab.ada.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(with_cookie.status(), StatusCode::UNAUTHORIZED);
    let as_bearer = app
        .request(Method::GET, "/v1/stacks")
        .header("x-tenant-id", "harbour")
        .bearer_auth(stack)
        .send()
        .await
        .expect("an answer");
    assert_eq!(as_bearer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn case_21_a_logout_that_does_not_hold_ends_nothing() {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    browser.sign_in(Account::complete("ada")).await;
    let token = || LogoutToken::of_subject("ada");
    for wrong in [
        token().without("events"),
        token().claim("events", json!({ "http://example.test/other": {} })),
        token().claim("nonce", "n"),
        token().claim("aud", "another-client"),
        token().claim("iss", "https://issuer.example.test"),
        token().signed(Signing::Unsigned),
        token().signed(Signing::StrangersKey),
        token().times(-700, -600),
    ] {
        let answer = tell(&app, &app.issuer().logout_token(&wrong)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{wrong:?}");
        assert_eq!(code(answer).await, "invalid");
    }
    assert_eq!(browser.get("/api/tenant").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn case_21_a_logout_is_taken_once() {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    browser.sign_in(Account::complete("ada")).await;
    let notice = app.issuer().logout_token(&LogoutToken::of_subject("ada"));
    assert_eq!(tell(&app, &notice).await.status(), StatusCode::OK);
    browser.sign_in(Account::complete("ada")).await;
    assert_eq!(tell(&app, &notice).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(browser.get("/api/tenant").await.status(), StatusCode::OK);
}
