//! Discovery: when the provider is asked, and what is not believed.

use std::time::Duration;

use adapters::oidc::OidcProvider;
use domain::{env::Env, ports::IdentityProvider as _};
use futures::future::join_all;
use test_support::issuer::{Account, CLIENT_SECRET, ClientProof, DiscoveryFault, FakeIssuer};
use types::ErrorCode::{Invalid, Upstream};

use crate::{Bench, CALLBACK, assert_refused, parameter, settings};

#[tokio::test]
async fn nothing_is_asked_before_it_is_needed_and_then_once() {
    let bench = Bench::new().await;
    assert_eq!(bench.issuer.discoveries(), 0);
    let starts = join_all((0..20).map(|_| bench.provider.begin(CALLBACK))).await;
    assert!(starts.iter().all(Result::is_ok));
    assert_eq!(
        (bench.issuer.discoveries(), bench.issuer.key_fetches()),
        (1, 1)
    );
    bench.clock.advance(3_601);
    bench.provider.begin(CALLBACK).await.expect("asked again");
    assert_eq!(
        (bench.issuer.discoveries(), bench.issuer.key_fetches()),
        (2, 2)
    );
}

#[tokio::test]
async fn an_authorise_url_has_all_that_protects_the_way() {
    let bench = Bench::new().await;
    let one = bench.provider.begin(CALLBACK).await.expect("a start");
    let two = bench.provider.begin(CALLBACK).await.expect("a start");
    let value = |name| parameter(&one.authorize_url, name).unwrap_or_default();
    assert_eq!(value("response_type"), "code");
    assert_eq!(value("redirect_uri"), CALLBACK);
    assert_eq!(value("code_challenge_method"), "S256");
    assert_eq!(value("state"), one.secrets.state);
    assert_eq!(value("nonce"), one.secrets.nonce);
    assert_eq!(value("scope"), settings(&bench.issuer).scopes.join(" "));
    assert!(
        !one.authorize_url.contains(&one.secrets.verifier),
        "the verifier stays here"
    );
    let all = [&one.secrets, &two.secrets]
        .map(|secrets| [&secrets.state, &secrets.nonce, &secrets.verifier]);
    let distinct: std::collections::BTreeSet<_> = all.iter().flatten().collect();
    assert_eq!(distinct.len(), 6);
    assert!(
        distinct.iter().all(|secret| secret.len() == 43),
        "256 bits each"
    );
}

#[tokio::test]
async fn an_issuer_that_is_down_is_asked_again_after_a_while() {
    let bench = Bench::new().await;
    bench.issuer.set_down(true);
    assert_refused(bench.provider.begin(CALLBACK).await, Upstream);
    assert_eq!(bench.issuer.discoveries(), 2, "one retry");
    assert_refused(bench.provider.begin(CALLBACK).await, Upstream);
    assert_eq!(bench.issuer.discoveries(), 2, "left alone for five seconds");
    bench.issuer.set_down(false);
    bench.clock.advance(6);
    bench.provider.begin(CALLBACK).await.expect("it is back");
}

#[tokio::test]
async fn an_issuer_that_goes_down_later_is_still_known() {
    let bench = Bench::new().await;
    bench.provider.begin(CALLBACK).await.expect("discovery");
    bench.issuer.set_down(true);
    bench.clock.advance(3_601);
    bench
        .provider
        .begin(CALLBACK)
        .await
        .expect("what is known is used");
}

#[tokio::test]
async fn a_discovery_document_that_cannot_be_believed_is_not() {
    for fault in [
        DiscoveryFault::ForeignIssuer,
        DiscoveryFault::Redirect,
        DiscoveryFault::Endless,
    ] {
        let bench = Bench::new().await;
        bench.issuer.set_discovery(fault);
        assert_refused(bench.provider.begin(CALLBACK).await, Upstream);
    }
}

#[tokio::test]
async fn an_issuer_without_https_is_refused_unless_it_is_on_this_machine() {
    let bench = Bench::new().await;
    for (issuer, fits) in [
        ("https://issuer.example.test", true),
        ("http://localhost", true),
        ("http://[::1]/path", true),
        ("http://issuer.example.test", false),
        ("http://127.0.0.1.example.test", false),
        ("ftp://localhost", false),
        ("issuer", false),
        ("", false),
    ] {
        let mut settings = settings(&bench.issuer);
        settings.issuer = issuer.to_owned();
        let made = OidcProvider::new(settings, Env::system());
        assert_eq!(made.is_ok(), fits, "{issuer}");
        if let Err(error) = made {
            assert_eq!(error.code(), Invalid);
        }
    }
}

#[tokio::test]
async fn a_client_with_a_secret_proves_itself_as_the_issuer_asks() {
    for proof in [ClientProof::Basic, ClientProof::Post] {
        let bench =
            Bench::with(|settings| settings.client_secret = Some(CLIENT_SECRET.to_owned())).await;
        bench.issuer.ask_for_secret(proof);
        let identity = bench.sign_in(Account::complete("ada")).await;
        assert_eq!(
            identity
                .unwrap_or_else(|error| panic!("{proof:?}: {error}"))
                .subject,
            "ada"
        );
    }
    // The issuer does look: without the secret it is the settings that are wrong.
    let bench = Bench::new().await;
    bench.issuer.ask_for_secret(ClientProof::Basic);
    assert_refused(bench.sign_in(Account::complete("ada")).await, Upstream);
}

#[tokio::test]
async fn a_token_endpoint_that_does_not_answer_is_not_waited_for() {
    let env = Env::system();
    let issuer = FakeIssuer::start(env.clone()).await;
    let provider = OidcProvider::with_timeout(settings(&issuer), env, Duration::from_millis(200))
        .expect("the settings can be used");
    let start = provider.begin(CALLBACK).await.expect("a start");
    let back = issuer
        .authorize(&start.authorize_url, Account::complete("ada"))
        .await;
    issuer.hold_tokens(true);
    let code = parameter(&back, "code").expect("a code");
    assert_refused(
        provider.redeem(&code, &start.secrets, CALLBACK).await,
        Upstream,
    );
    issuer.hold_tokens(false);
}
