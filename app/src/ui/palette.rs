//! Ctrl-K: finds every page, stack, node and run, and starts what can be started.

use leptos::{ev, html, prelude::*};
use types::{
    admin::InstanceView,
    portal::{Role, ViewerView},
    stack::{KitView, StackOverview},
};
use wasm_bindgen::JsCast;

use super::{
    dialog,
    icon::{IconData, icon, lu},
    keyboard, theme, words,
};
use crate::{
    here::{Viewer, use_shown_slug},
    rooms::{
        admin::instances::read_instances, kits::list::read_kits,
        portal::overview::read_stack_overview, rooms_of,
    },
};

/// The dialog's id.
const ID: &str = "palette";

/// Most lines shown at once.
const SHOWN: usize = 40;

/// What a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Act {
    /// Goes to a page of the interface.
    Go(String),
    /// Shows all keys.
    Keys,
    /// Changes between light and dark.
    Theme,
}

/// One line.
#[derive(Clone, PartialEq)]
struct Item {
    sign: IconData,
    text: String,
    detail: String,
    act: Act,
}

impl Item {
    fn page(
        sign: IconData,
        text: impl Into<String>,
        detail: impl Into<String>,
        href: impl Into<String>,
    ) -> Self {
        Self {
            sign,
            text: text.into(),
            detail: detail.into(),
            act: Act::Go(href.into()),
        }
    }
}

/// Opens the palette.
pub(crate) fn open() {
    dialog::open(ID);
}

