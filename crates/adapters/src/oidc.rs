//! An OpenID provider, asked as a relying party (OpenID Connect Core 1.0): the
//! authorization code flow with PKCE, refresh, and logout in both directions.
//!
//! Works with any issuer; Zitadel's claims are understood. Nothing is asked of the
//! provider before the first sign-in needs it.

mod claims;
mod http;
mod logout;
mod metadata;
mod tokens;
mod verify;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Error, Result,
    env::Env,
    ports::{
        IdentityProvider, LogoutNotice, ProviderTokens, SignInSecrets, SignInStart,
        VerifiedIdentity,
    },
};
use openidconnect::{
    AccessToken, AuthorizationCode, ClientId, CsrfToken, LogoutRequest, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    RedirectUrl, RefreshToken, Scope, SubjectIdentifier, core::CoreAuthenticationFlow,
};
use types::ErrorCode;

use self::{
    claims::Person,
    http::Http,
    metadata::{Directory, Provider},
    tokens::{AccessAndMore, Client, IdToken, client, refused_by_provider, tokens_of},
    verify::{Refusal, Rules},
};

/// The scope that makes Zitadel name the user's own organisation.
const RESOURCE_OWNER_SCOPE: &str = "urn:zitadel:iam:user:resourceowner";

/// How long one request to the provider may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How kombify is known at the provider.
#[derive(Clone)]
pub struct OidcSettings {
    /// The issuer's URL, exactly as it stands in `iss`; https, except on loopback.
    pub issuer: String,
    /// The client id.
    pub client_id: String,
    /// The client's secret; `None` for a public client.
    pub client_secret: Option<String>,
    /// Scopes to ask for; `openid` is always asked for. A provider ignores those that
    /// it does not know (OpenID Connect Core 1.0, 3.1.2.1). With
    /// `urn:zitadel:iam:org:project:id:<id>:aud` the roles claim of that project counts
    /// besides the general one.
    pub scopes: Vec<String>,
}

impl OidcSettings {
    /// Zitadel's project of kombify. `zitadel` in the same place is Zitadel's own API.
    fn project(&self) -> Option<&str> {
        self.scopes
            .iter()
            .filter_map(|scope| {
                scope
                    .strip_prefix("urn:zitadel:iam:org:project:id:")?
                    .strip_suffix(":aud")
            })
            .find(|project| *project != "zitadel")
    }
}

/// An OpenID provider.
pub struct OidcProvider {
    settings: OidcSettings,
    env: Env,
    http: Http,
    directory: Directory,
}

impl OidcProvider {
    /// A provider that is not asked anything yet.
    ///
    /// # Errors
    /// `invalid` when the issuer is no URL, or one without https outside this machine.
    pub fn new(settings: OidcSettings, env: Env) -> Result<Self> {
        Self::with_timeout(settings, env, TIMEOUT)
    }

