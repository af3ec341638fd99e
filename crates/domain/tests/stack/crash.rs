//! What a kill -9 leaves behind, and how it comes right: each job ends once, nothing is
//! applied twice, nothing is lost.

use entity::namespace::run;
use jobs::{JobFilter, NewJob, Outcome};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, PaginatorTrait};
use types::{
    JobId,
    jobs::JobState,
    portal::Role,
    stack::{ResourceState, RunCancel, RunState, RunView, StackStatus},
};

use crate::support::{Misbehave, World, eventually};

async fn jobs(world: &World, kind: &str) -> Vec<(JobId, JobState, i32)> {
    let filter = JobFilter {
        kind: Some(kind.to_owned()),
        ..JobFilter::default()
    };
    let jobs = world.queue.list(&filter, 100).await.expect("jobs");
    jobs.into_iter()
        .map(|job| (job.id, job.state, job.attempt))
        .collect()
}

/// Waits until no job is queued or runs.
async fn quiet(world: &World) {
    eventually("all jobs to end", || async {
        let all = world
            .queue
            .list(&JobFilter::default(), 100)
            .await
            .expect("jobs");
        all.iter().all(|job| job.is_over()).then_some(())
    })
    .await;
}

pub(crate) async fn lock_is_held(world: &World) -> bool {
    let around = world.place.around("nordhaus").await;
    entity::namespace::state_lock::Entity::find()
        .count(&around)
        .await
        .expect("locks")
        > 0
}

async fn a_plan_that_was_killed_is_planned_again(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    world.runner.next(Misbehave::PlanHangs);
    let worker = world.work();
    let run = world.request(&scope, stack).await;
    eventually("the plan to hold the lock", || async {
        lock_is_held(world).await.then_some(())
    })
    .await;
    worker.kill().await;
    assert_eq!(
        world.view(&scope, run.run.number).await.run.state,
        RunState::Planning
    );

    world.clock.advance(60);
    let scope = world.admin().await;
    let worker = world.work();
    world.reach(&scope, run.run.number, RunState::Waiting).await;
    quiet(world).await;
    worker.stop().await;
    let plans = jobs(world, "stack.plan").await;
    assert_eq!(plans.len(), 1);
    assert_eq!((plans[0].1, plans[0].2), (JobState::Succeeded, 2));
    let log = world
        .stack
        .runs
        .log(&scope, run.run.number, 0)
        .await
        .expect("the log");
    assert!(
        log.iter()
            .any(|line| line.line.contains("It is planned again")),
        "{log:?}"
    );
    let numbers: Vec<i64> = log.iter().map(|line| line.number).collect();
    let last = i64::try_from(log.len()).expect("few");
    assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
}

/// A run whose worker dies in the middle of its apply.
async fn killed_in_apply(world: &World, how: Misbehave) -> RunView {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1", "nuc-2"]).await;
    let locks = matches!(how, Misbehave::ApplyHangsAfter(_));
    world.runner.next(how);
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    world.approve(&scope, &run).await.expect("approved");
    eventually("the apply to work", || async {
        let begun = !world.runner.applies().is_empty();
        (begun && (!locks || lock_is_held(world).await)).then_some(())
    })
    .await;
    worker.kill().await;
    run
}

async fn an_apply_that_was_killed_is_not_repeated(world: &World) {
    let run = killed_in_apply(world, Misbehave::ApplyHangsAfter(1)).await;
    let before = world.runner.backends().pop().expect("the apply's backend");
    world.clock.advance(60);
    let scope = world.admin().await;
    let worker = world.work();
    let after = world
        .reach(&scope, run.run.number, RunState::NeedsReconcile)
        .await;
    quiet(world).await;
    assert_eq!(world.runner.applies().len(), 1);
    assert!(
        after
            .failure
            .expect("why")
            .contains("it is not known what stands")
    );
    let applies = jobs(world, "stack.apply").await;
    assert_eq!(applies.len(), 1);
    assert_eq!((applies[0].1, applies[0].2), (JobState::Succeeded, 2));
    assert!(!lock_is_held(world).await);
    let view = world
        .stack
        .stacks
        .view(&scope, run.run.stack)
        .await
        .expect("it");
    assert_eq!(view.stack.status, StackStatus::Error);

    // What the dead attempt left running can neither read nor write the state.
    let credentials = domain::stack::state::StateCredentials {
        tenant: "nordhaus".to_owned(),
        stack: run.run.stack,
        username: before.username,
        password: before.password,
    };
    assert!(world.stack.state.get(&credentials).await.is_err());

    // The next apply makes the stack whole.
    world.apply(&scope, run.run.stack).await;
    let view = world
        .stack
        .stacks
        .view(&scope, run.run.stack)
        .await
        .expect("it");
    assert_eq!(view.stack.status, StackStatus::Active);
    worker.stop().await;
}

