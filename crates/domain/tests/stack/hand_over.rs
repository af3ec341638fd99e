//! The receiver's side of the launch (cases 1, 2, 3, 13 and 24 among others).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::stack::tenancy::hand_over::HandOverStart;
use entity::instance::stack_session;
use sea_orm::{EntityTrait, PaginatorTrait};
use sha2::{Digest, Sha256};
use types::{ErrorCode, portal::Role};

use crate::support::{World, bearer};

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').expect("a query");
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(&format!("{name}=")))
        .expect("the parameter");
    percent_encoding::percent_decode_str(value)
        .decode_utf8()
        .expect("text")
        .into_owned()
}

fn start(world: &World, return_to: Option<&str>) -> HandOverStart {
    world
        .stack
        .hand_over
        .start("nordhaus", return_to)
        .expect("started")
}

/// The portal made this code for somebody in a tenant.
fn code(world: &World, code: &str, slug: &str) {
    let assertion = world.sign(world.assertion(slug, "owner", Role::Admin));
    world
        .portal
        .codes
        .lock()
        .expect("codes")
        .insert(code.to_owned(), assertion);
}

async fn refused(world: &World, transaction: Option<&str>, code: &str, state: &str) {
    let error = world
        .stack
        .hand_over
        .finish(transaction, code, state)
        .await
        .expect_err("it must be refused");
    assert_eq!(error.code(), ErrorCode::HandOver);
    assert_eq!(error.code().status(), 400);
}

async fn sessions(world: &World) -> u64 {
    stack_session::Entity::find()
        .count(world.instance.read())
        .await
        .expect("sessions")
}

async fn the_browser_that_started_comes_in(world: &World) {
    let started = start(world, Some("/tenant/nordhaus/runs?state=waiting"));
    assert!(
        started
            .redirect
            .starts_with("https://portal.test/launch/authorize?")
    );
    assert_eq!(parameter(&started.redirect, "client"), "local");
    assert_eq!(parameter(&started.redirect, "tenant"), "nordhaus");
    assert_eq!(
        parameter(&started.redirect, "redirect_uri"),
        "https://stack.test/sso/callback"
    );
    assert_eq!(
        parameter(&started.redirect, "code_challenge_method"),
        "S256"
    );
    code(world, "code-1", "nordhaus");
    let end = world
        .stack
        .hand_over
        .finish(
            Some(&started.transaction),
            "code-1",
            &parameter(&started.redirect, "state"),
        )
        .await
        .expect("a session");
    assert_eq!(end.return_to, "/tenant/nordhaus/runs?state=waiting");
    world
        .stack
        .access
        .authorise(&bearer(&end.session.token), "nordhaus")
        .await
        .expect("a place");

    // The challenge that went through the browser belongs to the verifier that did not.
    let verifier = world.portal.verifiers.lock().expect("verifiers")[0].clone();
    assert!(!started.redirect.contains(&verifier));
    assert!(!started.transaction.contains(&verifier));
    assert_eq!(
        parameter(&started.redirect, "code_challenge"),
        URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
    );
}

async fn another_state_or_browser_is_refused_before_the_code_is_used(world: &World) {
    let ours = start(world, None);
    let theirs = start(world, None);
    code(world, "code-1", "nordhaus");
    let state = parameter(&ours.redirect, "state");
    refused(world, Some(&ours.transaction), "code-1", "").await;
    refused(
        world,
        Some(&ours.transaction),
        "code-1",
        &parameter(&theirs.redirect, "state"),
    )
    .await;
    refused(world, None, "code-1", &state).await;
    refused(world, Some(&theirs.transaction), "code-1", &state).await;
    refused(world, Some("not sealed by us"), "code-1", &state).await;
    assert_eq!(world.portal.codes.lock().expect("codes").len(), 1);
    assert_eq!(sessions(world).await, 0);
}

async fn a_replay_is_refused_and_the_session_stands(world: &World) {
    let started = start(world, None);
    let state = parameter(&started.redirect, "state");
    code(world, "code-1", "nordhaus");
    let end = world
        .stack
        .hand_over
        .finish(Some(&started.transaction), "code-1", &state)
        .await
        .expect("a session");
    refused(world, Some(&started.transaction), "code-1", &state).await;
    world
        .stack
        .access
        .authorise(&bearer(&end.session.token), "nordhaus")
        .await
        .expect("it stands");
    assert_eq!(sessions(world).await, 1);
}

async fn a_hand_over_takes_ten_minutes_at_most(world: &World) {
    let started = start(world, None);
    code(world, "code-1", "nordhaus");
    world.clock.advance(601);
    let state = parameter(&started.redirect, "state");
    refused(world, Some(&started.transaction), "code-1", &state).await;
}

async fn another_tenant_than_the_one_asked_for_is_refused(world: &World) {
    let started = start(world, None);
    code(world, "code-1", "suedhaus");
    let state = parameter(&started.redirect, "state");
    refused(world, Some(&started.transaction), "code-1", &state).await;
    let error = world
        .stack
        .hand_over
        .start("Not a slug", None)
        .expect_err("not a slug");
    assert_eq!(error.code(), ErrorCode::TenantNotFound);
}

async fn the_way_back_stays_on_this_site(world: &World) {
    for (number, wanted) in ["//evil", "/\\evil", "https://evil", "evil"]
        .iter()
        .enumerate()
    {
        let started = start(world, Some(wanted));
        let secret = format!("code-{number}");
        code(world, &secret, "nordhaus");
        let end = world
            .stack
            .hand_over
            .finish(
                Some(&started.transaction),
                &secret,
                &parameter(&started.redirect, "state"),
            )
            .await
            .expect("a session");
        assert_eq!(end.return_to, "/", "{wanted}");
    }
}

on_both!(
    the_browser_that_started_comes_in,
    another_state_or_browser_is_refused_before_the_code_is_used,
    a_replay_is_refused_and_the_session_stands,
    a_hand_over_takes_ten_minutes_at_most,
    another_tenant_than_the_one_asked_for_is_refused,
    the_way_back_stays_on_this_site,
);
