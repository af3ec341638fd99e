//! Runs from the request to the observed end.

use types::{
    ErrorCode,
    portal::{Role, StepState},
    stack::{
        ChangeAction, NodeStatus, ResourceState, RunApprove, RunCancel, RunCreate, RunKind,
        RunState, RunView, StackStatus, StackStepState,
    },
};

use crate::support::{Misbehave, StateFile, World, eventually, yaml};

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
    world
        .reach(&scope, first.run.number, RunState::Planning)
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
    assert_eq!(failed.resources[1].state, ResourceState::Running);
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
        Some("Killed by owner: it is not known what stands. Plan again: the plan shows it.")
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

async fn plans_and_states_are_not_readable_at_rest(world: &World) {
    use entity::namespace::{secret, tofu_state};
    use sea_orm::EntityTrait as _;
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    let around = world.place.around("nordhaus").await;
    let secrets = secret::Entity::find().all(&around).await.expect("secrets");
    assert_eq!(secrets.len(), 2);
    let contains = |bytes: &[u8], text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(
        secrets.iter().all(
            |secret| !contains(&secret.sealed, "hunter2") && !contains(&secret.sealed, "nuc-1")
        )
    );
    world.approve(&scope, &run).await.expect("approved");
    world.reach(&scope, run.run.number, RunState::Applied).await;
    // What was applied needs no plan file any more.
    assert_eq!(
        secret::Entity::find().all(&around).await.expect("secrets"),
        []
    );
    let states = tofu_state::Entity::find()
        .all(&around)
        .await
        .expect("states");
    assert_eq!(states.len(), 1);
    assert!(!contains(&states[0].sealed, "nuc-1"));
    worker.stop().await;
}

async fn a_plan_that_was_altered_at_rest_is_not_applied(world: &World) {
    use entity::namespace::secret;
    use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    let around = world.place.around("nordhaus").await;
    let name = format!("run/{}/plan", run.run.id);
    let forged = world
        .vault
        .seal(&name, &StateFile::with(9, &["evil"]).bytes())
        .expect("sealed");
    secret::ActiveModel {
        name: Set(name),
        sealed: Set(forged),
        ..Default::default()
    }
    .update(&around)
    .await
    .expect("altered");
    assert_eq!(
        secret::Entity::find()
            .all(&around)
            .await
            .expect("two")
            .len(),
        2
    );
    world.approve(&scope, &run).await.expect("approved");
    let stale = world.reach(&scope, run.run.number, RunState::Stale).await;
    assert_eq!(
        stale.failure.as_deref(),
        Some("The stored plan is not the one that was approved. Nothing was applied; plan again.")
    );
    assert_eq!(world.runner.applies().len(), 0);
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
    what_waits_or_is_queued_is_cancelled_at_once,
    an_apply_that_is_cancelled_ends_in_order,
    a_killed_apply_needs_a_plan_and_frees_its_own_lock_only,
    a_lock_that_was_forgotten_does_not_outlive_its_run,
    members_cancel_their_own_runs,
    destroying_wants_the_name_and_leaves_nothing,
    plans_and_states_are_not_readable_at_rest,
    a_plan_that_was_altered_at_rest_is_not_applied,
    a_plan_of_a_revision_that_was_replaced_meanwhile_is_stale,
);
