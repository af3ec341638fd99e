//! Which ID tokens hold.

use domain::ports::IdentityProvider as _;
use test_support::issuer::{Account, CLIENT_SECRET, ClientProof, Fault, Signing};
use types::ErrorCode::Unauthenticated;

use crate::{Bench, CALLBACK, assert_refused};

async fn accepts(fault: Fault) {
    let bench = Bench::new().await;
    let identity = bench
        .sign_in(Account::complete("ada").fault(fault.clone()))
        .await
        .unwrap_or_else(|error| panic!("{fault:?} was refused: {error}"));
    assert_eq!(identity.subject, "ada");
}

async fn refuses(fault: Fault) {
    let bench = Bench::new().await;
    assert_refused(
        bench.sign_in(Account::complete("ada").fault(fault)).await,
        Unauthenticated,
    );
    // It was the fault, and nothing else: the same person without it is let in.
    let without = bench.sign_in(Account::complete("ada")).await;
    assert_eq!(without.expect("a good token").subject, "ada");
}

#[tokio::test]
async fn case_04_another_nonce_is_refused() {
    refuses(Fault::WrongNonce).await;
}

#[tokio::test]
async fn case_04_no_nonce_is_refused() {
    refuses(Fault::NoNonce).await;
}

#[tokio::test]
async fn case_05_an_unsigned_token_is_refused() {
    refuses(Fault::Signed(Signing::Unsigned)).await;
}

#[tokio::test]
async fn case_05_hs256_with_the_public_key_is_refused() {
    refuses(Fault::Signed(Signing::PublicKeyAsSecret)).await;
}

#[tokio::test]
async fn case_05_hs256_with_the_clients_secret_is_refused() {
    let bench =
        Bench::with(|settings| settings.client_secret = Some(CLIENT_SECRET.to_owned())).await;
    bench.issuer.ask_for_secret(ClientProof::Basic);
    let account = Account::complete("ada").fault(Fault::Signed(Signing::ClientSecret));
    assert_refused(bench.sign_in(account).await, Unauthenticated);
}

#[tokio::test]
async fn case_05_a_strangers_signature_is_refused() {
    refuses(Fault::Signed(Signing::StrangersKey)).await;
}

#[tokio::test]
async fn case_06_a_foreign_issuer_is_refused() {
    refuses(Fault::ForeignIssuer).await;
}

#[tokio::test]
async fn case_06_a_foreign_audience_is_refused() {
    refuses(Fault::ForeignAudience).await;
}

#[tokio::test]
async fn case_06_a_foreign_authorised_party_is_refused() {
    refuses(Fault::ForeignAuthorizedParty).await;
}

#[tokio::test]
async fn case_06_several_audiences_without_an_authorised_party_are_refused() {
    refuses(Fault::Audiences(vec!["project".to_owned()])).await;
}

#[tokio::test]
async fn case_07_the_project_beside_the_client_is_accepted() {
    accepts(Fault::ProjectAudience("project".to_owned())).await;
}

#[tokio::test]
async fn case_08_a_token_that_expired_31_seconds_ago_is_refused() {
    refuses(Fault::ExpiresIn(-31)).await;
}

#[tokio::test]
async fn case_08_two_clocks_may_be_25_seconds_apart() {
    accepts(Fault::ExpiresIn(-25)).await;
    accepts(Fault::IssuedIn(25)).await;
}

#[tokio::test]
async fn case_08_a_token_issued_in_ten_minutes_is_refused() {
    refuses(Fault::IssuedIn(600)).await;
}

#[tokio::test]
async fn case_08_a_token_that_does_not_hold_yet_is_refused() {
    refuses(Fault::NotBeforeIn(600)).await;
}

#[tokio::test]
async fn case_08_time_is_the_one_that_is_passed_in() {
    let bench = Bench::new().await;
    let (code, secrets) = bench.code(Account::complete("ada")).await;
    bench.clock.advance(24 * 3600);
    // A day later the issuer, which goes by the same clock, makes a token of that day.
    let identity = bench.provider.redeem(&code, &secrets, CALLBACK).await;
    assert_eq!(identity.expect("a token of the day").subject, "ada");
}

#[tokio::test]
async fn the_hash_of_another_access_token_is_refused() {
    refuses(Fault::WrongAccessTokenHash).await;
}

#[tokio::test]
async fn an_answer_without_an_id_token_is_refused() {
    refuses(Fault::NoIdToken).await;
}

#[tokio::test]
async fn an_access_token_that_no_header_takes_is_refused() {
    refuses(Fault::UnsendableAccessToken).await;
}

#[tokio::test]
async fn a_refusal_tells_the_person_what_to_do_and_no_more() {
    let bench = Bench::new().await;
    let refused = bench
        .sign_in(Account::complete("ada").fault(Fault::WrongNonce))
        .await;
    let problem = refused.expect_err("refused").problem();
    assert!(
        problem.detail.contains("Start the sign-in again"),
        "{}",
        problem.detail
    );
    assert!(!problem.detail.contains("nonce"), "{}", problem.detail);
}
