//! The issuer's two documents.

use axum::{
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};

use super::account::ACCOUNTS;
use crate::pages::{escape, html};

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
        &format!("<p>{sentence}</p><p><a class=\"button\" href=\"{home}/\">Go to kombify</a></p>"),
        client,
    )
}

fn document(status: StatusCode, title: &str, body: &str, client: &str) -> Response {
    let headers = AppendHeaders([
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ]);
    (status, headers, html(title, body, client)).into_response()
}
