//! Whatever one tenant asks for with another's ids is not there, and nothing changes.

use domain::Error;
use types::{
    ErrorCode,
    portal::Role,
    stack::{RunApprove, RunCancel, RunCreate, RunKind, RunState, SpecificationUpdate},
};

use crate::support::{World, yaml};

async fn another_tenants_ids_lead_nowhere(world: &World) {
    let ours = world.admin().await;
    let theirs = world.enter("suedhaus", "other", Role::Admin).await;
    let stack = world.stack(&ours, "core", &["nuc-1"]).await;
    let worker = world.work();
    let run = world.waiting(&ours, stack).await;
    worker.stop().await;
    let before = (
        world
            .stack
            .stacks
            .view(&ours, stack)
            .await
            .expect("it")
            .stack,
        world.view(&ours, run.run.number).await.run,
        world.audited().len(),
    );

    let update = || SpecificationUpdate {
        yaml: yaml(&["evil"]),
        base_revision: None,
    };
    let create = |kind| RunCreate {
        kind,
        confirm: Some("core".to_owned()),
    };
    let decision = RunApprove {
        plan_digest: run.plan_digest.clone().expect("a plan"),
        comment: String::new(),
    };
    let number = run.run.number;
    let service = &world.stack;
    let answers: [(&str, Result<(), Error>); 13] = [
        ("view", service.stacks.view(&theirs, stack).await.map(drop)),
        (
            "remove",
            service.stacks.remove(&theirs, stack, "core").await,
        ),
        ("sample", service.stacks.mark_sample(&theirs, stack).await),
        (
            "check",
            service
                .specifications
                .check(&theirs, stack, update())
                .await
                .map(drop),
        ),
        (
            "save",
            service
                .specifications
                .save(&theirs, stack, update())
                .await
                .map(drop),
        ),
        (
            "apply",
            service
                .runs
                .create(&theirs, stack, create(RunKind::Apply))
                .await
                .map(drop),
        ),
        (
            "destroy",
            service
                .runs
                .create(&theirs, stack, create(RunKind::Destroy))
                .await
                .map(drop),
        ),
        ("run", service.runs.view(&theirs, number).await.map(drop)),
        (
            "approve",
            service
                .runs
                .approve(&theirs, number, decision)
                .await
                .map(drop),
        ),
        (
            "discard",
            service.runs.discard(&theirs, number, "").await.map(drop),
        ),
        (
            "cancel",
            service
                .runs
                .cancel(&theirs, number, RunCancel { force: true })
                .await
                .map(drop),
        ),
        ("log", service.runs.log(&theirs, number, 0).await.map(drop)),
        (
            "events",
            service.runs.events(&theirs, number, 0).await.map(drop),
        ),
    ];
    for (what, answer) in answers {
        let error = answer.expect_err(what);
        assert_eq!(error.code(), ErrorCode::NotFound, "{what}");
    }
    assert_eq!(service.stacks.list(&theirs).await.expect("stacks"), []);
    assert_eq!(service.runs.list(&theirs).await.expect("runs"), []);
    assert_eq!(service.nodes.list(&theirs).await.expect("nodes"), []);
    let overview = service.overview(&theirs).await.expect("an overview");
    assert!(overview.stacks.is_empty() && overview.runs.is_empty() && overview.nodes.is_empty());

    let after = (
        world
            .stack
            .stacks
            .view(&ours, stack)
            .await
            .expect("it")
            .stack,
        world.view(&ours, run.run.number).await.run,
        world.audited().len(),
    );
    assert_eq!(after.1.state, RunState::Waiting);
    assert_eq!(
        (before.0.revision, before.0.updated_at, before.1, before.2),
        (after.0.revision, after.0.updated_at, after.1, after.2)
    );
}

on_both!(another_tenants_ids_lead_nowhere);
