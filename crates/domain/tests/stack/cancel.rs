//! Cancelling runs: before they work, in order, at once.

use types::{
    ErrorCode,
    portal::Role,
    stack::{ResourceState, RunCancel, RunState, StackStatus},
};

use crate::support::{Misbehave, World, eventually};

async fn what_waits_or_is_queued_is_cancelled_at_once(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let queued = world.request(&scope, stack).await;
    let cancel = |number| {
        let (world, scope) = (world, scope.clone());
        async move {
            world
                .stack
                .runs
                .cancel(&scope, number, RunCancel { force: false })
                .await
        }
    };
    let cancelled = cancel(queued.run.number).await.expect("cancelled");
    assert_eq!(cancelled.run.state, RunState::Cancelled);
    let worker = world.work();
    let waiting = world.waiting(&scope, stack).await;
    let cancelled = cancel(waiting.run.number).await.expect("cancelled");
    assert_eq!(cancelled.run.state, RunState::Cancelled);
    let error = cancel(waiting.run.number).await.expect_err("it is over");
    assert_eq!(error.code(), ErrorCode::Conflict);

    worker.stop().await;
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    worker.stop().await;
    world.approve(&scope, &run).await.expect("approved");
    cancel(run.run.number).await.expect("cancelled");
    // The job is still in the queue and finds nothing to do.
    let worker = world.work();
    world.waiting(&scope, stack).await;
    worker.stop().await;
    assert_eq!(
        world.view(&scope, run.run.number).await.run.state,
        RunState::Cancelled
    );
    assert_eq!(world.runner.applies().len(), 0);
}

async fn an_apply_that_is_cancelled_ends_in_order(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1", "nuc-2"]).await;
    world.runner.next(Misbehave::ApplyHangsAfter(1));
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    world.approve(&scope, &run).await.expect("approved");
    eventually("the first resource", || async {
        let run = world.view(&scope, run.run.number).await;
        (run.resources[0].state == ResourceState::Done).then_some(())
    })
    .await;
    let told = world
        .stack
        .runs
        .cancel(&scope, run.run.number, RunCancel { force: false })
        .await
        .expect("told to stop");
    assert!(told.cancelling || told.run.state == RunState::Cancelled);
    let cancelled = world
        .reach(&scope, run.run.number, RunState::Cancelled)
        .await;
    assert_eq!(
        cancelled.failure.as_deref(),
        Some(
            "Cancelled by owner in the middle of the apply. The state is saved; plan again to see what is left."
        )
    );
    // The state was saved, so the next plan knows what is left.
    let next = world.waiting(&scope, stack).await;
    assert_eq!((next.summary.add, next.state_serial), (1, Some(1)));
    worker.stop().await;
}

async fn a_killed_apply_needs_a_plan_and_frees_its_own_lock_only(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1", "nuc-2"]).await;
    let other = world.stack(&scope, "media", &["nuc-9"]).await;
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    let held = world.waiting(&scope, other).await;
    world.runner.next(Misbehave::ApplyHangsAfter(0));
    world.approve(&scope, &held).await.expect("approved");
    world
        .reach(&scope, held.run.number, RunState::Applying)
        .await;
    eventually("the other stack's lock", || async {
        (!locks(world).await.is_empty()).then_some(())
    })
    .await;
    world.runner.next(Misbehave::ApplyHangsAfter(1));
    world.approve(&scope, &run).await.expect("approved");
    eventually("both locks", || async {
        (locks(world).await.len() == 2).then_some(())
    })
    .await;
    world
        .stack
        .runs
        .cancel(&scope, run.run.number, RunCancel { force: true })
        .await
        .expect("killed");
    let killed = world
        .reach(&scope, run.run.number, RunState::NeedsReconcile)
        .await;
    assert_eq!(
        killed.failure.as_deref(),
        Some(
            "Killed by owner: it is not known what stands. Plan again: everything is made anew then."
        )
    );
    assert_eq!(locks(world).await, [held.run.id]);
    let view = world.stack.stacks.view(&scope, stack).await.expect("it");
    assert_eq!(view.stack.status, StackStatus::Error);
    // A new plan is possible at once.
    world.waiting(&scope, stack).await;
    world
        .stack
        .runs
        .cancel(&scope, held.run.number, RunCancel { force: true })
        .await
        .expect("killed");
    world
        .reach(&scope, held.run.number, RunState::NeedsReconcile)
        .await;
    worker.stop().await;
}

async fn locks(world: &World) -> Vec<types::RunId> {
    use sea_orm::EntityTrait as _;
    let locks = entity::namespace::state_lock::Entity::find()
        .all(&world.place.around("nordhaus").await)
        .await
        .expect("locks");
    locks.into_iter().map(|lock| lock.run_id).collect()
}

async fn a_lock_that_was_forgotten_does_not_outlive_its_run(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    world.runner.next(Misbehave::ApplyKeepsLock);
    let worker = world.work();
    world.apply(&scope, stack).await;
    assert_eq!(locks(world).await, []);
    worker.stop().await;
}

async fn members_cancel_their_own_runs(world: &World) {
    let owner = world.admin().await;
    let member = world.enter("nordhaus", "member", Role::Member).await;
    let viewer = world.enter("nordhaus", "viewer", Role::Viewer).await;
    let stack = world.stack(&owner, "core", &["nuc-1"]).await;
    let owners = world.request(&owner, stack).await;
    let members = world.request(&member, stack).await;
    for (who, run, allowed) in [
        (&viewer, &members, false),
        (&member, &owners, false),
        (&member, &members, true),
        (&owner, &owners, true),
    ] {
        let answer = world
            .stack
            .runs
            .cancel(who, run.run.number, RunCancel { force: false })
            .await;
        assert_eq!(
            answer.is_ok(),
            allowed,
            "{} cancels {}",
            who.name(),
            run.requested_by
        );
    }
}

on_both!(
    what_waits_or_is_queued_is_cancelled_at_once,
    an_apply_that_is_cancelled_ends_in_order,
    a_killed_apply_needs_a_plan_and_frees_its_own_lock_only,
    a_lock_that_was_forgotten_does_not_outlive_its_run,
    members_cancel_their_own_runs,
);
