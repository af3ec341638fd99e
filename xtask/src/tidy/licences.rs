//! Every package that is shipped has a licence that we can comply with.

use spdx::{Expression, ParseMode};

use super::{
    Finding,
    graph::{Graph, Package},
    policy::Policy,
};

const WHY: &str = "deny.toml lists the licences that fit ours";

pub(super) fn check(graph: &Graph, policy: &Policy) -> Vec<Finding> {
    graph
        .packages()
        .filter(|package| package.source.is_some())
        .filter_map(|package| breach(package, policy))
        .collect()
}

fn breach(package: &Package, policy: &Policy) -> Option<Finding> {
    let place = format!("Cargo.lock: {package}");
    let Some(text) = &package.license else {
        return Some(Finding::new(place, "names no licence", WHY));
    };
    // Old packages write a slash for "or".
    let Ok(expression) = Expression::parse_mode(text, ParseMode::LAX) else {
        return Some(Finding::new(
            place,
            format!("has a licence that cannot be read: {text}"),
            WHY,
        ));
    };
    let excepted = policy
        .exceptions
        .iter()
        .filter(|(spec, _)| spec.covers(package))
        .flat_map(|(_, licences)| licences);
    let allowed: Vec<_> = policy.licences.iter().chain(excepted).collect();
    let fine =
        expression.evaluate(|wanted| allowed.iter().any(|licence| licence.satisfies(wanted)));
    (!fine).then(|| Finding::new(place, format!("has the licence {text}"), WHY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::graph::tests::graph;

    fn is_fine(licence: Option<&str>) -> bool {
        let policy = Policy::parse(
            r#"
            graph.targets = []
            licenses.allow = ["MIT", "BSD-3-Clause"]
            licenses.exceptions = [{ crate = "other", allow = ["MPL-2.0"] }]
            bans = { deny = [], skip = [] }
            "#,
        )
        .expect("a policy");
        let graph = graph(&[("a@1.0.0", &[])]);
        let mut package = graph.packages().next().expect("a package").clone();
        package.license = licence.map(str::to_owned);
        breach(&package, &policy).is_none()
    }

    #[test]
    fn one_of_several_licences_is_enough_but_all_of_those_joined_are_needed() {
        assert!(is_fine(Some("MIT OR Apache-2.0")));
        assert!(is_fine(Some("MIT/Apache-2.0")));
        assert!(is_fine(Some("MIT AND BSD-3-Clause")));
        assert!(!is_fine(Some("MIT AND Apache-2.0")));
        assert!(!is_fine(Some("MPL-2.0")));
        assert!(!is_fine(Some("no licence that is known")));
        assert!(!is_fine(None));
    }
}
