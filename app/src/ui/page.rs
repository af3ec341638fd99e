//! A page's own frame: title, crumbs, the top bar and its main part.

use leptos::{html, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use super::{
    icon::{icon, lu},
    palette,
    theme::theme_switch,
};

/// One step of the way to a page.
#[derive(Clone)]
pub(crate) struct Crumb {
    text: String,
    href: Option<String>,
}

impl Crumb {
    /// A page above this one.
    pub(crate) fn to(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: Some(href.into()),
        }
    }

    /// This page.
    pub(crate) fn here(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: None,
        }
    }
}

/// The path that was last shown, so that focus moves only when the page changed.
#[derive(Clone, Copy)]
pub(crate) struct Shown(StoredValue<String>);

impl Shown {
    /// Puts it into the context.
    pub(crate) fn provide() {
        provide_context(Self(StoredValue::new(String::new())));
    }
}

/// A page that scrolls as a whole.
pub(crate) fn page(title: &str, crumbs: Vec<Crumb>, body: AnyView) -> AnyView {
    framed(title, crumbs, body, "stage", "page")
}

/// A page that fills the window with panes, each of which scrolls by itself.
pub(crate) fn screen(title: &str, crumbs: Vec<Crumb>, body: AnyView) -> AnyView {
    framed(title, crumbs, body, "stage screen", "")
}

fn framed(
    title: &str,
    crumbs: Vec<Crumb>,
    body: AnyView,
    stage: &'static str,
    main: &'static str,
) -> AnyView {
    let title = title.to_owned();
    let node = NodeRef::<html::Main>::new();
    focus_after_navigation(node);
    view! {
        <Title text=title />
        <div class=stage>
            {top(crumbs)}
            <main id="main" class=main tabindex="-1" node_ref=node>{body}</main>
        </div>
    }
    .into_any()
}

/// Once the page stands and lives: marks it so, and when a link was followed to it
/// without a page load gives it the focus, as a page load would have.
pub(crate) fn focus_after_navigation(node: NodeRef<html::Main>) {
    let shown = expect_context::<Shown>().0;
    let path = use_location().pathname;
    Effect::new(move |_| {
        // Nothing yet: it runs again once the page is built.
        node.track();
        once_it_stands(node, shown, path);
    });
}

/// A page is built before it takes the place of the one before it, and what does
/// not stand in the document takes no focus: looks again with each frame.
fn once_it_stands(node: NodeRef<html::Main>, shown: StoredValue<String>, path: Memo<String>) {
    let (Some(Some(main)), Some(path_now)) = (node.try_get_untracked(), path.try_get_untracked())
    else {
        return;
    };
    if !main.is_connected() {
        request_animation_frame(move || once_it_stands(node, shown, path));
        return;
    }
    // Refused only for a name that no attribute may have.
    drop(main.set_attribute("data-live", &path_now));
    let Some(before) = shown.try_get_value() else {
        return;
    };
    shown.set_value(path_now.clone());
    if before.is_empty() || before == path_now {
        return;
    }
    let still = web_sys::FocusOptions::new();
    still.set_prevent_scroll(true);
    // Refused only when the element left the page in between.
    drop(main.focus_with_options(&still));
}

fn top(crumbs: Vec<Crumb>) -> AnyView {
    let crumbs: Vec<_> = crumbs
        .into_iter()
        .map(|crumb| match crumb.href {
            Some(href) => view! { <li><a href=href>{crumb.text}</a></li> }.into_any(),
            None => view! { <li><span aria-current="page">{crumb.text}</span></li> }.into_any(),
        })
        .collect();
    view! {
        <header class="top">
            <button
                type="button" class="btn btn-bare side-toggle" popovertarget="side"
                aria-label="Open the navigation"
            >
                {icon(lu::LuMenu)}
            </button>
            <nav class="min-w-0 flex-1" aria-label="Where you are">
                <ol class="crumbs">{crumbs}</ol>
            </nav>
            <button type="button" class="find" aria-label="Find or run" aria-keyshortcuts="Control+K" on:click=move |_| palette::open()>
                {icon(lu::LuSearch)}
                <span class="sr-only wide:not-sr-only wide:flex-1 wide:text-left">"Find or run"</span>
                <kbd class="key">"Ctrl K"</kbd>
            </button>
            {theme_switch()}
        </header>
    }
    .into_any()
}

/// A page's heading with one sentence and what can be done.
pub(crate) fn page_head(title: &str, lede: AnyView, actions: AnyView) -> AnyView {
    let title = title.to_owned();
    view! {
        <div class="page-head">
            <div class="min-w-0">
                <h1>{title}</h1>
                <p class="lede">{lede}</p>
            </div>
            {actions}
        </div>
    }
    .into_any()
}
