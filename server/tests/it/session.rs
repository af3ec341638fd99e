//! Sessions: their cookie, their beginning and their end.

use reqwest::{Method, StatusCode, header};
use serde_json::json;
use test_support::issuer::Account;

use crate::support::{Setup, TestApp, cookie, location, path_of, set_cookie};

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
    assert!(!flags.contains("Domain"), "{flags}");
}

/// The flags of a cookie, in the order of the alphabet.
fn sorted(flags: &str) -> Vec<&str> {
    let mut flags: Vec<&str> = flags.split("; ").collect();
    flags.sort_unstable();
    flags
}

#[tokio::test]
async fn case_15_the_session_cookie_of_a_homelab_is_for_the_server_alone() {
    let app = TestApp::start().await;
    app.work().await;
    let session = app.sign_in("owner").await;
    let (name, value) = session.split_once('=').expect("a cookie");
    let browser = app.browser();
    browser.set_cookie(name, value);
    let harbour = json!({ "name": "Harbour" });
    let made = browser.put(Method::POST, "/api/tenant", &harbour).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let steps = browser.launch("harbour").await;
    let set = steps
        .iter()
        .find_map(|step| step.set_cookie("kombify-stack-harbour"));
    let (token, flags) = set.expect("a session of the homelab");
    assert_eq!(token, browser.cookie("kombify-stack-harbour"));
    // It ends with the browser, and belongs to no other host.
    assert_eq!(sorted(flags), ["HttpOnly", "Path=/", "SameSite=Lax"]);
}

#[tokio::test]
async fn case_15_by_https_cookies_are_secure_and_of_this_host_alone() {
    let setup = Setup::default().with_issuer().await;
    let app = setup
        .with("server.public_url", "https://kombify.example.test")
        .start()
        .await;
    let browser = app.browser();
    let start = browser.get("/auth/sign-in").await;
    let transaction = set_cookie(&start, "__Host-kombify-sign-in");
    let back = app
        .issuer()
        .authorize(&location(&start), Account::complete("ada"))
        .await;
    assert!(back.starts_with("https://kombify.example.test/auth/callback?"));
    let answer = browser.get(&path_of(&back)).await;
    let session = set_cookie(&answer, "__Host-kombify");
    let hand_over = browser.get("/sso/start?tenant=harbour").await;
    let hand_over = set_cookie(&hand_over, "__Host-sso_tx");
    for flags in [transaction, session, hand_over] {
        for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Secure"] {
            assert!(flags.contains(flag), "{flags}");
        }
        // `__Host-` forbids it (RFC 6265bis, 4.1.3.2).
        assert!(!flags.contains("Domain"), "{flags}");
    }
    let open = browser.get("/api/tenant").await;
    assert_eq!(open.status(), StatusCode::OK);
    assert!(
        open.headers()
            .contains_key(header::STRICT_TRANSPORT_SECURITY)
    );
    app.work().await;
    let harbour = json!({ "name": "Harbour" });
    let made = browser.put(Method::POST, "/api/tenant", &harbour).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let launch = browser.start_launch("harbour").await;
    let onward = launch["redirect"].as_str().expect("a way in");
    let steps = browser.follow(onward).await;
    let set = |name: &str| steps.iter().find_map(|step| step.set_cookie(name));
    let (_, flags) = set("__Host-kombify-stack-harbour").expect("a session of the homelab");
    assert_eq!(
        sorted(flags),
        ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
    );
    assert_eq!(set("kombify-stack-harbour"), None);
    let open = browser.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(open.status(), StatusCode::OK);
    // A cookie without the prefix, which a neighbouring host could set, is nobody's.
    let plain = format!("kombify={}", browser.cookie("__Host-kombify"));
    assert_eq!(
        app.get("/api/tenant", &plain).await.status(),
        StatusCode::UNAUTHORIZED
    );
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

const MINUTE: i64 = 60;

#[tokio::test]
async fn case_16_a_session_ends_when_it_was_idle_for_half_an_hour() {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    browser.sign_in(Account::complete("ada")).await;
    // Each use begins the half hour anew.
    for _ in 0..3 {
        app.clock.advance(29 * MINUTE);
        assert_eq!(browser.get("/api/tenant").await.status(), StatusCode::OK);
    }
    app.clock.advance(30 * MINUTE);
    assert_eq!(
        browser.get("/api/tenant").await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn case_16_a_session_ends_after_twelve_hours_however_it_is_used() {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    browser.sign_in(Account::complete("ada")).await;
    for _ in 0..35 {
        app.clock.advance(20 * MINUTE);
        assert_eq!(browser.get("/api/tenant").await.status(), StatusCode::OK);
    }
    app.clock.advance(20 * MINUTE);
    assert_eq!(
        browser.get("/api/tenant").await.status(),
        StatusCode::UNAUTHORIZED
    );
}
