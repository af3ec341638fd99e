//! Texts that this tab keeps until it is closed. Nothing is kept on the server, and
//! nothing by a browser that does not let us.

use leptos::prelude::window;
use web_sys::Storage;

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// The text of that name.
pub(crate) fn read(name: &str) -> Option<String> {
    storage()?.get_item(name).ok().flatten()
}

/// Keeps a text.
pub(crate) fn write(name: &str, text: &str) {
    if let Some(storage) = storage() {
        // Refused when it is full: the text is then where it was typed only.
        drop(storage.set_item(name, text));
    }
}

/// Forgets a text.
pub(crate) fn forget(name: &str) {
    if let Some(storage) = storage() {
        // Refused only where nothing could be kept.
        drop(storage.remove_item(name));
    }
}
