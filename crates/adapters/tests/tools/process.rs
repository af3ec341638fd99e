//! The sandbox around every program that kombify runs.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::process::{Ending, Limits, Outcome, PrivateFolder, Sandbox, Task};
use domain::ports::Stop;
use tokio::sync::watch;

use crate::support;

const LIMITS: Limits = Limits {
    wall: Duration::from_secs(20),
    cpu_seconds: 10,
    memory_mib: 256,
    file_mib: 1,
    output_bytes: 1 << 20,
    grace: Duration::ZERO,
};

fn task<'a>(folder: &'a PrivateFolder, script: &str, limits: Limits) -> Task<'a> {
    Task {
        program: Path::new("/bin/sh"),
        arguments: vec!["-c".into(), script.into()],
        environment: vec![("GIVEN", "yes".into())],
        directory: folder.path(),
        folder,
        writable: None,
        network: false,
        limits,
    }
}

async fn run(script: &str, limits: Limits) -> Outcome {
    let sandbox = support::sandbox();
    let folder = sandbox.folder().await.unwrap();
    sandbox
        .run(task(&folder, script, limits), None, None)
        .await
        .unwrap()
}

fn text(outcome: &Outcome) -> String {
    String::from_utf8_lossy(&outcome.stdout).trim().to_owned()
}

#[tokio::test]
async fn nothing_is_inherited() {
    let outcome = run("env | sed 's/=.*//' | grep -vE '^(PWD|SHLVL|_|OLDPWD)$' | sort | tr '\\n' ' '; grep NoNewPrivs /proc/self/status; ls /proc/self/fd | wc -l", LIMITS).await;
    assert_eq!(outcome.ending, Ending::Exited(0), "{}", outcome.complaint());
    let text = text(&outcome);
    let mut lines = text.lines();
    assert_eq!(
        lines
            .next()
            .map(|line| line.split('\t').collect::<Vec<_>>().join(" "))
            .as_deref(),
        Some("GIVEN HOME PATH TMPDIR NoNewPrivs: 1")
    );
}

#[tokio::test]
async fn the_network_is_off_and_the_weaknesses_are_told() {
    let sandbox = support::sandbox();
    let weaknesses = sandbox.weaknesses().await;
    let outcome = run(
        "cat /proc/net/route /proc/net/dev | grep -vE 'Iface|Inter|face|lo:' | wc -l",
        LIMITS,
    )
    .await;
    let told = weaknesses
        .iter()
        .any(|sentence| sentence.contains("network"));
    assert_eq!(text(&outcome) != "0", told, "{weaknesses:?}");
}

#[tokio::test]
async fn limits_hold() {
    let short = Limits {
        wall: Duration::from_millis(300),
        ..LIMITS
    };
    let outcome = run("sleep 60", short).await;
    assert_eq!(outcome.ending, Ending::OutOfTime(None));
    assert!(outcome.took < Duration::from_secs(10));

    let outcome = run(
        "while :; do :; done",
        Limits {
            cpu_seconds: 1,
            ..LIMITS
        },
    )
    .await;
    assert!(
        matches!(outcome.ending, Ending::Signalled(_)),
        "{outcome:?}"
    );

    let outcome = run("head -c 3000000 /dev/zero > big", LIMITS).await;
    assert_ne!(outcome.ending, Ending::Exited(0));

    let outcome = run(
        "x=$(head -c 300000000 /dev/zero | tr '\\0' x); echo ${#x}",
        LIMITS,
    )
    .await;
    assert_ne!(
        outcome.ending,
        Ending::Exited(0),
        "{}",
        outcome.stdout.len()
    );

    let outcome = run("head -c 3000000 /dev/zero", LIMITS).await;
    assert_eq!(
        (outcome.ending, outcome.stdout.len(), outcome.truncated),
        (Ending::Exited(0), 1 << 20, true)
    );
}

#[tokio::test]
async fn lines_come_one_by_one() {
    let sandbox = support::sandbox();
    let folder = sandbox.folder().await.unwrap();
    let mut lines = Vec::new();
    let mut sink = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
    let task = task(&folder, "echo one; echo; printf two", LIMITS);
    let outcome = sandbox.run(task, None, Some(&mut sink)).await.unwrap();
    assert_eq!(outcome.ending, Ending::Exited(0));
    assert_eq!(lines, ["one", "", "two"]);
}

