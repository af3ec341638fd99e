//! What stands where a page will be; seen only after 200 ms.

use leptos::prelude::*;

/// The shape of a page: a heading and three cards.
pub(crate) fn page_skeleton() -> AnyView {
    view! {
        <div class="stage">
            <div class="top"></div>
            <div class="page skeleton-page" role="status" aria-label="Loading">
                <div class="bone h-7 w-56"></div>
                <div class="bone mt-3 h-4 w-96 max-w-full"></div>
                <div class="mt-5 grid gap-3.5 md:grid-cols-3">
                    <div class="bone h-44"></div>
                    <div class="bone h-44"></div>
                    <div class="bone h-44"></div>
                </div>
                <div class="bone mt-3.5 h-64"></div>
            </div>
        </div>
    }
    .into_any()
}
