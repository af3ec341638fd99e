//! OpenTofu's http backend: versions, locks, and who may touch them.

use domain::stack::{
    TenantScope,
    state::{LockAnswer, StateCredentials},
};
use entity::namespace::{run, tofu_state};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, QueryOrder};
use types::{
    ErrorCode, StackId,
    portal::Role,
    stack::{RunCancel, RunState},
};

use crate::support::{Misbehave, StateFile, World, eventually};

struct Working {
    scope: TenantScope,
    stack: StackId,
    number: i32,
    credentials: StateCredentials,
}

/// A run of this tenant that plans, with the credentials that OpenTofu has of it.
async fn working(world: &World, slug: &str, name: &str) -> Working {
    let scope = world.enter(slug, "owner", Role::Admin).await;
    let stack = world.stack(&scope, name, &["nuc-1"]).await;
    world.runner.next(Misbehave::PlanHangs);
    let used = world.runner.backends().len();
    let run = world.request(&scope, stack).await;
    let backend = eventually("the plan", || async {
        world.runner.backends().get(used).cloned()
    })
    .await;
    let around = world.place.around(slug).await;
    eventually("its lock", || async {
        entity::namespace::state_lock::Entity::find_by_id(stack)
            .one(&around)
            .await
            .expect("a lock")
    })
    .await;
    // The lock of the plan goes, so that the test plays OpenTofu.
    entity::namespace::state_lock::Entity::delete_many()
        .exec(&around)
        .await
        .expect("released");
    Working {
        scope,
        stack,
        number: run.run.number,
        credentials: StateCredentials {
            tenant: slug.to_owned(),
            stack,
            username: backend.username,
            password: backend.password,
        },
    }
}

fn info(id: &str) -> Vec<u8> {
    serde_json::to_vec(&serde_json::json!({ "ID": id, "Operation": "OperationTypePlan" }))
        .expect("json")
}

async fn put(
    world: &World,
    credentials: &StateCredentials,
    lock: Option<&str>,
    state: &StateFile,
) -> Result<(), ErrorCode> {
    world
        .stack
        .state
        .put(credentials, lock, &state.bytes())
        .await
        .map_err(|error| error.code())
}

async fn a_state_is_kept_by_serial_and_lineage(world: &World) {
    let worker = world.work();
    let run = working(world, "nordhaus", "core").await;
    let state = &world.stack.state;
    let credentials = &run.credentials;
    assert_eq!(state.get(credentials).await.expect("none"), None);
    assert_eq!(
        state.lock(credentials, &info("l1")).await.expect("locked"),
        LockAnswer::Taken
    );
    let first = StateFile::with(1, &["nuc-1"]);
    put(world, credentials, Some("l1"), &first)
        .await
        .expect("put");
    put(world, credentials, Some("l1"), &first)
        .await
        .expect("the same once more");
    let second = StateFile::with(5, &["nuc-1", "nas"]);
    put(world, credentials, Some("l1"), &second)
        .await
        .expect("put");
    assert_eq!(
        state.get(credentials).await.expect("a state"),
        Some(second.bytes())
    );
    let mut foreign = StateFile::with(9, &[]);
    foreign.lineage = "lineage-2".to_owned();
    for wrong in [
        StateFile::with(4, &[]),
        StateFile::with(5, &["other"]),
        foreign,
    ] {
        let refused = put(world, credentials, Some("l1"), &wrong).await;
        assert_eq!(refused, Err(ErrorCode::Conflict));
    }
    let versions: Vec<(i32, i64, i32)> = tofu_state::Entity::find()
        .order_by_asc(tofu_state::Column::Version)
        .all(&world.place.around("nordhaus").await)
        .await
        .expect("versions")
        .into_iter()
        .map(|row| (row.version, row.serial, row.resources))
        .collect();
    assert_eq!(versions, [(1, 1, 1), (2, 5, 2)]);
    finish(world, &run).await;
    worker.stop().await;
}

async fn finish(world: &World, run: &Working) {
    world
        .stack
        .runs
        .cancel(&run.scope, run.number, RunCancel { force: true })
        .await
        .expect("killed");
    world
        .reach(&run.scope, run.number, RunState::Cancelled)
        .await;
}

async fn one_lock_at_a_time_and_only_its_holder_writes(world: &World) {
    let worker = world.work();
    let run = working(world, "nordhaus", "core").await;
    let state = &world.stack.state;
    let credentials = &run.credentials;
    let some = StateFile::with(1, &["nuc-1"]);
    assert_eq!(
        put(world, credentials, Some("l1"), &some).await,
        Err(ErrorCode::StateLocked)
    );
    let answers = futures::future::join_all((0..10).map(|n| async move {
        state
            .lock(credentials, &info(&format!("l{n}")))
            .await
            .expect("an answer")
    }))
    .await;
    let taken = answers
        .iter()
        .position(|answer| *answer == LockAnswer::Taken)
        .expect("one has it");
    let holder = format!("l{taken}");
    for (number, answer) in answers.iter().enumerate() {
        if number != taken {
            let LockAnswer::Held(held) = answer else {
                panic!("two hold the lock");
            };
            assert_eq!(held["ID"], holder);
        }
    }
    for lock in [None, Some("other")] {
        assert_eq!(
            put(world, credentials, lock, &some).await,
            Err(ErrorCode::StateLocked)
        );
    }
    put(world, credentials, Some(&holder), &some)
        .await
        .expect("the holder writes");

    // A forced unlock sends no body; another id is not this lock.
    for (body, code) in [
        (Vec::new(), ErrorCode::Invalid),
        (b"{}".to_vec(), ErrorCode::Invalid),
        (info("other"), ErrorCode::StateLocked),
    ] {
        let error = state.unlock(credentials, &body).await.expect_err("refused");
        assert_eq!(error.code(), code);
    }
    // Who did not hear the answer asks again.
    assert_eq!(
        state.lock(credentials, &info(&holder)).await.expect("held"),
        LockAnswer::Taken
    );
    for _ in 0..2 {
        state
            .unlock(credentials, &info(&holder))
            .await
            .expect("released");
    }
    finish(world, &run).await;
    worker.stop().await;
}

