//! The wasm entry: brings the server's pages to life.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page once the module is there.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(app::App);
}
