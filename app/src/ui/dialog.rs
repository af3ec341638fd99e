//! Native dialogs. `commandfor` opens them before wasm arrives; focus goes in,
//! stays in and returns by itself.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use types::Problem;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement, HtmlFormElement};

use super::{
    field::{Refusal, refusal},
    icon::{IconData, icon},
    pill::Tone,
    toast::toasts,
};

/// A dialog with its heading; opened by [`opener`] or [`open`] with the same id.
pub(crate) fn dialog(id: impl Into<String>, title: String, body: AnyView) -> AnyView {
    dialog_then(id, title, body, || {})
}

/// The same, with what happens once it is closed.
pub(crate) fn dialog_then(
    id: impl Into<String>,
    title: String,
    body: AnyView,
    closed: impl Fn() + 'static,
) -> AnyView {
    let id: String = id.into();
    let heading = format!("{id}-title");
    let labelled = heading.clone();
    view! {
        <dialog
            id=id class="dialog" aria-labelledby=labelled
            on:close:target=move |event| {
                forget(&event.target());
                closed();
            }
        >
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
    closing(id.into(), "btn btn-plain", text)
}

/// The way out of a dialog in which all is done.
pub(crate) fn finisher(id: impl Into<String>) -> AnyView {
    closing(id.into(), "btn btn-primary", "Done")
}

fn closing(id: String, class: &'static str, text: &'static str) -> AnyView {
    let target = id.clone();
    view! {
        <button
            type="button" class=class commandfor=id command="close"
            on:click=move |_| without_commands(|| close(&target))
        >
            {text}
        </button>
    }
    .into_any()
}

/// The two ways out of a dialog with a form: one that does nothing, and the form's own, off
/// while its answer is awaited.
pub(crate) fn answers<S>(
    id: impl Into<String>,
    stay: &'static str,
    action: ServerAction<S>,
    class: &'static str,
    sign: IconData,
    text: &'static str,
) -> AnyView
where
    S: ServerFn<Error = Problem> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let pending = action.pending();
    view! {
        <div class="dialog-actions">
            {closer(id, stay)}
            <button type="submit" class=class disabled=pending>{icon(sign)} {text}</button>
        </div>
    }
    .into_any()
}

fn find(id: &str) -> Option<HtmlDialogElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Drops what was typed into a dialog that was closed: opened anew it shows what is so.
fn forget(dialog: &HtmlDialogElement) {
    if let Ok(Some(form)) = dialog.query_selector("form")
        && let Some(form) = form.dyn_ref::<HtmlFormElement>()
    {
        form.reset();
    }
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

/// Moves the focus to the way out of a dialog: what had it may be gone.
pub(crate) fn focus_way_out(id: &str) {
    if let Some(dialog) = find(id)
        && let Ok(Some(button)) = dialog.query_selector(".dialog-actions button")
        && let Some(button) = button.dyn_ref::<HtmlElement>()
    {
        // Refused only when the element left the page in between.
        drop(button.focus());
    }
}

/// Whether a dialog is open.
pub(crate) fn is_open(id: &str) -> bool {
    find(id).is_some_and(|dialog| dialog.open())
}

/// Opens the page's dialog when the address names it, e.g. `members#invite`. The address
/// forgets it then: it can name it again, and nothing else opens the dialog.
pub(crate) fn open_by_address(id: &'static str) {
    let location = use_location();
    let (hash, path) = (location.hash, location.pathname);
    let navigate = use_navigate();
    let forgotten = move || {
        let quietly = NavigateOptions {
            resolve: false,
            replace: true,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&path.get_untracked(), quietly);
    };
    Effect::new(move |_| {
        hash.track();
        open_once_it_stands(id, hash, forgotten.clone());
    });
}

/// A page is built before it stands in the document: looks again with each frame.
fn open_once_it_stands(id: &'static str, hash: Memo<String>, then: impl Fn() + 'static) {
    let named = hash.with_untracked(|hash| hash.strip_prefix('#') == Some(id));
    if !named {
        return;
    }
    if find(id).is_some() {
        open(id);
        then();
    } else {
        request_animation_frame(move || open_once_it_stands(id, hash, then));
    }
}

/// Closes the dialog that is open once the action of its form was done. For lists: their
/// rows are read again then, and the dialog of a row that went would be the next one's.
pub(crate) fn close_once_done<S>(action: ServerAction<S>)
where
    S: ServerFn<Error = Problem> + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
{
    let value = action.value();
    Effect::new(move |_| {
        if value.with(|it| matches!(it, Some(Ok(_))))
            && let Ok(Some(open)) = document().query_selector("dialog[open]")
            && let Some(open) = open.dyn_ref::<HtmlDialogElement>()
        {
            open.close();
        }
    });
}

/// Says what was refused when the dialog was closed already, or before the page lived, and
/// forgets it: opened anew the dialog would begin with it.
pub(crate) fn say_when_late<S>(id: &'static str, action: ServerAction<S>)
where
    S: ServerFn<Error = Problem> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let toasts = toasts();
    let refused = refusal(action);
    Effect::new(move |_| {
        if let Some(problem) = refused.get()
            && !is_open(id)
        {
            toasts.say(Tone::Bad, problem.detail);
            action.clear();
        }
    });
}

/// The dialog of a row of a list. Its action is that of all rows: it shows what it asked for
/// itself and was refused, and forgets that when it is closed.
pub(crate) fn row_dialog<S>(
    id: String,
    title: String,
    action: ServerAction<S>,
    body: impl FnOnce(Refusal) -> AnyView,
) -> AnyView
where
    S: ServerFn<Error = Problem> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let refused = refusal(action);
    let (here, asked) = (RwSignal::new(None), StoredValue::new(false));
    let (own, pending) = (id.clone(), action.pending());
    Effect::new(move |_| {
        if pending.get() {
            asked.set_value(is_open(&own));
        }
    });
    let own = id.clone();
    Effect::new(move |_| {
        here.set(refused.get().filter(|_| asked.get_value() && is_open(&own)));
    });
    dialog_then(id, title, body(here.into()), move || action.clear())
}

/// Closes a dialog, if it is open.
pub(crate) fn close(id: &str) {
    if let Some(dialog) = find(id).filter(HtmlDialogElement::open) {
        dialog.close();
    }
}
