//! An apply that was cut off: what stands is not known then, whatever the state says,
//! until everything is made anew.

use types::{
    ErrorCode, StackId,
    stack::{RunCancel, RunCreate, RunKind, RunState, RunView, StackStatus},
};

use domain::stack::tenancy::TenantScope;

use crate::{
    crash::lock_is_held,
    support::{Misbehave, World, eventually, yaml},
};

/// Kills the apply of a run, of which it is not known then what it changed.
async fn kill(world: &World, scope: &TenantScope, number: i32) {
    let force = RunCancel { force: true };
    let cancelled = world.stack.runs.cancel(scope, number, force).await;
    cancelled.expect("killed");
    world.reach(scope, number, RunState::NeedsReconcile).await;
}

/// Approves a plan and cuts its apply off after one resource; answers its number.
async fn cut_off(world: &World, scope: &TenantScope, run: &RunView) -> i32 {
    world.runner.next(Misbehave::ApplyHangsAfter(1));
    world.approve(scope, run).await.expect("approved");
    eventually("the apply's lock", || async {
        lock_is_held(world).await.then_some(())
    })
    .await;
    kill(world, scope, run.run.number).await;
    run.run.number
}

/// A plan to destroy the stack `core`, which waits.
async fn destroy(world: &World, scope: &TenantScope, stack: StackId) -> RunView {
    let create = RunCreate {
        kind: RunKind::Destroy,
        confirm: Some("core".to_owned()),
    };
    let run = world.stack.runs.create(scope, stack, create).await;
    let number = run.expect("a run").run.number;
    world.reach(scope, number, RunState::Waiting).await
}

async fn what_was_cut_off_is_not_taken_for_what_the_state_says(world: &World) {
    let scope = world.admin().await;
    let stacks = &world.stack.stacks;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    world.apply(&scope, stack).await;
    assert_eq!(stacks.view(&scope, stack).await.expect("it").cut_off, None);

    world.save(&scope, stack, &yaml(&["nuc-1", "nas"])).await;
    let (planned, killed) = (
        world.waiting(&scope, stack).await,
        world.waiting(&scope, stack).await,
    );
    let number = cut_off(world, &scope, &killed).await;
    // What was planned before holds no more.
    let stale = world.view(&scope, planned.run.number).await;
    assert_eq!(stale.run.state, RunState::Stale);
    let view = stacks.view(&scope, stack).await.expect("it");
    assert_eq!((view.cut_off, view.standing), (Some(number), 1));
    let refused = stacks.remove(&scope, stack, "core").await;
    assert_eq!(
        refused.map_err(|error| error.code()),
        Err(ErrorCode::Conflict)
    );

    // To go back to what the state holds is a plan without a change, and still no word
    // of what stands: its apply makes all of it anew.
    world.save(&scope, stack, &yaml(&["nuc-1"])).await;
    let back = world.waiting(&scope, stack).await;
    assert_eq!(back.resources.len(), 0);
    world.approve(&scope, &back).await.expect("approved");
    world
        .reach(&scope, back.run.number, RunState::Applied)
        .await;
    let held = vec!["terraform_data.node[\"nuc-1\"]".to_owned()];
    let anew = world.runner.anew();
    assert_eq!(anew[anew.len() - 2..], [Some(held), Some(Vec::new())]);
    let view = stacks.view(&scope, stack).await.expect("it");
    assert_eq!(
        (view.cut_off, view.stack.status),
        (None, StackStatus::Active)
    );

    // Then a plan without a change says again that all stands.
    let run = world.request(&scope, stack).await;
    world
        .reach(&scope, run.run.number, RunState::Unchanged)
        .await;
    assert_eq!(world.runner.anew().pop(), Some(None));
    worker.stop().await;
}

async fn what_was_cut_off_is_destroyed_whatever_is_specified_now(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1", "nas"]).await;
    let worker = world.work();
    let killed = world.waiting(&scope, stack).await;
    cut_off(world, &scope, &killed).await;

    world.save(&scope, stack, "domain: 5\n").await;
    let run = destroy(world, &scope, stack).await;
    assert_eq!(run.run.revision, 1, "of what was begun");

    // From its approval on it is not known what it has touched.
    world.runner.next(Misbehave::ApplyHangsBeforeLock);
    world.approve(&scope, &run).await.expect("approved");
    eventually("the apply", || async {
        world.runner.misbehaved().then_some(())
    })
    .await;
    kill(world, &scope, run.run.number).await;
    // Who wants it gone is not led to make it anew.
    let killed = world.view(&scope, run.run.number).await;
    assert_eq!(
        killed.failure.as_deref(),
        Some(
            "Killed by owner: it is not known what still stands. Destroy again: all that is left goes then."
        )
    );

    let run = destroy(world, &scope, stack).await;
    let lines = world.stack.runs.log(&scope, run.run.number, 0).await;
    let lines = lines.expect("the log");
    let said: Vec<&str> = lines
        .iter()
        .map(|line| line.line.as_str())
        .filter(|line| line.contains("was cut off"))
        .collect();
    assert_eq!(
        said,
        [format!(
            "Run {} was cut off, so it is not known what stands: this plan removes all that is left.",
            killed.run.number
        )]
    );
    world.approve(&scope, &run).await.expect("approved");
    world.reach(&scope, run.run.number, RunState::Applied).await;
    let removed = world.stack.stacks.remove(&scope, stack, "core").await;
    removed.expect("nothing stands");
    worker.stop().await;
}

async fn an_apply_that_dies_before_it_begins_has_changed_nothing(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    world
        .runner
        .next(Misbehave::ApplyDiesBeforeLock { told: true });
    world.approve(&scope, &run).await.expect("approved");
    eventually("the apply", || async {
        world.runner.misbehaved().then_some(())
    })
    .await;
    worker.stop().await;
    let back = world.view(&scope, run.run.number).await;
    assert_eq!(back.run.state, RunState::Approved, "handed back");

    world
        .runner
        .next(Misbehave::ApplyDiesBeforeLock { told: false });
    let worker = world.work();
    let ended = world.reach(&scope, run.run.number, RunState::Failed).await;
    assert_eq!(
        ended.failure.as_deref(),
        Some(
            "The program was killed before it changed anything, at a limit or because it could not start. Plan again."
        )
    );
    let view = world.stack.stacks.view(&scope, stack).await.expect("it");
    assert_eq!(view.cut_off, None);
    worker.stop().await;
}

on_both!(
    what_was_cut_off_is_not_taken_for_what_the_state_says,
    what_was_cut_off_is_destroyed_whatever_is_specified_now,
    an_apply_that_dies_before_it_begins_has_changed_nothing,
);
