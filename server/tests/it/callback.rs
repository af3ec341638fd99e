//! The way back from the provider: what is let in, and what is not.

use reqwest::{StatusCode, header};
use test_support::issuer::{Account, Fault, Signing};

use crate::support::{TestApp, cookie, location, set_cookie};

#[tokio::test]
async fn case_01_a_callback_with_a_wrong_state_makes_no_session() {
    let app = TestApp::start().await;
    let (transaction, callback) = app.begin("owner", "/").await;
    let start = callback.find("state=").expect("a state");
    let wrong = format!("{}state=another", &callback[..start]);
    for address in [wrong.as_str(), "/auth/callback?code=x", "/auth/callback"] {
        let answer = app.get(address, &transaction).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{address}");
        let sets_session = answer
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .any(|value| value.as_bytes().starts_with(b"kombify="));
        assert!(!sets_session);
    }
}

#[tokio::test]
async fn case_02_a_callback_in_another_browser_is_refused() {
    let app = TestApp::start().await;
    let (_, callback) = app.begin("owner", "/").await;
    assert_eq!(
        app.get(&callback, "").await.status(),
        StatusCode::BAD_REQUEST
    );
    let (other, _) = app.begin("owner", "/").await;
    assert_eq!(
        app.get(&callback, &other).await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn case_03_a_callback_replayed_leaves_the_session_as_it_is() {
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
    // Somebody who kept the cookie fails at the provider: its code works once.
    let kept = app.get(&callback, &transaction).await;
    assert!(kept.status().is_client_error());
    assert_eq!(
        app.get("/api/tenant", &session).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_sign_in_takes_at_most_ten_minutes() {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    let callback = browser.begin(Account::complete("ada")).await;
    app.clock.advance(601);
    assert_eq!(
        browser.get(&callback).await.status(),
        StatusCode::BAD_REQUEST
    );
}

/// Refused with 401 and without a session; the same person without the fault comes in.
async fn refuses(fault: Fault) {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    let account = Account::complete("ada").fault(fault.clone());
    let answer = browser.try_sign_in(account).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{fault:?}");
    assert_eq!(browser.cookies(), "", "{fault:?}");
    browser.sign_in(Account::complete("ada")).await;
    assert_eq!(
        browser.get("/api/tenant").await.status(),
        StatusCode::OK,
        "{fault:?}"
    );
}

async fn accepts(fault: Fault) {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    browser
        .sign_in(Account::complete("ada").fault(fault.clone()))
        .await;
    assert_eq!(
        browser.get("/api/tenant").await.status(),
        StatusCode::OK,
        "{fault:?}"
    );
}

#[tokio::test]
async fn case_04_another_nonce_makes_no_session() {
    refuses(Fault::WrongNonce).await;
    refuses(Fault::NoNonce).await;
}

#[tokio::test]
async fn case_05_a_signature_that_proves_nothing_makes_no_session() {
    refuses(Fault::Signed(Signing::Unsigned)).await;
    refuses(Fault::Signed(Signing::PublicKeyAsSecret)).await;
    refuses(Fault::Signed(Signing::StrangersKey)).await;
}

#[tokio::test]
async fn case_06_a_token_of_or_for_somebody_else_makes_no_session() {
    refuses(Fault::ForeignIssuer).await;
    refuses(Fault::ForeignAudience).await;
    refuses(Fault::ForeignAuthorizedParty).await;
}

#[tokio::test]
async fn case_07_the_project_beside_the_client_is_let_in() {
    accepts(Fault::ProjectAudience("project".to_owned())).await;
}

#[tokio::test]
async fn case_08_a_token_of_another_time_makes_no_session() {
    refuses(Fault::ExpiresIn(-31)).await;
    refuses(Fault::IssuedIn(600)).await;
}

#[tokio::test]
async fn case_09_a_new_key_costs_one_look_and_twenty_unknown_ones_at_most_another() {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    browser.sign_in(Account::complete("ada")).await;
    let known = app.issuer().key_fetches();
    app.issuer().rotate_keys();
    app.clock.advance(3600);
    browser.sign_in(Account::complete("ada")).await;
    assert_eq!(app.issuer().key_fetches(), known + 1);
    for _ in 0..20 {
        let unknown = Account::complete("ada").fault(Fault::Signed(Signing::UnknownKeyId));
        let answer = browser.try_sign_in(unknown).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    assert!(app.issuer().key_fetches() <= known + 2);
}

#[tokio::test]
async fn case_13_only_paths_of_this_site_are_gone_back_to() {
    let app = TestApp::start().await;
    for (wanted, reached) in [
        ("//evil", "/"),
        ("/%5Cevil", "/"),
        ("/%09/evil", "/"),
        ("https://evil.test", "/"),
        ("%2Ftenant%2Fa", "/tenant/a"),
    ] {
        let (transaction, callback) = app.begin("owner", wanted).await;
        assert_eq!(location(&app.get(&callback, &transaction).await), reached);
    }
}

#[tokio::test]
async fn nobody_puts_words_into_our_mouth_by_a_providers_error() {
    let app = TestApp::start().await;
    let (transaction, callback) = app.begin("owner", "/").await;
    let planted = "/auth/callback?error=x&error_description=Call+0190+now";
    let said = app.get(planted, &transaction).await;
    assert_eq!(said.status(), StatusCode::BAD_REQUEST);
    assert!(!said.text().await.expect("a page").contains("0190"));
    // With the state of this browser's sign-in it is the provider's word.
    let state = crate::support::parameter(&callback, "state");
    let own =
        format!("/auth/callback?error=access_denied&error_description=%3Cb%3ENo&state={state}");
    let said = app.get(&own, &transaction).await;
    assert_eq!(said.status(), StatusCode::BAD_REQUEST);
    let page = said.text().await.expect("a page");
    assert!(page.contains("&lt;b&gt;No"), "{page}");
}