async fn a_token_opens_one_stack_while_its_run_works(world: &World) {
    let worker = world.work();
    let ours = working(world, "nordhaus", "core").await;
    let theirs = working(world, "suedhaus", "core").await;
    let other = world.stack(&ours.scope, "media", &["nuc-9"]).await;
    let good = &ours.credentials;
    world.stack.state.get(good).await.expect("it opens");
    let with = |change: &dyn Fn(&mut StateCredentials)| {
        let mut credentials = good.clone();
        change(&mut credentials);
        credentials
    };
    let wrong = [
        with(&|c| c.password = theirs.credentials.password.clone()),
        with(&|c| c.password = String::new()),
        with(&|c| c.username = theirs.credentials.username.clone()),
        with(&|c| c.username = "admin".to_owned()),
        with(&|c| c.tenant = "suedhaus".to_owned()),
        with(&|c| c.tenant = "no-such".to_owned()),
        with(&|c| c.stack = other),
        with(&|c| c.stack = theirs.stack),
    ];
    for credentials in &wrong {
        let state = &world.stack.state;
        let some = StateFile::with(1, &["evil"]).bytes();
        for code in [
            state
                .get(credentials)
                .await
                .map(drop)
                .expect_err("get")
                .code(),
            state
                .put(credentials, Some("l"), &some)
                .await
                .expect_err("put")
                .code(),
            state
                .lock(credentials, &info("l"))
                .await
                .map(drop)
                .expect_err("lock")
                .code(),
            state
                .unlock(credentials, &info("l"))
                .await
                .expect_err("unlock")
                .code(),
        ] {
            assert_eq!(code, ErrorCode::Unauthenticated, "{credentials:?}");
        }
    }
    finish(world, &ours).await;
    let error = world
        .stack
        .state
        .get(good)
        .await
        .expect_err("the run is over");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    finish(world, &theirs).await;
    worker.stop().await;
}

async fn sizes_and_nonsense_are_refused(world: &World) {
    let worker = world.work();
    let run = working(world, "nordhaus", "core").await;
    let state = &world.stack.state;
    state
        .lock(&run.credentials, &info("l1"))
        .await
        .expect("locked");
    for (body, code) in [
        (vec![b' '; 16 * 1024 * 1024 + 1], ErrorCode::TooLarge),
        (b"not json".to_vec(), ErrorCode::Invalid),
        (b"{\"serial\":1}".to_vec(), ErrorCode::Invalid),
        (Vec::new(), ErrorCode::Invalid),
    ] {
        let error = state
            .put(&run.credentials, Some("l1"), &body)
            .await
            .expect_err("refused");
        assert_eq!(error.code(), code);
    }
    let error = state
        .lock(&run.credentials, b"nonsense")
        .await
        .expect_err("refused");
    assert_eq!(error.code(), ErrorCode::Invalid);
    finish(world, &run).await;
    worker.stop().await;
}

async fn the_lock_of_a_run_that_ended_is_taken_over(world: &World) {
    let worker = world.work();
    let dead = working(world, "nordhaus", "core").await;
    world
        .stack
        .state
        .lock(&dead.credentials, &info("old"))
        .await
        .expect("locked");
    // As if the run had been ended by hand, without its lock.
    let around = world.place.around("nordhaus").await;
    let id = dead.credentials.username.parse().expect("an id");
    run::ActiveModel {
        id: Set(id),
        state: Set(RunState::Failed),
        token_hash: Set(None),
        ..Default::default()
    }
    .update(&around)
    .await
    .expect("ended");
    let next = world.request(&dead.scope, dead.stack).await;
    world
        .reach(&dead.scope, next.run.number, RunState::Waiting)
        .await;
    worker.stop().await;
}

async fn old_versions_are_let_go(world: &World) {
    let worker = world.work();
    let run = working(world, "nordhaus", "core").await;
    world
        .stack
        .state
        .lock(&run.credentials, &info("l1"))
        .await
        .expect("locked");
    for serial in 1..=55 {
        put(
            world,
            &run.credentials,
            Some("l1"),
            &StateFile::with(serial, &["nuc-1"]),
        )
        .await
        .expect("put");
    }
    let versions: Vec<i32> = tofu_state::Entity::find()
        .order_by_asc(tofu_state::Column::Version)
        .all(&world.place.around("nordhaus").await)
        .await
        .expect("versions")
        .into_iter()
        .map(|row| row.version)
        .collect();
    assert_eq!(versions, (6..=55).collect::<Vec<_>>());
    finish(world, &run).await;
    worker.stop().await;
}

on_both!(
    a_state_is_kept_by_serial_and_lineage,
    one_lock_at_a_time_and_only_its_holder_writes,
    a_token_opens_one_stack_while_its_run_works,
    sizes_and_nonsense_are_refused,
    the_lock_of_a_run_that_ended_is_taken_over,
    old_versions_are_let_go,
);
