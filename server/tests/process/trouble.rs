//! What a machine can do to a server: each trouble gives one clear sentence or a problem
//! with a stable code, and nothing is lost.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use nix::sys::signal::Signal;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{
    browser::Browser,
    command::{program, run, which, with},
    eventually,
    gate::Gate,
    lab::Lab,
    place::{Place, port},
    server::Options,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named_and_nothing_is_made() {
    let place = Place::sqlite();
    let first = Options::on(&place).start().await;
    let elsewhere = place.path().join("elsewhere");
    let mut second = Options::on(&place).folder(elsewhere.clone());
    second.port = first.options.port;
    let said = run(&mut second.command());
    let wanted = format!(
        "port {} is in use by another program; stop that one, or choose another port with --port",
        first.options.port
    );
    assert_eq!(said.complaint(), wanted);
    assert!(!elsewhere.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_in_use_is_named_and_its_server_goes_on() {
    let place = Place::sqlite();
    let first = Options::on(&place).start().await;
    let second = Options::on(&place);
    let said = run(&mut second.command());
    let wanted = format!(
        "the data folder {} is in use by another kombify (process {}); stop that one, or choose another folder with --data-dir",
        place.data().display(),
        first.id()
    );
    assert_eq!(said.complaint(), wanted);
    let lock = fs::metadata(place.data().join("kombify.lock")).expect("a file");
    assert_eq!(lock.permissions().mode() & 0o777, 0o600);

    // Its instance is at its own address still, and what only looks or prepares may.
    let mut browser = Browser::at(first.address());
    browser.sign_in("operator").await;
    let instances = browser.get("/api/admin/instances").await;
    let instances = instances.ok(StatusCode::OK).to_string();
    assert!(instances.contains(&first.address()), "{instances}");
    assert!(!instances.contains(&second.address()), "{instances}");
    let mut owner = Browser::at(first.address());
    owner.sign_in("owner").await;
    owner.launch("Test house").await;
    let migrated = with(&place.data(), ["migrate"]);
    assert_eq!(migrated.code, Some(0), "{migrated:?}");

    first.kill().await;
    let second = second.start().await;
    assert!(second.ended().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgresql_processes_may_share_a_data_folder() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let first = Options::on(&place).roles("portal,admin").start().await;
    let second = Options::on(&place).roles("portal,admin").start().await;
    for server in [first, second] {
        assert_eq!(server.health().await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_its_interface_says_so_and_serves_the_rest() {
    let place = Place::sqlite();
    let elsewhere = place.path().join("kombify");
    let alone = format!("cp \"$0\" {0} && exec {0} \"$@\"", elsewhere.display());
    let server = Options::on(&place)
        .inside(&["sh", "-c", &alone])
        .start()
        .await;
    let list = elsewhere.with_file_name("hash.txt");
    let wanted = format!("{} is missing", list.display());
    let page = server.http.get(server.address()).send().await.expect("it");
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = page.text().await.expect("a page");
    assert!(page.contains(&wanted), "{page}");
    assert!(page.contains("Unpack kombify"), "{page}");
    for path in ["/api/openapi.json", "/health", "/metrics"] {
        let address = format!("{}{path}", server.address());
        let answer = server.http.get(address).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_the_interface_is_named_and_the_rest_is_served() {
    let place = Place::sqlite();
    let options = Options::on(&place).set("SERVER__SITE_ROOT", "/nowhere");
    let server = options.start().await;
    let page = server.http.get(server.address()).send().await.expect("it");
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = page.text().await.expect("a page");
    assert!(page.contains("/nowhere/pkg/kombify."), "{page}");
    assert!(page.contains("Set server.site_root"), "{page}");
    eventually("a line of the log", async || {
        server.said().contains("Set server.site_root").then_some(())
    })
    .await;
    assert_eq!(server.health().await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_goes_on_when_nobody_reads_what_it_prints() {
    let place = Place::sqlite();
    let pipe = place.path().join("pipe");
    // The reader goes away at once, and the server prints when its databases are made.
    let piped = format!(
        "mkfifo {0} && {{ true < {0} & }} && exec \"$0\" \"$@\" > {0}",
        pipe.display()
    );
    let server = Options::on(&place)
        .inside(&["sh", "-c", &piped])
        .start()
        .await;
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().await.code(), Some(0));
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    // Not even root may make one there.
    let folder = Path::new("/proc/kombify");
    let port = port().to_string();
    for arguments in [["serve", "--dev", "--port", &port].as_slice(), &["migrate"]] {
        let said = with(folder, arguments);
        let why = said.complaint();
        assert!(why.contains("/proc/kombify"), "{why}");
        assert!(why.contains("data.dir"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_is_read_only_is_named() {
    let place = Place::sqlite();
    drop(Options::on(&place).start().await);
    let data = place.data();
    let read_only = format!(
        "mount --bind {0} {0} && mount -o remount,ro,bind {0} && exec \"$@\"",
        data.display()
    );
    let options = Options::on(&place).inside(&in_namespace(&read_only));
    let said = run(&mut options.command());
    let why = said.complaint();
    assert!(why.contains(&data.display().to_string()), "{why}");
    assert!(why.contains("may not be written"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let place = Place::sqlite();
    let data = place.data();
    fs::create_dir_all(&data).expect("a folder");
    let file = data.join("control.db");
    fs::write(&file, "This is a letter, not a database. ".repeat(100)).expect("written");
    let said = run(&mut Options::on(&place).command());
    let why = said.complaint();
    assert!(why.contains(&data.display().to_string()), "{why}");
    assert!(why.contains("not a database"), "{why}");
    assert!(
        fs::read_to_string(&file)
            .expect("read")
            .starts_with("This is a letter")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_can_be_freed() {
    let place = Place::sqlite();
    let data = place.data();
    fs::create_dir_all(&data).expect("a folder");
    let small = format!(
        "mount -t tmpfs -o size=32m tmpfs {} && exec \"$@\"",
        data.display()
    );
    let server = Options::on(&place)
        .inside(&in_namespace(&small))
        .start()
        .await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    let (stack, example) = (lab.stack.clone(), lab.example.clone());

    // The folder as the server sees it.
    let inside = PathBuf::from(format!("/proc/{}/root{}", server.id(), data.display()));
    let filler = inside.join("filler");
    fill(&filler);
    let longer = format!("{example}# {}\n", "x".repeat(100_000));
    let full = lab.save(&stack, &longer).await;
    assert_eq!(full.problem(507), "disk_full");
    let kept = lab
        .send(Method::GET, &format!("/v1/stacks/{stack}"), None)
        .await;
    assert_eq!(kept.ok(StatusCode::OK)["specification"], example);

    fs::remove_file(&filler).expect("freed");
    let saved = lab.save(&stack, &longer).await.ok(StatusCode::OK);
    assert_eq!(saved["stack"]["revision"], 2);
    lab.apply().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_and_comes_back() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let database = place.database.as_ref().expect("PostgreSQL");
    let mut gate = Gate::before(database.address()).await;
    let url = database.url().replace(database.address(), &gate.address());
    let server = Options::on(&place).set("DATABASE__URL", &url).start().await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    let number = lab.plan().await;
    lab.until(number, &["planning", "waiting"]).await;

    gate.shut().await;
    let path = format!("/v1/runs/{number}");
    let (mut browser, mut elsewhere) = (lab.browser.clone(), lab.clone());
    let (portal, stack, (status, health)) = tokio::join!(
        browser.get("/api/tenant"),
        elsewhere.send(Method::GET, &path, None),
        server.health(),
    );
    assert_eq!(portal.problem(503), "database_unavailable");
    assert_eq!(stack.problem(503), "database_unavailable");
    assert_eq!(
        (status, &health["status"]),
        (503, &json!("error")),
        "{health}"
    );
    assert_ne!(health["components"]["database"]["status"], "OK", "{health}");

    gate.open().await;
    eventually("a healthy server", async || {
        (server.health().await.0 == 200).then_some(())
    })
    .await;
    lab.until(number, &["waiting"]).await;
    lab.approve(number).await;
    lab.until(number, &["applied"]).await;
    assert!(server.ended().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_refuses_to_be_written_says_so() {
    let Some(place) = Place::postgres().await else {
        return;
    };
    let server = Options::on(&place).start().await;
    let mut browser = Browser::at(server.address());
    browser.sign_in("owner").await;
    let database = place.database.as_ref().expect("PostgreSQL");
    // What a server says that became the standby of another.
    database.set_read_only(true).await;
    let made = browser
        .post("/api/tenant", json!({ "name": "Read only" }))
        .await;
    assert_eq!(made.problem(503), "database_read_only");
    database.set_read_only(false).await;
    let made = eventually("a database that can be written", async || {
        let mut browser = browser.clone();
        let made = browser
            .post("/api/tenant", json!({ "name": "Read only" }))
            .await;
        (made.status != 503).then_some(made)
    })
    .await;
    made.ok(StatusCode::CREATED);
}

#[test]
fn a_postgres_that_does_not_answer_is_named_without_its_password() {
    let place = Place::sqlite();
    let port = port();
    let url = format!("postgres://kombify:swordfish@127.0.0.1:{port}/kombify");
    let options = Options::on(&place).set("DATABASE__URL", &url);
    let said = run(&mut options.command());
    let why = said.complaint();
    assert!(why.contains(&format!("127.0.0.1:{port}")), "{why}");
    assert!(why.contains("database.url"), "{why}");
    assert!(!why.contains("swordfish"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_cue_a_draft_is_saved_and_not_planned() {
    for (name, cue, word) in [
        ("missing", None, "cue was not found"),
        ("old", Some("cue version v0.9.2"), "the oldest that works"),
    ] {
        let place = Place::sqlite();
        let programs = place.path().join(name);
        fs::create_dir(&programs).expect("a folder");
        symlink(which("terraform"), programs.join("terraform")).expect("a link");
        if let Some(version) = cue {
            program(&programs.join("cue"), &format!("echo '{version}'"));
        }
        let server = on_path(&place, &programs).start().await;
        let mut lab = Lab::open(Browser::at(server.address())).await;
        let path = format!("/v1/stacks/{}", lab.stack);
        let seen = lab.send(Method::GET, &path, None).await.ok(StatusCode::OK);
        assert_eq!(seen["specification"], lab.example);
        let why = seen["check"]["problems"][0]["message"].as_str();
        assert!(why.is_some_and(|why| why.contains(word)), "{seen}");
        let path = format!("{path}/runs");
        let asked = json!({ "kind": "apply" });
        let refused = lab.send(Method::POST, &path, Some(asked)).await;
        assert_eq!(refused.problem(503), "tool_missing");
        assert!(refused.body.to_string().contains(word), "{refused:?}");
        let (status, health) = server.health().await;
        let part = &health["components"]["cue"];
        assert_eq!(
            (status, &part["status"]),
            (200, &json!("ERROR")),
            "{health}"
        );
        assert!(part.to_string().contains(word), "{health}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tofu_specifications_are_saved_and_plans_fail_with_the_reason() {
    let place = Place::sqlite();
    let programs = place.path().join("programs");
    fs::create_dir(&programs).expect("a folder");
    symlink(which("cue"), programs.join("cue")).expect("a link");
    let server = on_path(&place, &programs).start().await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    let number = lab.plan().await;
    let run = lab.until(number, &["failed"]).await;
    assert_eq!(run["failure_code"], "tool_missing");
    let why = run["failure"].as_str().expect("a sentence");
    assert!(
        why.contains("Neither tofu nor terraform was found"),
        "{why}"
    );
    assert!(why.contains("Install"), "{why}");
    let (status, health) = server.health().await;
    let part = &health["components"]["infrastructure"];
    assert_eq!(
        (status, &part["status"]),
        (200, &json!("ERROR")),
        "{health}"
    );

    // Found as soon as it is there.
    symlink(which("terraform"), programs.join("terraform")).expect("a link");
    lab.apply().await;
}

/// Words that run what follows in a mount namespace of its own, after this script.
fn in_namespace(script: &str) -> [&str; 8] {
    [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
    ]
}

fn on_path(place: &Place, programs: &Path) -> Options {
    Options::on(place).variable("PATH", &programs.display().to_string())
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(path)
        .expect("a file");
    for size in [1 << 20, 4096, 1] {
        let block = vec![0; size];
        while file.write_all(&block).is_ok() {}
    }
}
