//! The frame around a room: the side with its navigation, and the page beside it.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_location};
use types::portal::ViewerView;
use wasm_bindgen::JsCast;

use super::{
    cookie,
    icon::{brand_mark, icon, lu},
    keyboard, pill,
    words::{initials, role},
};
use crate::{
    here::{Here, Viewer, use_shown_slug},
    rooms::{Counted, Room, admin_rooms, portal::overview::read_stack_overview, tenant_rooms},
};

/// Numbers beside rooms, as far as a page has read them.
#[derive(Clone, Copy)]
pub(crate) struct Counts {
    /// Stacks of the tenant.
    pub(crate) stacks: RwSignal<Option<usize>>,
    /// Nodes of the tenant.
    pub(crate) nodes: RwSignal<Option<usize>>,
}

impl Counts {
    /// Puts them into the context.
    pub(crate) fn provide() {
        provide_context(Self {
            stacks: RwSignal::new(None),
            nodes: RwSignal::new(None),
        });
    }

    /// Notes numbers that were read, once the page is live.
    pub(crate) fn note(stacks: Option<usize>, nodes: Option<usize>) {
        let counts: Self = expect_context();
        Effect::new(move |_| {
            if stacks.is_some() {
                counts.stacks.set(stacks);
            }
            if nodes.is_some() {
                counts.nodes.set(nodes);
            }
        });
    }

    /// Reads them, for the tenant that is shown.
    async fn read(self, slug: String, shown: Memo<String>) {
        if let Ok(Some(found)) = read_stack_overview(slug.clone()).await
            && shown.try_get_untracked() == Some(slug)
        {
            self.stacks.try_set(Some(found.stacks.len()));
            self.nodes.try_set(Some(found.nodes.len()));
        }
    }

    fn are_known(self) -> bool {
        let known = |count: RwSignal<Option<usize>>| count.try_get_untracked().flatten().is_some();
        known(self.stacks) && known(self.nodes)
    }

    fn of(self, counted: Counted) -> Option<usize> {
        match counted {
            Counted::Stacks => self.stacks.get(),
            Counted::Nodes => self.nodes.get(),
        }
    }
}

/// Which side a frame has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Tenant,
    Admin,
    Account,
}

/// A tenant's rooms.
pub(crate) fn tenant_frame() -> AnyView {
    frame(Side::Tenant)
}

/// The admin centre.
pub(crate) fn admin_frame() -> AnyView {
    frame(Side::Admin)
}

/// What belongs to the person; the side stays that of the tenant they came from.
pub(crate) fn account_frame() -> AnyView {
    frame(Side::Account)
}

fn frame(side: Side) -> AnyView {
    let viewer: Viewer = expect_context();
    let slug = use_shown_slug();
    forget_counts_of_another(slug);
    let content = move || {
        let slug = slug.get();
        Suspend::new(async move { side_of(side, Here::find(viewer, slug).await) })
    };
    let banner = move || {
        let slug = slug.get();
        Suspend::new(async move { sample_banner(&Here::find(viewer, slug).await) })
    };
    view! {
        <div class="frame">
            <aside class="side" id="side" popover="auto" aria-label="Navigation">
                <Transition>{content}</Transition>
            </aside>
            <div class="beside">
                <Transition>{banner}</Transition>
                <Outlet />
            </div>
        </div>
    }
    .into_any()
}

/// The numbers beside the rooms are those of the tenant that is shown.
fn forget_counts_of_another(slug: Memo<String>) {
    let counts: Counts = expect_context();
    Effect::new(move |before: Option<String>| {
        let now = slug.get();
        if before.is_some_and(|before| before != now) {
            counts.stacks.set(None);
            counts.nodes.set(None);
        }
        now
    });
}

/// Reads the numbers beside the rooms once the page is live, unless the page itself
/// has read them.
fn read_counts(slug: String) {
    let counts: Counts = expect_context();
    let shown = use_shown_slug();
    Effect::new(move |_| {
        let slug = slug.clone();
        leptos::task::spawn_local(async move {
            // What the page read is noted by now.
            if !counts.are_known() {
                counts.read(slug, shown).await;
            }
        });
    });
}