    /// The same with another bound than 10 s on one request to the provider.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn with_timeout(settings: OidcSettings, env: Env, timeout: Duration) -> Result<Self> {
        let http = Http::new(&settings.issuer, timeout)?;
        let directory = Directory::new(&settings.issuer, env.clone())?;
        Ok(Self {
            settings,
            env,
            http,
            directory,
        })
    }

    fn rules(&self, provider: &Provider) -> Rules {
        Rules {
            issuer: provider.metadata.issuer().clone(),
            client_id: ClientId::new(self.settings.client_id.clone()),
            now: self.env.now(),
        }
    }

    /// Verifies an ID token; a key that is not known yet is looked for once more.
    async fn verify(
        &self,
        provider: Arc<Provider>,
        token: &IdToken,
        nonce: Option<&str>,
        access_token: &AccessToken,
    ) -> Result<Person> {
        let check = |provider: &Provider| {
            self.rules(provider)
                .id_token(&provider.keys, token, nonce, access_token)
        };
        let claims = match check(&provider) {
            Err(Refusal::UnknownKey) => {
                match self.directory.look_for_keys(&self.http, &provider).await {
                    Some(renewed) => check(&renewed),
                    None => Err(Refusal::UnknownKey),
                }
            }
            other => other,
        };
        claims
            .map(|claims| Person::from_id_token(claims, self.settings.project()))
            .map_err(|refusal| {
                tracing::warn!(oidc.issuer = self.settings.issuer, reason = %refusal, "an ID token was refused");
                unverified()
            })
    }

    /// Asks userinfo for what the ID token does not say. Without an answer the sign-in
    /// goes on: names are for display, and what was not said gives no rights and takes
    /// none. Answers whether the provider was heard to its end.
    async fn complete(
        &self,
        client: &Client,
        person: Person,
        token: &AccessToken,
    ) -> Result<(Person, bool)> {
        let asks_for_home = self
            .settings
            .scopes
            .iter()
            .any(|scope| scope == RESOURCE_OWNER_SCOPE);
        let is_complete = person.email.is_some()
            && person.name.is_some()
            && (person.home_organisation.is_some() || !asks_for_home);
        if is_complete {
            return Ok((person, true));
        }
        let subject = SubjectIdentifier::new(person.subject.clone());
        let Ok(request) = client.user_info(token.clone(), Some(subject)) else {
            // There is no userinfo: the ID token is all that this provider says.
            return Ok((person, true));
        };
        match request.request_async(&self.http).await {
            Ok(claims) => {
                let person = person.completed_by_userinfo(&claims, self.settings.project());
                Ok((person, true))
            }
            Err(openidconnect::UserInfoError::ClaimsVerification(error)) => {
                tracing::warn!(oidc.issuer = self.settings.issuer, %error, "userinfo speaks of somebody else");
                Err(unverified())
            }
            Err(error) => {
                tracing::warn!(oidc.issuer = self.settings.issuer, %error, "userinfo did not answer; the sign-in goes on without it");
                // Roles that the ID token names would not be completed either.
                let heard = !person.roles.is_empty();
                Ok((person, heard))
            }
        }
    }

    fn usable(&self, answer: &AccessAndMore) -> Result<ProviderTokens> {
        tokens_of(answer, self.env.now()).ok_or_else(|| {
            tracing::warn!(
                oidc.issuer = self.settings.issuer,
                "the provider gave an access token that cannot be sent"
            );
            unverified()
        })
    }
}

