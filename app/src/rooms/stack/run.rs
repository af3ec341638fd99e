//! One run: its steps, the resources with their state, and the log, live.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{
    Problem, Timestamp,
    portal::StepState,
    stack::{
        ChangeAction, LOG_PAGE, ResourceChange, ResourceState, RunKind, RunLogLine, RunState,
        RunStep, RunView,
    },
};

use super::run_actions::run_actions;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_param, use_slug},
    ui::{
        diff::diff,
        error::loaded_from,
        frame::count_again,
        icon::{icon, lu},
        live,
        log_view::{Log, append, log_view},
        page::{Crumb, screen},
        pill::{self, Tone, pill},
        steps::step,
        time::{ago, clock},
        words,
    },
};

/// Most changed resources whose change is open at once while a plan waits.
const OPEN_CHANGES: usize = 4;

/// A run, whole but for its log.
///
/// # Errors
/// `not_found` when the tenant has no run of that number.
#[server(prefix = "/ui", endpoint = "run", input = GetUrl)]
pub(crate) async fn read_run(slug: String, number: i32) -> Result<RunView, Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .runs
        .view(&scope, number)
        .await
        .map_err(request::refused)
}

/// The lines of a run's log after a line's number.
///
/// # Errors
/// `not_found` when the tenant has no run of that number.
#[server(prefix = "/ui", endpoint = "run/log", input = GetUrl)]
pub(crate) async fn read_run_log(
    slug: String,
    number: i32,
    after: i64,
) -> Result<Vec<RunLogLine>, Problem> {
    let scope = request::scope(&slug).await?;
    request::services()
        .stack
        .runs
        .log(&scope, number, after)
        .await
        .map_err(request::refused)
}

/// The page.
pub(crate) fn run_page() -> AnyView {
    let slug = use_slug();
    let number = use_param("number");
    // A number that is none belongs to no run.
    let key = move || (slug.get(), number.read().parse().unwrap_or(0));
    let run = Resource::new(key, |(slug, number)| read_run(slug, number));
    let log = Resource::new(key, |(slug, number)| read_run_log(slug, number, 0));
    loaded_from(
        move || async move { Ok((run.await?, log.await?)) },
        |here, (run, log)| view_run(&here, run, log),
    )
}

fn view_run(here: &Here, first: RunView, first_log: Vec<RunLogLine>) -> AnyView {
    let number = first.run.number;
    let kind = words::run_kind(first.run.kind);
    let stack_href = here.at(&format!("/stacks/{}", first.run.stack));
    let crumbs = vec![
        Crumb::to(here.name(), here.at("")),
        Crumb::to("Stacks", here.at("/stacks")),
        Crumb::to(first.run.stack_name.clone(), stack_href),
        Crumb::here(format!("{kind} {number}")),
    ];
    let title = format!("{kind} {number} of {}", first.run.stack_name);
    let run = RwSignal::new(first);
    let whole_page = is_whole_page(&first_log);
    let api = here.at(&format!("/v1/runs/{number}"));
    let mut seed = Vec::new();
    append(&mut seed, first_log);
    let log = RwSignal::new(seed);
    let events = format!("{api}/events");
    let link = live::follow(
        move || {
            let shown = log.try_with_untracked(|log| log.last().map_or(0, |line| line.number));
            format!("{events}?after={}", shown.unwrap_or_default())
        },
        &["run", "log"],
        move || {
            run.try_with_untracked(|it| it.run.state.ended())
                .unwrap_or(true)
        },
        move |name, data| match name {
            "run" => {
                if let Ok(fresh) = serde_json::from_str(&data) {
                    run.try_set(fresh);
                }
            }
            _ => {
                if let Ok(more) = serde_json::from_str(&data) {
                    log.try_update(|log| append(log, more));
                }
            }
        },
    );
    let cut = RwSignal::new(whole_page);
    read_rest(here.slug.clone(), run, log, cut);
    // Its nodes came or went while somebody looked at it.
    let applied = Memo::new(move |_| run.with(|it| it.run.state == RunState::Applied));
    count_again(here.slug.clone(), applied);
    let read_at = Signal::derive(move || run.with(|it| it.now));
    let working = Signal::derive(move || {
        run.with(|it| !it.run.state.ended() && it.run.state != RunState::Waiting)
    });
    screen(
        &title,
        crumbs,
        view! {
            <div class="pane-head">
                <h1>{format!("{kind} {number}, revision {}", run.with_untracked(|it| it.run.revision))}</h1>
                {move || run.with(state_pill)}
                {live::broken_mark(link, read_at)}
                {run_actions(here, run)}
                <div class="flex basis-full flex-wrap gap-x-5 gap-y-1 text-muted">
                    {move || run.with(facts)}
                </div>
                {live::again_without_scripts(working.get_untracked(), 5)}
            </div>
            <div class="panes panes-run">
                <section class="pane" aria-label="Steps">
                    <ol class="timeline">{move || run.with(steps)}</ol>
                </section>
                <section class="pane pane-paper" aria-label="Resources">
                    <div class="pane-title">
                        <h2>"Resources"</h2>
                        <span class="label ml-auto">
                            {move || run.with(|it| {
                                totals(it)
                            })}
                        </span>
                    </div>
                    {move || run.with(failure)}
                    {move || run.with(resources)}
                </section>
                <section class="pane" aria-label="Log">
                    {log_view(Log { lines: log, working, cut, file: format!("{api}/log.txt") })}
                </section>
            </div>
        }
        .into_any(),
    )
}

