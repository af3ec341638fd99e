//! Runs from the request to the observed end.

use types::{
    ErrorCode,
    portal::{Role, StepState},
    stack::{
        ChangeAction, NodeStatus, ResourceState, RunApprove, RunCancel, RunCreate, RunKind,
        RunState, RunView, StackStatus, StackStepState,
    },
};

use crate::support::{Misbehave, World, eventually, yaml};

fn steps(run: &RunView) -> Vec<(&str, StepState)> {
    run.steps
        .iter()
        .map(|step| (step.title.as_str(), step.state))
        .collect()
}

fn destroy(name: &str) -> RunCreate {
    RunCreate {
        kind: RunKind::Destroy,
        confirm: Some(name.to_owned()),
    }
}

async fn a_run_goes_from_request_to_applied(world: &World) {
    use StepState::{Done, Pending, Running};
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1", "nas"]).await;
    let asked = world.request(&scope, stack).await;
    assert_eq!(asked.run.state, RunState::Queued);
    assert_eq!((asked.run.number, asked.run.revision), (1, 1));
    assert_eq!(asked.requested_by, "owner");

    let worker = world.work();
    let plan = world.reach(&scope, 1, RunState::Waiting).await;
    assert_eq!(
        steps(&plan),
        [
            ("Validate", Done),
            ("Init", Done),
            ("Plan", Done),
            ("Approval", Running),
            ("Apply", Pending),
            ("Record", Pending),
        ]
    );
    assert_eq!(plan.steps[0].detail, "2 nodes, 0 services");
    assert_eq!(plan.steps[2].detail, "2 to add");
    assert!(
        plan.steps[..3]
            .iter()
            .all(|step| step.duration_ms.is_some())
    );
    assert_eq!((plan.summary.add, plan.state_serial), (2, Some(0)));
    assert_eq!(plan.plan_digest.as_deref().map(str::len), Some(64));
    assert_eq!(plan.resources.len(), 2);
    assert!(plan.resources.iter().all(|resource| {
        resource.action == ChangeAction::Create && resource.state == ResourceState::Queued
    }));
    let view = world.stack.stacks.view(&scope, stack).await.expect("it");
    assert_eq!(view.stack.steps[2].state, StackStepState::Good);
    assert_eq!(view.stack.steps[3].state, StackStepState::Waiting);
    assert_eq!(view.stack.status, StackStatus::Draft);
    assert_eq!(world.stack.nodes.list(&scope).await.expect("nodes"), []);
    assert_eq!(world.runner.applies().len(), 0);

    world.approve(&scope, &plan).await.expect("approved");
    let applied = world.reach(&scope, 1, RunState::Applied).await;
    assert_eq!(
        steps(&applied)
            .iter()
            .map(|step| step.1)
            .collect::<Vec<_>>(),
        [Done; 6]
    );
    assert_eq!(applied.decided_by.as_deref(), Some("owner"));
    assert_eq!(applied.comment.as_deref(), Some("looks right"));
    assert!(applied.decided_at.is_some() && applied.run.finished_at.is_some());
    assert!(
        applied
            .resources
            .iter()
            .all(|resource| resource.state == ResourceState::Done)
    );

    // Exactly the plan that was looked at was applied.
    let bytes = world.runner.applies().remove(0);
    use sha2::Digest as _;
    assert_eq!(
        applied.plan_digest,
        Some(hex::encode(sha2::Sha256::digest(bytes)))
    );

    let view = world.stack.stacks.view(&scope, stack).await.expect("it");
    assert_eq!(view.stack.status, StackStatus::Active);
    assert_eq!(view.state_serial, Some(1));
    assert_eq!(view.stack.steps[4].state, StackStepState::Good);
    let nodes = world.stack.nodes.list(&scope).await.expect("nodes");
    assert_eq!(
        nodes
            .iter()
            .map(|node| node.name.as_str())
            .collect::<Vec<_>>(),
        ["nas", "nuc-1"]
    );
    for node in nodes {
        // Nobody has reported from it yet.
        assert_eq!(node.status, NodeStatus::Unknown);
        assert!(node.configured_at.is_some() && node.last_seen.is_none());
    }
    let actions: Vec<_> = world
        .audited()
        .into_iter()
        .map(|(_, action, subject)| (action, subject))
        .collect();
    assert_eq!(
        actions[2..],
        [
            ("run.requested", "run 1 of core".to_owned()),
            ("run.approved", "run 1 of core".to_owned()),
        ]
    );
    worker.stop().await;
}

async fn nothing_to_change_ends_the_run(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    world.apply(&scope, stack).await;
    let run = world.request(&scope, stack).await;
    let same = world
        .reach(&scope, run.run.number, RunState::Unchanged)
        .await;
    assert_eq!(same.steps[3].detail, "nothing to approve");
    let error = world.approve(&scope, &same).await.expect_err("it is over");
    assert_eq!(error.code(), ErrorCode::Conflict);
    worker.stop().await;
}

