//! The command line: what it prints, and its exit codes.

use std::{
    fs::{self, OpenOptions},
    io::{PipeWriter, pipe},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
};

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{
    browser::Browser,
    command::{Said, kombify, run, which, with},
    on_both,
    place::{KEY, Place, port},
    server::Options,
};

const COMMANDS: [&str; 7] = [
    "serve",
    "migrate",
    "doctor",
    "token",
    "openapi",
    "config",
    "completions",
];

fn said(arguments: &[&str]) -> Said {
    run(kombify().args(arguments))
}

#[test]
fn help_tells_of_every_command_and_of_each_of_its_options() {
    let all = said(&["--help"]);
    assert_eq!((all.code, all.stderr.as_str()), (Some(0), ""), "{all:?}");
    for command in COMMANDS {
        assert!(all.stdout.contains(&format!("  {command} ")), "{all:?}");
        let one = said(&[command, "--help"]);
        assert_eq!(one.code, Some(0), "{one:?}");
        assert!(one.stdout.contains("Usage: kombify"), "{one:?}");
        assert!(one.stdout.contains("--config <FILE>"), "{one:?}");
    }
    let serve = said(&["serve", "--help"]).stdout;
    for option in ["--roles", "--port", "--dev", "--data-dir"] {
        assert!(serve.contains(option), "{serve}");
    }
    let version = said(&["--version"]);
    assert!(version.stdout.starts_with("kombify 0."), "{version:?}");
}

#[test]
fn a_command_that_does_not_exist_is_refused_with_a_hint() {
    let wrong = said(&["server"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("serve"), "{wrong:?}");
    assert_eq!(said(&[]).code, Some(2));
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let printed = said(&["completions", shell]);
        assert_eq!(printed.code, Some(0));
        for command in COMMANDS {
            assert!(printed.stdout.contains(command), "{shell}: {command}");
        }
    }
}

/// The end of a pipe from which nobody reads any more.
fn unread() -> PipeWriter {
    let (_, writer) = pipe().expect("a pipe");
    writer
}

#[test]
fn a_reader_who_goes_away_ends_a_command_quietly() {
    let place = Place::sqlite();
    for (line, code) in [
        ("openapi", 0),
        ("config", 1),
        ("config --output json", 1),
        ("doctor", 0),
        ("migrate", 0),
        ("completions zsh", 0),
    ] {
        let mut command = kombify();
        command
            .args(line.split(' '))
            .arg("--data-dir")
            .arg(place.data())
            .stdout(unread());
        let said = run(&mut command);
        assert_eq!(said.code, Some(code), "{line}: {said:?}");
        assert!(!said.stderr.contains("panic"), "{line}: {said:?}");
        let said = run(command.stdout(unread()).stderr(unread()));
        assert_eq!(said.code, Some(code), "{line}: {said:?}");
    }
}

#[test]
fn config_says_where_each_value_comes_from_and_masks_secrets() {
    let place = Place::sqlite();
    let file = place.path().join("kombify.toml");
    fs::write(&file, "[worker]\nslots = 7\n").expect("written");
    let mut command = kombify();
    command
        .args(["config", "--output", "json", "--config"])
        .arg(&file)
        .arg("--data-dir")
        .arg(place.data())
        .env("KOMBIFY_SECURITY__MASTER_KEY", KEY)
        .env("KOMBIFY_IDENTITY__ISSUER", "https://id.test")
        .env("KOMBIFY_IDENTITY__CLIENT_ID", "00123")
        .env("KOMBIFY_IDENTITY__CLIENT_SECRET", "swordfish")
        .env(
            "DATABASE_URL",
            "postgres://kombify:trout@db.test/kombify?sslpassword=perch",
        );
    let printed = run(&mut command);
    assert_eq!(
        (printed.code, printed.stderr.as_str()),
        (Some(0), ""),
        "{printed:?}"
    );
    for secret in [KEY, "swordfish", "trout", "perch"] {
        assert!(!printed.stdout.contains(secret), "{printed:?}");
    }
    let rows: Vec<Value> = serde_json::from_str(&printed.stdout).expect("JSON");
    let find = |name: &str| {
        let row = rows.iter().find(|row| row["name"] == name);
        let row = row.unwrap_or_else(|| panic!("no {name}"));
        let text = |key: &str| row[key].as_str().expect("text").to_owned();
        (text("value"), text("origin"))
    };
    let is = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    assert_eq!(find("worker.slots"), is("7", &file.display().to_string()));
    assert_eq!(find("worker.lease_seconds"), is("30", "default"));
    assert_eq!(find("identity.client_id"), is("00123", "environment"));
    assert_eq!(find("identity.client_secret"), is("••••••", "environment"));
    assert_eq!(
        find("data.dir"),
        is(&place.data().display().to_string(), "command line")
    );
    let (url, origin) = find("database.url");
    assert_eq!(origin, "DATABASE_URL");
    assert!(
        url.starts_with("postgres://kombify:••••••@db.test/kombify"),
        "{url}"
    );
}

