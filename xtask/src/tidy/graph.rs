//! The packages of the workspace and all that they depend on, as cargo
//! resolved them for the platforms that are shipped to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anyhow::{Context as _, Result};
use semver::Version;
use serde::{Deserialize, Deserializer};

use crate::{places::Places, process::capture};

/// Packages and who depends on whom.
#[derive(Debug)]
pub(super) struct Graph {
    packages: BTreeMap<String, Package>,
    depends: BTreeMap<String, Vec<String>>,
    members: BTreeSet<String>,
}

/// A package.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Package {
    id: String,
    /// Its name.
    pub(super) name: String,
    /// Its version.
    #[serde(deserialize_with = "version")]
    pub(super) version: Version,
    /// A licence expression.
    pub(super) license: Option<String>,
    /// Where it comes from; nothing for one of ours.
    pub(super) source: Option<String>,
    /// What it says it depends on.
    pub(super) dependencies: Vec<Dependency>,
}

/// A line of a package's manifest.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Dependency {
    /// The name of the package.
    pub(super) name: String,
    /// `dev`, `build`, or nothing for a plain one.
    pub(super) kind: Option<String>,
    /// Whether a feature switches it on.
    pub(super) optional: bool,
    /// The folder of one of ours.
    pub(super) path: Option<String>,
}

/// By hand, so that semver is compiled once and not again with a feature.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Graph {
    /// Asks cargo, which fails when Cargo.lock is not up to date.
    ///
    /// # Errors
    /// When cargo cannot tell.
    pub(super) fn load(places: &Places, platforms: &[String]) -> Result<Self> {
        let mut command = places.command("cargo");
        command.args(["metadata", "--format-version", "1", "--locked"]);
        for platform in platforms {
            command.args(["--filter-platform", platform]);
        }
        let text = capture(&mut command)
            .context("is Cargo.lock up to date? `cargo metadata` must work with --locked")?;
        let mut compiled = BTreeSet::new();
        for platform in platforms {
            compiled.extend(compiled_for(places, platform)?);
        }
        let mut graph = Self::parse(&text)?;
        graph.keep(&compiled);
        Ok(graph)
    }

    /// Leaves out what no feature switches on: cargo's metadata holds it too.
    fn keep(&mut self, compiled: &BTreeSet<String>) {
        self.packages
            .retain(|_, package| compiled.contains(&package.to_string()));
        let packages = &self.packages;
        self.depends.retain(|id, _| packages.contains_key(id));
        for below in self.depends.values_mut() {
            below.retain(|id| packages.contains_key(id));
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let metadata: Metadata =
            serde_json::from_str(text).context("cargo's metadata reads differently now")?;
        let depends: BTreeMap<_, _> = metadata
            .resolve
            .nodes
            .into_iter()
            .map(|node| (node.id, node.dependencies))
            .collect();
        Ok(Self {
            // cargo lists those of other platforms too.
            packages: metadata
                .packages
                .into_iter()
                .filter(|package| depends.contains_key(&package.id))
                .map(|package| (package.id.clone(), package))
                .collect(),
            depends,
            members: metadata.workspace_members,
        })
    }

    /// All packages.
    pub(super) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    /// Ours.
    pub(super) fn members(&self) -> impl Iterator<Item = &Package> {
        self.members.iter().filter_map(|id| self.packages.get(id))
    }

    /// A package and all below it, down to `depth` steps where that is given.
    pub(super) fn tree<'a>(&'a self, top: &'a Package, depth: Option<usize>) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let mut level = vec![top.id.as_str()];
        let mut steps = 0;
        while !level.is_empty() && depth.is_none_or(|depth| steps <= depth) {
            let mut next = Vec::new();
            for id in level {
                if seen.insert(id) {
                    next.extend(self.depends.get(id).into_iter().flatten());
                }
            }
            level = next.into_iter().map(String::as_str).collect();
            steps += 1;
        }
        seen
    }

    /// The names of the packages that depend on this one.
    pub(super) fn dependants(&self, package: &Package) -> Vec<String> {
        self.depends
            .iter()
            .filter(|(_, below)| below.contains(&package.id))
            .filter_map(|(id, _)| self.packages.get(id))
            .map(Package::to_string)
            .collect()
    }
}

/// The packages that are compiled for a platform, tests included, as a
/// [`Package`] displays itself.
fn compiled_for(places: &Places, platform: &str) -> Result<Vec<String>> {
    let tree = capture(places.command("cargo").args([
        "tree",
        "--locked",
        "--workspace",
        "--target",
        platform,
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    Ok(tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, version) = (words.next()?, words.next()?);
            Some(format!("{name} {}", version.trim_start_matches('v')))
        })
        .collect())
}

impl fmt::Display for Package {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.version)
    }
}

impl Package {
    /// Cargo's id of it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A graph of packages `name@version`, each with the names of those below;
    /// members of the workspace have no version.
    pub(in crate::tidy) fn graph(packages: &[(&str, &[&str])]) -> Graph {
        let listed: Vec<Value> = packages
            .iter()
            .map(|(id, _)| {
                let (name, version) = id.split_once('@').unwrap_or((id, "0.1.0"));
                json!({
                    "id": id,
                    "name": name,
                    "version": version,
                    "license": "MIT",
                    "source": id.contains('@').then_some("registry+https://example.org"),
                    "dependencies": [],
                })
            })
            .collect();
        let nodes: Vec<Value> = packages
            .iter()
            .map(|(id, below)| json!({"id": id, "dependencies": below}))
            .collect();
        let members: Vec<&str> = packages
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| !id.contains('@'))
            .collect();
        let metadata = json!({
            "packages": listed,
            "workspace_members": members,
            "resolve": {"nodes": nodes},
        });
        Graph::parse(&metadata.to_string()).expect("a graph")
    }

    #[test]
    fn what_is_not_compiled_is_left_out() {
        let mut graph = graph(&[
            ("server", &["a@1.0.0", "b@1.0.0"]),
            ("a@1.0.0", &[]),
            ("b@1.0.0", &[]),
        ]);
        graph.keep(&["server 0.1.0", "a 1.0.0"].map(str::to_owned).into());
        let names: Vec<_> = graph.packages().map(|package| &package.name).collect();
        assert_eq!(names, ["a", "server"]);
        let top = graph.members().next().expect("server");
        assert_eq!(graph.tree(top, None).len(), 2);
    }

    #[test]
    fn a_tree_ends_at_its_depth() {
        let graph = graph(&[
            ("server", &["a@1.0.0"]),
            ("a@1.0.0", &["b@1.0.0"]),
            ("b@1.0.0", &["c@1.0.0"]),
            ("c@1.0.0", &[]),
        ]);
        let top = graph.members().next().expect("server");
        assert_eq!(graph.tree(top, None).len(), 4);
        assert_eq!(
            graph.tree(top, Some(1)).into_iter().collect::<Vec<_>>(),
            ["a@1.0.0", "server"]
        );
    }
}
