//! Native dialogs. `commandfor` opens them before wasm arrives; focus goes in,
//! stays in and returns by itself.

use leptos::{prelude::*, server_fn::ServerFn};
use types::Problem;
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use super::icon::{IconData, icon};

/// A dialog with its heading; opened by [`opener`] or [`open`] with the same id.
pub(crate) fn dialog(id: impl Into<String>, title: String, body: AnyView) -> AnyView {
    let id: String = id.into();
    let heading = format!("{id}-title");
    let labelled = heading.clone();
    view! {
        <dialog id=id class="dialog" aria-labelledby=labelled>
            <h2 id=heading>{title}</h2>
            {body}
        </dialog>
    }
    .into_any()
}

/// A button that opens a dialog.
pub(crate) fn opener(
    id: impl Into<String>,
    class: &'static str,
    sign: IconData,
    text: &'static str,
) -> AnyView {
    let id: String = id.into();
    let target = id.clone();
    view! {
        <button type="button" class=class commandfor=id command="show-modal" on:click=move |_| without_commands(|| open(&target))>
            {icon(sign)}
            {text}
        </button>
    }
    .into_any()
}

/// A button inside a dialog that closes it and does nothing else.
pub(crate) fn closer(id: impl Into<String>, text: &'static str) -> AnyView {
    let id: String = id.into();
    let target = id.clone();
    view! {
        <button
            type="button" class="btn btn-plain" commandfor=id command="close"
            on:click=move |_| without_commands(|| close(&target))
        >
            {text}
        </button>
    }
    .into_any()
}

fn find(id: &str) -> Option<HtmlDialogElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Does by hand what `command` does where the browser knows it.
fn without_commands(act: impl FnOnce()) {
    let known = js_sys::Reflect::get(&window(), &"HTMLButtonElement".into())
        .and_then(|class| js_sys::Reflect::get(&class, &"prototype".into()))
        .and_then(|class| js_sys::Reflect::has(&class, &"commandForElement".into()));
    if known != Ok(true) {
        act();
    }
}

/// Opens a dialog, if it is not open.
pub(crate) fn open(id: &str) {
    if let Some(dialog) = find(id).filter(|dialog| !dialog.open()) {
        // Refused only when the element left the page in between.
        drop(dialog.show_modal());
    }
}

/// Closes the dialog that is open once the action of its form was answered. For lists: their
/// rows are read again then, and the dialog of a row that went would be the next one's. What
/// was refused stands in the page.
pub(crate) fn close_once_answered<S>(action: ServerAction<S>)
where
    S: ServerFn<Error = Problem> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let value = action.value();
    Effect::new(move |_| {
        if value.with(Option::is_some)
            && let Ok(Some(open)) = document().query_selector("dialog[open]")
            && let Some(open) = open.dyn_ref::<HtmlDialogElement>()
        {
            open.close();
        }
    });
}

/// Closes a dialog, if it is open.
pub(crate) fn close(id: &str) {
    if let Some(dialog) = find(id).filter(HtmlDialogElement::open) {
        dialog.close();
    }
}
