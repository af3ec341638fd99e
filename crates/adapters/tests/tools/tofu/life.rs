//! A homelab from its first plan to its removal.

use super::*;

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
        log.contains(&"nuc-1: wrote node.json, firewall rules: 1".to_owned()),
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
async fn what_was_cut_off_is_made_anew_whatever_the_state_says() {
    let stack = Stack::new(&[]).await;
    let work = homelab(stack.work(variables(&["22/tcp"])));
    let made = plan(&work).await;
    apply(&work, &made).await;
    let node = stack.output().join("nuc-2/node.json");
    let whole = std::fs::read(&node).unwrap();
    // An apply that was cut off had come so far, and saved no state.
    let ghost = stack.output().join("ghost/node.json");
    let haunt = || {
        std::fs::create_dir_all(ghost.parent().unwrap()).unwrap();
        std::fs::write(&ghost, "{}").unwrap();
    };
    haunt();
    std::fs::write(&node, "{}").unwrap();
    assert!(
        plan(&work).await.changes.is_empty(),
        "the state knows nothing of it"
    );

    let held = [
        "node[\"nuc-1\"]",
        "node[\"nuc-2\"]",
        "service[\"dns\"]",
        "node[\"gone\"]",
    ];
    let anew = InfrastructureWork {
        anew: Some(held.map(|name| format!("terraform_data.{name}")).to_vec()),
        ..work
    };
    let replacing = plan(&anew).await;
    let (add, change, destroy) = (3, 0, 3);
    let summary = ChangeSummary {
        add,
        change,
        destroy,
    };
    assert_eq!(replacing.summary, summary);
    apply(&anew, &replacing).await;
    assert!(!ghost.exists());
    assert_eq!(std::fs::read(&node).unwrap(), whole);

    let destroy = InfrastructureWork {
        destroy: true,
        ..anew
    };
    let removal = plan(&destroy).await;
    apply(&destroy, &removal).await;
    // What is in no state goes by a removal that finds nothing else to do.
    haunt();
    let removal = plan(&destroy).await;
    assert!(removal.changes.is_empty());
    apply(&destroy, &removal).await;
    assert_eq!(std::fs::read_dir(stack.output()).unwrap().count(), 0);
}

async fn apply(work: &InfrastructureWork, plan: &PlanResult) {
    runner()
        .apply(work, &plan.plan, &Watched::new().watch)
        .await
        .expect("it is applied");
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

#[tokio::test]
async fn steps_run_without_our_environment_and_without_root() {
    let module = r#"
resource "terraform_data" "one" {
  provisioner "local-exec" {
    command = "env | sed 's/=.*//' | sort | tr '\\n' ' '; echo; grep -E '^(Uid|NoNewPrivs)' /proc/self/status | tr -s '\\t ' ' '; [ -r /etc/shadow ] && echo 'reads secrets' || echo 'kept out'"
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
