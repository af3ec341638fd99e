//! All runs of a tenant.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::codec::GetUrl;
use types::{
    Problem, Timestamp,
    stack::{RunBrief, RunState},
};

use super::parts;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    here::{Here, use_slug},
    ui::{
        empty::{empty, empty_quiet},
        error::loaded,
        icon::lu,
        page::{Crumb, page, page_head},
        pill,
        table::{
            Column::{Last, Titled},
            table,
        },
        time::ago,
        words,
    },
};

/// The runs of a tenant, newest first.
///
/// # Errors
/// `stack_session_required` before the homelab was launched in this browser.
#[server(prefix = "/ui", endpoint = "runs", input = GetUrl)]
pub(crate) async fn read_runs(slug: String) -> Result<Dated<Vec<RunBrief>>, Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .runs
        .list(&scope)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// Which runs are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    Waiting,
    Working,
    Failed,
}

impl Filter {
    const ALL: [Self; 4] = [Self::All, Self::Waiting, Self::Working, Self::Failed];

    const fn word(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Waiting => "waiting",
            Self::Working => "working",
            Self::Failed => "failed",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Waiting => "Waiting",
            Self::Working => "Working",
            Self::Failed => "Failed",
        }
    }

    const fn shows(self, state: RunState) -> bool {
        match self {
            Self::All => true,
            Self::Waiting => matches!(state, RunState::Waiting),
            Self::Working => !state.ended() && !matches!(state, RunState::Waiting),
            Self::Failed => matches!(state, RunState::Failed | RunState::NeedsReconcile),
        }
    }

    fn of(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|one| one.word() == word)
            .unwrap_or(Self::All)
    }
}

/// The page; `?state=` keeps the filter.
pub(crate) fn runs_page() -> AnyView {
    let slug = use_slug();
    let query = use_query_map();
    let filter = Memo::new(move |_| Filter::of(&query.read().get("state").unwrap_or_default()));
    let runs = Resource::new(move || slug.get(), read_runs);
    loaded(runs, move |here, runs| {
        let crumbs = vec![Crumb::to(here.name(), here.at("")), Crumb::here("Runs")];
        let lede = "Every plan and what became of it, newest first.";
        let body = move || list(&here, &runs.value, runs.now, filter.get());
        page(
            "Runs",
            crumbs,
            view! {
                {page_head("Runs", lede.into_any(), ().into_any())}
                {body}
            }
            .into_any(),
        )
    })
}

fn list(here: &Here, runs: &[RunBrief], now: Timestamp, filter: Filter) -> AnyView {
    if runs.is_empty() {
        return view! {
            <section class="card">
                {empty(
                    lu::LuPlay,
                    "No runs yet",
                    "A run plans a stack's changes, waits for an approval and applies exactly that plan.",
                    view! { <a class="btn btn-primary" href=here.at("/stacks")>"Open stacks"</a> }.into_any(),
                )}
            </section>
        }
        .into_any();
    }
    let tabs: Vec<_> = Filter::ALL
        .into_iter()
        .map(|one| {
            let many = runs.iter().filter(|run| one.shows(run.state)).count();
            let href = match one.word() {
                "" => here.at("/runs"),
                word => here.at(&format!("/runs?state={word}")),
            };
            view! {
                <a class="tab" href=href aria-current=(one == filter).then_some("true")>
                    {one.title()} <span class="nav-count">{many}</span>
                </a>
            }
        })
        .collect();
    let rows: Vec<_> = runs
        .iter()
        .filter(|run| filter.shows(run.state))
        .map(|run| row(here, run, now))
        .collect();
    let body = if rows.is_empty() {
        empty_quiet(
            lu::LuListFilter,
            "No such run",
            "No run is in this state at the moment.",
        )
    } else {
        table(
            &[
                Titled("Run"),
                Titled("Stack"),
                Titled("Revision"),
                Titled("Started"),
                Titled("Open for"),
                Last("State"),
            ],
            rows.into_any(),
        )
    };
    view! {
        <nav class="tabs mb-3" aria-label="Filter by state">{tabs}</nav>
        <section class="card" aria-label="Runs">{body}</section>
    }
    .into_any()
}

fn row(here: &Here, run: &RunBrief, now: Timestamp) -> AnyView {
    let attention = if run.state == RunState::Waiting {
        "attention"
    } else {
        ""
    };
    // With the time that it waited for a person.
    let open = run
        .finished_at
        .map(|end| words::duration(end.millis_since(run.created_at)));
    view! {
        <tr class=attention>
            <td>
                <a href=here.at(&format!("/runs/{}", run.number)) data-row="">
                    {format!("{} {}", words::run_kind(run.kind), run.number)}
                </a>
            </td>
            <td class="fact">{run.stack_name.clone()}</td>
            <td class="wide-only text-muted">{parts::revision(run.revision)}</td>
            <td class="fact text-muted">{ago(run.created_at, now)}</td>
            <td class="wide-only text-muted">{open}</td>
            <td class="lead-out right">{pill::state(words::run(run.state))}</td>
        </tr>
    }
    .into_any()
}
