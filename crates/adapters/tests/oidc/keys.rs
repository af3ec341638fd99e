//! The provider's keys: rotation, and key ids that nobody published.

use domain::ports::IdentityProvider as _;
use futures::future::join_all;
use test_support::issuer::{Account, Fault, LogoutToken, Signing};
use types::ErrorCode::{Invalid, Unauthenticated};

use crate::{Bench, assert_refused};

#[tokio::test]
async fn case_09_a_new_key_is_fetched_once_and_accepted() {
    let bench = Bench::new().await;
    bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("the first key");
    assert_eq!(bench.issuer.key_fetches(), 1);
    bench.issuer.rotate_keys();
    bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("the second key");
    assert_eq!(bench.issuer.key_fetches(), 2);
    bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("the second key, known now");
    assert_eq!(bench.issuer.key_fetches(), 2);
}

#[tokio::test]
async fn case_09_a_thousand_random_key_ids_cause_one_fetch_per_cooldown() {
    let bench = Bench::new().await;
    bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("discovery");
    let before = bench.issuer.key_fetches();
    thousand_random_key_ids(&bench).await;
    assert_eq!(bench.issuer.key_fetches(), before + 1);
    bench.clock.advance(31);
    thousand_random_key_ids(&bench).await;
    assert_eq!(bench.issuer.key_fetches(), before + 2);
    assert_eq!(bench.issuer.discoveries(), 1);
}

/// Logout tokens, which anybody may send: each under a key id of its own.
async fn thousand_random_key_ids(bench: &Bench) {
    let genuine = bench.issuer.logout_token(&LogoutToken::of_subject("ada"));
    let (_, rest) = genuine.split_once('.').expect("a JWS");
    let forged: Vec<String> = (0..1_000)
        .map(|_| {
            let header =
                serde_json::json!({ "alg": "RS256", "kid": domain::env::Env::system().secret() });
            format!("{}.{rest}", encode(&header))
        })
        .collect();
    for some in forged.chunks(50) {
        let answers = join_all(some.iter().map(|token| bench.provider.verify_logout(token))).await;
        for answer in answers {
            assert_refused(answer, Invalid);
        }
    }
}

fn encode(header: &serde_json::Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header.to_string())
}

#[tokio::test]
async fn case_09_after_random_key_ids_a_new_key_is_found_with_the_next_cooldown() {
    let bench = Bench::new().await;
    let unknown = || Account::complete("ada").fault(Fault::Signed(Signing::UnknownKeyId));
    assert_refused(bench.sign_in(unknown()).await, Unauthenticated);
    bench.issuer.rotate_keys();
    assert_refused(
        bench.sign_in(Account::complete("ada")).await,
        Unauthenticated,
    );
    bench.clock.advance(31);
    bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("the new key");
    assert_eq!(bench.issuer.key_fetches(), 3);
}

#[tokio::test]
async fn case_09_a_withdrawn_key_is_not_trusted_for_longer_than_an_hour() {
    let bench = Bench::new().await;
    bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("discovery");
    let by_the_old_key = LogoutToken::of_subject("ada").times(3_601, 3_700);
    let by_the_old_key = bench.issuer.logout_token(&by_the_old_key);
    bench.issuer.rotate_keys();
    bench.clock.advance(3_601);
    assert_refused(bench.provider.verify_logout(&by_the_old_key).await, Invalid);
    // The token itself was good: before, with its time come, the key would have held.
    let by_the_new_key = bench.issuer.logout_token(&LogoutToken::of_subject("ada"));
    bench
        .provider
        .verify_logout(&by_the_new_key)
        .await
        .expect("the new key");
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_leave_the_known_ones_in_use() {
    let bench = Bench::new().await;
    bench
        .sign_in(Account::complete("ada"))
        .await
        .expect("discovery");
    let good = bench.issuer.logout_token(&LogoutToken::of_subject("ada"));
    let unknown = LogoutToken::of_subject("ada").signed(Signing::UnknownKeyId);
    let unknown = bench.issuer.logout_token(&unknown);
    bench.issuer.set_down(true);
    assert_refused(bench.provider.verify_logout(&unknown).await, Invalid);
    bench
        .provider
        .verify_logout(&good)
        .await
        .expect("the known key");
}
