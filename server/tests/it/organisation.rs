//! Whose somebody is: organisations and roles at the provider, and never an address.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::{
    database::beside,
    issuer::{Account, Fault},
};

use crate::support::{Browser, OPERATORS, Setup, TestApp, json as body, on_postgres};

/// Harbour, bound to the organisation `harbour-org`.
async fn bound(app: &TestApp) -> Browser<'_> {
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    let made = ada
        .put(Method::POST, "/api/tenant", &json!({ "name": "Harbour" }))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let otto = operator(app).await;
    let bound = otto.bind("Harbour", json!("harbour-org")).await;
    assert_eq!(bound.status(), StatusCode::OK);
    ada
}

async fn operator(app: &TestApp) -> Browser<'_> {
    let otto = app.browser();
    let account = Account::complete("otto").role("operator", OPERATORS);
    otto.sign_in(account.requested(OPERATORS)).await;
    otto
}

async fn role_in_harbour(browser: &Browser<'_>) -> Option<String> {
    let answer = browser.get("/api/tenant/harbour").await;
    match answer.status() {
        StatusCode::OK => body(answer).await["role"].as_str().map(str::to_owned),
        StatusCode::NOT_FOUND => None,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn case_10_an_organisation_that_is_only_asked_for_is_refused() {
    let app = TestApp::with_issuer().await;
    bound(&app).await;
    let ben = app.browser();
    // The scope that the user can edit says harbour-org; nothing confirms it.
    let asks = Account::complete("ben").requested("harbour-org");
    let answer = ben.try_sign_in(asks).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(ben.cookies(), "");
    // With the home organisation or a role there it counts.
    ben.sign_in(
        Account::complete("ben")
            .home("harbour-org")
            .requested("harbour-org"),
    )
    .await;
    ben.sign_in(
        Account::complete("ben")
            .role("viewer", "harbour-org")
            .requested("harbour-org"),
    )
    .await;
    assert_eq!(role_in_harbour(&ben).await.as_deref(), Some("viewer"));
}

#[tokio::test]
async fn case_11_a_role_in_one_organisation_is_none_in_another() {
    let app = TestApp::with_issuer().await;
    bound(&app).await;
    let ben = app.browser();
    let asks = Account::complete("ben")
        .role("admin", "elsewhere-org")
        .requested("harbour-org");
    assert_eq!(ben.try_sign_in(asks).await.status(), StatusCode::FORBIDDEN);
    // At home in harbour-org, but the role is elsewhere: signed in, without a place.
    let at_home = Account::complete("ben")
        .home("harbour-org")
        .role("admin", "elsewhere-org");
    ben.sign_in(at_home).await;
    assert_eq!(role_in_harbour(&ben).await, None);
    // A role under a project that is not this client's counts no more than its own does.
    let operator = Account::complete("ben")
        .home("harbour-org")
        .role("operator", "harbour-org");
    ben.sign_in(operator).await;
    assert_eq!(
        ben.get("/api/admin/users").await.status(),
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_role_that_is_gone_at_the_provider_is_gone_here_after_the_next_sign_in() {
    let app = TestApp::with_issuer().await;
    bound(&app).await;
    let ben = app.browser();
    let at_home = || Account::complete("ben").home("harbour-org");
    ben.sign_in(at_home().role("admin", "harbour-org")).await;
    assert_eq!(role_in_harbour(&ben).await.as_deref(), Some("admin"));
    ben.sign_in(at_home().role("viewer", "harbour-org")).await;
    assert_eq!(role_in_harbour(&ben).await.as_deref(), Some("viewer"));
    ben.sign_in(at_home()).await;
    assert_eq!(role_in_harbour(&ben).await, None);
}

#[tokio::test]
async fn a_role_that_is_gone_is_gone_also_for_who_signs_in_with_another_organisation() {
    for asks_again in [false, true] {
        let app = TestApp::with_issuer().await;
        bound(&app).await;
        let ben = app.browser();
        let lent = Account::complete("ben").role("admin", "harbour-org");
        ben.sign_in(lent.requested("harbour-org")).await;
        assert_eq!(role_in_harbour(&ben).await.as_deref(), Some("admin"));
        let without = Account::complete("ben");
        if asks_again {
            let refused = ben.try_sign_in(without.requested("harbour-org")).await;
            assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        } else {
            ben.sign_in(without).await;
        }
        assert_eq!(role_in_harbour(&ben).await, None);
    }
}

#[tokio::test]
async fn a_provider_that_was_not_heard_takes_no_place() {
    let app = TestApp::with_issuer().await;
    bound(&app).await;
    let ben = app.browser();
    let at_home = Account::complete("ben").home("harbour-org");
    ben.sign_in(at_home.role("admin", "harbour-org")).await;
    // What it says of him stands in userinfo alone, which does not answer this time.
    let silent = Account::new("ben").fault(Fault::SilentUserinfo);
    ben.sign_in(silent).await;
    assert_eq!(role_in_harbour(&ben).await.as_deref(), Some("admin"));
    ben.sign_in(Account::new("ben")).await;
    assert_eq!(role_in_harbour(&ben).await, None);
}

#[tokio::test]
async fn a_role_stays_for_who_signs_in_with_another_organisation() {
    let app = TestApp::with_issuer().await;
    bound(&app).await;
    let ben = app.browser();
    let lent = || Account::complete("ben").role("member", "harbour-org");
    ben.sign_in(lent().requested("harbour-org")).await;
    ben.sign_in(lent()).await;
    assert_eq!(role_in_harbour(&ben).await.as_deref(), Some("member"));
}

async fn a_sign_in_beside_an_unbinding_leaves_no_place(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    bound(&app).await;
    let ben = app.browser();
    let at_home = Account::complete("ben").home("harbour-org");
    let signing_in = ben.sign_in(at_home.role("admin", "harbour-org"));
    beside(
        &app.control(),
        "UPDATE tenant SET organisation_id = NULL",
        signing_in,
    )
    .await;
    assert_eq!(role_in_harbour(&ben).await, None);
}

async fn an_unbinding_beside_a_last_invited_admin_who_leaves_is_refused(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    bound(&app).await;
    let ben = app.browser();
    let at_home = Account::complete("ben").home("harbour-org");
    ben.sign_in(at_home.role("admin", "harbour-org")).await;
    let otto = operator(&app).await;
    let unbinding = otto.bind("Harbour", Value::Null);
    // What leaving does: the tenant's row, then the place.
    let leaves = "SELECT 1 FROM tenant FOR UPDATE; \
                  DELETE FROM membership WHERE NOT by_organisation";
    let refused = beside(&app.control(), leaves, unbinding).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(role_in_harbour(&ben).await.as_deref(), Some("admin"));
}

on_postgres!(
    a_sign_in_beside_an_unbinding_leaves_no_place,
    an_unbinding_beside_a_last_invited_admin_who_leaves_is_refused,
);

#[tokio::test]
async fn case_12_the_same_address_under_another_subject_is_somebody_else() {
    let app = TestApp::with_issuer().await;
    let ada = bound(&app).await;
    let mallory = app.browser();
    let claims_to_be = Account::complete("mallory")
        .email("ada@example.test")
        .name("ada Example");
    mallory.sign_in(claims_to_be).await;
    assert_eq!(body(mallory.get("/api/tenant").await).await, json!([]));
    assert_eq!(role_in_harbour(&mallory).await, None);
    let one = body(ada.get("/ui/viewer").await).await;
    let other = body(mallory.get("/ui/viewer").await).await;
    assert_eq!(one["email"], other["email"]);
    assert_ne!(one["id"], other["id"]);
}
