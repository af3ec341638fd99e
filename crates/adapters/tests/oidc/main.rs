//! The OpenID Connect client against an issuer that misbehaves. Functions named
//! `case_<n>_…` are the security cases of the platform's identity.

mod id_token;
mod keys;
mod logout;
mod person;
mod provider;
mod tokens;

use std::sync::Arc;

use adapters::oidc::{OidcProvider, OidcSettings};
use domain::{
    Error,
    env::{Env, MovableClock},
    ports::{IdentityProvider, SignInSecrets, VerifiedIdentity},
};
use test_support::issuer::{Account, CLIENT_ID, FakeIssuer};
use types::ErrorCode;

const CALLBACK: &str = "http://127.0.0.1:4000/auth/callback";

/// An issuer, the client that is tested, and the clock that both go by.
struct Bench {
    issuer: FakeIssuer,
    provider: OidcProvider,
    clock: MovableClock,
}

impl Bench {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings than those of a public client at Zitadel.
    async fn with(change: impl FnOnce(&mut OidcSettings)) -> Self {
        let clock = MovableClock::default();
        let env = Env::with_clock(Arc::new(clock.clone()));
        let issuer = FakeIssuer::start(env.clone()).await;
        let mut settings = settings(&issuer);
        change(&mut settings);
        let provider = OidcProvider::new(settings, env).expect("the settings can be used");
        Self {
            issuer,
            provider,
            clock,
        }
    }

    /// The whole way: to the issuer, back with a code, and the code for an identity.
    async fn sign_in(&self, account: Account) -> Result<VerifiedIdentity, Error> {
        let (code, secrets) = self.code(account).await;
        self.provider.redeem(&code, &secrets, CALLBACK).await
    }

    /// As far as the code.
    async fn code(&self, account: Account) -> (String, SignInSecrets) {
        let start = self
            .provider
            .begin(CALLBACK)
            .await
            .expect("the issuer can be discovered");
        let back = self.issuer.authorize(&start.authorize_url, account).await;
        assert!(back.starts_with(CALLBACK), "sent back to {back}");
        assert_eq!(
            parameter(&back, "state").as_deref(),
            Some(start.secrets.state.as_str())
        );
        let code = parameter(&back, "code").expect("a code");
        (code, start.secrets)
    }
}

fn settings(issuer: &FakeIssuer) -> OidcSettings {
    let scopes = [
        "openid",
        "profile",
        "email",
        "offline_access",
        "urn:zitadel:iam:user:resourceowner",
        "urn:zitadel:iam:org:projects:roles",
    ];
    OidcSettings {
        issuer: issuer.url().to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: None,
        scopes: scopes.map(str::to_owned).into(),
    }
}

fn parameter(url: &str, name: &str) -> Option<String> {
    openidconnect::url::Url::parse(url)
        .expect("a URL")
        .query_pairs()
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

#[track_caller]
fn assert_refused<T>(answer: Result<T, Error>, code: ErrorCode) {
    match answer {
        Ok(_) => panic!("accepted, but {code:?} was due"),
        Err(error) => assert_eq!(error.code(), code, "{error}"),
    }
}
