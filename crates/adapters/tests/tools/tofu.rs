//! `TofuRunner` by the real program: `tofu`, or `terraform` where there is none.

use std::{path::Path, sync::Arc, time::Duration};

use adapters::{
    process::Limits,
    tofu::{LIMITS, TofuRunner},
};
use domain::{
    Error,
    ports::{
        InfrastructureRunner as _, InfrastructureWork, PlanResult, RunError, RunProgress,
        StateBackend, Stop,
    },
};
use serde_json::{Value, json};

use tempfile::TempDir;
use types::{
    ErrorCode,
    stack::{ChangeAction, ChangeSummary, DiffLine},
};

use crate::support::{self, Watched, backend::Backend};

fn runner() -> TofuRunner {
    TofuRunner::new(support::sandbox(), None, LIMITS)
}

/// A folder with a module, a state backend and an output folder.
struct Stack {
    folder: TempDir,
    backend: Backend,
    credentials: StateBackend,
}

impl Stack {
    async fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        support::write_files(&folder.path().join("module"), files);
        let (backend, credentials) = Backend::start().await;
        Self {
            folder,
            backend,
            credentials,
        }
    }

    fn work(&self, variables: Value) -> InfrastructureWork {
        InfrastructureWork {
            module: self.folder.path().join("module"),
            variables,
            destroy: false,
            output: self.output(),
            backend: self.credentials.clone(),
        }
    }

    fn output(&self) -> std::path::PathBuf {
        self.folder.path().join("output")
    }
}

fn homelab(work: InfrastructureWork) -> InfrastructureWork {
    InfrastructureWork {
        module: support::stackkits().join("kits/base-homelab/tofu"),
        ..work
    }
}

/// Variables as the kit renders them, with these firewall rules on `nuc-1`.
fn variables(allow: &[&str]) -> Value {
    let node = |name: &str, address: &str, allow: &[&str]| {
        json!({
            "name": name, "hostname": format!("{name}.nordhaus.lab"), "address": address,
            "role": "manager", "type": "local", "resources": { "cpu": 4, "memory_mib": 16384 },
            "network": { "subnet": "10.20.0.0/24", "resolvers": ["10.20.0.11"] },
            "firewall": { "allow": allow }, "services": ["dns"],
        })
    };
    json!({
        "nodes": { "nuc-1": node("nuc-1", "10.20.0.11", allow), "nuc-2": node("nuc-2", "10.20.0.12", &["22/tcp"]) },
        "services": { "dns": {
            "name": "dns", "node": "nuc-1", "ports": ["53/udp", "53/tcp"],
            "environment": { "UPSTREAM": "quad9", "BLOCKLISTS": "oisd,hagezi-pro" },
        } },
    })
}

async fn plan(work: &InfrastructureWork) -> PlanResult {
    runner()
        .plan(work, &Watched::new().watch)
        .await
        .expect("the plan is made")
}

fn refused(error: RunError) -> (ErrorCode, String) {
    match error {
        RunError::Failed(Error::Refused(problem)) => (problem.code, problem.detail),
        other => panic!("not refused: {other:?}"),
    }
}

fn diff(lines: &[DiffLine]) -> Vec<String> {
    lines
        .iter()
        .map(|line| format!("{} {}", line.sign, line.text))
        .collect()
}