async fn an_admin_approves_what_was_looked_at(world: &World) {
    let owner = world.admin().await;
    let member = world.enter("nordhaus", "member", Role::Member).await;
    let stack = world.stack(&owner, "core", &["nuc-1"]).await;
    let early = world.request(&member, stack).await;
    let decision = |digest: &str| RunApprove {
        plan_digest: digest.to_owned(),
        comment: String::new(),
    };
    let error = world
        .stack
        .runs
        .approve(&owner, early.run.number, decision(""))
        .await
        .expect_err("there is no plan yet");
    assert_eq!(error.code(), ErrorCode::Conflict);
    let worker = world.work();
    let run = world
        .reach(&owner, early.run.number, RunState::Waiting)
        .await;
    let error = world.approve(&member, &run).await.expect_err("no admin");
    assert_eq!(error.code(), ErrorCode::Forbidden);
    let error = world
        .stack
        .runs
        .discard(&member, run.run.number, "")
        .await
        .expect_err("no admin");
    assert_eq!(error.code(), ErrorCode::Forbidden);
    let error = world
        .stack
        .runs
        .approve(&owner, run.run.number, decision(&"0".repeat(64)))
        .await
        .expect_err("another plan");
    assert_eq!(error.code(), ErrorCode::PlanStale);
    let still = world.view(&owner, run.run.number).await;
    assert_eq!(still.run.state, RunState::Waiting);

    // Ten admins at once: one decides.
    let answers = futures::future::join_all((0..10).map(|_| world.approve(&owner, &run))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    world.reach(&owner, run.run.number, RunState::Applied).await;
    worker.stop().await;
    assert_eq!(world.runner.applies().len(), 1);
}

async fn a_discarded_plan_is_never_applied(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    let discarded = world
        .stack
        .runs
        .discard(&scope, run.run.number, "not today")
        .await
        .expect("discarded");
    assert_eq!(discarded.run.state, RunState::Discarded);
    assert_eq!(discarded.comment.as_deref(), Some("not today"));
    assert_eq!(discarded.steps[3].detail, "discarded by owner");
    assert!(world.approve(&scope, &run).await.is_err());
    worker.stop().await;
    assert_eq!(world.runner.applies().len(), 0);
}

async fn an_apply_makes_other_waiting_plans_stale(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    let first = world.waiting(&scope, stack).await;
    let second = world.waiting(&scope, stack).await;
    world.approve(&scope, &first).await.expect("approved");
    world
        .reach(&scope, first.run.number, RunState::Applied)
        .await;
    let stale = world.view(&scope, second.run.number).await;
    assert_eq!(stale.run.state, RunState::Stale);
    assert_eq!(
        stale.failure.as_deref(),
        Some("Run 1 changed the state after this plan was made. Plan again.")
    );
    worker.stop().await;
}

async fn two_approved_plans_of_one_state_apply_once(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    let first = world.waiting(&scope, stack).await;
    let second = world.waiting(&scope, stack).await;
    worker.stop().await;
    world.approve(&scope, &first).await.expect("approved");
    world.approve(&scope, &second).await.expect("approved");
    let worker = world.work();
    world
        .reach(&scope, first.run.number, RunState::Applied)
        .await;
    world
        .reach(&scope, second.run.number, RunState::Stale)
        .await;
    worker.stop().await;
    assert_eq!(world.runner.applies().len(), 1);
}

async fn runs_of_one_stack_work_one_after_the_other(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let other = world.stack(&scope, "media", &["nuc-9"]).await;
    world.runner.next(Misbehave::PlanHangs);
    let worker = world.work();
    let first = world.request(&scope, stack).await;
    // Else the plan of the other stack might be the one that hangs.
    eventually("the first plan to hang", || async {
        world.runner.misbehaved().then_some(())
    })
    .await;
    let second = world.request(&scope, stack).await;
    // Another stack does not wait for this one.
    world.waiting(&scope, other).await;
    assert_eq!(
        world.view(&scope, second.run.number).await.run.state,
        RunState::Queued
    );
    world
        .stack
        .runs
        .cancel(&scope, first.run.number, RunCancel { force: false })
        .await
        .expect("told to stop");
    world
        .reach(&scope, second.run.number, RunState::Waiting)
        .await;
    worker.stop().await;
}

async fn a_failed_plan_says_why(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    world
        .runner
        .next(Misbehave::PlanFails("No provider answers for nuc-1."));
    let worker = world.work();
    let run = world.request(&scope, stack).await;
    let failed = world.reach(&scope, run.run.number, RunState::Failed).await;
    assert_eq!(
        failed.failure.as_deref(),
        Some("No provider answers for nuc-1.")
    );
    assert_eq!(failed.steps[2].state, StepState::Failed);
    assert_eq!(failed.steps[4].state, StepState::Pending);
    let log = world
        .stack
        .runs
        .log(&scope, run.run.number, 0)
        .await
        .expect("the log");
    assert_eq!(
        log.last()
            .map(|line| (line.level.as_str(), line.line.as_str())),
        Some(("error", "No provider answers for nuc-1."))
    );
    // Nothing was applied, so the stack is no worse than before.
    let view = world.stack.stacks.view(&scope, stack).await.expect("it");
    assert_eq!(view.stack.status, StackStatus::Draft);
    assert_eq!(view.stack.steps[2].state, StackStepState::Bad);
    worker.stop().await;
}

async fn a_failed_apply_breaks_the_stack_until_the_next_one(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1", "nuc-2"]).await;
    world.runner.next(Misbehave::ApplyFailsAfter(1));
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    world.approve(&scope, &run).await.expect("approved");
    let failed = world.reach(&scope, run.run.number, RunState::Failed).await;
    assert_eq!(
        failed.failure.as_deref(),
        Some("nuc-2 refused the connection.")
    );
    assert_eq!(failed.resources[0].state, ResourceState::Done);
    assert_eq!(failed.resources[1].state, ResourceState::Broken);
    let view = world.stack.stacks.view(&scope, stack).await.expect("it");
    assert_eq!(view.stack.status, StackStatus::Error);
    assert_eq!(view.stack.steps[4].state, StackStepState::Bad);
    assert_eq!(view.nodes, []);

    let applied = world.apply(&scope, stack).await;
    assert_eq!(applied.summary.add, 1);
    let view = world.stack.stacks.view(&scope, stack).await.expect("it");
    assert_eq!(view.stack.status, StackStatus::Active);
    assert_eq!(view.nodes.len(), 2);
    worker.stop().await;
}

async fn destroying_wants_the_name_and_leaves_nothing(world: &World) {
    let owner = world.admin().await;
    let member = world.enter("nordhaus", "member", Role::Member).await;
    let stack = world.stack(&owner, "core", &["nuc-1", "nas"]).await;
    let worker = world.work();
    world.apply(&owner, stack).await;
    let create = |scope: domain::stack::TenantScope, request| async move {
        world.stack.runs.create(&scope, stack, request).await
    };
    let error = create(member, destroy("core")).await.expect_err("no admin");
    assert_eq!(error.code(), ErrorCode::Forbidden);
    let error = create(owner.clone(), destroy("cor"))
        .await
        .expect_err("another name");
    assert_eq!(error.problem().errors[0].field, "confirm");
    let error = world
        .stack
        .stacks
        .remove(&owner, stack, "core")
        .await
        .expect_err("resources stand");
    assert_eq!(error.code(), ErrorCode::Conflict);

    let run = create(owner.clone(), destroy("core")).await.expect("a run");
    let plan = world.reach(&owner, run.run.number, RunState::Waiting).await;
    assert_eq!(plan.summary.destroy, 2);
    world.approve(&owner, &plan).await.expect("approved");
    world.reach(&owner, run.run.number, RunState::Applied).await;
    let view = world.stack.stacks.view(&owner, stack).await.expect("it");
    assert_eq!(view.stack.status, StackStatus::Draft);
    assert_eq!(view.nodes, []);

    let error = world
        .stack
        .stacks
        .remove(&owner, stack, "other")
        .await
        .expect_err("another name");
    assert_eq!(error.code(), ErrorCode::Invalid);
    world
        .stack
        .stacks
        .remove(&owner, stack, "core")
        .await
        .expect("removed");
    assert_eq!(world.stack.stacks.list(&owner).await.expect("stacks"), []);
    assert_eq!(world.stack.runs.list(&owner).await.expect("runs"), []);
    // Numbers of runs are not given again.
    let next = world.stack(&owner, "core", &["nuc-1"]).await;
    assert_eq!(world.request(&owner, next).await.run.number, 3);
    worker.stop().await;
}

async fn a_plan_of_a_revision_that_was_replaced_meanwhile_is_stale(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let run = world.request(&scope, stack).await;
    world.save(&scope, stack, &yaml(&["nuc-2"])).await;
    let worker = world.work();
    world.reach(&scope, run.run.number, RunState::Stale).await;
    worker.stop().await;
}

on_both!(
    a_run_goes_from_request_to_applied,
    nothing_to_change_ends_the_run,
    an_admin_approves_what_was_looked_at,
    a_discarded_plan_is_never_applied,
    an_apply_makes_other_waiting_plans_stale,
    two_approved_plans_of_one_state_apply_once,
    runs_of_one_stack_work_one_after_the_other,
    a_failed_plan_says_why,
    a_failed_apply_breaks_the_stack_until_the_next_one,
    destroying_wants_the_name_and_leaves_nothing,
    a_plan_of_a_revision_that_was_replaced_meanwhile_is_stale,
);