/// Reads them again each time that what changes them has come to be so.
pub(crate) fn count_again(slug: String, changed: Memo<bool>) {
    let counts: Counts = expect_context();
    let shown = use_shown_slug();
    Effect::new(move |before: Option<bool>| {
        let now = changed.get();
        if now && before == Some(false) {
            leptos::task::spawn_local(counts.read(slug.clone(), shown));
        }
        now
    });
}

/// Says that a tenant is sample data, until somebody hides it in their browser.
fn sample_banner(here: &Here) -> Option<AnyView> {
    const COOKIE: &str = "kombify-sample-banner";
    here.tenant().filter(|one| one.sample)?;
    let said = if here.may_edit() {
        "This is the sample homelab. Try everything: nothing here is yours."
    } else {
        "This is the sample homelab. Look around: your role here is to read."
    };
    let hidden = RwSignal::new(cookie::read(COOKIE).as_deref() == Some("off"));
    let view = move || {
        (!hidden.get()).then(|| {
            view! {
                <section class="banner no-print" aria-label="Sample data">
                    {icon(lu::LuFlaskConical)}
                    <p class="flex-1">{said}</p>
                    <button
                        type="button" class="needs-script link"
                        on:click=move |_| {
                            cookie::write(COOKIE, "off");
                            hidden.set(true);
                        }
                    >
                        "Hide"
                    </button>
                </section>
            }
        })
    };
    Some(view.into_any())
}

fn side_of(side: Side, mut here: Here) -> AnyView {
    let Some(viewer) = here.viewer.clone() else {
        return brand("/").into_any();
    };
    if here.slug.is_empty() && side == Side::Account {
        here.slug = viewer
            .tenants
            .first()
            .map(|one| one.slug.clone())
            .unwrap_or_default();
    }
    if side != Side::Admin && here.tenant().is_some() {
        read_counts(here.slug.clone());
    }
    let (rooms, head) = match side {
        Side::Admin if viewer.operator => (admin_rooms(), operator_head()),
        // Of a homelab that is none of theirs, nobody learns what there would be.
        _ if here.tenant().is_none() => (Vec::new(), tenant_head(&here, &viewer)),
        _ => (
            tenant_rooms(&here.slug, here.role()),
            tenant_head(&here, &viewer),
        ),
    };
    view! {
        {head}
        <nav aria-label="Rooms">{groups(rooms)}</nav>
        {foot(side, &here, &viewer)}
    }
    .into_any()
}

fn brand(href: &str) -> AnyView {
    let href = href.to_owned();
    view! { <a class="brand" href=href>{brand_mark()} "kombify"</a> }.into_any()
}

fn operator_head() -> AnyView {
    view! {
        <div class="flex items-start justify-between">
            {brand("/admin")}
            {pill::tag("Operator")}
        </div>
    }
    .into_any()
}

fn tile(name: &str) -> AnyView {
    let letter: String = initials(name).chars().take(1).collect();
    view! { <span class="avatar tile" aria-hidden="true">{letter}</span> }.into_any()
}

fn tenant_head(here: &Here, viewer: &Arc<ViewerView>) -> AnyView {
    let others: Vec<_> = viewer
        .tenants
        .iter()
        .map(|one| {
            let current = (one.slug == here.slug).then_some("true");
            view! {
                <a class="menu-item" href=format!("/tenant/{}", one.slug) aria-current=current>
                    {tile(&one.name)}
                    <span class="min-w-0 flex-1 wrap-break-word">{one.name.clone()}</span>
                    {one.sample.then(|| view! {
                        <span class="text-ink-sim" title="Made by the sample data">{icon(lu::LuFlaskConical)}</span>
                        <span class="sr-only">"sample data"</span>
                    })}
                    {current.map(|_| icon(lu::LuCheck))}
                </a>
            }
        })
        .collect();
    let plan = here
        .tenant()
        .map(|one| format!("{} plan", one.plan.title()));
    let name = here
        .tenant()
        .map_or_else(|| "Your homelabs".to_owned(), |one| one.name.clone());
    view! {
        {brand("/")}
        <details class="menu menu-down">
            <summary class="flex items-center gap-2.5 rounded-md border border-line bg-base-100 px-2 py-1.25">
                {tile(&name)}
                <span class="min-w-0 flex-1">
                    <span class="block truncate">{name}</span>
                    <span class="label block">{plan}</span>
                </span>
                {icon(lu::LuChevronsUpDown)}
                <span class="sr-only">"Change the homelab"</span>
            </summary>
            <div class="menu-sheet">
                {others}
                <div class="menu-last">
                    <a class="menu-item" href="/tenants/new">{icon(lu::LuPlus)} "New homelab"</a>
                </div>
            </div>
        </details>
    }
    .into_any()
}

