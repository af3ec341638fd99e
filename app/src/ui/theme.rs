//! Light and dark: the system's wish, or the one that was chosen, in a cookie so
//! that the server renders it and nothing flashes.

use leptos::{prelude::*, server_fn::ServerFn};
#[cfg(feature = "ssr")]
use types::ErrorCode;
use types::Problem;
use wasm_bindgen::JsCast;

use super::{
    cookie,
    icon::{icon_with, lu},
};

/// The cookie's name.
const COOKIE: &str = "kombify-theme";
const LIGHT: &str = "kombify";
const DARK: &str = "kombify-dark";

/// The theme that the request's cookie asks for; `None` leaves it to the system.
#[cfg(feature = "ssr")]
pub(crate) fn chosen() -> Option<&'static str> {
    let value = cookie::read(COOKIE)?;
    [LIGHT, DARK].into_iter().find(|one| *one == value)
}

/// Keeps the chosen theme, for browsers without wasm.
///
/// # Errors
/// `invalid` for a theme that does not exist.
#[server(prefix = "/ui", endpoint = "theme")]
pub(crate) async fn choose_theme(theme: String) -> Result<(), Problem> {
    let Some(theme) = [LIGHT, DARK].into_iter().find(|one| *one == theme) else {
        return Err(Problem::new(ErrorCode::Invalid, "There is no such theme."));
    };
    if let (Some(answer), Ok(value)) = (
        use_context::<leptos_axum::ResponseOptions>(),
        http::HeaderValue::from_str(&cookie::line(COOKIE, theme)),
    ) {
        answer.insert_header(http::header::SET_COOKIE, value);
    }
    Ok(())
}

/// The switch between light and dark. Both buttons are there; CSS shows the one
/// that changes something.
pub(crate) fn theme_switch() -> AnyView {
    let choose = move |theme: &'static str| {
        move |event: web_sys::MouseEvent| {
            event.prevent_default();
            apply(theme);
        }
    };
    view! {
        <form method="post" action=ChooseTheme::url() class="flex">
            <button
                type="submit" name="theme" value=DARK class="btn btn-bare theme-to-dark"
                aria-label="Change to dark" title="Change to dark" on:click=choose(DARK)
            >
                {icon_with(lu::LuMoon, "icon")}
            </button>
            <button
                type="submit" name="theme" value=LIGHT class="btn btn-bare theme-to-light"
                aria-label="Change to light" title="Change to light" on:click=choose(LIGHT)
            >
                {icon_with(lu::LuSun, "icon")}
            </button>
        </form>
    }
    .into_any()
}

/// Changes the theme at once and keeps it.
fn apply(theme: &'static str) {
    let page = document();
    if let Some(root) = page.document_element() {
        // Refused only for a name that no attribute may have.
        drop(root.set_attribute("data-theme", theme));
    }
    cookie::write(COOKIE, theme);
    // The button that was pressed is hidden now: its twin takes the focus.
    let twin = if theme == DARK {
        ".theme-to-light"
    } else {
        ".theme-to-dark"
    };
    if let Some(button) = page
        .query_selector(twin)
        .ok()
        .flatten()
        .and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok())
    {
        drop(button.focus());
    }
}

/// Changes to the theme that is not shown, for the palette.
pub(crate) fn toggle() {
    let dark = document()
        .query_selector(".theme-to-dark")
        .ok()
        .flatten()
        .and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok())
        .is_some_and(|it| it.offset_width() > 0);
    apply(if dark { DARK } else { LIGHT });
}
