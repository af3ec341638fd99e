//! `cargo xtask tidy`: rules of the source that neither the compiler nor
//! clippy knows. Each finding says where, what, and why the rule is there.

mod directions;
mod graph;
mod layers;
mod licences;
mod marks;
mod policy;
mod sources;
mod unwanted;
mod wasm;

use std::fmt;

use anyhow::{Result, bail};

use self::{graph::Graph, policy::Policy, sources::Sources};
use crate::places::Places;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// `file`, or `file:line`.
    place: String,
    /// What is there.
    what: String,
    /// Why it should not be.
    why: &'static str,
}

impl Finding {
    fn new(place: impl Into<String>, what: impl Into<String>, why: &'static str) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
            why,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} ({})", self.place, self.what, self.why)
    }
}

/// Applies every rule.
///
/// # Errors
/// When a rule is broken, or the workspace cannot be read.
pub(crate) fn run(places: &Places) -> Result<()> {
    let policy = Policy::load(&places.root)?;
    let graph = Graph::load(places, policy.platforms())?;
    let sources = Sources::load(places)?;
    let mut findings: Vec<Finding> = [
        directions::check(&graph),
        wasm::check(places)?,
        licences::check(&graph, &policy),
        unwanted::check(&graph, &policy),
        layers::check(&sources),
        marks::check(&sources),
    ]
    .into_iter()
    .flatten()
    .collect();
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy found {}", counted(findings.len(), "broken rule"));
    }
    println!(
        "tidy: {} and {} are in order",
        counted(graph.packages().count(), "package"),
        counted(sources.count(), "file")
    );
    Ok(())
}

fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}