/// Whether every word of the question is in the text.
fn matches(item: &Item, question: &str) -> bool {
    let text = format!("{} {}", item.text, item.detail).to_lowercase();
    question
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

/// What there is to be found besides the rooms, as far as it was read.
#[derive(Clone, Default)]
struct Known {
    stack: Option<StackOverview>,
    kits: Vec<KitView>,
    instances: Vec<InstanceView>,
}

fn items(viewer: Option<&ViewerView>, slug: &str, known: &Known) -> Vec<Item> {
    let mut items = Vec::new();
    let operator = viewer.is_some_and(|it| it.operator);
    let role = viewer
        .and_then(|it| it.tenants.iter().find(|one| one.slug == slug))
        .map_or(Role::Viewer, |one| one.role);
    for room in rooms_of(slug, role, operator) {
        items.push(Item::page(room.sign, room.title, room.group, room.href));
    }
    if role != Role::Viewer {
        items.push(Item::page(
            lu::LuPlus,
            "New stack",
            "action",
            format!("/tenant/{slug}/stacks/new"),
        ));
    }
    if role == Role::Admin {
        items.push(Item::page(
            lu::LuUserPlus,
            "Invite a member",
            "action",
            format!("/tenant/{slug}/members#invite"),
        ));
    }
    for one in viewer
        .into_iter()
        .flat_map(|it| &it.tenants)
        .filter(|one| one.slug != slug)
    {
        items.push(Item::page(
            lu::LuHouse,
            one.name.clone(),
            "change to this homelab",
            format!("/tenant/{}", one.slug),
        ));
    }
    if viewer.is_some() {
        if slug.is_empty() {
            items.push(Item::page(
                lu::LuKeyRound,
                "Tokens and sessions",
                "page",
                "/account/tokens",
            ));
        }
        items.push(Item::page(
            lu::LuPlus,
            "New homelab",
            "action",
            "/tenants/new",
        ));
    }
    let act = |sign, text: &str, act| Item {
        sign,
        text: text.to_owned(),
        detail: "action".to_owned(),
        act,
    };
    items.push(act(
        lu::LuSunMoon,
        "Change between light and dark",
        Act::Theme,
    ));
    items.push(act(lu::LuKeyboard, "Show all keys", Act::Keys));
    // What was read comes last: it comes later, and no line must move under a pointer.
    if let Some(stack) = &known.stack {
        for one in &stack.stacks {
            let at = format!("/tenant/{slug}/stacks/{}", one.id);
            items.push(Item::page(
                lu::LuLayers,
                one.name.clone(),
                "stack",
                at.clone(),
            ));
            items.push(Item::page(
                lu::LuFileCode,
                format!("{}: specification", one.name),
                "edit, save, plan",
                format!("{at}/specification"),
            ));
        }
        for one in &stack.runs {
            items.push(Item::page(
                lu::LuPlay,
                format!(
                    "Run {}: {} {}",
                    one.number,
                    words::run_kind(one.kind),
                    one.stack_name
                ),
                words::run(one.state).1,
                format!("/tenant/{slug}/runs/{}", one.number),
            ));
        }
        for one in &stack.nodes {
            items.push(Item::page(
                lu::LuServer,
                one.name.clone(),
                format!("node {} of {}", one.address, one.stack_name),
                format!("/tenant/{slug}/nodes"),
            ));
        }
    }
    for one in &known.kits {
        items.push(Item::page(
            lu::LuBox,
            one.name.clone(),
            "kit",
            format!("/tenant/{slug}/kits/{}", one.name),
        ));
    }
    for one in &known.instances {
        items.push(Item::page(
            lu::LuServerCog,
            one.name.clone(),
            format!("instance, region {}", one.region),
            format!("/admin/instances/{}", one.id),
        ));
    }
    items
}

/// The palette; it lives once in the page.
pub(crate) fn palette() -> AnyView {
    let viewer: Viewer = expect_context();
    let slug = use_shown_slug();
    let question = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let all = RwSignal::new(Vec::<Item>::new());
    let input = NodeRef::<html::Input>::new();
    let found = Memo::new(move |_| {
        let question = question.read().to_lowercase();
        all.with(|all| {
            all.iter()
                .filter(|item| matches(item, &question))
                .take(SHOWN)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let toggled = move |_: web_sys::Event| {
        if !dialog::is_open(ID) {
            return;
        }
        question.set(String::new());
        at.set(0);
        if let Some(input) = input.get_untracked() {
            input.set_value("");
        }
        let slug = slug.get_untracked();
        leptos::task::spawn_local(async move {
            let viewer = viewer.read.await.ok().flatten();
            let mut known = Known::default();
            let show = |known: &Known| all.try_set(items(viewer.as_ref(), &slug, known));
            show(&known);
            if !slug.is_empty() {
                // What cannot be read is not offered; its page says why.
                known.stack = read_stack_overview(slug.clone()).await.ok().flatten();
                known.kits = read_kits().await.unwrap_or_default();
                show(&known);
            }
            if viewer.as_ref().is_some_and(|it| it.operator) {
                known.instances = read_instances().await.unwrap_or_default();
                show(&known);
            }
        });
    };
    let pressed = move |event: ev::KeyboardEvent| {
        let length = found.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = (*at + 1).min(length.saturating_sub(1))),
            "ArrowUp" => at.update(|at| *at = at.saturating_sub(1)),
            "Enter" => {
                if let Some(line) = line(at.get_untracked()) {
                    line.click();
                }
            }
            _ => return,
        }
        event.prevent_default();
        scroll_to(at.get_untracked());
    };
    let lines = move || {
        let lines: Vec<_> = found
            .get()
            .into_iter()
            .enumerate()
            .map(|(index, item)| item_view(index, item, at))
            .collect();
        if lines.is_empty() {
            view! { <p class="p-3 text-muted">"Nothing has these words."</p> }.into_any()
        } else {
            lines.into_any()
        }
    };
    view! {
        <dialog id=ID class="dialog palette" aria-label="Find or run" on:toggle=toggled>
            <input
                class="palette-input"
                node_ref=input
                type="text"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                aria-label="Find or run"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || format!("palette-{}", at.get())
                placeholder="Find anything by its name"
                on:input:target=move |event| {
                    question.set(event.target().value());
                    at.set(0);
                }
                on:keydown=pressed
            />
            <div id="palette-list" class="palette-list" role="listbox" aria-label="Results">{lines}</div>
        </dialog>
    }
    .into_any()
}

/// A line is a link, so that the router follows it and it opens in a new tab too.
fn item_view(index: usize, item: Item, at: RwSignal<usize>) -> AnyView {
    let act = item.act.clone();
    let href = match &item.act {
        Act::Go(href) => href.clone(),
        Act::Keys | Act::Theme => "#".to_owned(),
    };
    let run = move |event: ev::MouseEvent| {
        dialog::close(ID);
        match act {
            Act::Go(_) => {}
            Act::Keys => {
                event.prevent_default();
                keyboard::show();
            }
            Act::Theme => {
                event.prevent_default();
                theme::toggle();
            }
        }
    };
    view! {
        <a
            id=format!("palette-{index}")
            role="option"
            class="menu-item"
            tabindex="-1"
            href=href
            aria-selected=move || if at.get() == index { "true" } else { "false" }
            on:click=run
        >
            {icon(item.sign)}
            <span class="min-w-0 flex-1 truncate">{item.text}</span>
            <span class="label">{item.detail}</span>
        </a>
    }
    .into_any()
}

fn line(index: usize) -> Option<web_sys::HtmlElement> {
    document()
        .get_element_by_id(&format!("palette-{index}"))?
        .dyn_into()
        .ok()
}

fn scroll_to(index: usize) {
    if let Some(line) = line(index) {
        let nearest = web_sys::ScrollIntoViewOptions::new();
        nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
        line.scroll_into_view_with_scroll_into_view_options(&nearest);
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Item, Known, items, matches};

    #[test]
    fn every_word_has_to_be_found() {
        let item = Item::page(
            super::lu::LuPlay,
            "Run 41: Apply core-services",
            "Applying",
            "/x",
        );
        assert!(matches(&item, "core RUN"));
        assert!(matches(&item, ""));
        assert!(!matches(&item, "run media"));
    }

    #[test]
    fn operators_reach_the_admin_centre_and_others_do_not() {
        let pages = |operator| {
            let viewer = types::portal::ViewerView {
                id: "0190a000-0000-7000-8000-000000000001"
                    .parse()
                    .expect("an id"),
                name: "Robin Winter".to_owned(),
                email: String::new(),
                operator,
                tenants: Vec::new(),
            };
            items(Some(&viewer), "nordhaus", &Known::default())
                .into_iter()
                .any(|item| item.act == Act::Go("/admin/jobs".to_owned()))
        };
        assert!(pages(true));
        assert!(!pages(false));
    }
}