#[async_trait]
impl IdentityProvider for OidcProvider {
    async fn begin(&self, redirect_uri: &str) -> Result<SignInStart> {
        let provider = self.directory.provider(&self.http).await?;
        let client =
            client(&provider, &self.settings).set_redirect_uri(redirect_url(redirect_uri)?);
        let secrets = SignInSecrets {
            state: self.env.secret(),
            nonce: self.env.secret(),
            verifier: self.env.secret(),
        };
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(
            secrets.verifier.clone(),
        ));
        let scopes = self
            .settings
            .scopes
            .iter()
            .filter(|scope| *scope != "openid")
            .cloned()
            .map(Scope::new);
        let state = CsrfToken::new(secrets.state.clone());
        let nonce = Nonce::new(secrets.nonce.clone());
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || state.clone(),
                move || nonce.clone(),
            )
            .add_scopes(scopes)
            .set_pkce_challenge(challenge)
            .url();
        Ok(SignInStart {
            authorize_url: url.into(),
            secrets,
        })
    }

    async fn redeem(
        &self,
        code: &str,
        start: &SignInSecrets,
        redirect_uri: &str,
    ) -> Result<VerifiedIdentity> {
        let provider = self.directory.provider(&self.http).await?;
        let client =
            client(&provider, &self.settings).set_redirect_uri(redirect_url(redirect_uri)?);
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| Error::internal("address the provider's token endpoint", error))?
            .set_pkce_verifier(PkceCodeVerifier::new(start.verifier.clone()))
            .request_async(&self.http)
            .await
            .map_err(|error| refused_by_provider(error, &self.settings.issuer))?;
        let tokens = self.usable(&answer)?;
        let Some(id_token) = answer.extra_fields().id_token() else {
            tracing::warn!(
                oidc.issuer = self.settings.issuer,
                "the provider gave no ID token"
            );
            return Err(unverified());
        };
        let person = self
            .verify(
                Arc::clone(&provider),
                id_token,
                Some(&start.nonce),
                answer.access_token(),
            )
            .await?;
        let (person, heard) = self
            .complete(&client, person, answer.access_token())
            .await?;
        let Person {
            subject,
            email,
            name,
            sid,
            home_organisation,
            requested_organisation,
            roles,
        } = person;
        Ok(VerifiedIdentity {
            issuer: provider.metadata.issuer().to_string(),
            subject,
            email,
            name,
            sid,
            home_organisation,
            requested_organisation,
            roles,
            heard,
            tokens,
        })
    }

    async fn refresh(&self, refresh_token: &str) -> Result<ProviderTokens> {
        let provider = self.directory.provider(&self.http).await?;
        let token = RefreshToken::new(refresh_token.to_owned());
        let answer = client(&provider, &self.settings)
            .exchange_refresh_token(&token)
            .map_err(|error| Error::internal("address the provider's token endpoint", error))?
            .request_async(&self.http)
            .await
            .map_err(|error| refused_by_provider(error, &self.settings.issuer))?;
        let tokens = self.usable(&answer)?;
        if let Some(id_token) = answer.extra_fields().id_token() {
            // A renewed ID token has no nonce of ours (OpenID Connect Core 1.0, 12.2).
            self.verify(provider, id_token, None, answer.access_token())
                .await?;
        }
        Ok(tokens)
    }

    async fn verify_logout(&self, logout_token: &str) -> Result<LogoutNotice> {
        let refused = |refusal: Refusal| {
            tracing::warn!(oidc.issuer = self.settings.issuer, reason = %refusal, "a logout token was refused");
            Error::invalid("logout_token", "This is not a valid logout token.")
        };
        // What cannot be one is refused before anything is asked of the provider.
        let token = logout::parse(logout_token).map_err(refused)?;
        let provider = self.directory.provider(&self.http).await?;
        let check = |provider: &Provider| token.verify(&provider.keys, &self.rules(provider));
        let notice = match check(&provider) {
            Err(Refusal::UnknownKey) => {
                match self.directory.look_for_keys(&self.http, &provider).await {
                    Some(renewed) => check(&renewed),
                    None => Err(Refusal::UnknownKey),
                }
            }
            other => other,
        };
        notice.map_err(refused)
    }

    async fn end_session_url(&self, id_token: Option<&str>, return_to: &str) -> Option<String> {
        let provider = self
            .directory
            .provider(&self.http)
            .await
            .inspect_err(|error| {
                tracing::warn!(oidc.issuer = self.settings.issuer, %error, "signed out here, but not at the provider");
            })
            .ok()?;
        let endpoint = provider
            .metadata
            .additional_metadata()
            .end_session_endpoint
            .clone()?;
        let mut request = LogoutRequest::from(endpoint)
            .set_client_id(ClientId::new(self.settings.client_id.clone()));
        if let Ok(url) = PostLogoutRedirectUrl::new(return_to.to_owned()) {
            request = request.set_post_logout_redirect_uri(url);
        }
        if let Some(hint) = id_token.and_then(|token| token.parse::<IdToken>().ok()) {
            request = request.set_id_token_hint(&hint);
        }
        Some(request.http_get_url().into())
    }
}

fn redirect_url(url: &str) -> Result<RedirectUrl> {
    RedirectUrl::new(url.to_owned())
        .map_err(|error| Error::internal("read kombify's own address", error))
}

/// What the person is told; the log has the reason.
fn unverified() -> Error {
    Error::refused(
        ErrorCode::Unauthenticated,
        "The identity provider's answer could not be verified, so nobody was signed in. Start the sign-in again; if it fails again, tell your operator.",
    )
}

/// What the person is told when the provider does not work; the log has the reason.
fn unavailable() -> Error {
    Error::refused(
        ErrorCode::Upstream,
        "The identity provider does not answer as it should. Try again in a moment; if it stays, tell your operator.",
    )
}