async fn an_apply_that_had_not_begun_is_begun_again(world: &World) {
    let run = killed_in_apply(world, Misbehave::ApplyHangsBeforeLock).await;
    assert_eq!(
        {
            let scope = world.admin().await;
            world.view(&scope, run.run.number).await.run.state
        },
        RunState::Applying
    );
    world.clock.advance(60);
    let scope = world.admin().await;
    let worker = world.work();
    let applied = world.reach(&scope, run.run.number, RunState::Applied).await;
    quiet(world).await;
    worker.stop().await;
    assert!(
        applied
            .resources
            .iter()
            .all(|resource| resource.state == ResourceState::Done)
    );
    let view = world
        .stack
        .stacks
        .view(&scope, run.run.stack)
        .await
        .expect("it");
    assert_eq!(view.state_serial, Some(1));
    assert_eq!(jobs(world, "stack.apply").await.len(), 1);
}

async fn killed_again_and_again_a_run_still_ends_once(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let run = world.request(&scope, stack).await;
    for _ in 0..3 {
        world.runner.next(Misbehave::PlanHangs);
        let worker = world.work();
        eventually("the plan to hold the lock", || async {
            lock_is_held(world).await.then_some(())
        })
        .await;
        worker.kill().await;
        world.clock.advance(60);
        // The lock of the dead attempt is the run's own: the next one releases it.
        let around = world.place.around("nordhaus").await;
        entity::namespace::state_lock::Entity::delete_many()
            .exec(&around)
            .await
            .expect("released");
    }
    let worker = world.work();
    let scope = world.admin().await;
    let plan = world.reach(&scope, run.run.number, RunState::Waiting).await;
    world.approve(&scope, &plan).await.expect("approved");
    world.reach(&scope, run.run.number, RunState::Applied).await;
    quiet(world).await;
    worker.stop().await;
    assert_eq!(jobs(world, "stack.plan").await.len(), 1);
    assert_eq!(world.runner.applies().len(), 1);
}

/// A crash between the run's row and its job: the row is there, the job is not.
async fn a_run_without_a_job_gets_one(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let run = world.request(&scope, stack).await;
    jobs::entity::job::Entity::delete_many()
        .exec(world.instance.write())
        .await
        .expect("lost");
    world.stack.sweeper().sweep().await.expect("swept");
    world.stack.sweeper().sweep().await.expect("swept again");
    assert_eq!(jobs(world, "stack.plan").await.len(), 1);
    let worker = world.work();
    let plan = world.reach(&scope, run.run.number, RunState::Waiting).await;
    worker.stop().await;

    world.approve(&scope, &plan).await.expect("approved");
    jobs::entity::job::Entity::delete_many()
        .exec(world.instance.write())
        .await
        .expect("lost");
    world.stack.sweeper().sweep().await.expect("swept");
    let worker = world.work();
    world.reach(&scope, run.run.number, RunState::Applied).await;
    worker.stop().await;
    assert_eq!(world.runner.applies().len(), 1);
}

