//! Assertions traded for sessions (cases 12, 26, 27 and 29 among others).

use std::collections::BTreeSet;

use domain::assertion::{AssertionClaims, AssertionVerifier, BoundRequest};
use entity::{
    instance::{consumed_assertion, sso_mapping, stack_session, tenant},
    namespace::member,
};
use futures::future::join_all;
use sea_orm::EntityTrait;
use types::{
    ErrorCode,
    portal::{Plan, Role},
};

use crate::support::{Place, World, WorldOptions, bearer, tenant_id};

async fn members(world: &World, slug: &str) -> Vec<member::Model> {
    member::Entity::find()
        .all(&world.place.around(slug).await)
        .await
        .expect("members")
}

async fn tenants(world: &World) -> Vec<tenant::Model> {
    tenant::Entity::find()
        .all(world.instance.read())
        .await
        .expect("tenants")
}

async fn refused(world: &World, assertion: Option<&str>, request: &BoundRequest<'_>) {
    let error = world
        .stack
        .exchange
        .exchange(assertion, request)
        .await
        .expect_err("it must be refused");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    assert_eq!(
        stack_session::Entity::find()
            .all(world.instance.read())
            .await
            .expect("sessions"),
        []
    );
}

async fn the_first_exchange_makes_tenant_member_and_session(world: &World) {
    let session = world.session("nordhaus", "owner", Role::Admin).await;
    assert_eq!(session.tenant_slug, "nordhaus");
    assert_eq!(session.tenant_id, tenant_id("nordhaus").to_string());
    assert_eq!(session.role, Role::Admin);
    assert_eq!(session.email, "owner@lab.test");
    let lasts = session.expires_at.millis_since(world.env.now());
    assert!((3_590_000..=3_600_000).contains(&lasts), "{lasts} ms");

    let again = world.session("nordhaus", "owner", Role::Admin).await;
    assert_eq!(again.user_id, session.user_id);
    assert_ne!(again.token, session.token);
    assert_eq!(tenants(world).await.len(), 1);
    let members = members(world, "nordhaus").await;
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].id.to_string(), session.user_id);

    // Only hashes of tokens are kept.
    for row in stack_session::Entity::find()
        .all(world.instance.read())
        .await
        .expect("sessions")
    {
        assert!(!row.token_hash.contains(&session.token[4..]));
    }
}

async fn fifty_first_exchanges_at_once_make_one_tenant_and_one_member(world: &World) {
    let sessions = join_all((0..50).map(|_| world.session("nordhaus", "owner", Role::Admin))).await;
    let tokens: BTreeSet<_> = sessions.iter().map(|session| &session.token).collect();
    let users: BTreeSet<_> = sessions.iter().map(|session| &session.user_id).collect();
    assert_eq!((tokens.len(), users.len()), (50, 1));
    assert_eq!(tenants(world).await.len(), 1);
    assert_eq!(members(world, "nordhaus").await.len(), 1);
    let mappings = sso_mapping::Entity::find()
        .all(world.instance.read())
        .await
        .expect("mappings");
    assert_eq!(mappings.len(), 1);
}

async fn without_an_assertion_nobody_comes_in(world: &World) {
    // What a client says of itself in X-User-ID and the like is not even an argument here.
    refused(world, None, &BoundRequest::EXCHANGE).await;
    refused(world, Some(""), &BoundRequest::EXCHANGE).await;
    refused(world, Some("owner"), &BoundRequest::EXCHANGE).await;
    assert_eq!(tenants(world).await, []);
}

async fn an_assertion_that_does_not_hold_is_refused(world: &World) {
    let good = || world.sign(world.assertion("nordhaus", "owner", Role::Admin));
    let altered = BoundRequest {
        body: Some(b"{\"role\":\"admin\"}"),
        ..BoundRequest::EXCHANGE
    };
    refused(world, Some(&good()), &altered).await;

    let mut other = world.assertion("nordhaus", "owner", Role::Admin);
    other.audience = "elsewhere".to_owned();
    refused(world, Some(&world.sign(other)), &BoundRequest::EXCHANGE).await;

    let late = good();
    world.clock.advance(61);
    refused(world, Some(&late), &BoundRequest::EXCHANGE).await;
    assert_eq!(tenants(world).await, []);
}

async fn an_assertion_works_once(world: &World) {
    let assertion = world.sign(world.assertion("nordhaus", "owner", Role::Admin));
    let exchange = || async {
        world
            .stack
            .exchange
            .exchange(Some(&assertion), &BoundRequest::EXCHANGE)
            .await
    };
    let answers = join_all((0..10).map(|_| exchange())).await;
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(accepted, 1);
    for error in answers.into_iter().filter_map(Result::err) {
        assert_eq!(error.code(), ErrorCode::Unauthenticated);
    }
}

async fn the_same_address_under_another_subject_is_another_member(world: &World) {
    let first = world.session("nordhaus", "owner", Role::Admin).await;
    let mut assertion = world.assertion("nordhaus", "stranger", Role::Viewer);
    assertion.email = "owner@lab.test".to_owned();
    let second = world
        .stack
        .exchange
        .exchange(Some(&world.sign(assertion)), &BoundRequest::EXCHANGE)
        .await
        .expect("a session");
    assert_ne!(first.user_id, second.user_id);
    assert_eq!(second.role, Role::Viewer);

    // The same subject at another identity provider is somebody else as well.
    let mut assertion = world.assertion("nordhaus", "owner", Role::Viewer);
    assertion.identity_provider = "https://other.test".to_owned();
    let third = world
        .stack
        .exchange
        .exchange(Some(&world.sign(assertion)), &BoundRequest::EXCHANGE)
        .await
        .expect("a session");
    assert_ne!(first.user_id, third.user_id);
    assert_eq!(members(world, "nordhaus").await.len(), 3);
}

