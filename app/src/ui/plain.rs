//! Pages without a room: one column under the brand, for people who are on their
//! way in.

use leptos::{html, prelude::*};
use leptos_meta::Title;

use super::{icon::brand_mark, page::focus_after_navigation, theme::theme_switch};

/// A page with the brand above and its content in one column.
pub(crate) fn plain(title: &str, wide: bool, body: AnyView) -> AnyView {
    let title = title.to_owned();
    let width = if wide {
        "page mx-auto max-w-5xl"
    } else {
        "page mx-auto max-w-xl"
    };
    let node = NodeRef::<html::Main>::new();
    focus_after_navigation(node);
    view! {
        <Title text=title />
        <header class="top">
            <a class="brand flex-1 p-0" href="/">{brand_mark()} "kombify"</a>
            {theme_switch()}
        </header>
        <main id="main" class=width tabindex="-1" node_ref=node>{body}</main>
    }
    .into_any()
}
