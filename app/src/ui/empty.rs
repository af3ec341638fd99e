//! Empty places: what would be here, why it is useful, one action.

use leptos::prelude::*;

use super::icon::{IconData, icon_with};

/// Says what would be here and offers one action.
pub(crate) fn empty(
    sign: IconData,
    title: &'static str,
    why: &'static str,
    action: AnyView,
) -> AnyView {
    view! {
        <div class="grid justify-items-center gap-2 px-6 py-10 text-center">
            {icon_with(sign, "icon size-6 text-muted")}
            <h2 class="text-sm font-medium">{title}</h2>
            <p class="max-w-md text-muted">{why}</p>
            <div class="mt-2">{action}</div>
        </div>
    }
    .into_any()
}

/// The same without an action.
pub(crate) fn empty_quiet(sign: IconData, title: &'static str, why: &'static str) -> AnyView {
    empty(sign, title, why, ().into_any())
}
