//! Keys: `g` and a letter go to a room, `j`/`k` move in lists, `/` searches, `?`
//! shows them all, Ctrl-K finds.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use super::{dialog, palette};

/// The overlay's id.
const OVERLAY: &str = "keys";

/// How long after `g` a letter still counts, in milliseconds.
const CHORD: f64 = 1_500.0;

/// Listens for as long as the page lives.
pub(crate) fn listen() {
    Effect::new(move |_| {
        let chord = StoredValue::new(None);
        let handle = window_event_listener(ev::keydown, move |event| pressed(&event, chord));
        on_cleanup(move || handle.remove());
    });
}

/// `chord` is when `g` was pressed, in milliseconds since the page began.
fn pressed(event: &KeyboardEvent, chord: StoredValue<Option<f64>>) {
    let key = event.key();
    if (event.ctrl_key() || event.meta_key()) && key.eq_ignore_ascii_case("k") {
        event.prevent_default();
        palette::open();
        return;
    }
    if event.ctrl_key() || event.meta_key() || event.alt_key() || writes(event) || dialog_is_open()
    {
        return;
    }
    let at = event.time_stamp();
    let begun = chord.get_value();
    chord.set_value(None);
    if begun.is_some_and(|begun| at - begun < CHORD) {
        if let Some(link) = first(&format!("[data-go=\"{}\"]", key.escape_default())) {
            event.prevent_default();
            link.click();
        }
        return;
    }
    match key.as_str() {
        "g" => chord.set_value(Some(at)),
        "j" => move_in_list(event, 1),
        "k" => move_in_list(event, -1),
        "/" => {
            event.prevent_default();
            match first("[data-search]") {
                Some(field) => focus(&field),
                None => palette::open(),
            }
        }
        "?" => dialog::open(OVERLAY),
        "Escape" => close_menus(),
        _ => {}
    }
}

/// Whether the key goes into a text.
fn writes(event: &KeyboardEvent) -> bool {
    event
        .target()
        .and_then(|it| it.dyn_into::<HtmlElement>().ok())
        .is_some_and(|it| {
            it.is_content_editable()
                || matches!(it.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
        })
}

fn dialog_is_open() -> bool {
    first("dialog[open]").is_some()
}

fn first(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok()??.dyn_into().ok()
}

fn focus(element: &HtmlElement) {
    // Refused only when the element left the page in between.
    drop(element.focus());
}

fn move_in_list(event: &KeyboardEvent, by: i32) {
    let Ok(rows) = document().query_selector_all("main [data-row]") else {
        return;
    };
    let length = rows.length();
    if length == 0 {
        return;
    }
    let active = document().active_element();
    let now = (0..length).find(|at| {
        rows.item(*at).is_some_and(|row| {
            active
                .as_ref()
                .is_some_and(|it| it.is_same_node(Some(&row)))
        })
    });
    let next = match now {
        None => 0,
        Some(at) if by > 0 => (at + 1).min(length - 1),
        Some(at) => at.saturating_sub(1),
    };
    if let Some(row) = rows
        .item(next)
        .and_then(|it| it.dyn_into::<HtmlElement>().ok())
    {
        event.prevent_default();
        focus(&row);
        row.scroll_into_view_with_bool(false);
    }
}

/// Closes open menus; their summary takes the focus back.
fn close_menus() {
    for menu in shut_menus() {
        if let Some(summary) = menu
            .query_selector("summary")
            .ok()
            .flatten()
            .and_then(|it| it.dyn_into::<HtmlElement>().ok())
        {
            focus(&summary);
        }
    }
}

/// Closes open menus and answers them.
pub(crate) fn shut_menus() -> Vec<Element> {
    let Ok(menus) = document().query_selector_all("details.menu[open]") else {
        return Vec::new();
    };
    let menus: Vec<Element> = (0..menus.length())
        .filter_map(|at| menus.item(at)?.dyn_into().ok())
        .collect();
    for menu in &menus {
        // `open` is an attribute that may always be removed.
        drop(menu.remove_attribute("open"));
    }
    menus
}

/// All keys, shown by `?`.
pub(crate) fn overlay() -> AnyView {
    let groups = [
        (
            "Anywhere",
            &[
                ("Ctrl K", "Find or run"),
                ("/", "Search in the page"),
                ("?", "Show these keys"),
                ("Esc", "Close"),
            ][..],
        ),
        (
            "In lists",
            &[("j", "Next"), ("k", "Previous"), ("Enter", "Open")][..],
        ),
        (
            "Go to",
            &[
                ("g o", "Overview"),
                ("g s", "Stacks"),
                ("g n", "Nodes"),
                ("g r", "Runs"),
                ("g k", "Kits"),
                ("g m", "Members"),
                ("g p", "Plan"),
                ("g t", "API tokens"),
                ("g l", "Audit log"),
            ][..],
        ),
        (
            "Go to, in the admin centre",
            &[
                ("g a", "Admin centre"),
                ("g i", "Instances"),
                ("g j", "Jobs"),
                ("g s", "Tenants"),
                ("g u", "Users"),
            ][..],
        ),
    ];
    let groups: Vec<_> = groups
        .into_iter()
        .map(|(title, keys)| {
            let keys: Vec<_> = keys
                .iter()
                .map(|(key, what)| {
                    let keys: Vec<_> = key
                        .split(' ')
                        .map(|key| view! { <kbd class="key">{key}</kbd> })
                        .collect();
                    view! {
                        <div class="flex items-center gap-3 py-0.75">
                            <dt class="flex w-16 gap-1">{keys}</dt>
                            <dd>{*what}</dd>
                        </div>
                    }
                })
                .collect();
            view! {
                <div class="break-inside-avoid">
                    <h3 class="label pt-3">{title}</h3>
                    <dl>{keys}</dl>
                </div>
            }
        })
        .collect();
    let body = view! {
        <div class="gap-x-8 sm:columns-2">{groups}</div>
        <div class="dialog-actions">{dialog::closer(OVERLAY, "Close")}</div>
    };
    dialog::dialog(OVERLAY, "Keys".to_owned(), body.into_any())
}

/// Opens the overlay.
pub(crate) fn show() {
    dialog::open(OVERLAY);
}
