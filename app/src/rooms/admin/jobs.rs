//! Background jobs of the platform.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::codec::GetUrl;
use types::{
    ErrorCode, JobId, Problem, Timestamp,
    jobs::{JobCounts, JobPage, JobState, JobView},
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
            table, ways,
        },
        time::ago,
        words,
    },
};

/// The newest jobs in this state that are older than `before`, and how many there are in each.
///
/// # Errors
/// `forbidden` for whoever is no operator, `not_found` when `before` is no job.
#[server(prefix = "/ui", endpoint = "admin/jobs", input = GetUrl)]
pub(crate) async fn read_jobs(
    state: Option<JobState>,
    before: Option<JobId>,
) -> Result<Dated<(JobPage, JobCounts)>, Problem> {
    let actor = request::actor().await?;
    let services = request::services();
    let jobs = &services.admin.jobs;
    let page = jobs.list(&actor, state, before).await;
    let page = page.map_err(request::refused)?;
    let counts = jobs.counts(&actor).await.map_err(request::refused)?;
    Ok(Dated::now((page, counts)))
}

const LEDE: &str = "What the workers do, newest first, until 30 days after its end. A stack.reconcile comes every 30 s; those that succeeded are listed under Succeeded only.";

/// The page; `?state=` keeps the filter, `?before=` how far back it was read.
pub(crate) fn jobs_page() -> AnyView {
    let query = use_query_map();
    let state = Memo::new(move |_| {
        query
            .read()
            .get("state")
            .and_then(|word| word.to_uppercase().parse::<JobState>().ok())
    });
    let before = Memo::new(move |_| query.read().get("before").filter(|id| !id.is_empty()));
    let jobs = Resource::new(
        move || (state.get(), before.get()),
        |(state, before)| async move {
            match before.map(|id| id.parse::<JobId>()).transpose() {
                Ok(before) => read_jobs(state, before).await,
                // What is no id is no job.
                Err(_) => Err(Problem::new(
                    ErrorCode::NotFound,
                    "There is no such job, or you have no access to it.",
                )),
            }
        },
    );
    loaded(jobs, move |_, jobs| {
        let state = state.get_untracked();
        let newest = before.get_untracked().is_none();
        let Dated {
            value: (JobPage { jobs, older }, counts),
            now,
        } = jobs;
        let back = (!newest).then(|| address(state, None));
        let on = older.map(|id| address(state, Some(id)));
        page(
            "Jobs",
            crumbs("Jobs"),
            view! {
                {page_head("Jobs", LEDE.into_any(), ().into_any())}
                <nav class="tabs mb-3" aria-label="Filter by state">{tabs(&counts, state)}</nav>
                <section class="card" aria-label="Jobs">
                    {listed(&jobs, now, state, newest)}
                    {ways("Pages of the list", back, on)}
                </section>
            }
            .into_any(),
        )
    })
}

fn tabs(counts: &JobCounts, now: Option<JobState>) -> Vec<AnyView> {
    let states = JobState::ALL.iter().copied().map(Some);
    std::iter::once(None)
        .chain(states)
        .map(|state| {
            let many = match state {
                None => counts.listed,
                Some(state) => counts.states.get(&state).copied().unwrap_or_default(),
            };
            view! {
                <a class="tab" href=address(state, None) aria-current=(now == state).then_some("true")>
                    {title(state)} <span class="nav-count">{many}</span>
                </a>
            }
            .into_any()
        })
        .collect()
}

const fn title(state: Option<JobState>) -> &'static str {
    match state {
        None => "All",
        Some(JobState::Queued) => "Queued",
        Some(JobState::Running) => "Running",
        Some(JobState::Succeeded) => "Succeeded",
        Some(JobState::Failed) => "Failed",
        Some(JobState::Cancelled) => "Cancelled",
        Some(JobState::Dead) => "Dead",
    }
}

/// The address that brings a view back.
fn address(state: Option<JobState>, before: Option<JobId>) -> String {
    let state = state.map(|state| format!("state={}", state.word().to_lowercase()));
    let before = before.map(|id| format!("before={id}"));
    let query: Vec<_> = state.into_iter().chain(before).collect();
    if query.is_empty() {
        "/admin/jobs".to_owned()
    } else {
        format!("/admin/jobs?{}", query.join("&"))
    }
}

fn listed(jobs: &[JobView], now: Timestamp, state: Option<JobState>, newest: bool) -> AnyView {
    if jobs.is_empty() {
        return empty_quiet(
            lu::LuListChecks,
            "No such job",
            match (state, newest) {
                (None, true) => "Plans, applies and launches are jobs; there are none.",
                (None, false) => "No job is older.",
                (Some(_), true) => "Plans, applies and launches are jobs; none is in this state.",
                (Some(_), false) => "No older job is in this state.",
            },
        );
    }
    let rows: Vec<_> = jobs.iter().map(|job| row(job, now)).collect();
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
