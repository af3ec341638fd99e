//! The sample data of development mode, however its making was cut off.

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::Path};

use domain::db::Location;
use reqwest::{Method, StatusCode};
use serde_json::json;
use test_support::database::change;

use crate::support::{
    browser::Browser,
    command::which,
    eventually,
    place::Place,
    server::{Options, Server},
};

const SLUG: &str = "nordhaus";
/// What the log says once all of it was made.
const DONE: &str = "the sample data is there";

/// The state of each stack's newest run; none where there is no run.
type Stacks = BTreeMap<String, Option<String>>;

fn stacks(states: [(&str, Option<&str>); 4]) -> Stacks {
    states
        .into_iter()
        .map(|(name, state)| (name.to_owned(), state.map(str::to_owned)))
        .collect()
}

fn whole() -> Stacks {
    stacks([
        ("attic", None),
        ("core-services", Some("waiting")),
        ("garage", Some("failed")),
        ("media", Some("applied")),
    ])
}

fn with_sample(place: &Place) -> Options {
    Options::on(place).set("SAMPLE__ENABLED", "true")
}

async fn says(server: &Server, words: &str) {
    eventually(words, async || server.said().contains(words).then_some(())).await;
}

/// What its owner finds in the sample homelab: the stacks, and how many runs there were.
async fn found(server: &Server) -> (Stacks, usize) {
    let mut owner = Browser::at(server.address());
    owner.sign_in("owner").await;
    owner.enter(SLUG).await;
    let tenant = [("x-tenant-id", SLUG)];
    let listed = owner.send(Method::GET, "/v1/stacks", &tenant, None).await;
    let listed = listed.ok(StatusCode::OK);
    let stacks = listed.as_array().expect("stacks").iter().map(|stack| {
        assert_eq!(stack["revision"], 1, "{stack}");
        let state = stack["latest_run"]["state"].as_str().map(str::to_owned);
        (stack["name"].as_str().expect("a name").to_owned(), state)
    });
    let stacks = stacks.collect();
    let runs = owner.send(Method::GET, "/v1/runs", &tenant, None).await;
    let runs = runs.ok(StatusCode::OK);
    (stacks, runs.as_array().expect("runs").len())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_without_tofu_is_completed_once_it_is_there() {
    let place = Place::sqlite();
    let programs = place.path().join("programs");
    fs::create_dir(&programs).expect("a folder");
    symlink(which("cue"), programs.join("cue")).expect("a link");
    let options = with_sample(&place).variable("PATH", &programs.display().to_string());
    let server = options.start().await;
    says(&server, "the sample stacks stay drafts").await;
    let drafts = stacks([
        ("attic", None),
        ("core-services", None),
        ("garage", None),
        ("media", None),
    ]);
    assert_eq!(found(&server).await, (drafts, 0));

    let options = server.kill().await;
    symlink(which("terraform"), programs.join("terraform")).expect("a link");
    let server = options.start().await;
    says(&server, DONE).await;
    assert_eq!(found(&server).await, (whole(), 3));

    // And never again.
    let options = server.kill().await;
    let server = options.start().await;
    assert_eq!(found(&server).await, (whole(), 3));
    assert!(!server.said().contains(DONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_cut_off_is_completed_by_the_next_start() {
    let place = Place::sqlite();
    let server = with_sample(&place).start().await;
    let begun = place
        .data()
        .join(format!("instances/local/namespaces/{SLUG}.db"));
    eventually("the beginning of the sample data", async || {
        begun.exists().then_some(())
    })
    .await;
    let options = server.kill().await;
    let server = options.start().await;
    says(&server, DONE).await;
    assert_eq!(found(&server).await.0, whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_a_crash_cut_off_is_made_good_by_the_next_start() {
    let place = Place::sqlite();
    let server = with_sample(&place).start().await;
    eventually("a node that is configured", async || {
        configured(&place.data()).then_some(())
    })
    .await;
    let options = server.kill().await;
    let server = options.start().await;
    says(&server, DONE).await;
    let (stacks, _) = found(&server).await;
    // The apply may have been complete; then nothing is left to apply.
    let media = stacks["media"].as_deref();
    assert!(matches!(media, Some("applied" | "unchanged")), "{stacks:?}");
    for (name, state) in whole() {
        assert!(name == "media" || stacks[&name] == state, "{stacks:?}");
    }
}

/// Whether an apply has written a node's configuration.
fn configured(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        entry.file_name() == "node.json" || (entry.path().is_dir() && configured(&entry.path()))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_did_in_it_is_left_as_it_is() {
    let place = Place::sqlite();
    let server = with_sample(&place).start().await;
    says(&server, DONE).await;
    let mut owner = Browser::at(server.address());
    owner.sign_in("owner").await;
    owner.enter(SLUG).await;
    let tenant = [("x-tenant-id", SLUG)];
    let listed = owner.send(Method::GET, "/v1/stacks", &tenant, None).await;
    let listed = listed.ok(StatusCode::OK);
    let media = listed
        .as_array()
        .expect("stacks")
        .iter()
        .find(|one| one["name"] == "media");
    let id = media.expect("it is there")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let destroy = json!({ "kind": "destroy", "confirm": "media" });
    let path = format!("/v1/stacks/{id}/runs");
    let asked = owner
        .send(Method::POST, &path, &tenant, Some(destroy))
        .await;
    asked.ok(StatusCode::ACCEPTED);
    eventually("a plan that waits", async || {
        let (stacks, _) = found(&server).await;
        (stacks["media"].as_deref() == Some("waiting")).then_some(())
    })
    .await;
    let left = found(&server).await;
    let options = server.kill().await;
    // As in a folder of a version that did not write that all of it was made.
    let control = Location::Sqlite(place.data().join("control.db"));
    change(
        &control,
        "DELETE FROM audit_event WHERE action = 'sample.made'",
    )
    .await;
    let server = options.start().await;
    says(&server, "the sample homelab is left as it is").await;
    assert_eq!(found(&server).await, left);
}