#[tokio::test]
async fn a_homelab_comes_changes_and_goes() {
    let stack = Stack::new(&[]).await;
    let work = homelab(stack.work(variables(&["22/tcp"])));

    let watched = Watched::new();
    let first = runner()
        .plan(&work, &watched.watch)
        .await
        .expect("the plan is made");
    assert_eq!(
        first.summary,
        ChangeSummary {
            add: 3,
            change: 0,
            destroy: 0
        }
    );
    let addresses: Vec<_> = first
        .changes
        .iter()
        .map(|change| (change.address.as_str(), change.action))
        .collect();
    assert_eq!(
        addresses,
        [
            ("terraform_data.node[\"nuc-1\"]", ChangeAction::Create),
            ("terraform_data.node[\"nuc-2\"]", ChangeAction::Create),
            ("terraform_data.service[\"dns\"]", ChangeAction::Create),
        ]
    );
    assert!(matches!(
        watched.events.lock().unwrap().iter().find(|event| matches!(event, RunProgress::Initialised { .. })),
        Some(RunProgress::Initialised { duration_ms }) if *duration_ms > 0
    ));
    assert!(!stack.output().exists(), "a plan writes nothing");

    let watched = Watched::new();
    let applied = runner()
        .apply(&work, &first.plan, &watched.watch)
        .await
        .expect("it is applied");
    assert_eq!(
        applied.summary,
        ChangeSummary {
            add: 3,
            change: 0,
            destroy: 0
        }
    );
    let node: Value =
        serde_json::from_slice(&std::fs::read(stack.output().join("nuc-1/node.json")).unwrap())
            .unwrap();
    assert_eq!(node["firewall"]["allow"], json!(["22/tcp"]));
    assert_eq!(node["hostname"], "nuc-1.nordhaus.lab");
    assert_eq!(
        std::fs::read_to_string(stack.output().join("nuc-1/services/dns.env")).unwrap(),
        "BLOCKLISTS=oisd,hagezi-pro\nUPSTREAM=quad9\n"
    );
    let log = watched.log();
    assert!(
        log.contains(&"nuc-1: wrote node.json, 1 firewall rules".to_owned()),
        "{log:#?}"
    );
    assert!(
        log.contains(&"dns: wrote services/dns.env on nuc-1, ports 53/udp, 53/tcp".to_owned()),
        "{log:#?}"
    );
    assert!(
        !log.iter().any(|line| line.contains("Executing")),
        "{log:#?}"
    );
    let ended: Vec<_> = watched
        .events
        .lock()
        .unwrap()
        .iter()
        .filter_map(|event| match event {
            RunProgress::ResourceEnded { address, ok, .. } => Some((address.clone(), *ok)),
            _ => None,
        })
        .collect();
    assert_eq!(ended.len(), 3, "{ended:?}");
    assert!(ended.iter().all(|(_, ok)| *ok));
    assert!(!stack.backend.locked());

    let again = plan(&work).await;
    assert!(again.changes.is_empty(), "{:?}", again.changes);
    assert_eq!(again.summary, ChangeSummary::default());

    let work = homelab(stack.work(variables(&["22/tcp from 10.20.0.0/24", "443/tcp"])));
    let change = plan(&work).await;
    assert_eq!(change.changes.len(), 1);
    assert_eq!(change.changes[0].action, ChangeAction::Replace);
    assert_eq!(
        diff(&change.changes[0].diff),
        [
            "  firewall.allow = [",
            "-   \"22/tcp\",",
            "+   \"22/tcp from 10.20.0.0/24\",",
            "+   \"443/tcp\",",
            "  ]",
        ]
    );
    let watched = Watched::new();
    runner()
        .apply(&work, &change.plan, &watched.watch)
        .await
        .expect("the change is applied");
    let progress: Vec<_> = watched
        .events
        .lock()
        .unwrap()
        .iter()
        .filter(|event| {
            matches!(
                event,
                RunProgress::ResourceStarted { .. } | RunProgress::ResourceEnded { .. }
            )
        })
        .cloned()
        .collect();
    assert_eq!(
        progress.len(),
        2,
        "a replacement starts once and ends once: {progress:?}"
    );
    let node: Value =
        serde_json::from_slice(&std::fs::read(stack.output().join("nuc-1/node.json")).unwrap())
            .unwrap();
    assert_eq!(
        node["firewall"]["allow"],
        json!(["22/tcp from 10.20.0.0/24", "443/tcp"])
    );
    assert!(stack.output().join("nuc-1/services/dns.env").exists());

    let work = InfrastructureWork {
        destroy: true,
        ..work
    };
    let removal = plan(&work).await;
    assert_eq!(
        removal.summary,
        ChangeSummary {
            add: 0,
            change: 0,
            destroy: 3
        }
    );
    assert!(
        removal
            .changes
            .iter()
            .all(|change| change.action == ChangeAction::Delete)
    );
    assert!(removal.changes[0].diff.iter().all(|line| line.sign == '-'));
    runner()
        .apply(&work, &removal.plan, &Watched::new().watch)
        .await
        .expect("it is removed");
    assert_eq!(std::fs::read_dir(stack.output()).unwrap().count(), 0);
    assert!(stack.backend.resources().is_empty());
}

#[tokio::test]
async fn a_name_is_never_taken_for_a_command() {
    let stack = Stack::new(&[]).await;
    let mut variables = variables(&["22/tcp"]);
    let mut node = variables["nodes"]["nuc-1"].clone();
    node["name"] = json!("../$(touch pwned)");
    variables["nodes"] = json!({ "nuc-1": node });
    variables["services"] = json!({});
    let work = homelab(stack.work(variables));
    let made = plan(&work).await;
    let error = runner()
        .apply(&work, &made.plan, &Watched::new().watch)
        .await
        .expect_err("the name is refused");
    let (code, sentence) = refused(error);
    assert_eq!(code, ErrorCode::Upstream);
    assert!(
        sentence.contains("refused the name \"../$(touch pwned)\""),
        "{sentence}"
    );
    assert_eq!(std::fs::read_dir(stack.output()).unwrap().count(), 0);
}

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

#[tokio::test]
async fn who_ignores_the_interrupt_is_killed_after_the_grace() {
    // A program that says it is OpenTofu, starts to apply, and then ignores everything.
    let stubborn = r#"#!/bin/sh
case "$1" in
  version) echo "OpenTofu v1.11.3" ;;
  init) ;;
  apply) trap '' INT; echo "stubborn"; while :; do sleep 1; done ;;
