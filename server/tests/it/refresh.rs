//! A session goes on only while the provider stands by it.

use std::pin::pin;

use futures::future::{Either, join_all, select};
use reqwest::StatusCode;
use test_support::{
    issuer::{Account, RefreshAnswer},
    postgres::Database,
};

use crate::support::{Homelab, Setup, TestApp, eventually, on_both};

/// The test issuer's tokens last so long, in seconds.
const LIFETIME: i64 = 300;

async fn case_19_of_twenty_requests_at_expiry_one_refreshes(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let browser = app.browser();
    browser.sign_in(Account::complete("ada")).await;
    app.clock.advance(LIFETIME + 1);
    app.issuer().hold_tokens(true);
    let requests = join_all((0..20).map(|_| browser.get("/api/tenant")));
    let release = async {
        eventually("a refresh", || app.issuer().waiting() > 0).await;
        app.issuer().hold_tokens(false);
    };
    let (answers, ()) = tokio::join!(requests, release);
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(app.issuer().refreshes(), 1);
}

on_both!(case_19_of_twenty_requests_at_expiry_one_refreshes);

#[tokio::test]
async fn what_the_provider_gave_out_is_kept_also_for_who_went_away() {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    browser.sign_in(Account::complete("ada")).await;
    app.clock.advance(LIFETIME + 1);
    app.issuer().hold_tokens(true);
    {
        let asks = pin!(browser.get("/api/tenant"));
        let begun = pin!(eventually("a refresh", || app.issuer().waiting() > 0));
        let gone = select(begun, asks).await;
        assert!(matches!(gone, Either::Left(_)));
    }
    app.issuer().hold_tokens(false);
    eventually("its answer", || app.issuer().refreshes() == 1).await;
    // Longer than whoever refreshes holds the tokens.
    app.clock.advance(20);
    assert_eq!(browser.get("/api/tenant").await.status(), StatusCode::OK);
    assert_eq!(app.issuer().refreshes(), 1);
}

#[tokio::test]
async fn case_19_of_two_processes_one_refreshes() {
    let Some(database) = Database::create().await else {
        return;
    };
    let setup = Setup::default()
        .with_issuer()
        .await
        .with("database.url", &database.url());
    let (one, other) = (setup.clone().start().await, setup.start().await);
    let browser = one.browser();
    browser.sign_in(Account::complete("ada")).await;
    let cookies = browser.cookies();
    // Longer ago than a provider that does not answer is borne with.
    one.clock.advance(LIFETIME + 1200);
    one.issuer().hold_tokens(true);
    let ask = |app: &TestApp| {
        let request = app
            .request(reqwest::Method::GET, "/api/tenant")
            .header("cookie", &cookies);
        async move { request.send().await.expect("an answer").status() }
    };
    let requests = join_all((0..10).flat_map(|_| [ask(&one), ask(&other)]));
    let release = async {
        eventually("a refresh", || one.issuer().waiting() > 0).await;
        one.issuer().hold_tokens(false);
    };
    let (answers, ()) = tokio::join!(requests, release);
    assert_eq!(answers, vec![StatusCode::OK; 20]);
    assert_eq!(one.issuer().refreshes(), 1);
}

#[tokio::test]
async fn case_20_a_refused_refresh_ends_the_session() {
    for answer in [RefreshAnswer::InvalidGrant, RefreshAnswer::ForgedIdToken] {
        let app = TestApp::with_issuer().await;
        let browser = app.browser();
        browser.sign_in(Account::complete("ada")).await;
        app.issuer().set_refresh(answer);
        app.clock.advance(LIFETIME + 1);
        for _ in 0..2 {
            assert_eq!(
                browser.get("/api/tenant").await.status(),
                StatusCode::UNAUTHORIZED,
                "{answer:?}"
            );
        }
        // It stays over when the provider would renew again.
        app.issuer().set_refresh(RefreshAnswer::Tokens);
        assert_eq!(
            browser.get("/api/tenant").await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
}

#[tokio::test]
async fn case_22_who_is_deactivated_is_out_of_their_homelab_within_the_tokens_lifetime() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let open = lab.ada.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(open.status(), StatusCode::OK);
    // The provider renews nothing for somebody who was deactivated.
    app.issuer().set_refresh(RefreshAnswer::InvalidGrant);
    app.clock.advance(LIFETIME + 1);
    // The homelab first: nothing of the portal has noticed yet.
    let stack = lab.ada.in_stack("harbour", "/v1/stacks").await;
    assert_eq!(stack.status(), StatusCode::UNAUTHORIZED);
    let portal = lab.ada.get("/api/tenant").await;
    assert_eq!(portal.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_borne_with_for_five_minutes_by_nobody_longer() {
    let app = TestApp::with_issuer().await;
    let browser = app.browser();
    browser.sign_in(Account::complete("ada")).await;
    app.issuer().set_refresh(RefreshAnswer::Unavailable);
    app.clock.advance(LIFETIME + 60);
    assert_eq!(browser.get("/api/tenant").await.status(), StatusCode::OK);
    app.clock.advance(LIFETIME);
    // The first asks the provider; those that come while its attempt counts as made
    // must not be let in on its account.
    let answers = join_all((0..5).map(|_| browser.get("/api/tenant"))).await;
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    }
    // Nothing was lost: it goes on when the provider answers again.
    app.issuer().set_refresh(RefreshAnswer::Tokens);
    app.clock.advance(16);
    assert_eq!(browser.get("/api/tenant").await.status(), StatusCode::OK);
}
