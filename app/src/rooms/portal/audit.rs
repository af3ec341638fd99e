//! The audit log: who did what.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::codec::GetUrl;
use types::{Problem, Timestamp, portal::AuditEventView};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    here::{Here, use_slug},
    ui::{
        empty::empty_quiet,
        error::loaded,
        icon::{icon, lu},
        page::{Crumb, page, page_head},
        table::{Column::Titled, table},
        time::ago,
        words,
    },
};

/// The newest events of a tenant.
///
/// # Errors
/// `tenant_not_found` when there is no such tenant or no access to it.
#[server(prefix = "/ui", endpoint = "audit", input = GetUrl)]
pub(crate) async fn read_audit(slug: String) -> Result<Dated<Vec<AuditEventView>>, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .audit
        .list(&actor, &slug)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// The page; `?q=` keeps what was searched for.
pub(crate) fn audit_page() -> AnyView {
    let slug = use_slug();
    let query = use_query_map();
    let question = Memo::new(move |_| query.read().get("q").unwrap_or_default());
    let events = Resource::new(move || slug.get(), read_audit);
    loaded(events, move |here, events| {
        let crumbs = vec![
            Crumb::to(here.name(), here.at("")),
            Crumb::here("Audit log"),
        ];
        let lede = "Who did what, and when. Nothing here can be changed.";
        let search = search(&here, question);
        let body = move || listed(&events.value, events.now, &question.read());
        page(
            "Audit log",
            crumbs,
            view! {
                {page_head("Audit log", lede.into_any(), search)}
                <section class="card" aria-label="Events">{body}</section>
            }
            .into_any(),
        )
    })
}

/// A search that is a plain form, so that the address keeps it.
fn search(here: &Here, question: Memo<String>) -> AnyView {
    view! {
        <form method="get" action=here.at("/audit") class="actions actions-inline" role="search">
            <label class="relative">
                <span class="sr-only">"Search in the audit log"</span>
                <span class="pointer-events-none absolute top-2 left-2.5 z-1 text-muted">{icon(lu::LuSearch)}</span>
                <input
                    type="search" name="q" class="input h-8 w-56 pl-8" placeholder="Search" data-search=""
                    prop:value=question value=question.get_untracked()
                />
            </label>
        </form>
    }
    .into_any()
}

fn matches(event: &AuditEventView, question: &str) -> bool {
    let text = format!(
        "{} {} {} {}",
        event.actor, event.action, event.subject, event.detail
    )
    .to_lowercase();
    question
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

fn listed(events: &[AuditEventView], now: Timestamp, question: &str) -> AnyView {
    let rows: Vec<_> = events
        .iter()
        .filter(|event| matches(event, question))
        .map(|event| row(event, now))
        .collect();
    if rows.is_empty() {
        return empty_quiet(
            lu::LuScrollText,
            "No event",
            if question.is_empty() {
                "What members do is listed here as it happens."
            } else {
                "No event has these words."
            },
        );
    }
    table(
        &[
            Titled("What"),
            Titled("Subject"),
            Titled("Who"),
            Titled("When"),
            Titled("Request"),
        ],
        rows.into_any(),
    )
}

fn row(event: &AuditEventView, now: Timestamp) -> AnyView {
    view! {
        <tr>
            <td title=event.action.clone()>{words::event(&event.action)}</td>
            <td class="fact break-before">
                {event.subject.clone()}
                {(!event.detail.is_empty()).then(|| view! { <span class="label block">{event.detail.clone()}</span> })}
            </td>
            <td class="fact" data-label="by">{event.actor.clone()}</td>
            <td class="lead-out text-muted whitespace-nowrap">{ago(event.at, now)}</td>
            <td class="wide-only"><code class="text-muted">{event.request_id.clone()}</code></td>
        </tr>
    }
    .into_any()
}
