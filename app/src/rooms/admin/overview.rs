//! The admin centre's first page: four numbers, instances that need attention
//! first, decisions that wait.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{
    Problem, Timestamp,
    admin::{AdminOverview, Decision, Figure},
    portal::AuditEventView,
};

use super::{
    crumbs,
    instance_table::{attention, follow},
    instances::provision,
};
#[cfg(feature = "ssr")]
use crate::request;
use crate::ui::{
    error::loaded,
    icon::{icon, lu},
    page::{page, page_head},
    spark::spark,
    time::ago,
    words,
};

/// The overview of the platform.
///
/// # Errors
/// `forbidden` for whoever is no operator.
#[server(prefix = "/ui", endpoint = "admin/overview", input = GetUrl)]
pub(crate) async fn read_admin_overview() -> Result<AdminOverview, Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .overview(&actor)
        .await
        .map_err(request::refused)
}

/// The page.
pub(crate) fn overview_page() -> AnyView {
    let overview = Resource::new(|| (), |()| read_admin_overview());
    loaded(overview, |_, overview| view_overview(overview))
}

fn view_overview(overview: AdminOverview) -> AnyView {
    let figures: Vec<_> = overview.figures.iter().map(figure).collect();
    let decisions: Vec<_> = overview.decisions.iter().map(decision).collect();
    let instances = follow(overview.instances);
    let summary = move || {
        instances.all.with(|all| {
            let need = all
                .iter()
                .filter(|one| attention(one, one.health.now))
                .count();
            match need {
                0 => format!("{}, none needs attention", all.len()),
                1 => format!("{}, one needs attention", all.len()),
                more => format!("{}, {more} need attention", all.len()),
            }
        })
    };
    let waiting = if decisions.is_empty() {
        view! { <p class="mt-1 text-muted">"No decision waits for you."</p> }.into_any()
    } else {
        view! { <ul>{decisions}</ul> }.into_any()
    };
    page(
        "Admin centre",
        crumbs("Overview"),
        view! {
            {page_head(
                "Admin centre",
                "What needs attention, and how the platform is doing.".into_any(),
                ().into_any(),
            )}
            <div class="grid grid-cols-2 gap-3.5 xl:grid-cols-4">{figures}</div>
            <section class="card mt-3.5" aria-labelledby="instances-title">
                <div class="card-head card-pad">
                    <h2 id="instances-title">"Instances"</h2>
                    <span class="label">{summary}</span>
                    {instances.broken()}
                    <span class="actions actions-inline">{provision()}</span>
                </div>
                {instances.table(|_| true)}
            </section>
            <div class="mt-3.5 grid gap-3.5 lg:grid-cols-2">
                <section class="card card-pad pb-2" aria-labelledby="decisions-title">
                    <h2 id="decisions-title" class="mb-1 text-sm font-medium">"Needs a decision"</h2>
                    {waiting}
                </section>
                <section class="card card-pad pb-2" aria-labelledby="activity-title">
                    <h2 id="activity-title" class="mb-1 text-sm font-medium">"Latest activity"</h2>
                    {activity(&overview.activity, overview.now)}
                </section>
            </div>
        }
        .into_any(),
    )
}

fn figure(figure: &Figure) -> AnyView {
    let course = (figure.course.len() > 1).then(|| {
        view! {
            <div class="hidden w-24 self-end sm:block">
                {spark(&figure.course, format!("{} over {} hours", figure.label, figure.course.len()))}
            </div>
        }
    });
    view! {
        <div class="card card-pad flex justify-between gap-3">
            <div class="min-w-0">
                <p class="label">{figure.label.clone()}</p>
                <p class="text-2xl/8 font-semibold tabular-nums">{figure.value.clone()}</p>
                <p class="label">{figure.detail.clone()}</p>
            </div>
            {course}
        </div>
    }
    .into_any()
}

fn decision(decision: &Decision) -> AnyView {
    view! {
        <li class="row">
            <span class="text-muted">{icon(lu::LuInbox)}</span>
            <span class="min-w-0 flex-1">
                {decision.title.clone()}
                <span class="label block">{decision.detail.clone()}</span>
            </span>
            <a class="btn btn-plain btn-slim" href=decision.href.clone()>{decision.action.clone()}</a>
        </li>
    }
    .into_any()
}

fn activity(events: &[AuditEventView], now: Timestamp) -> AnyView {
    if events.is_empty() {
        return view! { <p class="mt-1 text-muted">"Nobody has changed anything yet."</p> }
            .into_any();
    }
    let rows: Vec<_> = events.iter().map(|event| event_row(event, now)).collect();
    view! { <ul>{rows}</ul> }.into_any()
}

fn event_row(event: &AuditEventView, now: Timestamp) -> AnyView {
    let place = match &event.tenant {
        Some(tenant) => format!("{}, in {tenant}", event.actor),
        None => event.actor.clone(),
    };
    let subject = Some(event.subject.clone()).filter(|it| *it != event.actor);
    view! {
        <li class="row">
            <span class="text-muted">{icon(lu::LuScrollText)}</span>
            <span class="min-w-0 flex-1">
                {words::event(&event.action)} " " <span class="text-muted">{subject}</span>
                <span class="label block">{place}</span>
            </span>
            <span class="label whitespace-nowrap">{ago(event.at, now)}</span>
        </li>
    }
    .into_any()
}
