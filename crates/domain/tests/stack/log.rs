//! A run's log as a whole: all of its lines, in order, whatever a page holds.

use futures::TryStreamExt;
use types::{
    ErrorCode,
    portal::Role,
    stack::{LOG_PAGE, RunState},
};

use crate::support::{Misbehave, World};

async fn the_whole_log_has_every_line_once(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    world.runner.next(Misbehave::PlanTalks(2500));
    let worker = world.work();
    let number = world.waiting(&scope, stack).await.run.number;
    worker.stop().await;
    let pages: Vec<_> = world
        .stack
        .runs
        .whole_log(&scope, number)
        .await
        .expect("the log")
        .try_collect()
        .await
        .expect("no error");
    assert!(pages.iter().all(|page| page.len() <= usize::from(LOG_PAGE)));
    let numbers: Vec<i64> = pages.iter().flatten().map(|line| line.number).collect();
    assert!(numbers.len() > 2500, "{} lines", numbers.len());
    let all = i64::try_from(numbers.len()).expect("few");
    assert_eq!(numbers, (1..=all).collect::<Vec<_>>());
    // One page alone is less than that.
    let first = world.stack.runs.log(&scope, number, 0).await;
    assert_eq!(first.expect("a page").len(), usize::from(LOG_PAGE));
}

async fn a_log_of_no_run_is_not_found(world: &World) {
    let scope = world.admin().await;
    let refused = world.stack.runs.whole_log(&scope, 4711).await;
    assert_eq!(
        refused.err().map(|error| error.code()),
        Some(ErrorCode::NotFound)
    );
}

async fn a_run_is_its_askers_own(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let run = world.request(&scope, stack).await;
    assert_eq!(run.run.state, RunState::Queued);
    let other = world.enter("nordhaus", "mel", Role::Member).await;
    let number = run.run.number;
    let own = async |scope| world.stack.runs.view(scope, number).await.expect("it").own;
    assert_eq!((own(&scope).await, own(&other).await), (true, false));
}

async fn a_stack_counts_the_runs_that_its_page_leaves_out(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    for _ in 0..21 {
        world.request(&scope, stack).await;
    }
    let view = world.stack.stacks.view(&scope, stack).await.expect("it");
    assert_eq!((view.runs.len(), view.run_count), (20, 21));
}

on_both!(
    the_whole_log_has_every_line_once,
    a_log_of_no_run_is_not_found,
    a_run_is_its_askers_own,
    a_stack_counts_the_runs_that_its_page_leaves_out,
);
