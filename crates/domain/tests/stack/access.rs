//! Who may enter a tenant, and how far.

use std::collections::BTreeMap;

use domain::{actor::Credentials, assertion::BoundRequest, ports::TokenIdentity};
use entity::instance::tenant;
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use types::{
    ErrorCode,
    portal::{Role, Scope},
    stack::{StackCreate, StackTenantStatus},
};

use crate::support::{IDENTITY_PROVIDER, World, bearer, tenant_id};

async fn code(world: &World, credentials: &Credentials, slug: &str) -> ErrorCode {
    world
        .stack
        .access
        .authorise(credentials, slug)
        .await
        .expect_err("it must be refused")
        .code()
}

fn cookies(sessions: &[(&str, &str)], portal: Option<&str>) -> Credentials {
    Credentials {
        portal_session: portal.map(ToOwned::to_owned),
        stack_sessions: sessions
            .iter()
            .map(|(slug, token)| ((*slug).to_owned(), (*token).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        ..Credentials::default()
    }
}

async fn a_session_opens_its_own_tenant_only(world: &World) {
    let ours = world.session("nordhaus", "owner", Role::Admin).await;
    world.session("suedhaus", "other", Role::Admin).await;
    for credentials in [
        bearer(&ours.token),
        cookies(&[("nordhaus", &ours.token)], None),
    ] {
        let scope = world
            .stack
            .access
            .authorise(&credentials, "nordhaus")
            .await
            .expect("a place");
        assert_eq!(scope.slug(), "nordhaus");
        assert_eq!(scope.member().to_string(), ours.user_id);
        assert_eq!(
            code(world, &credentials, "suedhaus").await,
            ErrorCode::TenantNotFound
        );
        assert_eq!(
            code(world, &credentials, "no-such").await,
            ErrorCode::TenantNotFound
        );
    }
    // A cookie of one tenant under the name of another.
    let moved = cookies(&[("suedhaus", &ours.token)], None);
    assert_eq!(
        code(world, &moved, "suedhaus").await,
        ErrorCode::TenantNotFound
    );
    assert_eq!(
        code(world, &Credentials::default(), "nordhaus").await,
        ErrorCode::Unauthenticated
    );
    assert_eq!(
        code(world, &bearer("kbs_nonsense"), "nordhaus").await,
        ErrorCode::Unauthenticated
    );
}

async fn a_portal_session_leads_to_a_launch_only_where_it_may(world: &World) {
    world.session("nordhaus", "owner", Role::Admin).await;
    world
        .portal
        .sessions
        .lock()
        .expect("sessions")
        .insert("portal-1".to_owned(), vec!["nordhaus".to_owned()]);
    let known = cookies(&[], Some("portal-1"));
    assert_eq!(
        code(world, &known, "nordhaus").await,
        ErrorCode::StackSession
    );
    for slug in ["suedhaus", "no-such", "../x"] {
        assert_eq!(code(world, &known, slug).await, ErrorCode::TenantNotFound);
    }
    let over = cookies(&[], Some("portal-2"));
    assert_eq!(
        code(world, &over, "nordhaus").await,
        ErrorCode::Unauthenticated
    );
}

async fn a_suspended_tenant_is_closed_and_a_deleted_one_is_gone(world: &World) {
    let session = world.session("nordhaus", "owner", Role::Admin).await;
    for (status, expected) in [
        (StackTenantStatus::Suspended, ErrorCode::Forbidden),
        (StackTenantStatus::Deleted, ErrorCode::TenantNotFound),
    ] {
        tenant::ActiveModel {
            id: Set(tenant_id("nordhaus")),
            status: Set(status),
            ..Default::default()
        }
        .update(world.instance.write())
        .await
        .expect("changed");
        assert_eq!(
            code(world, &bearer(&session.token), "nordhaus").await,
            expected
        );
        let assertion = world.sign(world.assertion("nordhaus", "owner", Role::Admin));
        let error = world
            .stack
            .exchange
            .exchange(Some(&assertion), &BoundRequest::EXCHANGE)
            .await
            .expect_err("closed");
        assert_eq!(error.code(), expected);
    }
}

async fn sessions_end_at_sign_out_and_when_somebody_is_removed(world: &World) {
    let first = world.session("nordhaus", "owner", Role::Admin).await;
    let second = world.session("nordhaus", "owner", Role::Admin).await;
    let other = world.session("suedhaus", "owner", Role::Admin).await;
    let browser = cookies(&[("nordhaus", &first.token)], None);
    world.stack.access.sign_out(&browser).await.expect("out");
    // The session is over; whoever has no other proof is nobody, in this tenant as in others.
    assert_eq!(
        code(world, &bearer(&first.token), "nordhaus").await,
        ErrorCode::Unauthenticated
    );
    world
        .stack
        .access
        .authorise(&bearer(&second.token), "nordhaus")
        .await
        .expect("another browser");
    // A role that the portal changes holds from the next request on.
    world.place_at_portal("owner", tenant_id("nordhaus"), Some(Role::Viewer));
    let scope = world
        .stack
        .access
        .authorise(&bearer(&second.token), "nordhaus")
        .await
        .expect("a smaller place");
    assert_eq!(scope.role(), Role::Viewer);
    world.place_at_portal("owner", tenant_id("nordhaus"), None);
    assert_eq!(
        code(world, &bearer(&second.token), "nordhaus").await,
        ErrorCode::Unauthenticated
    );
    world
        .stack
        .access
        .authorise(&bearer(&other.token), "suedhaus")
        .await
        .expect("another tenant");
    // The session is over, and stays so when its person gets a place again.
    world.place_at_portal("owner", tenant_id("nordhaus"), Some(Role::Admin));
    assert_eq!(
        code(world, &bearer(&second.token), "nordhaus").await,
        ErrorCode::Unauthenticated
    );
}

fn token(world: &World, secret: &str, role: Role, scopes: &[Scope]) {
    let slug = secret.split(':').next().expect("a slug");
    world.portal.tokens.lock().expect("tokens").insert(
        secret.to_owned(),
        TokenIdentity {
            issuer: IDENTITY_PROVIDER.to_owned(),
            subject: "robot".to_owned(),
            name: "robot".to_owned(),
            email: String::new(),
            tenant: tenant_id(slug),
            role,
            scopes: scopes.to_vec(),
        },
    );
}

async fn a_token_may_no_more_than_its_owner_and_its_scopes(world: &World) {
    world.session("nordhaus", "owner", Role::Admin).await;
    token(world, "nordhaus:read", Role::Admin, &[Scope::Read]);
    token(
        world,
        "nordhaus:viewer",
        Role::Viewer,
        &[Scope::Read, Scope::Write, Scope::Approve],
    );
    token(world, "absent:read", Role::Admin, &[Scope::Read]);
    let create = || StackCreate {
        name: "core".to_owned(),
        kit: "base-homelab".to_owned(),
    };
    for secret in ["nordhaus:read", "nordhaus:viewer"] {
        let scope = world
            .stack
            .access
            .authorise(&bearer(secret), "nordhaus")
            .await
            .expect("a place");
        world.stack.stacks.list(&scope).await.expect("may read");
        let error = world
            .stack
            .stacks
            .create(&scope, create())
            .await
            .expect_err("may not write");
        assert_eq!(error.code(), ErrorCode::Forbidden);
    }
    // The portal lets no token in that may not read. This world's portal does: here each
    // call asks for its own scope only, so such a token is told what it did and no more.
    token(world, "nordhaus:write", Role::Admin, &[Scope::Write]);
    let scope = world
        .stack
        .access
        .authorise(&bearer("nordhaus:write"), "nordhaus")
        .await
        .expect("a place");
    let made = world
        .stack
        .stacks
        .create(&scope, create())
        .await
        .expect("may write");
    assert_eq!(made.stack.name, "core");
    let error = world
        .stack
        .stacks
        .list(&scope)
        .await
        .expect_err("may not read");
    assert_eq!(error.code(), ErrorCode::Forbidden);
    assert_eq!(
        code(world, &bearer("nordhaus:read"), "suedhaus").await,
        ErrorCode::TenantNotFound
    );
    assert_eq!(
        code(world, &bearer("unknown"), "nordhaus").await,
        ErrorCode::Unauthenticated
    );
    // Its owner belongs to a tenant that was never launched here.
    assert_eq!(
        code(world, &bearer("absent:read"), "absent").await,
        ErrorCode::TenantNotFound
    );
}

async fn an_assertion_opens_the_request_that_it_names(world: &World) {
    world.session("nordhaus", "owner", Role::Admin).await;
    let request = BoundRequest {
        method: "GET",
        path: "/v1/stacks",
        body: None,
    };
    let sign = |slug: &str| {
        world
            .signer
            .sign(world.assertion(slug, "guest", Role::Viewer), &request)
            .expect("signed")
    };
    let with = |assertion: String, method: &str, path: &str| Credentials {
        assertion: Some(assertion),
        method: method.to_owned(),
        path: path.to_owned(),
        ..Credentials::default()
    };
    let scope = world
        .stack
        .access
        .authorise(&with(sign("nordhaus"), "GET", "/v1/stacks"), "nordhaus")
        .await
        .expect("a place");
    assert_eq!(scope.role(), Role::Viewer);
    let again = world
        .stack
        .access
        .authorise(&with(sign("nordhaus"), "GET", "/v1/stacks"), "nordhaus")
        .await
        .expect("a place");
    assert_eq!(scope.member(), again.member());
    for (method, path) in [("POST", "/v1/stacks"), ("GET", "/v1/runs")] {
        let wrong = with(sign("nordhaus"), method, path);
        assert_eq!(
            code(world, &wrong, "nordhaus").await,
            ErrorCode::Unauthenticated
        );
    }
    let foreign = with(sign("suedhaus"), "GET", "/v1/stacks");
    assert_eq!(
        code(world, &foreign, "nordhaus").await,
        ErrorCode::TenantNotFound
    );
    assert_eq!(
        code(world, &foreign, "suedhaus").await,
        ErrorCode::TenantNotFound
    );
}

on_both!(
    a_session_opens_its_own_tenant_only,
    a_portal_session_leads_to_a_launch_only_where_it_may,
    a_suspended_tenant_is_closed_and_a_deleted_one_is_gone,
    sessions_end_at_sign_out_and_when_somebody_is_removed,
    a_token_may_no_more_than_its_owner_and_its_scopes,
    an_assertion_opens_the_request_that_it_names,
);
