//! The link that makes the first operator.

use reqwest::{Method, StatusCode, header};
use serde_json::json;
use test_support::issuer::Account;

use crate::support::{TestApp, location, path_of};

#[tokio::test]
async fn a_set_up_link_makes_one_operator_once() {
    let app = TestApp::with_issuer().await;
    let link = app.services.portal.set_up.link().await.expect("a link");
    let path = path_of(&link.expect("no operator yet"));
    // A look changes nothing; nobody signs in first and comes back.
    let nobody = app.get(&path, "").await;
    assert_eq!(nobody.status(), StatusCode::SEE_OTHER);
    assert!(location(&nobody).starts_with("/auth/sign-in?return_to=%2Fsetup%2F"));
    assert_eq!(nobody.headers()[header::REFERRER_POLICY], "no-referrer");
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    assert_eq!(ada.get(&path).await.status(), StatusCode::OK);
    let users = "/api/admin/users";
    assert_eq!(ada.get(users).await.status(), StatusCode::FORBIDDEN);
    let made = ada.put(Method::POST, &path, &json!({})).await;
    assert_eq!(made.status(), StatusCode::SEE_OTHER);
    assert_eq!(ada.get(users).await.status(), StatusCode::OK);
    let ben = app.browser();
    ben.sign_in(Account::complete("ben")).await;
    for secret in [path.as_str(), "/setup/none"] {
        let again = ben.put(Method::POST, secret, &json!({})).await;
        assert_eq!(again.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(ben.get(users).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_set_up_link_makes_nobody_an_operator_beside_one() {
    let app = TestApp::with_issuer().await;
    let link = app.services.portal.set_up.link().await.expect("a link");
    let path = path_of(&link.expect("no operator yet"));
    let (ada, ben) = (app.browser(), app.browser());
    ada.sign_in(Account::complete("ada")).await;
    ben.sign_in(Account::complete("ben")).await;
    // Another process made one, by a link of its own.
    app.change("UPDATE \"user\" SET operator = true WHERE subject = 'ada'")
        .await;
    let second = ben.put(Method::POST, &path, &json!({})).await;
    assert_eq!(second.status(), StatusCode::CONFLICT);
    let users = ben.get("/api/admin/users").await;
    assert_eq!(users.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_set_up_link_lives_for_a_day() {
    let app = TestApp::with_issuer().await;
    let link = app.services.portal.set_up.link().await.expect("a link");
    let path = path_of(&link.expect("no operator yet"));
    app.clock.advance(24 * 3600 + 1);
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    assert_eq!(ada.get(&path).await.status(), StatusCode::NOT_FOUND);
    let late = ada.put(Method::POST, &path, &json!({})).await;
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
}
