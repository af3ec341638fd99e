//! What the browser loads holds nothing of the server.

use anyhow::Result;

use super::Finding;
use crate::{places::Places, process::capture};

/// Packages that belong on a server. tokio itself compiles for wasm; its
/// runtime and its network do not belong there.
const SERVER_ONLY: [&str; 12] = [
    "adapters",
    "axum",
    "domain",
    "entity",
    "hyper",
    "jobs",
    "leptos_axum",
    "mio",
    "reqwest",
    "sea-orm",
    "sqlx",
    "sqlx-core",
];
const TOKIO_FEATURES: [&str; 4] = ["net", "process", "rt", "rt-multi-thread"];

const WHY: &str = "every visitor would load it, and the server's code stays on the server; \
    `cargo tree -p frontend --target wasm32-unknown-unknown -i` shows what brings it";

pub(super) fn check(places: &Places) -> Result<Vec<Finding>> {
    let tree = capture(places.command("cargo").args([
        "tree",
        "--locked",
        "--package",
        "frontend",
        "--target",
        "wasm32-unknown-unknown",
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}|{f}",
    ]))?;
    Ok(tree.lines().filter_map(finding).collect())
}

fn finding(line: &str) -> Option<Finding> {
    let (package, features) = line.split_once('|')?;
    let name = package.split_whitespace().next()?;
    let features = features.trim_end_matches(" (*)");
    let unwanted = SERVER_ONLY.contains(&name)
        || (name == "tokio"
            && features
                .split(',')
                .any(|feature| TOKIO_FEATURES.contains(&feature)));
    unwanted.then(|| Finding::new("package frontend", format!("holds {package} for wasm"), WHY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_the_server_are_found() {
        assert!(finding("axum v0.8.9|default,http1").is_some());
        assert!(finding("tokio v1.54.1|default,rt,sync (*)").is_some());
        assert!(finding("tokio v1.54.1|default,sync").is_none());
        assert!(finding("serde v1.0.229|default,derive").is_none());
    }
}
