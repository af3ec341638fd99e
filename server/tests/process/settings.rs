//! Settings that cannot be used: one sentence with the setting, the place and the way out.

use std::fs;

use crate::support::{
    command::{Said, kombify, run},
    place::Place,
};

/// Starts with this settings file and these variables.
fn start(text: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let place = Place::sqlite();
    let file = place.path().join("kombify.toml");
    fs::write(&file, text).expect("written");
    let mut command = kombify();
    command
        .current_dir(place.path())
        .arg("serve")
        .args(arguments)
        .arg("--data-dir")
        .arg(place.data())
        .envs(variables.iter().copied());
    let said = run(&mut command);
    assert!(!place.data().exists(), "nothing was made");
    said
}

fn complains(text: &str, wanted: &[&str]) {
    let said = start(text, &[], &["--dev"]);
    let why = said.complaint();
    for part in wanted {
        assert!(why.contains(part), "{why}\nlacks: {part}");
    }
}

/// What `kombify config` says of these settings, which have a provider.
fn config(text: &str, variables: &[(&str, &str)]) -> Said {
    let place = Place::sqlite();
    let file = place.path().join("kombify.toml");
    fs::write(&file, text).expect("written");
    run(kombify()
        .args(["config", "--config"])
        .arg(&file)
        .env("KOMBIFY_IDENTITY__ISSUER", "https://id.test")
        .env("KOMBIFY_IDENTITY__CLIENT_ID", "kombify")
        .envs(variables.iter().copied()))
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_line() {
    complains(
        "[server]\nport = 4100\nbind = \"127.0.0.1\n",
        &["kombify.toml", "line 3"],
    );
}

#[test]
fn a_setting_that_does_not_exist_is_told_with_the_one_that_was_meant() {
    complains(
        "[server]\nprot = 4100\n",
        &["server.prot", "kombify.toml", "Did you mean server.port?"],
    );
    complains("[seiver]\nport = 4100\n", &["seiver.port", "server.port"]);
    let said = start("", &[("KOMBIFY_LOG__FORMATT", "json")], &["--dev"]);
    let why = said.complaint();
    assert!(why.contains("log.formatt"), "{why}");
    assert!(why.contains("environment"), "{why}");
}

#[test]
fn a_variable_in_another_spelling_is_told_with_the_right_one() {
    for name in [
        "KOMBIFY_SERVER_PORT",
        "KOMBIFY_SERVERPORT",
        "KOMBIFY_SERVER___PORT",
        "KOMBIFY_server__port",
        "kombify_server__port",
        "Kombify_Server_Port",
    ] {
        let said = start("", &[(name, "4100")], &["--dev"]);
        let why = said.complaint();
        assert!(why.contains(&format!("{name},")), "{why}");
        assert!(
            why.contains("Did you mean KOMBIFY_SERVER__PORT?"),
            "{name}: {why}"
        );
    }
    let said = start("", &[("KOMBIFY_WORKER_LEASE_SECONDS", "9")], &["--dev"]);
    let why = said.complaint();
    assert!(why.contains("KOMBIFY_WORKER__LEASE_SECONDS?"), "{why}");
    let others = [
        ("KOMBIFY_TEST_KILLS", "3"),
        ("KOMBIFY_BIN", "kombify"),
        ("KOMBIFY", "1"),
        ("kombify_port", "1"),
    ];
    assert_eq!(config("", &others).code, Some(0));
}

#[test]
fn a_value_of_another_kind_is_told_with_what_is_needed() {
    complains(
        "[server]\nport = \"high\"\n",
        &["server.port", "kombify.toml", "\"high\""],
    );
    complains("[server]\nport = 70000\n", &["server.port in /", "70000"]);
    let said = start("[server]\nmode = \"test\"\n", &[], &[]);
    let why = said.complaint();
    assert!(why.contains("server.mode in /"), "{why}");
    assert!(
        why.contains("\"test\" is none of production, development"),
        "{why}"
    );
    complains(
        "[server]\nroles = [\"sim\"]\n",
        &[
            "server.roles[0] in /",
            "\"sim\" is none of portal, admin, stack, worker",
        ],
    );
    complains("server = 3\n", &["server.", "section is a single value"]);
    let said = start("", &[("KOMBIFY_SERVER__PORT", "high")], &["--dev"]);
    let why = said.complaint();
    assert!(why.contains("server.port in the environment"), "{why}");
}

#[test]
fn a_value_of_another_type_in_a_file_is_told_with_the_type_that_is_needed() {
    for (text, setting, wanted) in [
        (
            "[worker]\nslots = 3.7\n",
            "worker.slots",
            "a whole number, not 3.7",
        ),
        (
            "[worker]\nslots = 4.0\n",
            "worker.slots",
            "a whole number, not 4.0",
        ),
        (
            "[server]\nport = \"4300\"\n",
            "server.port",
            "a whole number, not \"4300\"",
        ),
        (
            "[server]\ngrace_seconds = true\n",
            "server.grace_seconds",
            "a whole number, not true",
        ),
        (
            "[sample]\nenabled = 7\n",
            "sample.enabled",
            "true or false, not 7",
        ),
        (
            "[sample]\nenabled = \"yes\"\n",
            "sample.enabled",
            "true or false, not \"yes\"",
        ),
        ("[data]\ndir = 5\n", "data.dir", "a text in quotes"),
        (
            "[identity]\nscopes = [\"openid\", 7]\n",
            "identity.scopes",
            "a list of texts, not one with 7",
        ),
        (
            "[server]\nroles = \"portal\"\n",
            "server.roles",
            "a list of texts, not \"portal\"",
        ),
    ] {
        let said = config(text, &[]);
        let why = said.complaint();
        assert!(why.contains(&format!("{setting} in /")), "{why}");
        assert!(why.contains(wanted), "{why}");
    }
    let said = config("[identity]\nclient_secret = 271828\n", &[]);
    let why = said.complaint();
    assert!(why.contains("identity.client_secret in /"), "{why}");
    assert!(!format!("{said:?}").contains("271828"), "{said:?}");
}

#[test]
fn numbers_and_switches_are_read_from_the_text_of_the_environment() {
    let said = config(
        "",
        &[
            ("KOMBIFY_SERVER__PORT", "4300"),
            ("KOMBIFY_WORKER__SLOTS", "7"),
            ("KOMBIFY_SAMPLE__ENABLED", "false"),
            ("KOMBIFY_SERVER__ROLES", "portal,worker"),
            ("KOMBIFY_IDENTITY__CLIENT_SECRET", "271828"),
        ],
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    for (name, text) in [
        ("KOMBIFY_WORKER__SLOTS", "3.7"),
        ("KOMBIFY_WORKER__SLOTS", "yes"),
        ("KOMBIFY_SAMPLE__ENABLED", "perhaps"),
    ] {
        let said = config("", &[(name, text)]);
        let why = said.complaint();
        assert!(why.contains("in the environment needs"), "{why}");
        assert!(why.contains(text), "{why}");
    }
}

#[test]
fn a_value_out_of_its_range_is_told_with_the_range() {
    complains(
        "[server]\ngrace_seconds = 0\n",
        &[
            "The setting server.grace_seconds in /",
            "kombify.toml cannot be used: 0 is not between 1 and 3600",
        ],
    );
    let said = start("", &[("KOMBIFY_WORKER__SLOTS", "0")], &["--dev"]);
    let why = said.complaint();
    assert!(why.contains("worker.slots in the environment"), "{why}");
    complains("[worker]\nslots = 0\n", &["worker.slots", "between 1 and"]);
    complains("[server]\nport = 0\n", &["server.port", "between 1 and"]);
    complains("[server]\nroles = []\n", &["server.roles", "portal"]);
    complains("[log]\nfilter = \"info,=\"\n", &["log.filter"]);
    complains(
        "[database]\nurl = \"mysql://localhost/kombify\"\n",
        &["database.url", "postgres://"],
    );
    complains(
        "[server]\npublic_url = \"kombify.test\"\n",
        &["server.public_url", "https://"],
    );
    complains(
        "[telemetry]\notlp_endpoint = \"collector:4318\"\n",
        &["telemetry.otlp_endpoint", "http://"],
    );
}

#[test]
fn a_master_key_of_another_length_is_told_and_not_shown() {
    let said = start(
        "",
        &[("KOMBIFY_SECURITY__MASTER_KEY", "00ff00ff")],
        &["--dev"],
    );
    let why = said.complaint();
    assert!(why.contains("security.master_key"), "{why}");
    assert!(why.contains("64 hexadecimal digits"), "{why}");
    assert!(!why.contains("00ff00ff"), "{why}");
}

#[test]
fn production_mode_asks_for_what_it_needs() {
    let provider = "[identity]\nissuer = \"https://id.test\"\nclient_id = \"kombify\"\n";
    for (text, part) in [
        (String::new(), "identity.issuer"),
        (
            "[identity]\nissuer = \"https://id.test\"\n".to_owned(),
            "identity.client_id",
        ),
        (
            format!(
                "{provider}[server]\nbind = \"0.0.0.0\"\npublic_url = \"http://kombify.test\"\n"
            ),
            "https://",
        ),
        // Behind a proxy on the same machine as well.
        (
            format!("{provider}[server]\npublic_url = \"http://kombify.test\"\n"),
            "https://",
        ),
        (
            format!("{provider}[server]\npublic_url = \"http://10.0.0.7:4100\"\n"),
            "https://",
        ),
        (
            "[identity]\nissuer = \"http://127.0.0.1:4100/dev/issuer\"\nclient_id = \"kombify\"\n[server]\nport = 4100\n"
                .to_owned(),
            "the development issuer gives anybody any account",
        ),
    ] {
        let said = start(&text, &[], &[]);
        let why = said.complaint();
        assert!(why.contains(part), "{why}");
    }
    let said = start("[server]\nbind = \"0.0.0.0\"\n", &[], &["--dev"]);
    assert!(said.complaint().contains("server.bind"), "{said:?}");
}

#[test]
fn outside_this_machine_either_mode_needs_https() {
    let public = "[server]\npublic_url = \"http://example.com\"\n";
    let issuer = "[identity]\nissuer = \"http://id.test\"\nclient_id = \"kombify\"\n";
    let cases: [(&str, &[&str], &str); 3] = [
        (public, &["--dev"], "server.public_url in /"),
        (issuer, &["--dev"], "identity.issuer in /"),
        (issuer, &[], "identity.issuer in /"),
    ];
    for (text, arguments, setting) in cases {
        let said = start(text, &[], arguments);
        let why = said.complaint();
        assert!(why.contains(setting), "{why}");
        assert!(why.contains("https://"), "{why}");
    }
}

#[test]
fn a_network_that_is_none_is_told_with_the_part_that_is_wrong() {
    for (text, wanted) in [
        (
            "10.0.0.0/99",
            "the prefix \"99\" is not a number between 0 and 32",
        ),
        (
            "10.0.0.0",
            "the prefix \"\" is not a number between 0 and 32",
        ),
        (
            "fd00::/129",
            "the prefix \"129\" is not a number between 0 and 128",
        ),
        ("proxy/24", "it has to begin with an IP address"),
    ] {
        let networks = format!("127.0.0.1/32,{text}");
        let variable = ("KOMBIFY_SERVER__TRUSTED_PROXIES", networks.as_str());
        let said = start("", &[variable], &["--dev"]);
        let why = said.complaint();
        assert!(why.contains("server.trusted_proxies[1] in the"), "{why}");
        assert!(why.contains(&format!("\"{text}\" is no network")), "{why}");
        assert!(why.contains(wanted), "{why}");
    }
}

#[test]
fn a_folder_in_the_place_of_a_settings_file_is_told() {
    let said = start("", &[], &["--dev", "--config", "/tmp"]);
    let why = said.complaint();
    assert!(why.contains("The settings file /tmp is a folder"), "{why}");
    assert!(why.contains("/tmp/kombify.toml"), "{why}");
}

#[test]
fn a_settings_file_that_is_not_there_is_named() {
    let said = start("", &[], &["--dev", "--config", "/nowhere/kombify.toml"]);
    assert!(
        said.complaint().contains("/nowhere/kombify.toml"),
        "{said:?}"
    );
}

#[test]
fn a_plans_file_that_cannot_be_used_is_named() {
    let place = Place::sqlite();
    let plans = place.path().join("plans.toml");
    fs::write(&plans, "[FREE]\nnodes = \"many\"\n").expect("written");
    for path in [
        plans.display().to_string(),
        "/nowhere/plans.toml".to_owned(),
    ] {
        let mut command = kombify();
        command
            .args(["serve", "--dev", "--port"])
            .arg(crate::support::place::port().to_string())
            .arg("--data-dir")
            .arg(place.data())
            .env("KOMBIFY_PLANS__FILE", &path);
        let said = run(&mut command);
        assert!(said.complaint().contains(&path), "{said:?}");
        let said = config("", &[("KOMBIFY_PLANS__FILE", path.as_str())]);
        assert!(said.complaint().contains(&path), "{said:?}");
    }
}