fn groups(rooms: Vec<Room>) -> AnyView {
    let counts: Counts = expect_context();
    let path = use_location().pathname;
    let mut group = "";
    let items: Vec<_> = rooms
        .into_iter()
        .map(|room| {
            let heading = (room.group != group).then(|| {
                group = room.group;
                view! { <h2 class="nav-group">{room.group}</h2> }
            });
            let own = room.href.split('?').next().unwrap_or_default().to_owned();
            let current = move || {
                let path = path.read();
                let inside = path.strip_prefix(own.as_str()).is_some_and(|rest| {
                    rest.trim_end_matches('/').is_empty() || (!room.exact && rest.starts_with('/'))
                });
                inside.then_some("page")
            };
            let count = room.count.map(|counted| {
                view! { <span class="nav-count">{move || counts.of(counted)}</span> }
            });
            view! {
                {heading}
                <a class="nav-item" href=room.href data-go=room.key aria-current=current>
                    {icon(room.sign)}
                    {room.title}
                    {count}
                </a>
            }
        })
        .collect();
    items.into_any()
}

fn foot(side: Side, here: &Here, viewer: &Arc<ViewerView>) -> AnyView {
    let below = match side {
        Side::Admin if viewer.operator => "operator",
        _ => here.tenant().map_or("signed in", |one| role(one.role)),
    };
    let first = viewer
        .tenants
        .first()
        .map(|one| format!("/tenant/{}", one.slug));
    let cross = match side {
        Side::Admin => first.map(|href| {
            view! { <a class="menu-item" href=href>{icon(lu::LuHouse)} "To my homelab"</a> }.into_any()
        }),
        _ => viewer.operator.then(|| {
            view! { <a class="menu-item" href="/admin" data-go="a">{icon(lu::LuGauge)} "Admin centre"</a> }
                .into_any()
        }),
    };
    let tokens = if here.slug.is_empty() {
        "/account/tokens".to_owned()
    } else {
        format!("/account/tokens?tenant={}", here.slug)
    };
    view! {
        <div class="mt-auto border-t border-line pt-2">
            <details class="menu menu-up">
                <summary class="menu-item">
                    <span class="avatar" aria-hidden="true">{initials(&viewer.name)}</span>
                    <span class="min-w-0 flex-1">
                        <span class="block truncate">{viewer.name.clone()}</span>
                        <span class="label block">{below}</span>
                    </span>
                    {icon(lu::LuEllipsis)}
                    <span class="sr-only">"Your account"</span>
                </summary>
                <div class="menu-sheet">
                    <p class="label truncate px-2 py-1">{viewer.email.clone()}</p>
                    {cross}
                    <a class="menu-item" href=tokens>{icon(lu::LuKeyRound)} "Tokens and sessions"</a>
                    <form method="post" action="/auth/sign-out">
                        <button type="submit" class="menu-item">{icon(lu::LuLogOut)} "Sign out"</button>
                    </form>
                </div>
            </details>
        </div>
    }
    .into_any()
}

/// Closes the drawer and open menus when another page is shown.
pub(crate) fn close_after_navigation() {
    let path = use_location().pathname;
    Effect::new(move |before: Option<()>| {
        path.track();
        if before.is_none() {
            return;
        }
        if let Some(side) = document().get_element_by_id("side")
            && side.matches(":popover-open").unwrap_or(false)
            && let Ok(side) = side.dyn_into::<web_sys::HtmlElement>()
        {
            // Refused only when it is closed already.
            drop(side.hide_popover());
        }
        keyboard::shut_menus();
    });
}
