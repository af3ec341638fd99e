//! The document around the interface.

use leptos::{
    hydration::{AutoReload, HydrationScripts},
    nonce::use_nonce,
    prelude::*,
};
use leptos_meta::{HashedStylesheet, MetaTags};

use crate::{App, request, ui::theme};

/// Fonts that every page needs at once.
const FONTS: [&str; 2] = [
    "/fonts/inter-latin-wght-normal.woff2",
    "/fonts/jetbrains-mono-latin-wght-normal.woff2",
];

/// The whole document: theme and time of the request, styles, fonts, the scripts
/// that bring it to life, and the application.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let fonts: Vec<_> = FONTS
        .into_iter()
        .map(|font| {
            view! { <link rel="preload" href=font r#as="font" r#type="font/woff2" crossorigin="anonymous" /> }
        })
        .collect();
    view! {
        <!DOCTYPE html>
        <html lang="en-GB" data-theme=theme::chosen() data-now=request::now().0.to_string()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml" />
                {fonts}
                <HashedStylesheet id="styles" options=options.clone() />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <noscript>
                    <style nonce=use_nonce()>".needs-script{display:none!important}"</style>
                </noscript>
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
