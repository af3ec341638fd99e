//! kill -9 of the whole process in the middle of a run: it ends once, nothing is lost,
//! and its status is what was observed.

use std::cell::Cell;

use serde_json::Value;

use crate::support::{
    browser::Browser,
    eventually,
    lab::Lab,
    on_both,
    place::Place,
    server::{Options, Server},
};

/// How many kills [`kills_at_any_moment`] does; more of them for a long run.
const KILLS: &str = "KOMBIFY_TEST_KILLS";
const FEW: usize = 3;

on_both!(
    a_plan_that_is_cut_off_is_planned_again,
    an_apply_that_is_cut_off_is_told_as_it_was_observed,
    kills_at_any_moment,
);

async fn begin(place: &Place) -> (Server, Lab) {
    let server = Options::on(place).start().await;
    let lab = Lab::open(Browser::at(server.address())).await;
    (server, lab)
}

async fn a_plan_that_is_cut_off_is_planned_again(place: Place) {
    let (server, mut lab) = begin(&place).await;
    let number = lab.plan().await;
    eventually("OpenTofu at work on the plan", async || {
        let run = lab.clone().run(number).await;
        is_running(&run, "Init").then_some(())
    })
    .await;
    let before = lab.log(number).await;
    let server = server.kill().await.start().await;

    let run = lab.until(number, &["waiting"]).await;
    assert_eq!(run["summary"]["add"], 7, "{run}");
    let after = lab.log(number).await;
    assert_eq!(before, after[..before.len()], "what was written stays");
    let again = "The worker that planned this run stopped in the middle. It is planned again.";
    assert_eq!(count(&after, again), 1, "{after:#?}");
    lab.approve(number).await;
    lab.until(number, &["applied"]).await;
    assert_eq!(finished(&server, "stack.plan").await, 1);
}

async fn an_apply_that_is_cut_off_is_told_as_it_was_observed(place: Place) {
    let (server, mut lab) = begin(&place).await;
    let number = lab.plan().await;
    lab.until(number, &["waiting"]).await;
    lab.approve(number).await;
    eventually("a resource at work", async || {
        let run = lab.clone().run(number).await;
        let resources = run["resources"].as_array().expect("resources").clone();
        resources
            .iter()
            .any(|one| one["state"] != "queued")
            .then_some(())
    })
    .await;
    let before = lab.log(number).await;
    let server = server.kill().await.start().await;

    let run = lab.until(number, &["needs_reconcile", "applied"]).await;
    let after = lab.log(number).await;
    assert_eq!(before, after[..before.len()], "what was written stays");
    assert!(count(&after, "Applied: 7 added.") <= 1, "{after:#?}");
    if run["run"]["state"] == "needs_reconcile" {
        let why = run["failure"].as_str().expect("a sentence");
        assert!(why.contains("Plan again"), "{why}");
        assert_eq!(status(&mut lab).await, "error");
    }
    recover(&mut lab).await;
    assert_eq!(status(&mut lab).await, "active");
    assert!(finished(&server, "stack.apply").await <= 2);
}

/// At each round a little later, from the request to the end of the apply.
async fn kills_at_any_moment(place: Place) {
    let (mut server, mut lab) = begin(&place).await;
    for round in 0..kills() {
        // A new address, so that there is something to change.
        let yaml = lab
            .example
            .replace("10.20.0.11", &format!("10.20.1.{}", round + 1));
        let stack = lab.stack.clone();
        lab.save(&stack, &yaml).await.ok(reqwest::StatusCode::OK);
        let number = lab.plan().await;
        let looks = Cell::new(round * 11 % 97);
        eventually("the moment of the kill", async || {
            let mut lab = lab.clone();
            let run = lab.run(number).await;
            if run["run"]["state"] == "waiting" {
                lab.approve(number).await;
            }
            let over = run["run"]["state"] == "applied" || looks.get() == 0;
            looks.set(looks.get().saturating_sub(1));
            over.then_some(())
        })
        .await;
        let before = lab.log(number).await;
        server = server.kill().await.start().await;
        let run = lab
            .until(number, &["waiting", "applied", "needs_reconcile"])
            .await;
        let after = lab.log(number).await;
        assert_eq!(before, after[..before.len()], "round {round}: {run}");
        recover(&mut lab).await;
        assert_eq!(status(&mut lab).await, "active", "round {round}");
    }
}

/// A new plan shows what stands; applying it needs the state and its lock.
async fn recover(lab: &mut Lab) {
    let number = lab.plan().await;
    let run = lab.until(number, &["waiting", "unchanged"]).await;
    if run["run"]["state"] == "waiting" {
        lab.approve(number).await;
        lab.until(number, &["applied"]).await;
    }
}

fn is_running(run: &Value, title: &str) -> bool {
    let steps = run["steps"].as_array().expect("steps");
    steps
        .iter()
        .any(|step| step["title"] == title && step["state"] == "running")
}

fn count(lines: &[String], wanted: &str) -> usize {
    lines.iter().filter(|line| *line == wanted).count()
}

async fn status(lab: &mut Lab) -> String {
    let path = format!("/v1/stacks/{}", lab.stack);
    let seen = lab.send(reqwest::Method::GET, &path, None).await;
    let seen = seen.ok(reqwest::StatusCode::OK);
    seen["stack"]["status"]
        .as_str()
        .expect("a status")
        .to_owned()
}

/// How many attempts at jobs of this kind ended in this process, whatever came of them.
async fn finished(server: &Server, kind: &str) -> u64 {
    let metrics = server.metrics().await;
    metrics
        .lines()
        .filter(|line| line.starts_with("kombify_jobs_finished_total{"))
        .filter(|line| line.contains(&format!("kind=\"{kind}\"")))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
        .sum()
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to try is up to whoever runs the tests"
)]
fn kills() -> usize {
    std::env::var(KILLS)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(FEW)
}
