//! Runs that somebody stops.

use super::*;

const SLOW: &str = r#"
resource "terraform_data" "quick" {
  input = "done before"
}
resource "terraform_data" "slow" {
  input = "slow"
  provisioner "local-exec" {
    command = "echo started; trap '' INT; sleep 600 & wait; sleep 600"
  }
  depends_on = [terraform_data.quick]
}
"#;

#[tokio::test]
async fn a_cancelled_apply_ends_in_order() {
    let stack = Stack::new(&[("main.tf", SLOW)]).await;
    let work = stack.work(json!({}));
    let made = plan(&work).await;
    let watched = Watched::new();
    let runner = runner();
    let cancel = async {
        watched.until_logged("started").await;
        assert!(stack.backend.locked());
        watched.stop.send(Stop::Graceful).unwrap();
    };
    let (ended, ()) = tokio::join!(runner.apply(&work, &made.plan, &watched.watch), cancel);
    assert!(matches!(ended, Err(RunError::Stopped)), "{ended:?}");
    assert!(!stack.backend.locked(), "the lock is released");
    assert!(
        stack
            .backend
            .resources()
            .iter()
            .any(
                |instance| instance["attributes"]["input"]["value"] == "done before"
                    || instance["attributes"]["input"] == "done before"
            ),
        "what was done is in the state: {:?}",
        stack.backend.resources()
    );
    let again = plan(&work).await;
    assert_eq!(
        again.changes.len(),
        1,
        "only the interrupted one is still to do"
    );
}

#[tokio::test]
async fn a_forced_stop_kills_at_once() {
    let stack = Stack::new(&[("main.tf", SLOW)]).await;
    let work = stack.work(json!({}));
    let made = plan(&work).await;
    let watched = Watched::new();
    let runner = runner();
    let force = async {
        watched.until_logged("started").await;
        watched.stop.send(Stop::Force).unwrap();
    };
    let (ended, ()) = tokio::join!(runner.apply(&work, &made.plan, &watched.watch), force);
    assert!(matches!(ended, Err(RunError::Killed)), "{ended:?}");
    assert!(
        stack.backend.locked(),
        "a killed run leaves its lock, to be released by whoever owns the run"
    );
}

/// A program that says it is OpenTofu and applies by this script.
fn pretend(stack: &Stack, apply: &str, limits: Limits) -> TofuRunner {
    let program = stack.folder.path().join("tofu");
    let script = format!(
        r#"#!/bin/sh
case "$1" in
  version) echo "OpenTofu v1.11.3" ;;
  init) ;;
  apply) {apply} ;;
esac
"#
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    TofuRunner::new(support::sandbox(), Some(program), limits)
}

#[tokio::test]
async fn who_ignores_the_interrupt_is_killed_after_the_grace() {
    let stack = Stack::new(&[("main.tf", "")]).await;
    let stubborn = "trap '' INT; echo stubborn; while :; do sleep 1; done";
    let limits = Limits {
        grace: Duration::from_millis(300),
        ..LIMITS
    };
    let runner = pretend(&stack, stubborn, limits);
    let watched = Watched::new();
    let work = stack.work(json!({}));
    let cancel = async {
        watched.until_logged("stubborn").await;
        watched.stop.send(Stop::Graceful).unwrap();
    };
    let (ended, ()) = tokio::join!(runner.apply(&work, b"any", &watched.watch), cancel);
    assert!(matches!(ended, Err(RunError::Killed)), "{ended:?}");
}

#[tokio::test]
async fn whose_time_is_over_counts_as_killed_unless_it_ends_in_order() {
    for (code, in_order) in [(1, true), (2, false)] {
        let stack = Stack::new(&[("main.tf", "")]).await;
        let apply = format!("trap 'exit {code}' INT; while :; do sleep 0.1; done");
        let limits = Limits {
            wall: Duration::from_secs(4),
            ..LIMITS
        };
        let runner = pretend(&stack, &apply, limits);
        let work = stack.work(json!({}));
        let ended = runner.apply(&work, b"any", &Watched::new().watch).await;
        match ended {
            Err(RunError::Killed) => assert!(!in_order, "it ended with {code}"),
            Err(other) => {
                assert!(in_order, "it ended with {code}");
                assert_eq!(refused(other).0, ErrorCode::Upstream);
            }
            Ok(_) => panic!("it was never done"),
        }
    }
}
