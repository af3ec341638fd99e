//! From start to healthy on a database that exists, and memory when idle.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    figure::{Figure, Figures, Wanted, median},
    page::SAMPLE,
    server::Server,
    visitor::Visitor,
};
use crate::{binary::Binary, interrupt, places::Places};

const STARTS: usize = 7;
/// All roles are idle for so long before the memory is read: two rounds of health
/// checks, and the sample data long made.
const IDLE: Duration = Duration::from_secs(35);
const GLANCE: Duration = Duration::from_millis(250);

/// Measures both.
///
/// # Errors
/// When the server does not become healthy.
pub(super) fn measure(places: &Places, binary: &Binary, figures: &mut Figures) -> Result<()> {
    let data = tempfile::tempdir()?;
    let first = Server::start(places, binary, data.path())?;
    let mut visitor = Visitor::at(&first.address);
    visitor.sign_in("owner")?;
    visitor.until("/api/tenant", |tenant| tenant.to_string().contains(SAMPLE))?;
    visitor.launch(SAMPLE)?;
    super::page::until_sampled(&mut visitor)?;
    first.stop();
    let mut starts = Vec::new();
    let mut last = None;
    for _ in 0..STARTS {
        drop(last.take());
        let server = Server::start(places, binary, data.path())?;
        starts.push(server.took.as_secs_f64() * 1000.0);
        last = Some(server);
    }
    figures.add(Figure {
        name: "Start to healthy, existing database".to_owned(),
        value: median(starts),
        unit: "ms",
        runs: STARTS,
        wanted: Some(Wanted::AtMost(1000.0)),
        peer: None,
    });
    let Some(server) = last else { return Ok(()) };
    let begun = Instant::now();
    while begun.elapsed() < IDLE {
        interrupt::check()?;
        thread::sleep(GLANCE);
    }
    figures.add(Figure {
        name: "Resident memory, all roles, idle".to_owned(),
        value: server.resident_mb()?,
        unit: "MB",
        runs: 1,
        wanted: Some(Wanted::AtMost(80.0)),
        peer: None,
    });
    Ok(())
}
