//! What the operations of the OpenAPI document have in common. An annotation says only
//! what its own operation has: its good answer, refusals that not all of its kind have,
//! and `security` where that is neither a person's nor a place's.

use axum::http::StatusCode;
use domain::assertion;
use types::Problem;
use utoipa::{
    ToSchema as _,
    openapi::{
        Content, OpenApi, PathItem, Ref, RefOr, Response,
        path::{Operation, Parameter, ParameterIn},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use crate::{cookies::CookieNames, error::PROBLEM};

const SESSION: &str = "session";
const SESSION_HTTP: &str = "session_http";
const STACK_SESSION: &str = "stack_session";
const STACK_SESSION_HTTP: &str = "stack_session_http";
const TOKEN: &str = "token";
const ASSERTION: &str = "assertion";

/// What proves who asks the portal and the admin centre.
const PERSON: &[&str] = &[SESSION, SESSION_HTTP, TOKEN];
/// What proves a place in the tenant that [`TENANT`] names.
const PLACE: &[&str] = &[STACK_SESSION, STACK_SESSION_HTTP, TOKEN, ASSERTION];
const TENANT: &str = "X-Tenant-ID";

/// Adds what the annotations leave out.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    document
        .components
        .get_or_insert_default()
        .add_security_schemes_from_iter(schemes());
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        name(operation);
        add_security(operation);
        add_responses(operation);
        operation.responses.responses.iter_mut().for_each(describe);
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn schemes() -> [(&'static str, SecurityScheme); 6] {
    let [https, http] = [true, false].map(CookieNames::new);
    let cookie = |name: String, what: &str| {
        let value = ApiKeyValue::with_description(name, what.to_owned());
        SecurityScheme::ApiKey(ApiKey::Cookie(value))
    };
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A personal API token (`kbf_…`); below `/v1` also a session's token (`kbs_…`) from the exchange.",
        ))
        .build();
    let assertion = ApiKeyValue::with_description(
        assertion::HEADER,
        "A gateway's signed assertion, for this request only.",
    );
    [
        (
            SESSION,
            cookie(
                https.portal(),
                "The session of a signed-in browser. What changes something must come from this site, as `Sec-Fetch-Site` or `Origin` says.",
            ),
        ),
        (
            SESSION_HTTP,
            cookie(
                http.portal(),
                "The same where the site is reached by plain http.",
            ),
        ),
        (
            STACK_SESSION,
            cookie(
                https.stack("{slug}"),
                "The session in one tenant's homelab, of a browser that launched it.",
            ),
        ),
        (
            STACK_SESSION_HTTP,
            cookie(
                http.stack("{slug}"),
                "The same where the site is reached by plain http.",
            ),
        ),
        (TOKEN, SecurityScheme::Http(token)),
        (ASSERTION, SecurityScheme::ApiKey(ApiKey::Header(assertion))),
    ]
}

/// Makes the name of a handler one of the whole document.
fn name(operation: &mut Operation) {
    if let (Some([tag]), Some(id)) = (operation.tags.as_deref(), &mut operation.operation_id) {
        *id = format!("{tag}_{id}");
    }
}

fn add_security(operation: &mut Operation) {
    let proofs = if takes(operation, |parameter| parameter.name == TENANT) {
        PLACE
    } else {
        PERSON
    };
    operation
        .security
        .get_or_insert_with(|| proofs.iter().copied().map(by).collect());
}

fn by(proof: &str) -> SecurityRequirement {
    SecurityRequirement::new::<_, [&str; 0], _>(proof, [])
}

fn takes(operation: &Operation, is_it: impl Fn(&Parameter) -> bool) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(parameter) if is_it(parameter)))
}

/// Adds the refusals that follow from what an operation takes and who may ask.
fn add_responses(operation: &mut Operation) {
    let security = operation.security.as_deref().unwrap_or_default();
    let is_public = security.contains(&SecurityRequirement::default());
    let by_session = [SESSION, STACK_SESSION]
        .into_iter()
        .any(|session| security.contains(&by(session)));
    let has_body = operation.request_body.is_some();
    let takes_input = has_body || takes(operation, |_| true);
    let names_a_thing = takes(operation, |parameter| {
        parameter.name == TENANT || parameter.parameter_in == ParameterIn::Path
    });
    let refusals = [
        (takes_input, StatusCode::BAD_REQUEST),
        (!is_public, StatusCode::UNAUTHORIZED),
        (!is_public, StatusCode::FORBIDDEN),
        (names_a_thing, StatusCode::NOT_FOUND),
        (has_body, StatusCode::PAYLOAD_TOO_LARGE),
        (true, StatusCode::MISDIRECTED_REQUEST),
        (true, StatusCode::INTERNAL_SERVER_ERROR),
        (by_session, StatusCode::BAD_GATEWAY),
        (!is_public, StatusCode::SERVICE_UNAVAILABLE),
        (!is_public, StatusCode::INSUFFICIENT_STORAGE),
    ];
    for (_, status) in refusals.into_iter().filter(|(is_sent, _)| *is_sent) {
        operation
            .responses
            .responses
            .entry(status.as_str().to_owned())
            .or_insert_with(|| Response::default().into());
    }
}

/// Gives an answer its sentence, and a refusal its body.
fn describe((status, response): (&String, &mut RefOr<Response>)) {
    let (Ok(status), RefOr::T(response)) = (status.parse::<StatusCode>(), response) else {
        return;
    };
    if response.description.is_empty() {
        response.description = reason(status).to_owned();
    }
    if status.is_client_error() || status.is_server_error() {
        let problem = Content::new(Some(Ref::from_schema_name(Problem::name())));
        response.content.clear();
        response.content.insert(PROBLEM.to_owned(), problem.into());
    }
}

fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::OK => "What was asked for.",
        StatusCode::CREATED => "It was made.",
        StatusCode::ACCEPTED => "It was begun and goes on by itself.",
        StatusCode::NO_CONTENT => "It was done.",
        StatusCode::BAD_REQUEST => "The request could not be read, or something in it is wrong.",
        StatusCode::UNAUTHORIZED => "No session, token or assertion that holds came with it.",
        StatusCode::PAYMENT_REQUIRED => "The tenant's plan holds no more.",
        StatusCode::FORBIDDEN => {
            "The caller may not do this, or not by this proof, or the request came from another site."
        }
        StatusCode::NOT_FOUND => "There is no such thing, or the caller may not know of it.",
        StatusCode::CONFLICT => "Something changed in between, or stands in the way.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too large.",
        StatusCode::MISDIRECTED_REQUEST => "Another process answers this.",
        StatusCode::UNPROCESSABLE_ENTITY => "The specification or its kit is not valid.",
        StatusCode::INTERNAL_SERVER_ERROR => "Something failed on the server.",
        StatusCode::BAD_GATEWAY => "The sign-in provider does not answer.",
        StatusCode::SERVICE_UNAVAILABLE => {
            "Something that this needs is not there: the database, room on an instance or a program."
        }
        StatusCode::INSUFFICIENT_STORAGE => "The disk is full.",
        other => other.canonical_reason().unwrap_or("Something else."),
    }
}