#[test]
fn config_says_what_would_not_start() {
    let printed = said(&["config"]);
    assert_eq!(printed.code, Some(1));
    assert!(printed.stdout.contains("server.port"), "{printed:?}");
    assert!(
        printed.complaint().contains("identity.issuer"),
        "{printed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_prints_what_is_served() {
    let printed = said(&["openapi"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    let printed: Value = serde_json::from_str(&printed.stdout).expect("JSON");
    let place = Place::sqlite();
    let server = Options::on(&place).start().await;
    let served = Browser::at(server.address()).get("/api/openapi.json").await;
    assert_eq!(printed, served.ok(StatusCode::OK));
}

#[test]
fn migrate_makes_the_databases_and_can_be_repeated() {
    let place = Place::sqlite();
    for _ in 0..2 {
        let mut command = kombify();
        command.arg("migrate").arg("--data-dir").arg(place.data());
        let done = run(&mut command);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
        assert!(done.stdout.contains("up to date"), "{done:?}");
    }
    assert!(place.data().join("control.db").exists());
}

#[test]
fn databases_are_made_for_kombify_alone() {
    let place = Place::sqlite();
    let done = with(&place.data(), ["migrate"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for file in ["control.db", "instances/local/instance.db"] {
        let found = fs::metadata(place.data().join(file)).expect("a file");
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{file}");
    }
}

on_both!(what_only_looks_makes_nothing);

async fn what_only_looks_makes_nothing(place: Place) {
    let say = |line: &str| {
        let mut command = kombify();
        command
            .args(line.split(' '))
            .arg("--data-dir")
            .arg(place.data())
            .env("DATABASE_URL", place.url());
        run(&mut command)
    };
    for _ in 0..2 {
        let looked = say("doctor");
        assert_eq!(looked.code, Some(0), "{looked:?}");
        for part in ["databases", "master key"] {
            let line = line(&looked, part);
            assert!(line.starts_with("off"), "{line}");
            assert!(line.contains("made by the first start"), "{line}");
        }
        say("config");
        let token = say("token create --user owner@example.test --name backup");
        let why = token.complaint();
        assert!(why.starts_with("there is no kombify in "), "{why}");
        let folder = place.data().display().to_string();
        let wanted = if place.url().is_empty() {
            folder.as_str()
        } else {
            "database.url"
        };
        assert!(why.contains(wanted), "{why}");
    }
    assert!(!place.data().exists());
}

#[test]
fn doctor_looks_and_changes_nothing() {
    let place = Place::sqlite();
    let all = with(&place.data(), ["doctor"]);
    assert_eq!(all.code, Some(0), "{all:?}");
    for part in [
        "data folder",
        "databases",
        "cue",
        "tofu or terraform",
        "sandbox",
    ] {
        assert!(all.stdout.contains(part), "{all:?}");
    }
    assert!(line(&all, "cue").starts_with("ok"), "{all:?}");
    assert!(line(&all, "tofu or terraform").starts_with("ok"), "{all:?}");
    assert!(line(&all, "interface").starts_with("ok"), "{all:?}");
    assert!(!place.data().exists(), "doctor made the data folder");

    let mut command = kombify();
    command
        .arg("doctor")
        .arg("--data-dir")
        .arg(place.data())
        .env("PATH", "/nowhere")
        .env("KOMBIFY_SERVER__SITE_ROOT", "/nowhere");
    let without = run(&mut command);
    assert_eq!(without.code, Some(0), "a part that is off breaks nothing");
    for part in ["cue", "tofu or terraform"] {
        let line = line(&without, part);
        assert!(
            line.starts_with("off") && line.contains("Install"),
            "{line}"
        );
    }

    let pages = line(&without, "interface");
    assert!(pages.starts_with("off"), "{pages}");
    assert!(pages.contains("/nowhere/pkg"), "{pages}");

    let collector = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listens = collector.local_addr().expect("an address");
    for (address, state) in [
        (listens.to_string(), "ok"),
        (format!("127.0.0.1:{}", port()), "off"),
    ] {
        let endpoint = format!("http://{address}/v1/traces");
        let mut command = kombify();
        command
            .arg("doctor")
            .arg("--data-dir")
            .arg(place.data())
            .env("KOMBIFY_TELEMETRY__OTLP_ENDPOINT", &endpoint);
        let said = run(&mut command);
        let line = line(&said, "traces");
        assert!(
            line.starts_with(state) && line.contains(&endpoint),
            "{line}"
        );
    }

    let broken = with(Path::new("/proc/self"), ["doctor"]);
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(
        line(&broken, "data folder").starts_with("broken"),
        "{broken:?}"
    );
}

#[test]
fn doctor_says_that_a_provider_or_a_database_does_not_answer() {
    let place = Place::sqlite();
    let (issuer, database) = (port(), port());
    let mut command = kombify();
    command
        .arg("doctor")
        .arg("--data-dir")
        .arg(place.data())
        .env(
            "KOMBIFY_IDENTITY__ISSUER",
            format!("http://127.0.0.1:{issuer}"),
        )
        .env("KOMBIFY_IDENTITY__CLIENT_ID", "kombify")
        .env(
            "DATABASE_URL",
            format!("postgres://kombify:trout@127.0.0.1:{database}/kombify"),
        );
    let said = run(&mut command);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        line(&said, "sign-in provider").starts_with("broken"),
        "{said:?}"
    );
    let found = line(&said, "databases");
    assert!(found.starts_with("broken"), "{found}");
    assert!(found.contains(&format!("127.0.0.1:{database}")), "{found}");
    assert!(!said.stdout.contains("trout"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_of_the_master_key_what_a_start_says() {
    let place = Place::sqlite();
    let options = Options::on(&place).set("SECURITY__MASTER_KEY", "");
    drop(options.clone().start().await);
    let file = place.data().join("master.key");
    let look = || with(&place.data(), ["doctor"]);
    let right = look();
    assert_eq!(right.code, Some(0), "{right:?}");
    let found = line(&right, "master key");
    assert!(found.starts_with("ok"), "{found}");
    assert!(found.contains(&file.display().to_string()), "{found}");

    let another = "ff".repeat(32);
    for (key, part) in [
        (Some(another.as_str()), "the master key is not the one"),
        (Some("zz"), "is not a key"),
        (None, "master.key is missing"),
    ] {
        match key {
            Some(key) => fs::write(&file, key).expect("written"),
            None => fs::remove_file(&file).expect("removed"),
        }
        let looked = look();
        assert_eq!(looked.code, Some(1), "{looked:?}");
        let found = line(&looked, "master key");
        assert!(found.starts_with("broken"), "{found}");
        assert!(found.contains(part), "{found}");
        assert_eq!(file.exists(), key.is_some(), "doctor makes no key");
        let started = run(&mut options.command());
        assert!(found.ends_with(started.complaint()), "{started:?}\n{found}");
        assert_eq!(file.exists(), key.is_some(), "nor does a start");
    }
}

fn line<'a>(said: &'a Said, part: &str) -> &'a str {
    let is_of = |line: &&str| {
        line.split_at_checked(8)
            .is_some_and(|(_, rest)| rest.starts_with(part))
    };
    said.stdout
        .lines()
        .find(is_of)
        .unwrap_or_else(|| panic!("{part}: {said:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_for_a_user_who_exists() {
    let place = Place::sqlite();
    let server = Options::on(&place).start().await;
    Browser::at(server.address()).sign_in("owner").await;
    let looked = with(&place.data(), ["doctor"]);
    let databases = line(&looked, "databases");
    assert!(databases.contains("SQLite 3."), "{databases}");
    assert!(databases.contains("up to date"), "{databases}");
    let create = |user: &str| {
        let name = ["token", "create", "--name", "backup", "--user"];
        with(&place.data(), name.iter().copied().chain([user]))
    };
    let made = create("owner@example.test");
    assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""), "{made:?}");
    let token = made.stdout.trim();
    let answer = server
        .http
        .get(format!("{}/api/tenant", server.address()))
        .bearer_auth(token)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);

    let nobody = create("nobody@example.test");
    assert!(
        nobody.complaint().contains("nobody@example.test"),
        "{nobody:?}"
    );
    assert_eq!(nobody.stdout, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_whose_secret_reaches_nobody_is_taken_back() {
    let place = Place::sqlite();
    let server = Options::on(&place).start().await;
    let mut browser = Browser::at(server.address());
    browser.sign_in("owner").await;
    let full = OpenOptions::new().write(true).open("/dev/full");
    for stdout in [Stdio::from(full.expect("a device")), unread().into()] {
        let mut command = kombify();
        command
            .args(["token", "create", "--user", "owner@example.test"])
            .args(["--name", "backup", "--data-dir"])
            .arg(place.data())
            .stdout(stdout);
        let said = run(&mut command);
        let why = said.complaint();
        assert!(why.starts_with("the token was taken back"), "{why}");
        let tokens = browser.get("/api/tokens").await.ok(StatusCode::OK);
        assert_eq!(tokens, Value::Array(Vec::new()));
    }
}

#[test]
fn what_the_tests_need_is_there() {
    for program in ["cue", "terraform", "unshare", "sh"] {
        assert!(which(program).is_file());
    }
}
