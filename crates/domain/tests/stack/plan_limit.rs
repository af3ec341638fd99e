//! The nodes that a tenant's plan allows, over all of its stacks.

use domain::stack::TenantScope;
use types::{
    ErrorCode,
    stack::{FitLevel, RunCreate, RunKind, RunState, RunView, StackView},
};

use crate::support::{Misbehave, World, yaml};

/// Eight of the ten nodes that the plan allows.
const NODES: [&str; 8] = [
    "nuc-0", "nuc-1", "nuc-2", "nuc-3", "nuc-4", "nuc-5", "nuc-6", "nuc-7",
];

/// While one run prepares its apply, the other one is one too many.
async fn is_beside(world: &World, scope: &TenantScope, one: &RunView, other: &RunView) {
    world.runner.next(Misbehave::ApplyHangsBeforeLock);
    world.approve(scope, one).await.expect("approved");
    world.reach(scope, one.run.number, RunState::Applying).await;
    let refused = world.approve(scope, other).await.expect_err("too many");
    assert_eq!(refused.code(), ErrorCode::PlanLimit);
}

async fn the_tenants_plan_limits_nodes_over_all_stacks(world: &World) {
    let scope = world.admin().await;
    let worker = world.work();
    let first = world.stack(&scope, "first", &NODES).await;
    world.apply(&scope, first).await;

    let second = world.stack(&scope, "second", &["a", "b"]).await;
    let fit = |view: &StackView| {
        let row = view
            .check
            .fit
            .iter()
            .find(|row| row.label == "Plan: nodes")
            .expect("the row");
        (row.text.clone(), row.level)
    };
    let view = world.stack.stacks.view(&scope, second).await.expect("it");
    assert_eq!(fit(&view), ("10 of 10".to_owned(), FitLevel::Tight));
    world.save(&scope, second, &yaml(&["a", "b", "c"])).await;
    let view = world.stack.stacks.view(&scope, second).await.expect("it");
    assert_eq!(fit(&view), ("11 of 10".to_owned(), FitLevel::Exceeds));
    let request = RunCreate {
        kind: RunKind::Apply,
        confirm: None,
    };
    let error = world
        .stack
        .runs
        .create(&scope, second, request)
        .await
        .expect_err("too many nodes");
    assert_eq!(error.code(), ErrorCode::PlanLimit);
    let overview = world.stack.overview(&scope).await.expect("an overview");
    assert_eq!((overview.usage[0].used, overview.usage[0].limit), (8, 10));
    worker.stop().await;
}

async fn two_plans_that_fit_alone_are_not_approved_together(world: &World) {
    let scope = world.admin().await;
    let worker = world.work();
    let (one, other) = (
        world.stack(&scope, "one", &NODES[..6]).await,
        world.stack(&scope, "other", &NODES[..6]).await,
    );
    let (one, other) = (
        world.waiting(&scope, one).await,
        world.waiting(&scope, other).await,
    );
    // Neither is applied when both are asked for.
    world.runner.next(Misbehave::ApplyHangsBeforeLock);
    let (first, second) = tokio::join!(world.approve(&scope, &one), world.approve(&scope, &other));
    let refused = match (first, second) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        answers => panic!("{answers:?}"),
    };
    assert_eq!(refused.code(), ErrorCode::PlanLimit);
    worker.stop().await;
}

async fn what_is_being_prepared_counts(world: &World) {
    let scope = world.admin().await;
    let worker = world.work();
    let one = world.stack(&scope, "one", &NODES[..6]).await;
    let other = world.stack(&scope, "other", &NODES[..6]).await;
    let one = world.waiting(&scope, one).await;
    let other = world.waiting(&scope, other).await;
    is_beside(world, &scope, &one, &other).await;
    worker.stop().await;
}

async fn what_is_approved_counts_whatever_was_asked_for_since(world: &World) {
    let scope = world.admin().await;
    let worker = world.work();
    let stack = world.stack(&scope, "one", &NODES[..6]).await;
    let one = world.waiting(&scope, stack).await;
    // Nothing stands yet, so there is nothing to destroy.
    let destroy = RunCreate {
        kind: RunKind::Destroy,
        confirm: Some("one".to_owned()),
    };
    let idle = world.stack.runs.create(&scope, stack, destroy).await;
    let idle = idle.expect("a run").run.number;
    world.reach(&scope, idle, RunState::Unchanged).await;
    let other = world.stack(&scope, "other", &NODES[..6]).await;
    let other = world.waiting(&scope, other).await;
    is_beside(world, &scope, &one, &other).await;
    worker.stop().await;
}

async fn what_failed_counts_until_a_plan_says_what_stands(world: &World) {
    let scope = world.admin().await;
    let worker = world.work();
    let one = world.stack(&scope, "one", &["nuc-1"]).await;
    world.apply(&scope, one).await;
    world.save(&scope, one, &yaml(&NODES)).await;
    let failing = world.waiting(&scope, one).await;
    world.runner.next(Misbehave::ApplyFailsAfter(0));
    world.approve(&scope, &failing).await.expect("approved");
    world
        .reach(&scope, failing.run.number, RunState::Failed)
        .await;
    let other = world.stack(&scope, "other", &["a", "b", "c"]).await;
    let runs = &world.stack.runs;
    let ask = || RunCreate {
        kind: RunKind::Apply,
        confirm: None,
    };
    let refused = runs.create(&scope, other, ask()).await;
    let refused = refused.expect_err("eight and three are more than ten");
    assert_eq!(refused.code(), ErrorCode::PlanLimit);
    // What is shown is what is counted.
    let overview = world.stack.overview(&scope).await.expect("an overview");
    assert_eq!((overview.usage[0].used, overview.nodes.len()), (8, 1));

    world.save(&scope, one, &yaml(&["nuc-1"])).await;
    let back = world.request(&scope, one).await;
    world
        .reach(&scope, back.run.number, RunState::Unchanged)
        .await;
    let overview = world.stack.overview(&scope).await.expect("an overview");
    assert_eq!(overview.usage[0].used, 1);
    runs.create(&scope, other, ask())
        .await
        .expect("one and three");
    worker.stop().await;
}

on_both!(
    the_tenants_plan_limits_nodes_over_all_stacks,
    two_plans_that_fit_alone_are_not_approved_together,
    what_is_being_prepared_counts,
    what_is_approved_counts_whatever_was_asked_for_since,
    what_failed_counts_until_a_plan_says_what_stands,
);