esac
"#;
    let stack = Stack::new(&[("main.tf", "")]).await;
    let program = stack.folder.path().join("tofu");
    std::fs::write(&program, stubborn).unwrap();
    std::fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let limits = Limits {
        grace: Duration::from_millis(300),
        ..LIMITS
    };
    let runner = TofuRunner::new(support::sandbox(), Some(program), limits);
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
async fn secrets_are_masked_everywhere_a_person_looks() {
    let module = r#"
variable "password" {
  sensitive = true
}
variable "size" {}
resource "terraform_data" "one" {
  input = { password = var.password, size = var.size, notes = ["plain", var.password] }
  provisioner "local-exec" {
    command = "echo token is $TF_HTTP_PASSWORD; echo \"$P\""
    environment = { P = nonsensitive("multi\nline ${var.size}") }
  }
}
"#;
    let stack = Stack::new(&[("main.tf", module)]).await;
    let shown = |plan: &PlanResult| {
        plan.changes
            .iter()
            .flat_map(|change| diff(&change.diff))
            .collect::<Vec<_>>()
    };
    let work = stack.work(json!({ "password": "hunter2", "size": 1 }));
    let made = plan(&work).await;
    assert_eq!(
        shown(&made),
        [
            "+ notes = [\"plain\", (sensitive)]",
            "+ password = (sensitive)",
            "+ size = 1"
        ]
    );
    let watched = Watched::new();
    runner()
        .apply(&work, &made.plan, &watched.watch)
        .await
        .expect("it is applied");
    let log = watched.log();
    assert!(
        log.contains(&"one: token is (sensitive)".to_owned()),
        "{log:#?}"
    );
    assert!(
        !log.iter()
            .any(|line| line.contains(support::backend::PASSWORD) || line.contains("hunter2"))
    );

    let made = plan(&stack.work(json!({ "password": "hunter3", "size": 2 }))).await;
    assert_eq!(
        shown(&made),
        [
            "- notes = (sensitive)",
            "+ notes = (sensitive)",
            "- password = (sensitive)",
            "+ password = (sensitive)",
            "- size = 1",
            "+ size = 2",
        ]
    );
    assert_eq!(made.changes[0].action, ChangeAction::Update);
    assert_eq!(made.summary.change, 1);
}

#[tokio::test]
async fn what_is_not_known_yet_is_said() {
    let module = r#"
resource "terraform_data" "one" {}
resource "terraform_data" "two" {
  input = { id = terraform_data.one.id, text = "first\nsecond\nthird" }
}
"#;
    let stack = Stack::new(&[("main.tf", module)]).await;
    let made = plan(&stack.work(json!({}))).await;
    let two = made
        .changes
        .iter()
        .find(|change| change.address == "terraform_data.two")
        .unwrap();
    assert_eq!(
        diff(&two.diff),
        [
            "+ id = (known after apply)",
            "+ text = <<",
            "+   first",
            "+   second",
            "+   third",
            "+ >>"
        ]
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
async fn a_state_that_cannot_be_saved_at_once_is_saved_when_the_backend_is_back() {
    let stack = Stack::new(&[(
        "main.tf",
        "resource \"terraform_data\" \"one\" { input = 1 }",
    )])
    .await;
    let work = stack.work(json!({}));
    let made = plan(&work).await;
    stack.backend.held.lock().unwrap().failing_saves = 3;
    runner()
        .apply(&work, &made.plan, &Watched::new().watch)
        .await
        .expect("it is applied");
    assert_eq!(stack.backend.resources().len(), 1);
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

#[tokio::test]
async fn steps_run_without_our_environment_and_without_root() {
    let module = r#"
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "env | sed 's/=.*//' | sort | tr '\\n' ' '; echo; grep -E '^(Uid|NoNewPrivs)' /proc/self/status | tr -s '\\t ' ' '; ls /root >/dev/null 2>&1 && echo 'reads root' || echo 'kept out'"
  }
}
"#;
    let stack = Stack::new(&[("main.tf", module)]).await;
    let work = stack.work(json!({}));
    let made = plan(&work).await;
    let watched = Watched::new();
    runner()
        .apply(&work, &made.plan, &watched.watch)
        .await
        .expect("it is applied");
    let log = watched.log();
    let names = log
        .iter()
        .find(|line| line.contains("KOMBIFY_OUTPUT_DIR"))
        .expect("the variables");
    for name in ["CARGO", "SSH_AUTH_SOCK", "HOSTNAME"] {
        assert!(!names.split(' ').any(|one| one == name), "{names}");
    }
    assert!(log.contains(&"one: NoNewPrivs: 1".to_owned()), "{log:#?}");
    let sandbox: Arc<_> = support::sandbox();
    let root = std::fs::metadata("/proc/self")
        .map(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
        .unwrap();
    if root && sandbox.weaknesses().await.is_empty() {
        assert!(
            log.contains(&"one: Uid: 65534 65534 65534 65534".to_owned()),
            "{log:#?}"
        );
        assert!(log.contains(&"one: kept out".to_owned()), "{log:#?}");
    }
}
