//! What lies in the databases: nothing readable, nothing that can be swapped.

use types::stack::RunState;

use crate::support::{StateFile, World};

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

on_both!(
    plans_and_states_are_not_readable_at_rest,
    a_plan_that_was_altered_at_rest_is_not_applied,
);
