//! The page on which an account is chosen: plain HTML, no script.

use super::account::ACCOUNTS;

pub(super) const STYLE: &str = include_str!("../pages/plain.css");

/// One button for each account; `fields` are the request's parameters, kept hidden.
pub(super) fn choose(fields: &[(&str, &str)]) -> String {
    let hidden: String = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)))
        .collect();
    let accounts: String = ACCOUNTS
        .iter()
        .map(|account| {
            let short = account.subject.trim_start_matches("dev-");
            format!(
                "<p><button name=\"account\" value=\"{short}\">Sign in as {short}</button><br><small>{}, {}</small></p>",
                account.name, account.about
            )
        })
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Development sign-in</title><style>{STYLE}</style></head><body><main><h1>Development sign-in</h1><p>These accounts exist on this machine only and have no password.</p><form method=\"post\">{hidden}{accounts}</form></main></body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
