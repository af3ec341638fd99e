//! The first page: what this is, in one sentence and one picture; one button.

use leptos::{html, prelude::*};
use leptos_meta::Title;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use server_fn::codec::GetUrl;
use types::{Problem, admin::HealthStatus, portal::WelcomeView};

use super::picture::picture;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::Here,
    ui::{
        error::loaded,
        icon::{brand_mark, icon, lu},
        page::focus_after_navigation,
        theme::theme_switch,
        words,
    },
};

/// What is known before anybody signed in.
///
/// # Errors
/// `database_unavailable` when nothing can be read.
#[server(prefix = "/ui", endpoint = "welcome", input = GetUrl)]
pub(crate) async fn read_welcome() -> Result<WelcomeView, Problem> {
    request::services()
        .portal
        .welcome()
        .await
        .map_err(request::refused)
}

/// The page; who is signed in already goes on to their homelab.
pub(crate) fn welcome_page() -> AnyView {
    let welcome = Resource::new(|| (), |()| read_welcome());
    loaded(welcome, |here, welcome| match home(&here) {
        Some(path) => go_on(path),
        None => view_welcome(&welcome),
    })
}

/// Where a signed-in person belongs.
fn home(here: &Here) -> Option<String> {
    let viewer = here.viewer.as_ref()?;
    Some(match viewer.tenants.first() {
        Some(first) => format!("/tenant/{}", first.slug),
        None if viewer.operator => "/admin".to_owned(),
        None => "/tenants/new".to_owned(),
    })
}

fn go_on(path: String) -> AnyView {
    #[cfg(feature = "ssr")]
    leptos_axum::redirect(&path);
    let navigate = use_navigate();
    let target = path.clone();
    Effect::new(move |_| {
        navigate(
            &target,
            NavigateOptions {
                replace: true,
                ..NavigateOptions::default()
            },
        );
    });
    view! {
        <Title text="One moment" />
        <main id="main" class="page" tabindex="-1">
            <a class="link" href=path>"Go on to your homelab"</a>
        </main>
    }
    .into_any()
}

fn view_welcome(welcome: &WelcomeView) -> AnyView {
    let free = words::count(welcome.free_nodes as usize, "node");
    let account = if welcome.development {
        "Sign in with a built-in development account."
    } else {
        "Sign-in by your organisation's account."
    };
    let status = welcome.status.map(|status| match status {
        HealthStatus::Healthy => "All instances are healthy",
        HealthStatus::Degraded => "An instance is degraded",
        HealthStatus::Unhealthy => "An instance is unhealthy",
        HealthStatus::Unknown => "No instance has reported lately",
    });
    let node = NodeRef::<html::Main>::new();
    focus_after_navigation(node);
    view! {
        <Title text="" />
        <div class="welcome-split">
            <div class="welcome">
                <header class="flex items-center justify-between">
                    <span class="brand p-0">{brand_mark()} "kombify"</span>
                    {theme_switch()}
                </header>
                <main id="main" class="my-auto max-w-md py-10" tabindex="-1" node_ref=node>
                    <h1>"Rehearse" <br /> "your homelab," <br /> "then launch it."</h1>
                    <p class="mt-3.5 text-base/6 text-muted">
                        "Pick a blueprint, describe your machines, and read what would change. Nothing is touched until somebody approves, and then exactly that plan is applied."
                    </p>
                    {welcome.needs_set_up.then(|| view! {
                        <div class="notice tone-wait mt-5">
                            {icon(lu::LuKeyRound)}
                            <p>
                                "Nobody operates this platform yet. Open the one-time set-up link that the server printed at its start, then sign in."
                            </p>
                        </div>
                    })}
                    <div class="mt-6 flex flex-wrap gap-2.5">
                        <a class="btn btn-primary btn-large" rel="external" href="/auth/sign-in?return_to=/">
                            {icon(lu::LuLogIn)} "Sign in"
                        </a>
                        <a class="btn btn-plain btn-large" href="/kits">"Browse kits"</a>
                    </div>
                    <p class="label mt-3.5">{format!("{account} Free for {free}.")}</p>
                </main>
                <footer class="label flex flex-wrap gap-x-4 gap-y-1">
                    <a class="hover:underline" rel="external" href="/api/openapi.json">"API"</a>
                    <a class="hover:underline" rel="external" href="/health">{status.unwrap_or("Status")}</a>
                </footer>
            </div>
            <div class="welcome-picture">{picture()}</div>
        </div>
    }
    .into_any()
}