/// Runs a script until it says `ready <pid>`, then does something, and answers with the pid.
async fn while_ready(
    script: &'static str,
    limits: Limits,
    then: impl FnOnce(&watch::Sender<Stop>),
) -> (Outcome, String) {
    let sandbox = support::sandbox();
    let folder = sandbox.folder().await.unwrap();
    let (stop, stopped) = watch::channel(Stop::No);
    let (seen, mut ready) = watch::channel(String::new());
    let mut sink = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        if let Some(pid) = line.strip_prefix("ready ") {
            seen.send_replace(pid.to_owned());
        }
    };
    let task = task(&folder, script, limits);
    let running = sandbox.run(task, Some(stopped), Some(&mut sink));
    let interfere = async {
        ready.wait_for(|pid| !pid.is_empty()).await.unwrap();
        then(&stop);
        ready.borrow().clone()
    };
    let (outcome, pid) = tokio::join!(running, interfere);
    (outcome.unwrap(), pid)
}

/// Waits until a process is gone, at most ten seconds.
async fn until_gone(pid: &str) {
    let began = Instant::now();
    while is_alive(pid) {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "process {pid} is still there"
        );
        tokio::task::yield_now().await;
    }
}

fn is_alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn stopping_interrupts_kills_after_the_grace_and_takes_the_group_along() {
    let limits = Limits {
        grace: Duration::from_secs(10),
        ..LIMITS
    };
    let (outcome, _) = while_ready(
        "trap 'exit 3' INT; echo ready $$; while :; do sleep 0.05; done",
        limits,
        |stop| {
            stop.send_replace(Stop::Graceful);
        },
    )
    .await;
    assert!(matches!(outcome.ending, Ending::Stopped(_)));

    let limits = Limits {
        grace: Duration::from_millis(200),
        ..LIMITS
    };
    let stubborn = "trap '' INT; (trap '' INT; while :; do sleep 1; done) & echo ready $!; while :; do sleep 1; done";
    let (outcome, child) = while_ready(stubborn, limits, |stop| {
        stop.send_replace(Stop::Graceful);
    })
    .await;
    assert_eq!(outcome.ending, Ending::Killed);
    until_gone(&child).await;

    let limits = Limits {
        grace: Duration::from_secs(60),
        ..LIMITS
    };
    let (outcome, child) = while_ready(stubborn, limits, |stop| {
        stop.send_replace(Stop::Force);
    })
    .await;
    assert_eq!(outcome.ending, Ending::Killed);
    until_gone(&child).await;
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    let (outcome, child) = while_ready("sleep 600 & echo ready $!", LIMITS, |_| {}).await;
    assert_eq!(outcome.ending, Ending::Exited(0));
    until_gone(&child).await;
}

#[tokio::test]
async fn a_dropped_run_is_killed() {
    let sandbox: Arc<Sandbox> = support::sandbox();
    let folder = Arc::new(sandbox.folder().await.unwrap());
    let (seen, mut ready) = watch::channel(String::new());
    let running = tokio::spawn(async move {
        let mut sink = |line: &[u8]| {
            seen.send_replace(String::from_utf8_lossy(line).into_owned());
        };
        let task = task(&folder, "sleep 600 & echo $!; wait", LIMITS);
        sandbox.run(task, None, Some(&mut sink)).await
    });
    let child = ready.wait_for(|pid| !pid.is_empty()).await.unwrap().clone();
    running.abort();
    assert!(running.await.expect_err("it was aborted").is_cancelled());
    until_gone(&child).await;
}

#[tokio::test]
async fn a_stop_before_the_start_starts_nothing() {
    let sandbox = support::sandbox();
    let folder = sandbox.folder().await.unwrap();
    let (stop, stopped) = watch::channel(Stop::Graceful);
    let outcome = sandbox
        .run(task(&folder, "echo started", LIMITS), Some(stopped), None)
        .await
        .unwrap();
    assert_eq!(
        (outcome.ending, outcome.stdout.len()),
        (Ending::NotBegun, 0)
    );
    drop(stop);
}

#[tokio::test]
async fn left_over_folders_are_swept_and_those_in_use_are_not() {
    let scratch = tempfile::tempdir().unwrap();
    let first = support::sandbox_in(scratch.path().to_owned(), support::search_path());
    let used = first.folder().await.unwrap();
    let left = scratch.path().join("kombify-task-left");
    support::write_files(&left, &[(".lock", ""), ("plan", "secret")]);
    support::write_files(scratch.path(), &[("other/.lock", "")]);
    let _second = support::sandbox_in(scratch.path().to_owned(), support::search_path());
    assert!(used.path().is_dir());
    assert!(!left.exists());
    assert!(scratch.path().join("other").is_dir());
    let path = used.path().to_owned();
    drop(used);
    assert!(!path.exists());
}
