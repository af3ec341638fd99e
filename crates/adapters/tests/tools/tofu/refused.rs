//! What goes wrong, each as one sentence with its code.

use super::*;

#[tokio::test]
async fn a_stale_plan_is_refused_and_changes_nothing() {
    let stack = Stack::new(&[(
        "main.tf",
        "variable \"v\" {}\nresource \"terraform_data\" \"one\" { input = var.v }",
    )])
    .await;
    let one = stack.work(json!({ "v": "one" }));
    let two = stack.work(json!({ "v": "two" }));
    let first = plan(&one).await;
    let second = plan(&two).await;
    runner()
        .apply(&two, &second.plan, &Watched::new().watch)
        .await
        .expect("the second is applied");
    let saves = stack.backend.held.lock().unwrap().saves;
    let error = runner()
        .apply(&one, &first.plan, &Watched::new().watch)
        .await
        .expect_err("the first is stale");
    assert_eq!(refused(error).0, ErrorCode::PlanStale);
    assert_eq!(stack.backend.held.lock().unwrap().saves, saves);
}

#[tokio::test]
async fn a_held_lock_is_said() {
    let stack = Stack::new(&[("main.tf", "resource \"terraform_data\" \"one\" {}")]).await;
    stack.backend.held.lock().unwrap().lock = Some(
        json!({ "ID": "1f0c", "Operation": "OperationTypeApply", "Who": "run 7", "Created": "2026-01-01T00:00:00Z" }),
    );
    let error = runner()
        .plan(&stack.work(json!({})), &Watched::new().watch)
        .await
        .expect_err("it is locked");
    let (code, sentence) = refused(error);
    assert_eq!(code, ErrorCode::StateLocked);
    assert!(
        sentence.starts_with("Another run holds the lock"),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_failing_step_is_one_sentence_with_what_it_wrote_last() {
    let module = r#"
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "echo working; echo 'cannot reach nas: no route to host' >&2; exit 3"
  }
}
"#;
    let stack = Stack::new(&[("main.tf", module)]).await;
    let work = stack.work(json!({}));
    let made = plan(&work).await;
    let watched = Watched::new();
    let error = runner()
        .apply(&work, &made.plan, &watched.watch)
        .await
        .expect_err("the step fails");
    let (code, sentence) = refused(error);
    assert_eq!(code, ErrorCode::Upstream);
    let expected = "could not apply the plan. A step failed with exit status 3: cannot reach nas: no route to host (terraform_data.one).";
    assert!(sentence.ends_with(expected), "{sentence}");
    let failed = watched.events.lock().unwrap().iter().any(|event| {
        matches!(event, RunProgress::ResourceEnded { address, ok: false, .. } if address == "terraform_data.one")
    });
    assert!(failed);
}

#[tokio::test]
async fn a_module_that_does_not_parse_is_one_sentence_with_its_place() {
    let stack = Stack::new(&[(
        "main.tf",
        "resource \"terraform_data\" \"one\" {\n  input = var.missing\n}",
    )])
    .await;
    let error = runner()
        .plan(&stack.work(json!({})), &Watched::new().watch)
        .await
        .expect_err("it is wrong");
    let (code, sentence) = refused(error);
    assert_eq!(code, ErrorCode::Upstream);
    assert!(
        sentence.contains("Reference to undeclared input variable"),
        "{sentence}"
    );
    assert!(sentence.contains("(main.tf:2)"), "{sentence}");
}

#[tokio::test]
async fn a_provider_is_never_downloaded() {
    let module = r#"
terraform {
  required_providers {
    null = { source = "hashicorp/null" }
  }
}
resource "null_resource" "one" {}"#;
    let stack = Stack::new(&[("main.tf", module)]).await;
    let error = runner()
        .plan(&stack.work(json!({})), &Watched::new().watch)
        .await
        .expect_err("there is none");
    let (code, sentence) = refused(error);
    assert_eq!(code, ErrorCode::Upstream);
    assert!(sentence.contains("hashicorp/null"), "{sentence}");
}

#[tokio::test]
async fn a_missing_or_old_program_says_how_to_get_one() {
    let nowhere = TofuRunner::new(
        support::sandbox_in(std::env::temp_dir(), "/nowhere".into()),
        None,
        LIMITS,
    );
    let Err(Error::Refused(problem)) = nowhere.version().await else {
        panic!("nothing is found")
    };
    assert_eq!(problem.code, ErrorCode::ToolMissing);
    assert!(
        problem
            .detail
            .starts_with("Neither tofu nor terraform was found. Install OpenTofu 1.11.3 or later"),
        "{}",
        problem.detail
    );

    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("tofu");
    std::fs::write(&old, "#!/bin/sh\necho OpenTofu v1.11.2\n").unwrap();
    std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let too_old = TofuRunner::new(support::sandbox(), Some(old.clone()), LIMITS);
    let Err(Error::Refused(problem)) = too_old.version().await else {
        panic!("it is too old")
    };
    assert_eq!(problem.code, ErrorCode::ToolMissing);
    assert!(
        problem
            .detail
            .contains("is tofu 1.11.2, and 1.11.3 is the oldest that works"),
        "{}",
        problem.detail
    );

    let found = runner()
        .version()
        .await
        .expect("tofu or terraform must be on the PATH for these tests");
    assert!(["tofu", "terraform"].contains(&found.name.as_str()));
    assert!(Path::new(&found.path).is_file());
}