/// Whether there may be lines after these.
fn is_whole_page(lines: &[RunLogLine]) -> bool {
    lines.len() >= usize::from(LOG_PAGE)
}

/// Once the run has ended, reads what the page lacks of its log: a read answers so many
/// lines only, and a stream may break between the end and the last lines. `cut` is whether
/// the page lacks lines at first.
fn read_rest(
    slug: String,
    run: RwSignal<RunView>,
    log: RwSignal<Vec<RunLogLine>>,
    cut: RwSignal<bool>,
) {
    let number = run.with_untracked(|it| it.run.number);
    let ended = Memo::new(move |_| run.with(|it| it.run.state.ended()));
    Effect::new(move |did_end: Option<bool>| {
        let now = ended.get();
        if !now {
            // The stream brings them.
            cut.set(false);
        }
        let lacks = match did_end {
            None => cut.get_untracked(),
            Some(did_end) => !did_end,
        };
        if now && lacks {
            leptos::task::spawn_local(read_on(slug.clone(), number, log, cut));
        }
        now
    });
}

/// Reads page after page until one is not whole.
async fn read_on(slug: String, number: i32, log: RwSignal<Vec<RunLogLine>>, cut: RwSignal<bool>) {
    let last = || log.try_with_untracked(|log| log.last().map_or(0, |line| line.number));
    while let Some(after) = last() {
        let Ok(more) = read_run_log(slug.clone(), number, after).await else {
            cut.try_set(true);
            return;
        };
        let whole = is_whole_page(&more);
        log.try_update(|log| append(log, more));
        if !whole {
            cut.try_set(false);
            return;
        }
    }
}

fn state_pill(run: &RunView) -> AnyView {
    if run.cancelling && !run.run.state.ended() {
        return pill(Tone::Wait, "Cancelling");
    }
    let touched = || {
        run.resources
            .iter()
            .filter(|it| it.action != ChangeAction::NoOp)
    };
    let done = touched()
        .filter(|it| it.state == types::stack::ResourceState::Done)
        .count();
    match run.run.state {
        RunState::Applying => pill(
            Tone::Work,
            format!("Applying, {done} of {}", touched().count()),
        ),
        state => pill::state(words::run(state)),
    }
}

/// How much changes, or changed.
fn totals(run: &RunView) -> String {
    let sum = run.summary;
    if run.run.state == RunState::Applied {
        format!(
            "{} added, {} changed, {} destroyed",
            sum.add, sum.change, sum.destroy
        )
    } else {
        format!(
            "{} to add, {} to change, {} to destroy",
            sum.add, sum.change, sum.destroy
        )
    }
}

/// Which plan, who asked, who decided.
fn facts(run: &RunView) -> AnyView {
    let plan = run.plan_digest.as_ref().map(|digest| {
        let short: String = digest.chars().take(8).collect();
        let serial = run
            .state_serial
            .map(|serial| format!(", made on state serial {serial}"));
        view! { <span>"plan " <code title=digest.clone()>{short}</code> {serial}</span> }
    });
    let decided = run.decided_by.as_ref().map(|who| {
        let verb = match run.run.state {
            RunState::Discarded => "discarded",
            _ => "approved",
        };
        let comment = run
            .comment
            .as_ref()
            .filter(|it| !it.is_empty())
            .map(|it| format!(", “{it}”"));
        let now = run.now;
        view! {
            <span>
                {format!("{verb} by {who} ")} {run.decided_at.map(|at| ago(at, now))} {comment}
            </span>
        }
    });
    let cancelled = run.cancelled_by.as_ref().map(|who| {
        let said = match run.run.state {
            RunState::Applied => format!("{who} asked to cancel, too late"),
            _ => format!("cancelled by {who}"),
        };
        view! { <span>{said}</span> }
    });
    view! {
        {plan}
        <span>{format!("asked for by {} ", run.requested_by)} {ago(run.run.created_at, run.now)}</span>
        {decided}
        {cancelled}
    }
    .into_any()
}

