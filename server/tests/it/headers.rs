//! Headers that keep browsers and caches from doing what they should not.

use reqwest::{Method, StatusCode, header};
use serde_json::json;

use crate::support::{Setup, TestApp, code};

const EVERYWHERE: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
];

#[tokio::test]
async fn every_answer_says_how_it_may_be_used_and_that_it_is_not_kept() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    for path in [
        "/",
        "/api/tenant",
        "/ui/viewer",
        "/nowhere",
        "/api/nowhere",
        "/health",
        "/setup/none",
    ] {
        let answer = app.get(path, &session).await;
        for (name, value) in EVERYWHERE {
            assert_eq!(answer.headers()[name], value, "{path}");
        }
        assert_eq!(
            answer.headers()[header::CACHE_CONTROL],
            "no-store",
            "{path}"
        );
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("text");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert!(!policy.contains("'unsafe-eval'"), "{path}: {policy}");
        // By http, on this machine, there is nothing to insist on.
        assert!(
            !answer
                .headers()
                .contains_key(header::STRICT_TRANSPORT_SECURITY)
        );
    }
}

#[tokio::test]
async fn what_everybody_may_see_of_its_health_holds_no_secret() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    let made = app
        .request(Method::POST, "/api/tenant")
        .header(header::COOKIE, &session)
        .header("sec-fetch-site", "same-origin")
        .json(&json!({ "name": "Quiet house" }));
    assert_eq!(
        made.send().await.expect("an answer").status(),
        StatusCode::CREATED
    );
    let value = session.split('=').nth(1).expect("a value");
    let answer = app.get("/health", "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.text().await.expect("a body");
    for word in [
        value,
        "quiet-house",
        "Quiet house",
        "owner@example.test",
        "dev-owner",
    ] {
        assert!(!text.contains(word), "it tells {word}");
    }
}

#[tokio::test]
async fn sign_ins_of_one_address_are_counted() {
    let setup = Setup::default().with("security.sign_ins_per_minute", "3");
    let app = setup.start().await;
    for _ in 0..3 {
        let start = app.get("/auth/sign-in", "").await;
        assert_eq!(start.status(), StatusCode::SEE_OTHER);
    }
    // What a client says of where it comes from changes nothing.
    let request = app
        .request(Method::GET, "/auth/sign-in")
        .header("x-forwarded-for", "198.51.100.7")
        .header("forwarded", "for=198.51.100.7");
    let more = request.send().await.expect("an answer");
    assert_eq!(more.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_request_id_of_the_caller_is_a_plain_word_or_not_taken() {
    let app = TestApp::start().await;
    for (sent, taken) in [
        ("abcdef-123456", true),
        ("a b", false),
        ("<script>alert(1)", false),
    ] {
        let answer = app
            .request(Method::GET, "/api/tenant")
            .header("x-request-id", sent);
        let answer = answer.send().await.expect("an answer");
        let id = answer.headers()["x-request-id"]
            .to_str()
            .expect("text")
            .to_owned();
        assert_eq!(id == sent, taken, "{sent}");
        assert_eq!(code(answer).await, "unauthenticated");
    }
}
