//! Pages that explain a kind of problem, and the one for addresses that lead
//! nowhere.

use leptos::prelude::*;
use types::ErrorCode;

use crate::{
    here::use_param,
    ui::{
        advice::advice,
        icon::{icon_with, lu},
        page::page_head,
        plain::plain,
    },
};

/// A page for one kind of problem.
pub(crate) fn problem_page() -> AnyView {
    let word = use_param("code");
    let view = move || {
        let word = word.get();
        match ErrorCode::ALL.iter().find(|code| code.word() == word) {
            Some(code) => plain(
                code.title(),
                false,
                view! {
                    {page_head(
                        code.title(),
                        view! {
                            "What the answer " <code>{code.word()}</code> {format!(" (HTTP {}) means.", code.status())}
                        }.into_any(),
                        ().into_any(),
                    )}
                    <div class="card card-pad"><p>{advice(*code)}</p></div>
                    <p class="mt-4"><a class="btn btn-plain" href="/">"Open your homelabs"</a></p>
                }
                .into_any(),
            ),
            None => not_found(),
        }
    };
    view.into_any()
}

/// For an address that leads nowhere.
pub(crate) fn not_found() -> AnyView {
    #[cfg(feature = "ssr")]
    if let Some(answer) = use_context::<leptos_axum::ResponseOptions>() {
        answer.set_status(http::StatusCode::NOT_FOUND);
    }
    plain(
        "Not found",
        false,
        view! {
            <div class="card card-pad mt-4 grid justify-items-start gap-2">
                {icon_with(lu::LuSearchX, "icon size-6 text-muted")}
                <h1 class="text-lg">"There is no page at this address"</h1>
                <p class="text-muted">"It may have been moved or removed, or the address has a typing error."</p>
                <a class="btn btn-primary mt-2" href="/">"Open your homelabs"</a>
            </div>
        }
        .into_any(),
    )
}