fn steps(run: &RunView) -> AnyView {
    let waits = run.run.state == RunState::Waiting;
    let steps: Vec<_> = run
        .steps
        .iter()
        .map(|one| {
            if waits && one.title == "Approval" {
                step(Tone::Wait, &one.title, &one.detail)
            } else {
                run_step(one, run.now)
            }
        })
        .collect();
    steps.into_any()
}

fn run_step(one: &RunStep, now: Timestamp) -> AnyView {
    if let (StepState::Running, Some(started)) = (one.state, one.started_at) {
        let clock = clock();
        let one = one.clone();
        return (move || {
            let passed = words::duration(clock.at_least(now).millis_since(started));
            step(
                Tone::Work,
                &one.title,
                &joined(&one.detail, &format!("{passed} so far")),
            )
        })
        .into_any();
    }
    let duration = one.duration_ms.map(words::duration).unwrap_or_default();
    step(
        words::step(one.state),
        &one.title,
        &joined(&one.detail, &duration),
    )
}

/// Two facts in one line, either of which may be missing.
fn joined(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty()) {
        (true, _) => second.to_owned(),
        (_, true) => first.to_owned(),
        _ => format!("{first}, {second}"),
    }
}

fn failure(run: &RunView) -> Option<AnyView> {
    let text = run.failure.clone()?;
    let explained = run.failure_code.map(|code| {
        view! { <a class="link" href=format!("/problems/{}", code.word())>"What this means"</a> }
    });
    Some(
        view! {
            <div class="notice tone-bad m-3.5" role="alert">
                {icon(lu::LuCircleAlert)}
                <div class="min-w-0">
                    <p class="whitespace-pre-wrap">{text}</p>
                    {explained}
                </div>
            </div>
        }
        .into_any(),
    )
}

fn resources(run: &RunView) -> AnyView {
    let shown: Vec<_> = run
        .resources
        .iter()
        .filter(|it| it.action != ChangeAction::NoOp)
        .collect();
    if shown.is_empty() {
        let text = match run.run.state {
            RunState::Queued | RunState::Planning => "The plan is being made.",
            RunState::Unchanged if run.run.kind == RunKind::Destroy => {
                "The plan has no change: nothing stands."
            }
            RunState::Unchanged => {
                "The plan has no change: what stands is what the specification says."
            }
            RunState::Waiting | RunState::Approved | RunState::Applying => {
                "The state holds nothing to change. What an earlier run may have left, which was cut off, is removed."
            }
            _ => "There is no plan to show.",
        };
        return view! { <p class="p-3.5 text-muted">{text}</p> }.into_any();
    }
    let waits = run.run.state == RunState::Waiting;
    let begun = shown.iter().any(|it| it.state != ResourceState::Queued);
    let state = match run.run.state {
        RunState::Approved | RunState::Applying => Shown::State,
        ended if begun && ended.ended() => Shown::Outcome,
        _ => Shown::Plan,
    };
    let mut opened = 0;
    let rows: Vec<_> = shown
        .into_iter()
        .map(|change| {
            let open = waits
                && opened < OPEN_CHANGES
                && !change.diff.is_empty()
                && change.action != ChangeAction::Create;
            opened += usize::from(open);
            resource(change, open, state)
        })
        .collect();
    view! { <ul>{rows}</ul> }.into_any()
}

/// What is said of a resource beside its change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// What the plan would do: nothing was begun.
    Plan,
    /// How far it is.
    State,
    /// How far it came.
    Outcome,
}

fn resource(change: &ResourceChange, open: bool, shown: Shown) -> AnyView {
    let (mark, ink, word) = words::change(change.action);
    let state = match (shown, change.state) {
        (Shown::Plan, _) => pill::tag(word),
        (Shown::Outcome, ResourceState::Queued) => pill::tag("not reached"),
        (_, state) => pill::state(words::resource(state, change.action)),
    };
    let said = (shown != Shown::Plan).then(|| view! { <span class="sr-only">{word}</span> });
    let head = view! {
        <span class=format!("change-sign {ink}") aria-hidden="true">{mark}</span>
        {said}
        <code class="min-w-0 flex-1 wrap-anywhere" title=change.address.clone()>{change.address.clone()}</code>
        {change.duration_ms.map(|it| view! { <span class="label">{words::duration(it)}</span> })}
        {state}
    };
    if change.diff.is_empty() {
        return view! { <li class="change-plain">{head}</li> }.into_any();
    }
    view! {
        <li>
            <details class="change" open=open>
                <summary data-row="">{head}</summary>
                <div class="border-b border-line p-3.5">
                    <p class="label mb-1">{format!("Change in {}", change.address)}</p>
                    {diff(&change.diff)}
                </div>
            </details>
        </li>
    }
    .into_any()
}
