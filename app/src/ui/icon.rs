//! Lucide icons as inline SVG.

use leptos::prelude::*;

/// An icon of the Lucide set, e.g. `lu::LuServer`.
pub(crate) type IconData = icondata_core::Icon;

pub(crate) use icondata_lu as lu;

/// Draws an icon beside words: it says nothing to a screen reader.
pub(crate) fn icon(of: IconData) -> AnyView {
    icon_with(of, "icon")
}

/// The same with classes of its own; `icon` has to be among them.
pub(crate) fn icon_with(of: IconData, class: &'static str) -> AnyView {
    view! {
        <svg
            class=class
            viewBox=of.view_box
            fill="none"
            stroke="currentColor"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
            inner_html=of.data
        ></svg>
    }
    .into_any()
}

/// kombify's sign: two solid fields, two dashed ones.
pub(crate) fn brand_mark() -> AnyView {
    view! {
        <svg class="size-5 flex-none" viewBox="0 0 20 20" fill="none" aria-hidden="true">
            <rect x="1" y="1" width="8" height="8" rx="2" class="fill-primary" />
            <rect x="11" y="11" width="8" height="8" rx="2" class="fill-primary" />
            <rect
                x="11.75" y="1.75" width="6.5" height="6.5" rx="1.5"
                class="stroke-secondary" stroke-width="1.5" stroke-dasharray="2.2 1.6"
            />
            <rect
                x="1.75" y="11.75" width="6.5" height="6.5" rx="1.5"
                class="stroke-secondary" stroke-width="1.5" stroke-dasharray="2.2 1.6"
            />
        </svg>
    }
    .into_any()
}
