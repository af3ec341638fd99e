//! The audit log: who did what.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::codec::GetUrl;
use types::{
    AuditEventId, ErrorCode, Problem, Timestamp,
    portal::{AuditEventView, AuditPage},
};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    here::{Here, use_slug},
    ui::{
        empty::empty_quiet,
        error::{encode, loaded},
        icon::{icon, lu},
        page::{Crumb, page, page_head},
        table::{Column::Titled, table, ways},
        time::ago,
        words,
    },
};

/// The newest events of a tenant that have the words of `q` and are older than `before`.
///
/// # Errors
/// `tenant_not_found` when there is no such tenant or no access to it, `not_found` when
/// `before` is no event of it.
#[server(prefix = "/ui", endpoint = "audit", input = GetUrl)]
pub(crate) async fn read_audit(
    slug: String,
    #[server(default)] q: String,
    before: Option<AuditEventId>,
) -> Result<Dated<AuditPage>, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .audit
        .list(&actor, &slug, &q, before)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// The page; `?q=` keeps what was searched for, `?before=` how far back it was read.
pub(crate) fn audit_page() -> AnyView {
    let slug = use_slug();
    let query = use_query_map();
    let question = Memo::new(move |_| query.read().get("q").unwrap_or_default());
    let before = Memo::new(move |_| query.read().get("before").filter(|id| !id.is_empty()));
    let events = Resource::new(
        move || (slug.get(), question.get(), before.get()),
        |(slug, question, before)| async move {
            match before.map(|id| id.parse::<AuditEventId>()).transpose() {
                Ok(before) => read_audit(slug, question, before).await,
                // What is no id is no event.
                Err(_) => Err(Problem::new(
                    ErrorCode::NotFound,
                    "There is no such event, or you have no access to it.",
                )),
            }
        },
    );
    loaded(events, move |here, events| {
        let crumbs = vec![
            Crumb::to(here.name(), here.at("")),
            Crumb::here("Audit log"),
        ];
        let lede = "Who did what, and when. Nothing here can be changed.";
        let search = search(&here, question);
        let question = question.get_untracked();
        let newest = before.get_untracked().is_none();
        let Dated {
            value: AuditPage { events, older },
            now,
        } = events;
        let back = (!newest).then(|| address(&here, &question, None));
        let on = older.map(|id| address(&here, &question, Some(id)));
        page(
            "Audit log",
            crumbs,
            view! {
                {page_head("Audit log", lede.into_any(), search)}
                <section class="card" aria-label="Events">
                    {listed(&events, now, &question, newest)}
                    {ways("Pages of the log", back, on)}
                </section>
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

fn listed(events: &[AuditEventView], now: Timestamp, question: &str, newest: bool) -> AnyView {
    if events.is_empty() {
        return empty_quiet(
            lu::LuScrollText,
            "No event",
            match (question.trim().is_empty(), newest) {
                (true, true) => "What members do is listed here as it happens.",
                (true, false) => "No event is older.",
                (false, true) => "No event has these words.",
                (false, false) => "No older event has these words.",
            },
        );
    }
    let rows: Vec<_> = events.iter().map(|event| row(event, now)).collect();
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

/// The address that brings a view back.
fn address(here: &Here, question: &str, before: Option<AuditEventId>) -> String {
    let words = (!question.is_empty()).then(|| format!("q={}", encode(question)));
    let before = before.map(|id| format!("before={id}"));
    let query: Vec<_> = words.into_iter().chain(before).collect();
    if query.is_empty() {
        here.at("/audit")
    } else {
        here.at(&format!("/audit?{}", query.join("&")))
    }
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
