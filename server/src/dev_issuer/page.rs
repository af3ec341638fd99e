//! The issuer's two documents: plain HTML, no script, a policy of their own.

use axum::{
    http::{StatusCode, header},
    response::{AppendHeaders, Html, IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::account::ACCOUNTS;

const STYLE: &str = include_str!("page.css");

/// One button for each account; `fields` are the request's parameters, kept hidden.
/// `client` is the origin that the form is redirected to in the end: a browser wants
/// it in the policy.
pub(super) fn choose(fields: &[(&str, &str)], client: &str) -> Response {
    let hidden: String = fields
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                escape(value)
            )
        })
        .collect();
    let accounts: String = ACCOUNTS
        .iter()
        .map(|account| {
            let key = account.key();
            format!(
                "<li><button name=\"account\" value=\"{key}\" aria-describedby=\"{key}\">Sign in as {key}</button><small id=\"{key}\">{}. {}</small></li>",
                account.name, account.about
            )
        })
        .collect();
    document(
        StatusCode::OK,
        "Development sign-in",
        &format!(
            "<p>Choose who you are. These accounts exist on this machine only and have no password.</p><form method=\"post\" action=\"authorize\">{hidden}<ul>{accounts}</ul></form>"
        ),
        client,
    )
}

/// One sentence and the way back to kombify.
pub(super) fn say(status: StatusCode, title: &str, sentence: &str, client: &str) -> Response {
    let home = escape(client);
    document(
        status,
        title,
        &format!("<p>{sentence}</p><p><a href=\"{home}/\">Go to kombify</a></p>"),
        client,
    )
}

fn document(status: StatusCode, title: &str, body: &str, client: &str) -> Response {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self' {client}; frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = AppendHeaders([
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ]);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    (status, headers, Html(html)).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
