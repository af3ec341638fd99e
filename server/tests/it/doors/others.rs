//! Routes that are in no document, each with the test of who may use it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Route and the test that drives it.
#[rustfmt::skip]
const OTHERS: &[(&str, &str)] = &[
    ("/health", "what_everybody_may_see_of_its_health_holds_no_secret"),
    ("/metrics", "measures_name_nobody_and_let_nobody_in"),
    ("/api/openapi.json", "every_endpoint_of_the_document_has_a_row"),
    ("/auth/sign-in", "case_13_only_paths_of_this_site_are_gone_back_to"),
    ("/auth/callback", "case_01_a_callback_with_a_wrong_state_makes_no_session"),
    ("/auth/sign-out", "case_16_a_session_ends_with_its_sign_out"),
    ("/auth/backchannel-logout", "case_21_the_providers_logout_ends_the_sessions_here"),
    ("/setup/{secret}", "a_set_up_link_makes_one_operator_once"),
    ("/launch/authorize", "case_24_a_code_is_for_its_instance_and_address_only"),
    ("/api/internal/launch/redeem", "case_23_of_fifty_redeems_at_once_one_succeeds"),
    ("/sso/start", "case_25_no_code_and_no_token_is_left_behind"),
    ("/sso/callback", "a_hand_over_belongs_to_the_browser_that_began_it"),
    ("/internal/state/{slug}/{stack}", "the_state_opens_to_no_session_and_no_token_of_a_person"),
];

/// Nested and static: `/tenant/{slug}` is what `isolation` drives by address, the
/// folders and the file hold what is the same for everybody.
const NESTED: &[&str] = &["/tenant/{slug}", "/pkg", "/fonts", "/js", "/favicon.svg"];

fn sources(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).expect("a file");
            found.insert(path.display().to_string(), text);
        }
    }
}

fn tree(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        &mut found,
    );
    found
}

/// The words in quotation marks that follow a call.
fn named(text: &str, call: &str) -> Vec<String> {
    text.match_indices(call)
        .filter_map(|(at, _)| {
            let rest = text[at + call.len()..].trim_start();
            let word = rest.strip_prefix('"')?;
            Some(word[..word.find('"')?].to_owned())
        })
        .collect()
}

#[test]
fn every_route_in_the_source_is_listed() {
    let mut routes = BTreeSet::new();
    let mut nested = BTreeSet::new();
    for (file, text) in tree("src") {
        // The development issuer is no part of what is served to people; it listens on
        // this machine only and has tests of its own.
        if file.contains("dev_issuer") {
            continue;
        }
        routes.extend(named(&text, ".route("));
        nested.extend(named(&text, ".nest("));
        nested.extend(named(&text, ".nest_service("));
        nested.extend(named(&text, ".route_service("));
    }
    let listed: BTreeSet<String> = OTHERS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(routes, listed);
    let listed: BTreeSet<String> = NESTED.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(nested, listed);
}

#[test]
fn the_listed_tests_exist() {
    let tests = tree("tests");
    for (path, test) in OTHERS {
        let declared = format!("fn {test}(");
        assert!(
            tests.values().any(|text| text.contains(&declared)),
            "{path}: there is no test {test}"
        );
    }
}
