//! The provider's token endpoint: the client that asks it, and what it answers.

use domain::{Error, ports::ProviderTokens};
use openidconnect::{
    AuthType, ClientId, ClientSecret, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IdTokenFields, OAuth2TokenResponse as _, RequestTokenError, StandardErrorResponse,
    StandardTokenIntrospectionResponse, StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenType,
    },
};
use types::Timestamp;

use super::{
    OidcSettings, claims::Extra, http::HttpError, metadata::Provider, unavailable, unverified,
};

/// An ID token with all its claims.
pub(super) type IdToken = openidconnect::IdToken<
    Extra,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Fields = IdTokenFields<
    Extra,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// What the token endpoint answers.
pub(super) type AccessAndMore = StandardTokenResponse<Fields, CoreTokenType>;

type Refused = StandardErrorResponse<CoreErrorResponseType>;

/// The client; its endpoints come from discovery.
pub(super) type Client = openidconnect::Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    Refused,
    AccessAndMore,
    StandardTokenIntrospectionResponse<EmptyExtraTokenFields, CoreTokenType>,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// An access token of which the provider does not say how long it holds.
const UNSAID_LIFETIME_SECONDS: i64 = 300;

/// The client at this provider.
pub(super) fn client(provider: &Provider, settings: &OidcSettings) -> Client {
    let secret = settings.client_secret.clone().map(ClientSecret::new);
    let client = Client::from_provider_metadata(
        provider.metadata.clone(),
        ClientId::new(settings.client_id.clone()),
        secret,
    );
    // Basic is what a provider that says nothing has to take (Core 1.0, 9).
    let takes_only_post = provider
        .metadata
        .token_endpoint_auth_methods_supported()
        .is_some_and(|methods| {
            !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
    if takes_only_post {
        client.set_auth_type(AuthType::RequestBody)
    } else {
        client
    }
}

/// The tokens to keep; `None` when the access token has characters that no header
/// takes.
pub(super) fn tokens_of(answer: &AccessAndMore, now: Timestamp) -> Option<ProviderTokens> {
    let access_token = answer.access_token().secret();
    let is_sendable =
        !access_token.is_empty() && access_token.bytes().all(|b| b.is_ascii_graphic());
    let seconds = answer
        .expires_in()
        .and_then(|lifetime| i64::try_from(lifetime.as_secs()).ok())
        .unwrap_or(UNSAID_LIFETIME_SECONDS);
    is_sendable.then(|| ProviderTokens {
        id_token: answer.extra_fields().id_token().map(ToString::to_string),
        access_token: access_token.clone(),
        refresh_token: answer.refresh_token().map(|token| token.secret().clone()),
        expires_at: now.plus_seconds(seconds),
    })
}

/// What a failed request to the token endpoint means: a grant that is refused is the
/// person's matter, anything else is the provider's or the settings'.
pub(super) fn refused_by_provider(
    error: RequestTokenError<HttpError, Refused>,
    issuer: &str,
) -> Error {
    match error {
        RequestTokenError::ServerResponse(refused) => {
            tracing::warn!(oidc.issuer = issuer, oidc.error = %refused.error(), "the identity provider refused a grant");
            if *refused.error() == CoreErrorResponseType::InvalidGrant {
                unverified()
            } else {
                unavailable()
            }
        }
        RequestTokenError::Parse(error, body) if holds_id_token(&body) => {
            tracing::warn!(oidc.issuer = issuer, at = %error.path(), "an ID token could not be read");
            unverified()
        }
        RequestTokenError::Parse(error, _) => {
            tracing::warn!(oidc.issuer = issuer, at = %error.path(), "the token endpoint's answer could not be read");
            unavailable()
        }
        RequestTokenError::Request(error) => {
            tracing::warn!(oidc.issuer = issuer, %error, "the token endpoint did not answer");
            unavailable()
        }
        RequestTokenError::Other(error) => {
            tracing::warn!(
                oidc.issuer = issuer,
                error,
                "the token endpoint's answer could not be used"
            );
            unavailable()
        }
    }
}

fn holds_id_token(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body)
        .is_ok_and(|answer| answer.get("id_token").is_some())
}
