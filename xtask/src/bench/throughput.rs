//! Placement and the job queue, by the benchmark of the domain's own crate, and a
//! peer's queue on the same PostgreSQL server.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::{
    figure::{Figure, Figures, Wanted},
    peers,
};
use crate::{
    cluster::{Cluster, Durability},
    places::Places,
    process::capture,
};

#[derive(Deserialize)]
struct Measured {
    placement: Vec<Placement>,
    queue: Vec<Queue>,
}

#[derive(Deserialize)]
struct Placement {
    database: String,
    tenants: u32,
    at_once: u32,
    instances: u32,
    over_committed: u32,
    runs: usize,
    per_second: f64,
}

#[derive(Deserialize)]
struct Queue {
    database: String,
    jobs: u32,
    slots: u32,
    runs: usize,
    per_second: f64,
}

/// Measures both on both databases.
///
/// # Errors
/// When the benchmark fails.
pub(super) fn measure(places: &Places, figures: &mut Figures) -> Result<()> {
    let cluster = Cluster::start(places, Durability::Full)?;
    println!("\nMeasuring placement and the queue, which is compiled first");
    let mut command = places.command("cargo");
    command
        .args([
            "bench",
            "--quiet",
            "--package",
            "domain",
            "--bench",
            "throughput",
        ])
        .env("KOMBIFY_BENCH_POSTGRES_URL", cluster.url())
        .stderr(std::process::Stdio::inherit());
    let printed = capture(&mut command)?;
    let last = printed.lines().last().context("it printed nothing")?;
    let measured: Measured = serde_json::from_str(last).context("it printed no figures")?;
    for placement in measured.placement {
        add_placement(figures, placement);
    }
    for queue in measured.queue {
        let peer = match queue.database.as_str() {
            "PostgreSQL" => Some(peers::queue(
                places,
                cluster.url(),
                queue.jobs,
                queue.slots,
            )?),
            _ => None,
        };
        figures.add(Figure {
            name: format!(
                "{} empty jobs, enqueue to done, {} at once, {}",
                queue.jobs, queue.slots, queue.database
            ),
            value: queue.per_second,
            unit: "jobs/s",
            runs: queue.runs,
            wanted: None,
            peer,
        });
    }
    Ok(())
}

fn add_placement(figures: &mut Figures, placement: Placement) {
    let Placement {
        database,
        tenants,
        at_once,
        instances,
        over_committed,
        runs,
        per_second,
    } = placement;
    let name = format!("{tenants} tenants placed by {at_once} at once on {instances} instances");
    figures.add(Figure {
        name: format!("{name}, {database}"),
        value: per_second,
        unit: "tenants/s",
        runs,
        wanted: None,
        peer: None,
    });
    figures.add(Figure {
        name: format!("Over-committed places in that, {database}"),
        value: f64::from(over_committed),
        unit: "places",
        runs,
        wanted: Some(Wanted::AtMost(0.0)),
        peer: None,
    });
}
