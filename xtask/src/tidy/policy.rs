//! What deny.toml says, which cargo-deny reads too. tidy applies it without
//! the network and without another program.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use semver::{Op, VersionReq};
use serde::Deserialize;
use spdx::Licensee;

use super::graph::{Graph, Package};

/// What may be depended on.
#[derive(Debug)]
pub(super) struct Policy {
    platforms: Vec<String>,
    /// Licences that are fine for every package.
    pub(super) licences: Vec<Licensee>,
    /// Licences that are fine for some package.
    pub(super) exceptions: Vec<(Spec, Vec<Licensee>)>,
    /// Packages that are not wanted, with the reason.
    pub(super) banned: Vec<(Spec, String)>,
    /// Versions that may be there besides another one.
    pub(super) skipped: Vec<Spec>,
    /// The same with all below them, down to a depth.
    pub(super) skipped_trees: Vec<(Spec, Option<usize>)>,
}

/// Some versions of a package: `name`, `name:requirement` or `name@version`.
#[derive(Debug)]
pub(super) struct Spec {
    text: String,
    name: String,
    versions: VersionReq,
}

impl Spec {
    fn parse(text: &str) -> Result<Self> {
        let exact = text.split_once('@');
        let (name, versions) = exact
            .or_else(|| text.split_once(':'))
            .unwrap_or((text, "*"));
        let mut versions = VersionReq::parse(versions)
            .with_context(|| format!("deny.toml: {text} asks for no version"))?;
        if exact.is_some()
            && let Some(first) = versions.comparators.first_mut()
        {
            first.op = Op::Exact;
        }
        Ok(Self {
            text: text.to_owned(),
            name: name.to_owned(),
            versions,
        })
    }

    /// As deny.toml has it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the package is one of these.
    pub(super) fn covers(&self, package: &Package) -> bool {
        package.name == self.name && self.versions.matches(&package.version)
    }

    /// The packages that are.
    pub(super) fn among<'a>(&self, graph: &'a Graph) -> Vec<&'a Package> {
        graph
            .packages()
            .filter(|package| self.covers(package))
            .collect()
    }
}

impl Policy {
    /// Reads deny.toml.
    ///
    /// # Errors
    /// When it is missing or says something that is not understood.
    pub(super) fn load(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join("deny.toml")).context("deny.toml is missing")?;
        Self::parse(&text)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).context("deny.toml is not understood")?;
        Ok(Self {
            platforms: file.graph.targets,
            licences: licences(&file.licenses.allow)?,
            exceptions: file
                .licenses
                .exceptions
                .iter()
                .map(|entry| Ok((Spec::parse(&entry.package)?, licences(&entry.allow)?)))
                .collect::<Result<_>>()?,
            banned: file
                .bans
                .deny
                .into_iter()
                .map(|entry| Ok((Spec::parse(&entry.package)?, entry.reason)))
                .collect::<Result<_>>()?,
            skipped: file
                .bans
                .skip
                .iter()
                .map(|entry| Spec::parse(&entry.package))
                .collect::<Result<_>>()?,
            skipped_trees: file
                .bans
                .skip_tree
                .iter()
                .map(|entry| Ok((Spec::parse(&entry.package)?, entry.depth)))
                .collect::<Result<_>>()?,
        })
    }

    /// The platforms that are shipped to.
    pub(super) fn platforms(&self) -> &[String] {
        &self.platforms
    }
}

fn licences(texts: &[String]) -> Result<Vec<Licensee>> {
    texts
        .iter()
        .map(|text| {
            Licensee::parse(text).with_context(|| format!("deny.toml: {text} is no licence"))
        })
        .collect()
}

#[derive(Deserialize)]
struct File {
    graph: GraphSection,
    licenses: LicensesSection,
    bans: BansSection,
}

#[derive(Deserialize)]
struct GraphSection {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct LicensesSection {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct BansSection {
    deny: Vec<Reasoned>,
    skip: Vec<Reasoned>,
    #[serde(default)]
    skip_tree: Vec<Reasoned>,
}

#[derive(Deserialize)]
struct Reasoned {
    #[serde(rename = "crate")]
    package: String,
    /// An entry without a reason is not understood.
    reason: String,
    depth: Option<usize>,
}
