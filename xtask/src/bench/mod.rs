//! `cargo xtask bench`: speed and memory of an optimised build, as a table and as JSON:
//! medians of several runs, but for memory and the first load, which are of one. Nothing
//! here decides whether tests pass.

mod figure;
mod load;
mod page;
mod peers;
mod server;
mod start;
mod throughput;
mod visitor;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::ValueEnum;

pub(crate) use self::peers::FOLDER as PEERS;

use self::figure::Figures;
use crate::{binary, interrupt, places::Places, setup};

/// What `bench` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this part.
    #[arg(long, value_name = "PART")]
    only: Option<Part>,
    /// Where the figures go as JSON.
    #[arg(long, value_name = "FILE", default_value = "bench-results.json")]
    json: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From start to healthy, and memory when idle.
    Start,
    /// The overview page per second, and what a first visit loads.
    Page,
    /// Placement and the job queue per second.
    Throughput,
}

/// Measures all parts, or the one that was asked for.
///
/// # Errors
/// When something is missing, does not compile, or does not do what is measured.
pub(crate) fn run(places: &Places, options: &Options) -> Result<()> {
    let includes = |part| options.only.is_none_or(|only| only == part);
    setup::ensure(places, &setup::for_benchmarks(places))?;
    let mut figures = Figures::default();
    if includes(Part::Start) || includes(Part::Page) {
        let binary = binary::build(places, true)?;
        if includes(Part::Start) {
            start::measure(places, &binary, &mut figures)?;
        }
        interrupt::check()?;
        if includes(Part::Page) {
            page::measure(places, &binary, &mut figures)?;
        }
    }
    interrupt::check()?;
    if includes(Part::Throughput) {
        throughput::measure(places, &mut figures)?;
    }
    println!("\n{}", figures.table());
    let json = std::path::absolute(&options.json)?;
    fs::write(&json, figures.json()?)
        .with_context(|| format!("could not write {}", json.display()))?;
    println!("Also written to {}", json.display());
    Ok(())
}
