//! What several pages of the room share.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use types::{ErrorCode, Timestamp, stack::RunBrief};

use crate::{
    here::Here,
    ui::{
        error::way_out,
        field::{Refusal, form_problem},
        pill,
        time::ago,
        words,
    },
};

/// A refusal on a line of its own in the head of a page; with the way in where the
/// session has ended, and back here.
pub(crate) fn problem_line(refused: Refusal) -> AnyView {
    let path = use_location().pathname;
    let way_in = move || {
        let (code, url) = refused.with(|it| {
            let problem = it.as_ref()?;
            Some((problem.code, way_out(problem, &path.read_untracked())?))
        })?;
        let words = if code == ErrorCode::Unauthenticated {
            "Sign in"
        } else {
            "Open the homelab again"
        };
        let way = view! {
            <p class="mt-1.5"><a class="link" rel="external" href=url>{words}</a> " and come back to this page."</p>
        };
        Some(way.into_any())
    };
    view! { <div class="basis-full empty:hidden">{form_problem(refused)}{way_in}</div> }.into_any()
}

/// Whether it was refused for want of a session.
pub(crate) fn wants_session(refused: Refusal) -> bool {
    let wanted = |code| matches!(code, ErrorCode::Unauthenticated | ErrorCode::StackSession);
    refused.with_untracked(|it| it.as_ref().is_some_and(|it| wanted(it.code)))
}

/// `revision 12`, or that there is none yet.
pub(crate) fn revision(number: i32) -> String {
    if number == 0 {
        "no revision yet".to_owned()
    } else {
        format!("revision {number}")
    }
}

/// Runs as short rows, each a link; `of_one` when all are of one stack, whose name
/// then need not be said.
pub(crate) fn run_rows(here: &Here, runs: &[RunBrief], now: Timestamp, of_one: bool) -> AnyView {
    let rows: Vec<_> = runs
        .iter()
        .map(|run| {
            let href = here.at(&format!("/runs/{}", run.number));
            let what = if of_one {
                format!("{}, {}", run.number, revision(run.revision))
            } else {
                run.stack_name.clone()
            };
            view! {
                <li>
                    <a class="row" href=href data-row="">
                        <span class="min-w-0 flex-1 truncate">
                            {words::run_kind(run.kind)} " "
                            <span class="text-muted">{what}</span>
                        </span>
                        <span class="label whitespace-nowrap">{ago(run.finished_at.unwrap_or(run.created_at), now)}</span>
                        {pill::state(words::run(run.state))}
                    </a>
                </li>
            }
        })
        .collect();
    view! { <ul>{rows}</ul> }.into_any()
}
