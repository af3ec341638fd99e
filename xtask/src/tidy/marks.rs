//! Marks in the text of files that do not belong there.

use super::{
    Finding,
    sources::{Source, Sources, comment, has_word},
};

/// Longer than this and a file does more than one thing.
const LONGEST: usize = 500;
/// First folders of paths that exist on somebody's machine only.
const HOMES: [&str; 4] = ["root", "work", "home", "Users"];
const LOOPBACK: &str = "localhost";
const REMINDERS: [&str; 3] = ["TODO", "FIXME", "XXX"];

pub(super) fn check(sources: &Sources) -> Vec<Finding> {
    sources
        .all()
        .filter(|source| !source.path.ends_with("package-lock.json"))
        .flat_map(|source| {
            length(source)
                .into_iter()
                .chain(source.lines().flat_map(|(place, line)| {
                    [
                        machine(source, &place, line),
                        silenced(source, &place, line),
                        reminder(source, &place, line),
                    ]
                }))
                .flatten()
                .collect::<Vec<_>>()
        })
        .chain(manifests(sources))
        .chain(locks(sources))
        .collect()
}

fn length(source: &Source) -> [Option<Finding>; 1] {
    let lines = source.text.lines().count();
    let is_code = ["rs", "ts", "tsx", "js", "mjs"].contains(&source.extension());
    [(is_code && lines > LONGEST).then(|| {
        Finding::new(
            &source.path,
            format!("has {lines} lines, more than {LONGEST}"),
            "a file does one thing; split it along the things it does",
        )
    })]
}

/// Paths and addresses that mean something on one machine only.
fn machine(source: &Source, place: &str, line: &str) -> Option<Finding> {
    const WHY: &str = "it exists on one machine only; take it from a setting or the environment";
    if let Some(home) = HOMES.iter().find(|home| starts_a_path(line, home)) {
        return Some(Finding::new(
            place,
            format!("names a path under /{home}"),
            WHY,
        ));
    }
    // People are told where to look on their own machine.
    let prose = source.extension() == "md" || comment(source, line).is_some();
    let port = ["http://", "https://", "@"]
        .iter()
        .find_map(|before| line.split_once(&format!("{before}{LOOPBACK}:")))
        .and_then(|(_, after)| after.chars().next());
    (!prose && port.is_some_and(|digit| digit.is_ascii_digit())).then(|| {
        Finding::new(
            place,
            format!("names a service at a port of {LOOPBACK}"),
            WHY,
        )
    })
}

/// Whether an absolute path begins in this folder; `/tenant/home/…` does not.
fn starts_a_path(line: &str, folder: &str) -> bool {
    let path = format!("/{folder}/");
    line.match_indices(&path).any(|(at, _)| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(|before| before.is_whitespace() || "\"'`(=:,<[".contains(before))
    })
}

fn silenced(source: &Source, place: &str, line: &str) -> Option<Finding> {
    let attribute = line.trim_start();
    let silences = source.extension() == "rs"
        && ["#[allow(", "#![allow("]
            .iter()
            .any(|start| attribute.starts_with(start));
    silences.then(|| {
        Finding::new(
            place,
            "allows a lint",
            "`#[expect(…, reason = \"…\")]` says why, and is found when it is not needed any more",
        )
    })
}

fn reminder(source: &Source, place: &str, line: &str) -> Option<Finding> {
    let comment = comment(source, line)?;
    let word = REMINDERS.iter().find(|word| has_word(comment, word))?;
    Some(Finding::new(
        place,
        format!("says {word}"),
        "do it now, or write an issue that others can see",
    ))
}

/// Every package of ours takes the workspace's lints.
fn manifests(sources: &Sources) -> Vec<Finding> {
    sources
        .all()
        .filter(|source| source.path.ends_with("/Cargo.toml"))
        .filter(|source| !inherits_lints(&source.text))
        .map(|source| {
            Finding::new(
                &source.path,
                "does not inherit the workspace's lints",
                "add `[lints]` with `workspace = true`: the rules are the same everywhere",
            )
        })
        .collect()
}

fn inherits_lints(manifest: &str) -> bool {
    manifest.parse::<toml::Table>().is_ok_and(|manifest| {
        manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool)
            == Some(true)
    })
}

/// Lock files of npm say which version and checksum, not from which address.
fn locks(sources: &Sources) -> Vec<Finding> {
    sources
        .all()
        .filter(|source| source.path.ends_with("package-lock.json"))
        .flat_map(Source::lines)
        .filter(|(_, line)| line.trim_start().starts_with("\"resolved\": \"http"))
        .map(|(place, _)| {
            Finding::new(
                place,
                "names the address of a package",
                "it may not be reachable elsewhere; run npm with the .npmrc of this folder",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Sources::of(&[(path, text)]))
            .into_iter()
            .map(|finding| format!("{}: {}", finding.place, finding.what))
            .collect()
    }

    #[test]
    fn paths_of_one_machine_are_found_and_addresses_of_pages_are_not() {
        let line = |folder: &str| format!("let data = \"/{folder}/me/data\";\n");
        assert_eq!(
            found("a.rs", &line("home")),
            ["a.rs:1: names a path under /home"]
        );
        assert!(found("a.rs", &line("tenant/home")).is_empty());
        let port = |host: &str| format!("const URL: &str = \"http://{host}:4000\";\n");
        assert_eq!(found("a.rs", &port("localhost")).len(), 1);
        assert!(found("a.md", &port("localhost")).is_empty());
        assert!(found("a.rs", &port("example.org")).is_empty());
    }

    #[test]
    fn reminders_are_found_in_comments_only() {
        let [todo, ..] = REMINDERS;
        assert_eq!(
            found("a.rs", &format!("let a = 1; // {todo}: two\n")),
            [format!("a.rs:1: says {todo}")]
        );
        assert!(found("a.rs", &format!("let a = \"{todo}\";\n")).is_empty());
        assert!(found("a.rs", &format!("// {todo}S is a Spanish word\n")).is_empty());
    }

    #[test]
    fn allowed_lints_are_found() {
        let attribute = ["#", "[allow(dead_code)]\n"].concat();
        assert_eq!(found("a.rs", &attribute), ["a.rs:1: allows a lint"]);
        assert!(found("a.rs", "#[expect(dead_code, reason = \"later\")]\n").is_empty());
    }

    #[test]
    fn long_files_are_found() {
        assert!(found("a.rs", &"\n".repeat(LONGEST)).is_empty());
        assert_eq!(found("a.rs", &"\n".repeat(LONGEST + 1)).len(), 1);
        assert!(found("a.json", &"\n".repeat(LONGEST + 1)).is_empty());
    }

    #[test]
    fn packages_without_the_lints_are_found() {
        let name = "[package]\nname = \"a\"\n";
        assert_eq!(found("a/Cargo.toml", name).len(), 1);
        assert!(
            found(
                "a/Cargo.toml",
                &format!("{name}[lints]\nworkspace = true\n")
            )
            .is_empty()
        );
    }

    #[test]
    fn addresses_in_locks_are_found() {
        let line = "      \"resolved\": \"https://example.org/a.tgz\",\n";
        assert_eq!(
            found("package-lock.json", line),
            ["package-lock.json:1: names the address of a package"]
        );
    }
}
