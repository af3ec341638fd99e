//! Live views of a run: snapshot, then changes; lines in order, without gaps.

use futures::StreamExt;
use types::stack::{RunCancel, RunEvent, RunState};

use crate::support::{Misbehave, World, eventually};

/// All events until the stream ends, within 20 seconds.
async fn all(world: &World, number: i32, after: i64) -> Vec<RunEvent> {
    let scope = world.admin().await;
    let events = world
        .stack
        .runs
        .events(&scope, number, after)
        .await
        .expect("a stream");
    tokio::time::timeout(
        std::time::Duration::from_secs(20),
        events.collect::<Vec<_>>(),
    )
    .await
    .expect("the stream ends")
    .into_iter()
    .collect::<domain::Result<Vec<_>>>()
    .expect("no error")
}

fn numbers(events: &[RunEvent]) -> Vec<i64> {
    events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Log(lines) => Some(lines.iter().map(|line| line.number)),
            RunEvent::Run(_) => None,
        })
        .flatten()
        .collect()
}

async fn a_view_follows_a_run_through_both_its_jobs(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    world.runner.next(Misbehave::PlanTalks(2500));
    let run = world.request(&scope, stack).await;
    let number = run.run.number;
    let worker = world.work();
    let decide = async {
        let plan = world.reach(&scope, number, RunState::Waiting).await;
        world.approve(&scope, &plan).await.expect("approved");
    };
    let (events, ()) = tokio::join!(all(world, number, 0), decide);
    let Some(RunEvent::Run(first)) = events.first() else {
        panic!("a snapshot comes first");
    };
    assert_eq!(first.run.number, number);
    let states: Vec<RunState> = events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Run(run) => Some(run.run.state),
            RunEvent::Log(_) => None,
        })
        .collect();
    // States that lasted no longer than a look may be left out; none comes back.
    let mut order = states.clone();
    order.dedup();
    let rank = |state: &RunState| RunState::ALL.iter().position(|one| one == state);
    assert!(order.is_sorted_by_key(rank), "{states:?}");
    assert_eq!(states.last(), Some(&RunState::Applied));
    let numbers = numbers(&events);
    assert!(numbers.len() > 2500);
    assert_eq!(
        numbers,
        (1..=i64::try_from(numbers.len()).expect("few")).collect::<Vec<_>>()
    );
    worker.stop().await;

    // A reload reads the same from the beginning, or goes on where it stopped.
    let again = all(world, number, 0).await;
    assert_eq!(self::numbers(&again), numbers);
    let rest = all(world, number, 2000).await;
    assert_eq!(self::numbers(&rest), numbers[2000..]);
    let Some(RunEvent::Run(last)) = rest.first() else {
        panic!("a snapshot comes first");
    };
    assert_eq!(last.run.state, RunState::Applied);
}

async fn a_view_sees_what_another_process_does(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let run = world.request(&scope, stack).await;
    let mut events = world
        .stack
        .runs
        .events(&scope, run.run.number, 0)
        .await
        .expect("a stream");
    assert!(matches!(events.next().await, Some(Ok(RunEvent::Run(_)))));
    // The other process writes to the database, and nothing in this one is woken.
    use entity::namespace::run as row;
    use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
    row::ActiveModel {
        id: Set(run.run.id),
        state: Set(RunState::Cancelled),
        change: Set(2),
        ..Default::default()
    }
    .update(&world.place.around("nordhaus").await)
    .await
    .expect("changed");
    let next = tokio::time::timeout(std::time::Duration::from_secs(20), events.next())
        .await
        .expect("it is seen");
    let Some(Ok(RunEvent::Run(seen))) = next else {
        panic!("the run changed");
    };
    assert_eq!(seen.run.state, RunState::Cancelled);
    assert!(events.next().await.is_none());
}

async fn a_cancellation_is_seen_before_it_took_effect(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let run = world.request(&scope, stack).await;
    // The worker of another process has it: nobody here takes notice.
    use entity::namespace::run as row;
    use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
    row::ActiveModel {
        id: Set(run.run.id),
        state: Set(RunState::Planning),
        ..Default::default()
    }
    .update(&world.place.around("nordhaus").await)
    .await
    .expect("changed");
    let cancelled = world
        .stack
        .runs
        .cancel(&scope, run.run.number, RunCancel { force: false })
        .await
        .expect("told to stop");
    assert!(cancelled.cancelling);
    let worker = world.work();
    eventually("the run to end", || async {
        let run = world.view(&scope, run.run.number).await;
        (run.run.state == RunState::Cancelled && !run.cancelling).then_some(())
    })
    .await;
    worker.stop().await;
}

on_both!(
    a_view_follows_a_run_through_both_its_jobs,
    a_view_sees_what_another_process_does,
    a_cancellation_is_seen_before_it_took_effect,
);
