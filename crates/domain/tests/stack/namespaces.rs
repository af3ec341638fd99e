//! Namespaces: one per tenant, opened once, closed when too many are open.

use domain::stack::Namespaces;
use entity::namespace::stack;
use futures::future::join_all;
use sea_orm::EntityTrait;
use types::portal::Role;

use crate::support::World;

async fn fifty_at_once_open_and_migrate_it_once(world: &World) {
    let scope = world.admin().await;
    world.place.remove("nordhaus").await;
    let namespaces = Namespaces::new(world.place.namespaces());
    let opened = join_all((0..50).map(|_| namespaces.open(&scope))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    assert_eq!(namespaces.open_count(), 1);
}

async fn processes_may_make_it_at_once(world: &World) {
    let scope = world.admin().await;
    world.place.remove("nordhaus").await;
    let processes: Vec<Namespaces> = (0..8)
        .map(|_| Namespaces::new(world.place.namespaces()))
        .collect();
    let opened = join_all(processes.iter().map(|one| one.open(&scope))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}

async fn the_least_recently_used_is_closed_and_opens_again(world: &World) {
    let namespaces = Namespaces::with_capacity(world.place.namespaces(), 2);
    let mut scopes = Vec::new();
    for slug in ["nordhaus", "suedhaus", "westhaus"] {
        scopes.push(world.enter(slug, "owner", Role::Admin).await);
    }
    for scope in scopes.iter().chain(&scopes) {
        namespaces.open(scope).await.expect("open");
        assert!(namespaces.open_count() <= 2);
    }
}

async fn each_tenant_has_a_database_of_its_own(world: &World) {
    let north = world.enter("nord-haus", "owner", Role::Admin).await;
    let south = world.enter("suedhaus", "owner", Role::Admin).await;
    world.stack(&north, "core", &["nuc-1"]).await;
    assert_eq!(world.stack.stacks.list(&south).await.expect("stacks"), []);
    for (slug, count) in [("nord-haus", 1), ("suedhaus", 0)] {
        let stacks = stack::Entity::find()
            .all(&world.place.around(slug).await)
            .await
            .expect("stacks");
        assert_eq!(stacks.len(), count, "{slug}");
    }
}

on_both!(
    fifty_at_once_open_and_migrate_it_once,
    processes_may_make_it_at_once,
    the_least_recently_used_is_closed_and_opens_again,
    each_tenant_has_a_database_of_its_own,
);
