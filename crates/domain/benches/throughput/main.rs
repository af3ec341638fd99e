//! How many tenants are placed and how many jobs are done per second, on SQLite and
//! PostgreSQL. Prints one JSON document on standard output; `cargo xtask bench` runs
//! it and puts it into its table.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark: its figures are what it is for"
)]

mod place;
mod placement;
mod queue;

use place::Place;
use serde_json::json;

/// Runs of each measurement; the median counts.
const RUNS: usize = 3;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let figures = runtime.block_on(async {
        let mut placements = Vec::new();
        let mut queues = Vec::new();
        for place in Place::all() {
            placements.push(placement::measure(&place, RUNS).await);
            queues.push(queue::measure(&place, RUNS).await);
        }
        json!({ "placement": placements, "queue": queues })
    });
    println!("{figures}");
}

/// The middle one of some figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
