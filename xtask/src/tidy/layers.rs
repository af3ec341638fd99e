//! What each layer's files may mention.

use super::{
    Finding,
    sources::{Source, Sources, has_word},
};

/// Where SeaORM is at home. `crates/types` names it behind its feature `db`,
/// which the rule about the wasm tree keeps out of the browser.
const DATABASE: [&str; 9] = [
    "entity",
    "migration",
    "crates/domain",
    "crates/jobs",
    "crates/types",
    "crates/test-support",
    "server/src/compose.rs",
    "server/src/compose",
    "xtask",
];

/// Files that answer requests.
const HANDLERS: [&str; 2] = ["server/src/rest", "app/src"];
/// Handlers that must each be tested.
const TESTED: &str = "server/src/rest";
const TESTS: &str = "server/tests";

/// What a file holds that serves an endpoint.
const ENDPOINTS: [&str; 2] = ["utoipa::path", ".route("];

/// How a statement begins that somebody wrote by hand.
const STATEMENTS: [&str; 5] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "WITH RECURSIVE ",
];

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = database(sources);
    findings.extend(handlers(sources));
    findings.extend(untested(sources));
    findings
}

fn database(sources: &Sources) -> Vec<Finding> {
    sources
        .all()
        .filter(|source| source.extension() == "rs")
        .filter(|source| !DATABASE.iter().any(|folder| source.is_under(folder)))
        .flat_map(Source::lines)
        .filter(|(_, line)| has_word(line, "sea_orm"))
        .map(|(place, _)| {
            Finding::new(
                place,
                "mentions SeaORM",
                "only domain and jobs reach the database, so that nothing gets around a tenant's \
                 scope or a service's authorisation",
            )
        })
        .collect()
}

fn handlers(sources: &Sources) -> Vec<Finding> {
    HANDLERS
        .iter()
        .flat_map(|folder| sources.under(folder))
        .filter(|source| source.extension() == "rs")
        .flat_map(Source::lines)
        .filter_map(|(place, line)| {
            let what = if has_word(line, "entity::") || line.contains("use entity") {
                "uses an entity"
            } else if holds_statement(line) {
                "holds an SQL statement"
            } else {
                return None;
            };
            Some(Finding::new(
                place,
                what,
                "a handler parses, calls one method of a service and maps the answer; \
                 data goes over the wire as what `types` declares",
            ))
        })
        .collect()
}

fn holds_statement(line: &str) -> bool {
    STATEMENTS
        .iter()
        .any(|statement| line.contains(&format!("\"{statement}")))
}

/// A file of handlers is named in a test, or by one: `rest/v1/instance.rs` is
/// tested by `tests/instance.rs` or by a test that names `instance` or
/// `instances`.
fn untested(sources: &Sources) -> Vec<Finding> {
    sources
        .under(TESTED)
        .filter(|source| source.extension() == "rs" && source.stem() != "mod")
        .filter(|source| ENDPOINTS.iter().any(|mark| source.text.contains(mark)))
        .filter(|source| !source.text.contains("#[cfg(test)]"))
        .filter(|source| {
            let several = format!("{}s", source.stem());
            let names = [source.stem(), &several];
            !sources.under(TESTS).any(|test| {
                test.path
                    .split(['/', '.'])
                    .any(|part| names.contains(&part))
                    || names.iter().any(|name| has_word(&test.text, name))
            })
        })
        .map(|source| {
            Finding::new(
                &source.path,
                format!("no test in {TESTS} names {}", source.stem()),
                "every endpoint is driven over HTTP by a test",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[(&str, &str)]) -> Vec<String> {
        check(&Sources::of(files))
            .into_iter()
            .map(|finding| finding.place)
            .collect()
    }

    #[test]
    fn the_database_is_reached_where_it_may_be() {
        let text = "use sea_orm::EntityTrait;\n";
        assert!(places(&[("crates/domain/src/lib.rs", text)]).is_empty());
        assert!(places(&[("server/src/compose.rs", text)]).is_empty());
        assert_eq!(
            places(&[("server/src/roles.rs", text)]),
            ["server/src/roles.rs:1"]
        );
        assert_eq!(
            places(&[("crates/adapters/src/lib.rs", text)]),
            ["crates/adapters/src/lib.rs:1"]
        );
    }

    #[test]
    fn handlers_hold_no_statement() {
        let statement = STATEMENTS[0];
        let text = format!("let rows = query(\"{statement}1\");\n");
        assert_eq!(
            places(&[("app/src/rooms/portal/home.rs", &text)]),
            ["app/src/rooms/portal/home.rs:1"]
        );
        assert!(places(&[("crates/domain/src/lib.rs", &text)]).is_empty());
    }

    #[test]
    fn handlers_are_named_by_a_test() {
        let handler = ("server/src/rest/v1/instance.rs", "#[utoipa::path(get)]");
        assert_eq!(places(&[handler]), ["server/src/rest/v1/instance.rs"]);
        assert!(places(&[handler, ("server/tests/instance.rs", "")]).is_empty());
        let test = ("server/tests/access.rs", "endpoints!(instances, tenants);");
        assert!(places(&[handler, test]).is_empty());
        assert!(places(&[("server/src/rest/v1/scope.rs", "")]).is_empty());
    }
}
