//! Packages that are banned, that come from elsewhere, or that are there in
//! several versions.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Finding,
    graph::{Graph, Package},
    policy::Policy,
};

const REGISTRY: &str = "crates.io-index";

pub(super) fn check(graph: &Graph, policy: &Policy) -> Vec<Finding> {
    let mut findings = banned(graph, policy);
    findings.extend(elsewhere(graph));
    findings.extend(duplicates(graph, policy));
    findings.extend(stale(graph, policy));
    findings
}

fn banned(graph: &Graph, policy: &Policy) -> Vec<Finding> {
    policy
        .banned
        .iter()
        .flat_map(|(spec, reason)| {
            spec.among(graph).into_iter().map(move |package| {
                Finding::new(
                    "Cargo.lock",
                    format!("{} is banned: {reason}", described(graph, package)),
                    "deny.toml lists what must not come in",
                )
            })
        })
        .collect()
}

fn elsewhere(graph: &Graph) -> Vec<Finding> {
    graph
        .packages()
        .filter(|package| {
            package
                .source
                .as_ref()
                .is_some_and(|source| !source.ends_with(REGISTRY))
        })
        .map(|package| {
            Finding::new(
                "Cargo.lock",
                format!("{} does not come from crates.io", described(graph, package)),
                "a build must not depend on a place that can change or vanish",
            )
        })
        .collect()
}

fn duplicates(graph: &Graph, policy: &Policy) -> Vec<Finding> {
    let forgiven = forgiven(graph, policy);
    let mut versions: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for package in graph.packages() {
        if !forgiven.contains(package.id()) {
            versions.entry(&package.name).or_default().push(package);
        }
    }
    versions
        .into_values()
        .filter(|packages| packages.len() > 1)
        .map(|packages| {
            let list: Vec<_> = packages
                .iter()
                .map(|package| described(graph, package))
                .collect();
            Finding::new(
                "Cargo.lock",
                format!("holds {}", list.join(" and ")),
                "each version is compiled and shipped; \
                 agree on one, or add a `skip` with its reason to deny.toml",
            )
        })
        .collect()
}

fn forgiven<'a>(graph: &'a Graph, policy: &Policy) -> BTreeSet<&'a str> {
    let single = policy
        .skipped
        .iter()
        .flat_map(|spec| spec.among(graph))
        .map(Package::id);
    let trees = policy.skipped_trees.iter().flat_map(|(spec, depth)| {
        spec.among(graph)
            .into_iter()
            .flat_map(|top| graph.tree(top, *depth))
    });
    single.chain(trees).collect()
}

/// Entries of deny.toml that forgive nothing any more.
fn stale(graph: &Graph, policy: &Policy) -> Vec<Finding> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for package in graph.packages() {
        *count.entry(&package.name).or_default() += 1;
    }
    let skipped = policy.skipped.iter().filter(|spec| {
        !spec
            .among(graph)
            .iter()
            .any(|package| count.get(package.name.as_str()) > Some(&1))
    });
    let trees = policy
        .skipped_trees
        .iter()
        .map(|(spec, _)| spec)
        .filter(|spec| spec.among(graph).is_empty());
    skipped
        .chain(trees)
        .map(|spec| {
            Finding::new(
                "deny.toml",
                format!("skips {}, which is there once or not at all", spec.text()),
                "an exception that is not needed hides the next one",
            )
        })
        .collect()
}

fn described(graph: &Graph, package: &Package) -> String {
    let by = graph.dependants(package);
    let more = by.len().saturating_sub(3);
    let mut names = by.into_iter().take(3).collect::<Vec<_>>().join(", ");
    if more > 0 {
        names.push_str(&format!(" and {more} more"));
    }
    format!("{package} (for {names})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::graph::tests::graph;

    fn policy(bans: &str) -> Policy {
        Policy::parse(&format!(
            "graph.targets = []\nlicenses.allow = []\n[bans]\n{bans}"
        ))
        .expect("a policy")
    }

    fn two_versions() -> Graph {
        graph(&[
            ("server", &["a@1.0.0", "b@1.0.0"]),
            ("a@1.0.0", &["old@0.8.2"]),
            ("b@1.0.0", &["old@0.9.1"]),
            ("old@0.8.2", &[]),
            ("old@0.9.1", &[]),
        ])
    }

    #[test]
    fn a_second_version_is_found_unless_it_is_skipped() {
        let graph = two_versions();
        let found = |bans| duplicates(&graph, &policy(bans)).len();
        assert_eq!(found("deny = []\nskip = []"), 1);
        assert_eq!(
            found("deny = []\nskip = [{ crate = \"old:0.8\", reason = \"a\" }]"),
            0
        );
        assert_eq!(
            found("deny = []\nskip = []\nskip-tree = [{ crate = \"a\", reason = \"a\" }]"),
            0
        );
        assert_eq!(
            found(
                "deny = []\nskip = []\nskip-tree = [{ crate = \"a\", reason = \"a\", depth = 0 }]"
            ),
            1
        );
    }

    #[test]
    fn a_skip_that_skips_nothing_is_found() {
        let graph = two_versions();
        let skip = |spec: &str| {
            stale(
                &graph,
                &policy(&format!(
                    "deny = []\nskip = [{{ crate = \"{spec}\", reason = \"a\" }}]"
                )),
            )
            .len()
        };
        assert_eq!(skip("old:0.8"), 0);
        assert_eq!(skip("old:0.7"), 1);
        assert_eq!(skip("a"), 1);
    }

    #[test]
    fn banned_versions_are_found_and_others_are_not() {
        let graph = two_versions();
        let found = |spec: &str| {
            banned(
                &graph,
                &policy(&format!(
                    "skip = []\ndeny = [{{ crate = \"{spec}\", reason = \"a\" }}]"
                )),
            )
            .len()
        };
        assert_eq!(found("old:<0.9"), 1);
        assert_eq!(found("old"), 2);
        assert_eq!(found("old@0.9.0"), 0);
    }
}
