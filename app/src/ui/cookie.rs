//! Cookies that only keep how this browser wants to see things. The server and
//! the browser read the same value, so that both render the same.

use wasm_bindgen::JsCast;

/// A cookie's value.
pub(crate) fn read(name: &str) -> Option<String> {
    find(&all()?, name)
}

#[cfg(feature = "ssr")]
fn all() -> Option<String> {
    let parts = leptos::prelude::use_context::<http::request::Parts>()?;
    Some(
        parts
            .headers
            .get(http::header::COOKIE)?
            .to_str()
            .ok()?
            .to_owned(),
    )
}

#[cfg(not(feature = "ssr"))]
fn all() -> Option<String> {
    html()?.cookie().ok()
}

fn find(all: &str, name: &str) -> Option<String> {
    all.split(';')
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
        .map(str::to_owned)
}

fn html() -> Option<web_sys::HtmlDocument> {
    leptos::prelude::document().dyn_into().ok()
}

/// The line that sets a cookie for a year.
pub(crate) fn line(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax")
}

/// Keeps a value in this browser.
pub(crate) fn write(name: &str, value: &str) {
    if let Some(page) = html() {
        // A browser that keeps no cookies forgets it with the page.
        drop(page.set_cookie(&line(name, value)));
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let all = "kombify=secret; kombify-theme=kombify-dark";
        assert_eq!(find(all, "kombify-theme").as_deref(), Some("kombify-dark"));
        assert_eq!(find(all, "theme"), None);
    }
}
