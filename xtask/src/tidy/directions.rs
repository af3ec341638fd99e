//! Who may depend on whom among our own packages.

use super::{
    Finding,
    graph::{Dependency, Graph, Package},
};

/// Each package with the packages of ours that it may use. An optional one
/// may only be switched on by a feature. `agent-proto`, `agent`, `gateway` and
/// `stackkit` are of the design and come later.
const MAY_USE: [(&str, &[Use]); 14] = [
    ("types", &[]),
    ("entity", &[Use::Always("types")]),
    ("migration", &[]),
    ("jobs", &[Use::Always("types")]),
    (
        "domain",
        &[
            Use::Always("entity"),
            Use::Always("jobs"),
            Use::Always("migration"),
            Use::Always("types"),
        ],
    ),
    (
        "adapters",
        &[
            Use::Always("agent-proto"),
            Use::Always("domain"),
            Use::Always("types"),
        ],
    ),
    ("gateway", &[Use::Always("types")]),
    ("app", &[Use::Always("types"), Use::Optional("domain")]),
    ("frontend", &[Use::Always("app")]),
    ("agent-proto", &[]),
    ("agent", &[Use::Always("agent-proto")]),
    ("stackkit", &[Use::Always("types")]),
    ("xtask", &[]),
    (
        "server",
        &[
            Use::Always("adapters"),
            Use::Always("app"),
            Use::Always("domain"),
            Use::Always("entity"),
            Use::Always("gateway"),
            Use::Always("jobs"),
            Use::Always("migration"),
            Use::Always("stackkit"),
            Use::Always("types"),
        ],
    ),
];

/// Only tests may use it, so it may use anything but what is built on top.
const TEST_SUPPORT: &str = "test-support";
const ON_TOP: [&str; 3] = ["agent", "frontend", "xtask"];

const WHY: &str = "a change must not reach what lies below it; see docs/architecture.md";

#[derive(Clone, Copy)]
enum Use {
    Always(&'static str),
    Optional(&'static str),
}

impl Use {
    fn covers(self, dependency: &Dependency) -> bool {
        match self {
            Self::Always(name) => dependency.name == name,
            Self::Optional(name) => dependency.name == name && dependency.optional,
        }
    }
}

pub(super) fn check(graph: &Graph) -> Vec<Finding> {
    graph
        .members()
        .flat_map(|package| {
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .filter_map(|dependency| breach(package, dependency))
        })
        .collect()
}

fn breach(package: &Package, dependency: &Dependency) -> Option<Finding> {
    let finding = |what: String| Finding::new(format!("package {}", package.name), what, WHY);
    let other = &dependency.name;
    if dependency.kind.as_deref() == Some("dev") {
        return ON_TOP
            .contains(&other.as_str())
            .then(|| finding(format!("its tests use {other}, which lies on top")));
    }
    if other == TEST_SUPPORT {
        return Some(finding(format!(
            "depends on {other}, which only tests may use"
        )));
    }
    if package.name == TEST_SUPPORT {
        return ON_TOP
            .contains(&other.as_str())
            .then(|| finding(format!("depends on {other}, which lies on top")));
    }
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == package.name) else {
        return Some(finding(
            "is not in the list of who may depend on whom (xtask/src/tidy/directions.rs)"
                .to_owned(),
        ));
    };
    if allowed.iter().any(|allowed| allowed.covers(dependency)) {
        return None;
    }
    let manner = if dependency.optional {
        "an optional"
    } else {
        "a"
    };
    Some(finding(format!(
        "must not have {other} as {manner} dependency"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::graph::tests::graph;

    fn breaches(name: &str, other: &str, kind: Option<&str>, optional: bool) -> usize {
        let graph = graph(&[(name, &[])]);
        let package = graph.members().next().expect("a member");
        let dependency = Dependency {
            name: other.to_owned(),
            kind: kind.map(str::to_owned),
            optional,
            path: Some("somewhere".to_owned()),
        };
        usize::from(breach(package, &dependency).is_some())
    }

    #[test]
    fn the_directions_hold() {
        assert_eq!(breaches("domain", "types", None, false), 0);
        assert_eq!(breaches("types", "domain", None, false), 1);
        assert_eq!(breaches("app", "domain", None, true), 0);
        assert_eq!(breaches("app", "domain", None, false), 1);
        assert_eq!(breaches("server", "frontend", None, false), 1);
        assert_eq!(breaches("jobs", "test-support", Some("dev"), false), 0);
        assert_eq!(breaches("jobs", "test-support", None, false), 1);
        assert_eq!(breaches("test-support", "domain", None, false), 0);
        assert_eq!(breaches("newcomer", "types", None, false), 1);
    }
}
