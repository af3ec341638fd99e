//! Sign-in, sessions and cross-site requests; the numbers are those of the security
//! cases in docs/security.md.

use reqwest::{Method, StatusCode, header};

use crate::support::{TestApp, cookie, location, set_cookie};

#[tokio::test]
async fn case_1_a_callback_with_a_wrong_state_makes_no_session() {
    let app = TestApp::start().await;
    let (transaction, callback) = app.begin("owner", "/").await;
    let start = callback.find("state=").expect("a state");
    let wrong = format!("{}state=another", &callback[..start]);
    let answer = app.get(&wrong, &transaction).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let sets_session = answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .any(|value| value.as_bytes().starts_with(b"kombify="));
    assert!(!sets_session);
}

#[tokio::test]
async fn case_2_a_callback_in_another_browser_is_refused() {
    let app = TestApp::start().await;
    let (_, callback) = app.begin("owner", "/").await;
    assert_eq!(
        app.get(&callback, "").await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn case_3_a_callback_replayed_leaves_the_session_as_it_is() {
    let app = TestApp::start().await;
    let (transaction, callback) = app.begin("owner", "/").await;
    let first = app.get(&callback, &transaction).await;
    let session = cookie(&first, "kombify");
    // The first answer took the transaction's cookie away.
    assert!(set_cookie(&first, "kombify-sign-in").contains("Max-Age=0"));
    assert_eq!(
        app.get(&callback, &session).await.status(),
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        app.get("/api/tenant", &session).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn case_13_only_paths_of_this_site_are_gone_back_to() {
    let app = TestApp::start().await;
    for (wanted, reached) in [
        ("//evil", "/"),
        ("/%5Cevil", "/"),
        ("%2Ftenant%2Fa", "/tenant/a"),
    ] {
        let (transaction, callback) = app.begin("owner", wanted).await;
        assert_eq!(location(&app.get(&callback, &transaction).await), reached);
    }
}

#[tokio::test]
async fn case_14_a_planted_session_is_replaced() {
    let app = TestApp::start().await;
    let planted = app.sign_in("viewer").await;
    let (transaction, callback) = app.begin("owner", "/").await;
    let answer = app
        .get(&callback, &format!("{transaction}; {planted}"))
        .await;
    assert_ne!(cookie(&answer, "kombify"), planted);
    assert_eq!(
        app.get("/api/tenant", &planted).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn case_15_the_session_cookie_is_for_the_server_alone() {
    let app = TestApp::start().await;
    let (transaction, callback) = app.begin("owner", "/").await;
    let flags = set_cookie(&app.get(&callback, &transaction).await, "kombify");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(flags.contains(flag), "{flags}");
    }
}

#[tokio::test]
async fn case_16_a_session_ends_with_its_sign_out() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    assert_eq!(
        app.get("/api/tenant", &session).await.status(),
        StatusCode::OK
    );
    let out = app
        .request(Method::POST, "/auth/sign-out")
        .header(header::COOKIE, &session)
        .header("sec-fetch-site", "same-origin")
        .send()
        .await
        .expect("an answer");
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        app.get("/api/tenant", &session).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn case_17_a_cross_site_post_is_refused() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    let post = |name: &'static str, value: &'static str| {
        app.request(Method::POST, "/api/tenant")
            .header(header::COOKIE, &session)
            .header(name, value)
            .header(header::CONTENT_TYPE, "text/plain")
            .body("{\"name\":\"Planted\"}")
            .send()
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.test"),
        ("x-neither", "1"),
    ] {
        let answer = post(name, value).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
}

#[tokio::test]
async fn case_26_plain_identity_headers_prove_nothing() {
    let app = TestApp::start().await;
    let answer = app
        .request(Method::POST, "/api/internal/sso/exchange")
        .header("x-user-id", "dev-owner")
        .header("x-org-id", "dev-org")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}
