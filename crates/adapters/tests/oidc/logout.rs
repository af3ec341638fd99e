//! Logout, from the provider and to it.

use domain::ports::{IdentityProvider as _, LogoutNotice};
use serde_json::json;
use test_support::issuer::{Account, CLIENT_ID, LogoutToken, Signing};
use types::ErrorCode::Invalid;

use crate::{Bench, assert_refused, parameter};

async fn verify(token: LogoutToken) -> Result<LogoutNotice, domain::Error> {
    let bench = Bench::new().await;
    let token = bench.issuer.logout_token(&token);
    bench.provider.verify_logout(&token).await
}

fn token() -> LogoutToken {
    LogoutToken::of_session("ada", "session-1")
}

#[tokio::test]
async fn case_21_a_valid_token_says_who_and_which_session() {
    let bench = Bench::new().await;
    let text = bench.issuer.logout_token(&token().claim("jti", "notice-1"));
    let expected = LogoutNotice {
        issuer: bench.issuer.url().to_owned(),
        id: "notice-1".to_owned(),
        subject: Some("ada".to_owned()),
        sid: Some("session-1".to_owned()),
    };
    assert_eq!(
        bench.provider.verify_logout(&text).await.expect("valid"),
        expected
    );
}

#[tokio::test]
async fn case_21_a_person_or_a_session_alone_is_enough() {
    let person = verify(LogoutToken::of_subject("ada")).await.expect("valid");
    assert_eq!((person.subject.as_deref(), person.sid), (Some("ada"), None));
    let session = verify(token().without("sub")).await.expect("valid");
    assert_eq!(
        (session.subject, session.sid.as_deref()),
        (None, Some("session-1"))
    );
}

#[tokio::test]
async fn case_21_other_kinds_and_audiences_that_the_standard_allows() {
    verify(token().kind("JWT")).await.expect("typ JWT");
    verify(token().kind("application/logout+jwt"))
        .await
        .expect("the whole media type");
    verify(token().claim("aud", json!([CLIENT_ID, "another-client"])))
        .await
        .expect("several audiences");
    verify(token().without("exp"))
        .await
        .expect("no exp, as drafts of the standard had it");
}

#[tokio::test]
async fn case_21_bad_events_are_refused() {
    assert_refused(verify(token().without("events")).await, Invalid);
    assert_refused(verify(token().claim("events", json!({}))).await, Invalid);
    assert_refused(
        verify(token().claim("events", json!({ "http://example.test/other": {} }))).await,
        Invalid,
    );
    let no_object = json!({ "http://schemas.openid.net/event/backchannel-logout": "yes" });
    assert_refused(verify(token().claim("events", no_object)).await, Invalid);
}

#[tokio::test]
async fn case_21_a_nonce_is_refused() {
    assert_refused(verify(token().claim("nonce", "n")).await, Invalid);
}

#[tokio::test]
async fn case_21_foreign_issuer_or_audience_is_refused() {
    assert_refused(
        verify(token().claim("iss", "https://issuer.example.test")).await,
        Invalid,
    );
    assert_refused(
        verify(token().claim("aud", "another-client")).await,
        Invalid,
    );
    assert_refused(verify(token().without("aud")).await, Invalid);
}

#[tokio::test]
async fn case_21_what_names_nobody_or_has_no_id_is_refused() {
    assert_refused(verify(LogoutToken::of_subject("")).await, Invalid);
    assert_refused(verify(token().without("sub").without("sid")).await, Invalid);
    assert_refused(verify(token().without("jti")).await, Invalid);
    assert_refused(verify(token().claim("jti", "")).await, Invalid);
}

#[tokio::test]
async fn case_21_times_that_do_not_hold_are_refused() {
    assert_refused(verify(token().times(600, 720)).await, Invalid);
    assert_refused(verify(token().times(-120, -31)).await, Invalid);
    assert_refused(verify(token().times(-601, 3_600)).await, Invalid);
    assert_refused(verify(token().without("iat")).await, Invalid);
    verify(token().times(-60, -25))
        .await
        .expect("within the leeway");
}

#[tokio::test]
async fn case_21_signatures_that_prove_nothing_are_refused() {
    for signing in [
        Signing::Unsigned,
        Signing::PublicKeyAsSecret,
        Signing::ClientSecret,
        Signing::StrangersKey,
        Signing::UnknownKeyId,
    ] {
        assert_refused(verify(token().signed(signing)).await, Invalid);
    }
}

#[tokio::test]
async fn case_21_another_kind_of_token_is_refused() {
    assert_refused(verify(token().kind("at+jwt")).await, Invalid);
    // A genuine ID token of the same issuer for the same client.
    let bench = Bench::new().await;
    let identity = bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("signed in");
    let id_token = identity.tokens.id_token.expect("an ID token");
    assert_refused(bench.provider.verify_logout(&id_token).await, Invalid);
}

#[tokio::test]
async fn case_21_what_is_no_token_is_refused_without_asking_the_provider() {
    let bench = Bench::new().await;
    for text in ["", "a", "a.b", "a.b.c", "a.b.c.d", &"x".repeat(1 << 20)] {
        assert_refused(bench.provider.verify_logout(text).await, Invalid);
    }
    assert_eq!(bench.issuer.discoveries(), 0);
}

#[tokio::test]
async fn sign_out_at_the_provider_names_the_client_the_token_and_the_way_back() {
    let bench = Bench::new().await;
    let identity = bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("signed in");
    let id_token = identity.tokens.id_token.expect("an ID token");
    let home = "http://127.0.0.1:4000/";
    let url = bench
        .provider
        .end_session_url(Some(&id_token), home)
        .await
        .expect("a URL");
    assert!(
        url.starts_with(&format!("{}/end_session?", bench.issuer.url())),
        "{url}"
    );
    assert_eq!(parameter(&url, "client_id").as_deref(), Some(CLIENT_ID));
    assert_eq!(
        parameter(&url, "post_logout_redirect_uri").as_deref(),
        Some(home)
    );
    assert_eq!(parameter(&url, "id_token_hint"), Some(id_token));
    let without = bench
        .provider
        .end_session_url(None, home)
        .await
        .expect("a URL");
    assert_eq!(parameter(&without, "id_token_hint"), None);
}

#[tokio::test]
async fn sign_out_needs_no_provider_that_answers() {
    let bench = Bench::new().await;
    bench.issuer.set_down(true);
    assert_eq!(
        bench
            .provider
            .end_session_url(None, "http://127.0.0.1:4000/")
            .await,
        None
    );
}
