//! Background jobs of the platform.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::codec::GetUrl;
use types::{
    Problem, Timestamp,
    jobs::{JobState, JobView},
};

use super::crumbs;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    ui::{
        empty::empty_quiet,
        error::loaded,
        icon::lu,
        page::{page, page_head},
        pill,
        table::{
            Column::{Last, Titled},
            table,
        },
        time::ago,
        words,
    },
};

/// The newest jobs.
///
/// # Errors
/// `forbidden` for whoever is no operator.
#[server(prefix = "/ui", endpoint = "admin/jobs", input = GetUrl)]
pub(crate) async fn read_jobs() -> Result<Dated<Vec<JobView>>, Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .jobs
        .list(&actor)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// The page; `?state=` keeps the filter.
pub(crate) fn jobs_page() -> AnyView {
    let query = use_query_map();
    let state = Memo::new(move |_| {
        query
            .read()
            .get("state")
            .and_then(|word| word.to_uppercase().parse::<JobState>().ok())
    });
    let jobs = Resource::new(|| (), |()| read_jobs());
    loaded(jobs, move |_, jobs| {
        let tabs = {
            let jobs = jobs.value.clone();
            move || tabs(&jobs, state.get())
        };
        let body = move || listed(&jobs.value, jobs.now, state.get());
        page(
            "Jobs",
            crumbs("Jobs"),
            view! {
                {page_head("Jobs", "What the workers do, newest first.".into_any(), ().into_any())}
                <nav class="tabs mb-3" aria-label="Filter by state">{tabs}</nav>
                <section class="card" aria-label="Jobs">{body}</section>
            }
            .into_any(),
        )
    })
}

fn tabs(jobs: &[JobView], now: Option<JobState>) -> AnyView {
    let tab = |state: Option<JobState>, title: &'static str| {
        let many = jobs
            .iter()
            .filter(|job| state.is_none_or(|state| job.state == state))
            .count();
        let href = state.map_or_else(
            || "/admin/jobs".to_owned(),
            |state| format!("/admin/jobs?state={}", state.word().to_lowercase()),
        );
        view! {
            <a class="tab" href=href aria-current=(now == state).then_some("true")>
                {title} <span class="nav-count">{many}</span>
            </a>
        }
    };
    view! {
        {tab(None, "All")}
        {tab(Some(JobState::Queued), "Queued")}
        {tab(Some(JobState::Running), "Running")}
        {tab(Some(JobState::Failed), "Failed")}
        {tab(Some(JobState::Dead), "Dead")}
    }
    .into_any()
}

fn listed(jobs: &[JobView], now: Timestamp, state: Option<JobState>) -> AnyView {
    let rows: Vec<_> = jobs
        .iter()
        .filter(|job| state.is_none_or(|state| job.state == state))
        .map(|job| row(job, now))
        .collect();
    if rows.is_empty() {
        return empty_quiet(
            lu::LuListChecks,
            "No such job",
            "Plans, applies and launches are jobs; none is in this state.",
        );
    }
    table(
        &[
            Titled("Job"),
            Titled("Tenant"),
            Titled("Attempt"),
            Titled("Queued"),
            Titled("Took"),
            Last("State"),
        ],
        rows.into_any(),
    )
}

fn row(job: &JobView, now: Timestamp) -> AnyView {
    let took = match (job.started_at, job.finished_at) {
        (Some(start), Some(end)) => words::duration(end.millis_since(start)),
        (Some(start), None) => format!("{} so far", words::duration(now.millis_since(start))),
        (None, _) => String::new(),
    };
    view! {
        <tr>
            <td>
                <code>{job.kind.clone()}</code>
                {job.error.clone().map(|error| view! { <span class="block text-ink-bad">{error}</span> })}
            </td>
            <td class="fact">{job.tenant.clone()}</td>
            <td class="fact text-muted" data-label="attempt">{format!("{} of {}", job.attempt, job.max_attempts)}</td>
            <td class="fact text-muted">{ago(job.created_at, now)}</td>
            <td class="wide-only text-muted">{took}</td>
            <td class="lead-out right">{pill::state(words::job(job.state))}</td>
        </tr>
    }
    .into_any()
}
