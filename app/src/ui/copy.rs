//! Copying a text that is shown.

use leptos::{html, prelude::*};
use wasm_bindgen_futures::JsFuture;

use super::icon::{icon, lu};

/// How far copying is.
#[derive(Clone, Copy)]
enum Copied {
    NotYet,
    Yes,
    /// The browser does not let it happen: the text is selected.
    ByHand,
}

/// A button that puts a text on the clipboard and says so once it is there. Where that is
/// not possible, it selects the text where it is shown.
pub(crate) fn copy_button(text: String, shown: NodeRef<html::Code>) -> AnyView {
    let copied = RwSignal::new(Copied::NotYet);
    let copy = move |_| {
        let copying = write(&text);
        leptos::task::spawn_local(async move {
            let done = match copying {
                Some(copying) => copying.await.is_ok(),
                None => false,
            };
            if !done {
                select(shown);
            }
            copied.try_set(if done { Copied::Yes } else { Copied::ByHand });
        });
    };
    let said = move || match copied.get() {
        Copied::NotYet => "Copy",
        Copied::Yes => "Copied",
        Copied::ByHand => "Press Ctrl-C",
    };
    view! {
        <button type="button" class="btn btn-plain btn-slim" on:click=copy>
            {icon(lu::LuCopy)}
            {said}
        </button>
    }
    .into_any()
}

/// Begins to put a text on the clipboard; nothing where the browser has none for us, as on
/// plain HTTP.
fn write(text: &str) -> Option<JsFuture> {
    let clipboard = window().navigator().clipboard();
    (!clipboard.is_undefined()).then(|| clipboard.write_text(text).into())
}

fn select(shown: NodeRef<html::Code>) {
    if let Some(Some(shown)) = shown.try_get_untracked()
        && let Ok(Some(selection)) = window().get_selection()
    {
        // Refused only when the element left the page in between.
        drop(selection.select_all_children(&shown));
    }
}
