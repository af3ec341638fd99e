//! Codes and refresh tokens.

use domain::ports::IdentityProvider as _;
use test_support::issuer::{Account, RefreshAnswer};
use types::ErrorCode::{Unauthenticated, Upstream};

use crate::{Bench, CALLBACK, assert_refused};

#[tokio::test]
async fn tokens_last_as_long_as_the_issuer_says() {
    let bench = Bench::new().await;
    bench.issuer.set_lifetime(1_234);
    let before = domain::env::Env::system().now();
    let tokens = bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("signed in")
        .tokens;
    let lasts = tokens.expires_at.millis_since(before);
    assert!((1_234_000..1_294_000).contains(&lasts), "{lasts} ms");
    assert!(tokens.refresh_token.is_some() && tokens.id_token.is_some());
}

#[tokio::test]
async fn a_code_works_once() {
    let bench = Bench::new().await;
    let (code, secrets) = bench.code(Account::complete("ada")).await;
    bench
        .provider
        .redeem(&code, &secrets, CALLBACK)
        .await
        .expect("the first time");
    assert_refused(
        bench.provider.redeem(&code, &secrets, CALLBACK).await,
        Unauthenticated,
    );
}

#[tokio::test]
async fn a_code_works_with_its_own_verifier_and_address_only() {
    let bench = Bench::new().await;
    let (code, mut secrets) = bench.code(Account::complete("ada")).await;
    secrets.verifier = "another-verifier-that-is-just-as-long-as-the-one".to_owned();
    assert_refused(
        bench.provider.redeem(&code, &secrets, CALLBACK).await,
        Unauthenticated,
    );
    let (code, secrets) = bench.code(Account::complete("ada")).await;
    let elsewhere = "http://127.0.0.1:4001/auth/callback";
    assert_refused(
        bench.provider.redeem(&code, &secrets, elsewhere).await,
        Unauthenticated,
    );
}

#[tokio::test]
async fn case_20_a_refresh_token_gives_new_ones_and_works_once() {
    let bench = Bench::new().await;
    let first = bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("signed in")
        .tokens;
    let old = first.refresh_token.expect("a refresh token");
    let renewed = bench.provider.refresh(&old).await.expect("renewed");
    assert_ne!(renewed.access_token, first.access_token);
    assert_refused(bench.provider.refresh(&old).await, Unauthenticated);
    // Its reuse has ended the whole family.
    let young = renewed.refresh_token.expect("a refresh token");
    assert_refused(bench.provider.refresh(&young).await, Unauthenticated);
    assert_eq!(bench.issuer.refreshes(), 3);
}

#[tokio::test]
async fn case_20_a_refusal_is_told_from_an_outage() {
    let bench = Bench::new().await;
    let tokens = bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("signed in")
        .tokens;
    let token = tokens.refresh_token.expect("a refresh token");
    for (answer, code) in [
        (RefreshAnswer::InvalidGrant, Unauthenticated),
        (RefreshAnswer::ForgedIdToken, Unauthenticated),
        (RefreshAnswer::InvalidClient, Upstream),
        (RefreshAnswer::Unavailable, Upstream),
    ] {
        let bench = Bench::new().await;
        let tokens = bench
            .sign_in(Account::complete("ada"))
            .await
            .expect("signed in")
            .tokens;
        bench.issuer.set_refresh(answer);
        let token = tokens.refresh_token.expect("a refresh token");
        assert_refused(bench.provider.refresh(&token).await, code);
    }
    bench.issuer.set_down(true);
    assert_refused(bench.provider.refresh(&token).await, Upstream);
}
