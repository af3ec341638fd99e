//! Specifications: checked, saved, refused, stale.

use std::sync::atomic::Ordering;

use types::{
    ErrorCode, StackId,
    portal::Role,
    stack::{
        RunCreate, RunKind, RunState, SpecificationUpdate, StackCreate, StackStatus,
        StackStepState, StackView,
    },
};

use crate::support::{BAD, World, yaml};

fn update(yaml: &str, base_revision: Option<i32>) -> SpecificationUpdate {
    SpecificationUpdate {
        yaml: yaml.to_owned(),
        base_revision,
    }
}

async fn empty(world: &World) -> (domain::stack::TenantScope, StackView) {
    let scope = world.admin().await;
    let create = StackCreate {
        name: "core".to_owned(),
        kit: "base-homelab".to_owned(),
    };
    let stack = world
        .stack
        .stacks
        .create(&scope, create)
        .await
        .expect("a stack");
    (scope, stack)
}

async fn save(
    world: &World,
    scope: &domain::stack::TenantScope,
    stack: StackId,
    yaml: &str,
    base: Option<i32>,
) -> domain::Result<StackView> {
    world
        .stack
        .specifications
        .save(scope, stack, update(yaml, base))
        .await
}

async fn a_new_stack_shows_the_kits_example(world: &World) {
    let (scope, made) = empty(world).await;
    assert_eq!(made.stack.revision, 0);
    assert_eq!(made.specification, yaml(&["nuc-1"]));
    assert!(made.check.valid);
    assert_eq!(made.stack.status, StackStatus::Draft);
    let states: Vec<_> = made.stack.steps.iter().map(|step| step.state).collect();
    assert_eq!(states, [StackStepState::Empty; 5]);
    assert_eq!(made.stack.steps[1].detail, "no simulator on this instance");
    for name in ["C", "core services", "-core", &"a".repeat(41)] {
        let create = StackCreate {
            name: name.to_owned(),
            kit: "base-homelab".to_owned(),
        };
        let error = world
            .stack
            .stacks
            .create(&scope, create)
            .await
            .expect_err("not a name");
        assert_eq!(error.code(), ErrorCode::Invalid, "{name}");
    }
    for (name, kit, code) in [
        ("core", "base-homelab", ErrorCode::Conflict),
        ("media", "no-such-kit", ErrorCode::Invalid),
    ] {
        let create = StackCreate {
            name: name.to_owned(),
            kit: kit.to_owned(),
        };
        let error = world
            .stack
            .stacks
            .create(&scope, create)
            .await
            .expect_err("refused");
        assert_eq!(error.code(), code);
    }
}

async fn a_check_says_what_is_wrong_and_saves_nothing(world: &World) {
    let (scope, made) = empty(world).await;
    let check = world
        .stack
        .specifications
        .check(&scope, made.stack.id, update(BAD, None))
        .await
        .expect("a check");
    assert!(!check.valid);
    assert_eq!(check.problems[0].field, "nodes[0].address");
    assert_eq!(check.problems[0].line, Some(4));
    let check = world
        .stack
        .specifications
        .check(&scope, made.stack.id, update("domain: [", None))
        .await
        .expect("a check");
    assert!(!check.valid);
    let stack = world
        .stack
        .stacks
        .view(&scope, made.stack.id)
        .await
        .expect("the stack");
    assert_eq!(stack.stack.revision, 0);
}

async fn revisions_count_and_do_not_overwrite_each_other(world: &World) {
    let (scope, made) = empty(world).await;
    let id = made.stack.id;
    let first = save(world, &scope, id, &yaml(&["nuc-1"]), Some(0))
        .await
        .expect("saved");
    assert_eq!(first.stack.revision, 1);
    assert_eq!(first.stack.steps[0].detail, "valid, 1 node, 0 services");
    let same = save(world, &scope, id, &yaml(&["nuc-1"]), Some(1))
        .await
        .expect("saved");
    assert_eq!(same.stack.revision, 1);
    let second = save(world, &scope, id, &yaml(&["nuc-1", "nas"]), Some(1))
        .await
        .expect("saved");
    assert_eq!(second.stack.revision, 2);
    let error = save(world, &scope, id, &yaml(&["lost"]), Some(1))
        .await
        .expect_err("a conflict");
    assert_eq!(error.code(), ErrorCode::Conflict);
    assert_eq!(
        error.problem().detail,
        "owner saved revision 2 in between. Compare it with yours, then save again."
    );

    // Twenty at once from the same revision: one is saved.
    let texts: Vec<String> = (0..20).map(|n| yaml(&[&format!("nuc-{n}")])).collect();
    let answers = futures::future::join_all(
        texts
            .iter()
            .map(|text| save(world, &scope, id, text, Some(2))),
    )
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let stack = world.stack.stacks.view(&scope, id).await.expect("it");
    assert_eq!(stack.stack.revision, 3);
}