async fn a_run_whose_job_is_dead_ends(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let planned = world.request(&scope, stack).await;
    let kill = async |kind: &'static str| {
        let claimed = world
            .queue
            .claim("test", &[kind])
            .await
            .expect("claimed")
            .expect("a job");
        world
            .queue
            .finish(&claimed.lease, Outcome::Fail("It broke.".to_owned()))
            .await
            .expect("failed");
    };
    kill("stack.plan").await;
    world.stack.sweeper().sweep().await.expect("swept");
    let failed = world.view(&scope, planned.run.number).await;
    assert_eq!(failed.run.state, RunState::Failed);
    assert!(
        failed
            .failure
            .expect("why")
            .contains("ended without a result")
    );

    // An apply that held the lock: what stands is not known.
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    worker.stop().await;
    world.approve(&scope, &run).await.expect("approved");
    let around = world.place.around("nordhaus").await;
    run::ActiveModel {
        id: Set(run.run.id),
        state: Set(RunState::Applying),
        apply_locked_at: Set(Some(world.env.now())),
        ..Default::default()
    }
    .update(&around)
    .await
    .expect("applying");
    kill("stack.apply").await;
    world.stack.sweeper().sweep().await.expect("swept");
    let after = world.view(&scope, run.run.number).await;
    assert_eq!(after.run.state, RunState::NeedsReconcile);
}

async fn a_worker_that_stops_hands_its_plan_back(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    world.runner.next(Misbehave::PlanHangs);
    let worker = world.work();
    let run = world.request(&scope, stack).await;
    world
        .reach(&scope, run.run.number, RunState::Planning)
        .await;
    worker.stop().await;
    assert_eq!(
        world.view(&scope, run.run.number).await.run.state,
        RunState::Queued
    );
    assert!(!lock_is_held(world).await);
    let worker = world.work();
    world.reach(&scope, run.run.number, RunState::Waiting).await;
    worker.stop().await;
}

async fn a_worker_that_stops_ends_its_apply_in_order(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1", "nuc-2"]).await;
    world.runner.next(Misbehave::ApplyHangsAfter(1));
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    world.approve(&scope, &run).await.expect("approved");
    eventually("the apply to hold the lock", || async {
        lock_is_held(world).await.then_some(())
    })
    .await;
    worker.stop().await;
    let failed = world.view(&scope, run.run.number).await;
    assert_eq!(failed.run.state, RunState::Failed);
    assert_eq!(
        failed.failure.as_deref(),
        Some(
            "kombify was stopped in the middle of the apply. The state is saved; plan again to see what is left."
        )
    );
    let worker = world.work();
    let next = world.waiting(&scope, stack).await;
    assert_eq!(next.summary.add, 1);
    worker.stop().await;
}

async fn a_job_that_an_operator_cancels_cancels_its_run(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    world.runner.next(Misbehave::PlanHangs);
    let worker = world.work();
    let run = world.request(&scope, stack).await;
    world
        .reach(&scope, run.run.number, RunState::Planning)
        .await;
    let (job, ..) = jobs(world, "stack.plan").await.remove(0);
    world.queue.cancel(job, false).await.expect("cancelled");
    let cancelled = world
        .reach(&scope, run.run.number, RunState::Cancelled)
        .await;
    assert!(cancelled.failure.expect("why").contains("an operator"));
    worker.stop().await;
}

async fn a_job_of_something_that_is_gone_ends(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let run = world.request(&scope, stack).await;
    world
        .stack
        .runs
        .cancel(&scope, run.run.number, RunCancel { force: false })
        .await
        .expect("cancelled");
    world
        .stack
        .stacks
        .remove(&scope, stack, "core")
        .await
        .expect("removed");
    for payload in [
        serde_json::json!({ "tenant": "nobody", "run": run.run.id }),
        serde_json::json!({ "tenant": "nordhaus", "run": run.run.id }),
        serde_json::json!({}),
    ] {
        let job = NewJob::new("stack.apply", payload);
        world
            .queue
            .enqueue(world.instance.write(), job)
            .await
            .expect("enqueued");
    }
    let worker = world.work();
    quiet(world).await;
    worker.stop().await;
    assert_eq!(world.runner.applies().len(), 0);
    world.enter("nordhaus", "owner", Role::Admin).await;
}

on_both!(
    a_plan_that_was_killed_is_planned_again,
    an_apply_that_was_killed_is_not_repeated,
    an_apply_that_had_not_begun_is_begun_again,
    killed_again_and_again_a_run_still_ends_once,
    a_run_without_a_job_gets_one,
    a_run_whose_job_is_dead_ends,
    a_worker_that_stops_hands_its_plan_back,
    a_worker_that_stops_ends_its_apply_in_order,
    a_job_that_an_operator_cancels_cancels_its_run,
    a_job_of_something_that_is_gone_ends,
);
