//! The Leptos interface: pages, server functions and the parts they are made of.
//!
//! `ssr` renders on the server and needs [`domain::Services`] in the context;
//! `hydrate` brings the same pages to life in the browser.
#![recursion_limit = "256"]

mod dated;
mod here;
#[cfg(feature = "ssr")]
mod request;
mod rooms;
mod routes;
#[cfg(feature = "ssr")]
mod shell;
mod ui;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::Router;

#[cfg(feature = "ssr")]
pub use {request::provide_request, shell::shell};

use ui::{frame::Counts, page::Shown, time::Clock, toast::Toasts};

/// The interface. Every page is rendered whole before its first byte is sent, so
/// that status and redirects are right and the page works without wasm.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Clock::provide();
    Toasts::provide();
    Counts::provide();
    Shown::provide();
    view! {
        <Title formatter=|title: String| if title.is_empty() { "kombify".to_owned() } else { format!("{title} · kombify") } />
        <Router>
            {routes::pages}
        </Router>
    }
}