async fn what_the_portal_says_of_a_tenant_and_a_member_is_followed(world: &World) {
    world.session("nordhaus", "owner", Role::Admin).await;
    let mut assertion = world.assertion("nordhaus", "owner", Role::Viewer);
    assertion.plan = Plan::Free;
    assertion.tenant.name = "Nordhaus".to_owned();
    assertion.tenant.max_nodes = 3;
    world
        .stack
        .exchange
        .exchange(Some(&world.sign(assertion)), &BoundRequest::EXCHANGE)
        .await
        .expect("a session");
    let tenant = tenants(world).await.remove(0);
    assert_eq!(
        (tenant.plan, tenant.max_nodes, tenant.name.as_str()),
        (Plan::Free, 3, "Nordhaus")
    );
    assert_eq!(members(world, "nordhaus").await[0].role, Role::Viewer);
}

async fn a_slug_belongs_to_one_tenant_and_never_changes(world: &World) {
    world.session("nordhaus", "owner", Role::Admin).await;
    let mut thief = world.assertion("nordhaus", "thief", Role::Admin);
    thief.tenant.id = tenant_id("another");
    let mut renamed = world.assertion("nordhaus", "owner", Role::Admin);
    renamed.tenant.slug = "suedhaus".to_owned();
    for assertion in [thief, renamed] {
        let error = world
            .stack
            .exchange
            .exchange(Some(&world.sign(assertion)), &BoundRequest::EXCHANGE)
            .await
            .expect_err("a conflict");
        assert_eq!(error.code(), ErrorCode::Conflict);
    }
    let mut odd = world.assertion("nordhaus", "owner", Role::Admin);
    odd.tenant.id = tenant_id("odd");
    odd.tenant.slug = "../../etc/x".to_owned();
    let error = world
        .stack
        .exchange
        .exchange(Some(&world.sign(odd)), &BoundRequest::EXCHANGE)
        .await
        .expect_err("not a slug");
    assert_eq!(error.code(), ErrorCode::Invalid);
    assert_eq!(members(world, "nordhaus").await.len(), 1);
}

async fn sessions_and_assertion_ids_are_forgotten_in_time(world: &World) {
    let session = world.session("nordhaus", "owner", Role::Admin).await;
    world.stack.exchange.sweep().await.expect("swept");
    world
        .stack
        .access
        .authorise(&bearer(&session.token), "nordhaus")
        .await
        .expect("still valid");
    world.clock.advance(3601);
    let error = world
        .stack
        .access
        .authorise(&bearer(&session.token), "nordhaus")
        .await
        .expect_err("over");
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    world.stack.exchange.sweep().await.expect("swept");
    let sessions = stack_session::Entity::find()
        .all(world.instance.read())
        .await
        .expect("sessions");
    let ids = consumed_assertion::Entity::find()
        .all(world.instance.read())
        .await
        .expect("ids");
    assert_eq!((sessions.len(), ids.len()), (0, 0));
}

on_both!(
    the_first_exchange_makes_tenant_member_and_session,
    fifty_first_exchanges_at_once_make_one_tenant_and_one_member,
    without_an_assertion_nobody_comes_in,
    an_assertion_that_does_not_hold_is_refused,
    an_assertion_works_once,
    the_same_address_under_another_subject_is_another_member,
    what_the_portal_says_of_a_tenant_and_a_member_is_followed,
    a_slug_belongs_to_one_tenant_and_never_changes,
    sessions_and_assertion_ids_are_forgotten_in_time,
);

/// Twenty tenants come at once to an instance that holds five.
async fn no_more_than_the_instance_holds(world: World) {
    let arrive = |number: usize| {
        let world = &world;
        async move {
            let slug = format!("tenant-{number}");
            let mut assertion = world.assertion(&slug, "owner", Role::Admin);
            assertion.tenant.id = types::TenantId(uuid::Uuid::from_u128(number as u128));
            world
                .stack
                .exchange
                .exchange(Some(&world.sign(assertion)), &BoundRequest::EXCHANGE)
                .await
        }
    };
    let answers = join_all((0..20).map(arrive)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    for error in answers.into_iter().filter_map(Result::err) {
        assert_eq!(error.code(), ErrorCode::NoCapacity);
    }
    assert_eq!(tenants(&world).await.len(), 5);
}

const FIVE: WorldOptions = WorldOptions { max_tenants: 5 };

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_holds_no_more_tenants_than_it_may() {
    no_more_than_the_instance_holds(World::at(Place::sqlite(), FIVE).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_holds_no_more_tenants_than_it_may() {
    if let Some(place) = Place::postgres().await {
        no_more_than_the_instance_holds(World::at(place, FIVE).await).await;
    }
}

/// The verifier that an instance uses accepts what its portal signs, and only that.
#[tokio::test]
async fn claims_survive_the_way() {
    let world = World::sqlite().await;
    let token = world.sign(world.assertion("nordhaus", "owner", Role::Member));
    let verifier = AssertionVerifier::new(
        "portal",
        "local",
        &[world.signer.public_key()],
        world.env.clone(),
    );
    let claims: AssertionClaims = verifier
        .verify(&token, &BoundRequest::EXCHANGE)
        .expect("valid");
    assert_eq!(claims.role, Role::Member);
    assert_eq!(claims.plan, Plan::Pro);
}
