//! The sample data of development mode, however its making was cut off.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
};

use domain::db::Location;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::database::change;

use crate::support::{
    browser::Browser,
    command::{program, which},
    eventually,
    place::Place,
    server::{Options, Server},
};

const SLUG: &str = "nordhaus";
/// What the log says once all of it was made.
const DONE: &str = "the sample data is there";
/// What it says once somebody has worked in it.
const LEFT: &str = "the sample homelab is left as it is";

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

const TENANT: [(&str, &str); 1] = [("x-tenant-id", SLUG)];

/// The owner in the sample homelab, once there is one.
async fn owner(server: &Server, place: &Place) -> Browser {
    begun(place).await;
    let mut owner = Browser::at(server.address());
    owner.sign_in("owner").await;
    owner.enter(SLUG).await;
    owner
}

async fn begun(place: &Place) {
    let namespace = format!("instances/local/namespaces/{SLUG}.db");
    let namespace = place.data().join(namespace);
    eventually("the beginning of the sample data", async || {
        namespace.exists().then_some(())
    })
    .await;
}

/// Makes the audit log one that another version has written.
async fn change_log(place: &Place, statement: &str) {
    let control = Location::Sqlite(place.data().join("control.db"));
    change(&control, statement).await;
}

async fn list(owner: &mut Browser, path: &str) -> Vec<Value> {
    let listed = owner.send(Method::GET, path, &TENANT, None).await;
    let listed = listed.ok(StatusCode::OK);
    listed.as_array().expect("a list").clone()
}

/// What its owner finds in it: the stacks, and how many runs there were.
async fn found(owner: &mut Browser) -> (Stacks, usize) {
    let listed = list(owner, "/v1/stacks").await;
    let stacks = listed.iter().map(|stack| {
        assert_eq!(stack["revision"], 1, "{stack}");
        let state = stack["latest_run"]["state"].as_str().map(str::to_owned);
        (stack["name"].as_str().expect("a name").to_owned(), state)
    });
    (stacks.collect(), list(owner, "/v1/runs").await.len())
}

async fn media_is(owner: &Browser, state: &str) {
    eventually(state, async || {
        let stacks = list(&mut owner.clone(), "/v1/stacks").await;
        let media = stacks.iter().find(|stack| stack["name"] == "media")?;
        (media["latest_run"]["state"] == state).then_some(())
    })
    .await;
}