async fn an_invalid_draft_is_saved_and_marked_but_not_planned(world: &World) {
    let (scope, made) = empty(world).await;
    let id = made.stack.id;
    let request = || RunCreate {
        kind: RunKind::Apply,
        confirm: None,
    };
    let error = world
        .stack
        .runs
        .create(&scope, id, request())
        .await
        .expect_err("nothing is saved");
    assert_eq!(error.code(), ErrorCode::SpecificationInvalid);
    let saved = save(world, &scope, id, BAD, None).await.expect("saved");
    assert_eq!(saved.specification, BAD);
    assert!(!saved.check.valid);
    assert_eq!(saved.stack.steps[0].state, StackStepState::Bad);
    assert_eq!(saved.stack.steps[0].detail, "1 problem");
    let error = world
        .stack
        .runs
        .create(&scope, id, request())
        .await
        .expect_err("it is not valid");
    let problem = error.problem();
    assert_eq!(problem.code, ErrorCode::SpecificationInvalid);
    assert_eq!(problem.errors[0].field, "nodes[0].address");
    assert_eq!(problem.errors[0].line, Some(4));
    assert_eq!(world.stack.runs.list(&scope).await.expect("runs"), []);
}

async fn without_cue_nothing_is_valid_and_nothing_is_lost(world: &World) {
    let (scope, made) = empty(world).await;
    let id = made.stack.id;
    world.engine.missing.store(true, Ordering::SeqCst);
    let text = yaml(&["nuc-1"]);
    let error = world
        .stack
        .specifications
        .check(&scope, id, update(&text, None))
        .await
        .expect_err("no cue");
    assert_eq!(error.code(), ErrorCode::ToolMissing);
    let saved = save(world, &scope, id, &text, None).await.expect("saved");
    assert_eq!(saved.specification, text);
    assert!(!saved.check.valid);
    assert_eq!(
        saved.check.problems[0].message,
        "cue is not installed. Install it, then check again."
    );
    let plan = || {
        world.stack.runs.create(
            &scope,
            id,
            RunCreate {
                kind: RunKind::Apply,
                confirm: None,
            },
        )
    };
    let error = plan().await.expect_err("no cue");
    assert_eq!(error.code(), ErrorCode::ToolMissing);
    // With cue back it is planned as it was saved, which makes that revision the valid
    // one; the same text is no other revision.
    world.engine.missing.store(false, Ordering::SeqCst);
    plan().await.expect("planned");
    let shown = world.stack.stacks.view(&scope, id).await.expect("shown");
    assert!(shown.check.valid);
    let saved = save(world, &scope, id, &text, Some(1))
        .await
        .expect("saved");
    assert!(saved.check.valid);
    assert_eq!(saved.stack.revision, 1);
}

async fn a_specification_has_a_size(world: &World) {
    let (scope, made) = empty(world).await;
    let large = "#".repeat(256 * 1024 + 1);
    let error = save(world, &scope, made.stack.id, &large, None)
        .await
        .expect_err("too large");
    assert_eq!(error.code(), ErrorCode::TooLarge);
}

async fn a_new_revision_makes_waiting_plans_stale(world: &World) {
    let scope = world.admin().await;
    let stack = world.stack(&scope, "core", &["nuc-1"]).await;
    let worker = world.work();
    let run = world.waiting(&scope, stack).await;
    world.save(&scope, stack, &yaml(&["nuc-1", "nas"])).await;
    let stale = world.view(&scope, run.run.number).await;
    assert_eq!(stale.run.state, RunState::Stale);
    assert_eq!(
        stale.failure.as_deref(),
        Some("Revision 2 was saved after this plan was made. Plan again.")
    );
    let error = world.approve(&scope, &run).await.expect_err("stale");
    assert_eq!(error.code(), ErrorCode::Conflict);
    worker.stop().await;
    assert_eq!(world.runner.applies().len(), 0);
}

async fn members_edit_and_viewers_read(world: &World) {
    let owner = world.admin().await;
    let stack = world.stack(&owner, "core", &["nuc-1"]).await;
    let member = world.enter("nordhaus", "member", Role::Member).await;
    let viewer = world.enter("nordhaus", "viewer", Role::Viewer).await;
    save(world, &member, stack, &yaml(&["nuc-2"]), Some(1))
        .await
        .expect("a member saves");
    let error = save(world, &viewer, stack, &yaml(&["nuc-3"]), Some(2))
        .await
        .expect_err("a viewer does not");
    assert_eq!(error.code(), ErrorCode::Forbidden);
    assert_eq!(
        error.problem().detail,
        "This needs the role member in nordhaus lab; yours is viewer."
    );
    let view = world.stack.stacks.view(&viewer, stack).await.expect("it");
    assert_eq!((view.stack.revision, view.role), (2, Role::Viewer));
}

on_both!(
    a_new_stack_shows_the_kits_example,
    a_check_says_what_is_wrong_and_saves_nothing,
    revisions_count_and_do_not_overwrite_each_other,
    an_invalid_draft_is_saved_and_marked_but_not_planned,
    without_cue_nothing_is_valid_and_nothing_is_lost,
    a_specification_has_a_size,
    a_new_revision_makes_waiting_plans_stale,
    members_edit_and_viewers_read,
);