/// Asks for a run of the stack: the stack's id.
async fn ask(owner: &mut Browser, name: &str, wanted: Value) -> String {
    let stacks = list(owner, "/v1/stacks").await;
    let stack = stacks.iter().find(|stack| stack["name"] == name);
    let id = stack.expect("a stack")["id"].as_str().expect("an id");
    let path = format!("/v1/stacks/{id}/runs");
    let asked = owner.send(Method::POST, &path, &TENANT, Some(wanted)).await;
    asked.ok(StatusCode::ACCEPTED);
    id.to_owned()
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
    assert_eq!(found(&mut owner(&server, &place).await).await, (drafts, 0));

    let options = server.kill().await;
    symlink(which("terraform"), programs.join("terraform")).expect("a link");
    let server = options.start().await;
    says(&server, DONE).await;
    assert_eq!(found(&mut owner(&server, &place).await).await, (whole(), 3));

    // And never again.
    let options = server.kill().await;
    let server = options.start().await;
    assert_eq!(found(&mut owner(&server, &place).await).await, (whole(), 3));
    assert!(!server.said().contains(DONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_cut_off_is_completed_by_the_next_start() {
    let place = Place::sqlite();
    let server = with_sample(&place).start().await;
    begun(&place).await;
    let options = server.kill().await;
    let server = options.start().await;
    says(&server, DONE).await;
    assert_eq!(found(&mut owner(&server, &place).await).await.0, whole());
}

/// A folder of a version that named the sample's request otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_began_is_completed() {
    let place = Place::sqlite();
    let server = with_sample(&place).start().await;
    begun(&place).await;
    let options = server.kill().await;
    let before =
        "UPDATE audit_event SET request_id = 'sample-data' WHERE request_id = 'sample:data'";
    change_log(&place, before).await;
    let server = options.start().await;
    says(&server, DONE).await;
    assert_eq!(found(&mut owner(&server, &place).await).await.0, whole());
}

/// Programs of which `terraform` does one of its commands and then does not end.
struct Held {
    programs: PathBuf,
    folder: PathBuf,
}

impl Held {
    fn after(place: &Place, command: &str) -> Self {
        let programs = place.path().join("programs");
        let folder = place.path().join("held");
        fs::create_dir(&programs).expect("a folder");
        fs::create_dir(&folder).expect("a folder");
        // Programs may run as a user of their own.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("open to all");
        symlink(which("cue"), programs.join("cue")).expect("a link");
        // Whom it holds when the folder goes is gone too.
        let script = format!(
            "{terraform} \"$@\"\n\
             code=$?\n\
             if [ \"$1\" = {command} ]; then\n\
             : > {held}/reached\n\
             until [ -e {held}/go ]; do [ -d {held} ] || exit 1; /bin/sleep 0.02; done\n\
             fi\n\
             exit $code",
            held = folder.display(),
            terraform = which("terraform").display(),
        );
        program(&programs.join("terraform"), &script);
        Self { programs, folder }
    }

    fn surround(&self, options: Options) -> Options {
        options.variable("PATH", &self.programs.display().to_string())
    }

    async fn reached(&self) {
        let reached = self.folder.join("reached");
        eventually("a command that is held", async || {
            reached.exists().then_some(())
        })
        .await;
    }

    fn go_on(&self) {
        fs::write(self.folder.join("go"), "").expect("let go");
    }

    /// Ends whom it holds, and holds nobody any more.
    fn end(&self) {
        let terraform = self.programs.join("terraform");
        fs::remove_file(&terraform).expect("gone");
        symlink(which("terraform"), terraform).expect("a link");
        fs::remove_dir_all(&self.folder).expect("ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_a_crash_cut_off_is_made_good_by_the_next_start() {
    let place = Place::sqlite();
    let held = Held::after(&place, "apply");
    let server = held.surround(with_sample(&place)).start().await;
    held.reached().await;
    let options = server.kill().await;
    held.end();
    let server = options.start().await;
    says(&server, DONE).await;
    let mut owner = owner(&server, &place).await;
    // Nobody saw what it did, so all of it was made anew.
    assert_eq!(found(&mut owner).await, (whole(), 4));
    let runs = list(&mut owner, "/v1/runs").await;
    let cut_off = runs.iter().find(|run| run["number"] == 1);
    assert_eq!(cut_off.expect("run 1")["state"], "needs_reconcile");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_works_in_it_while_it_is_made_has_it() {
    let place = Place::sqlite();
    let held = Held::after(&place, "plan");
    let server = held.surround(with_sample(&place)).start().await;
    held.reached().await;
    let mut owner = owner(&server, &place).await;
    ask(&mut owner, "core-services", json!({ "kind": "apply" })).await;
    held.go_on();
    says(&server, LEFT).await;
    let theirs = stacks([
        ("attic", None),
        ("core-services", Some("waiting")),
        ("garage", None),
        ("media", Some("waiting")),
    ]);
    eventually("both plans", async || {
        (found(&mut owner.clone()).await == (theirs.clone(), 2)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_what_it_is_made_of_has_it() {
    let place = Place::sqlite();
    let held = Held::after(&place, "plan");
    let server = held.surround(with_sample(&place)).start().await;
    held.reached().await;
    let mut owner = owner(&server, &place).await;
    let path = "/v1/runs/1/cancel";
    let cancelled = owner
        .send(Method::POST, path, &TENANT, Some(json!({})))
        .await;
    cancelled.ok(StatusCode::OK);
    says(&server, LEFT).await;
    media_is(&owner, "cancelled").await;
    assert!(!server.said().contains("could not be made"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_did_in_it_is_left_as_it_is() {
    let place = Place::sqlite();
    let server = with_sample(&place).start().await;
    says(&server, DONE).await;
    let mut olga = owner(&server, &place).await;
    let destroy = json!({ "kind": "destroy", "confirm": "media" });
    let media = ask(&mut olga, "media", destroy).await;
    media_is(&olga, "waiting").await;
    let left = found(&mut owner(&server, &place).await).await;
    let options = server.kill().await;
    // As in a folder of a version that did not write that all of it was made.
    change_log(
        &place,
        "DELETE FROM audit_event WHERE action = 'sample.made'",
    )
    .await;
    // And as where a start was cut off that had put a file in the way of an apply.
    let outputs = place.data().join("instances/local/outputs").join(SLUG);
    let folders = fs::read_dir(&outputs).expect("outputs").flatten();
    let garage = folders
        .map(|folder| folder.path())
        .find(|folder| !folder.ends_with(&media));
    let in_the_way = garage.expect("a folder").join("nuc-1");
    fs::write(&in_the_way, "").expect("a file");
    let server = options.start().await;
    says(&server, LEFT).await;
    assert_eq!(found(&mut owner(&server, &place).await).await, left);
    eventually("the way is clear", async || {
        (!in_the_way.exists()).then_some(())
    })
    .await;
}
