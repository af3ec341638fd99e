//! The overview of a signed-in person, rendered on the server, and what a first visit
//! loads.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{
    figure::{Figure, Figures, Wanted},
    load::{self, Asked},
    peers,
    server::Server,
    visitor::Visitor,
};
use crate::{binary::Binary, places::Places};

/// The slug of the sample tenant.
pub(super) const SAMPLE: &str = "nordhaus";
/// The stack that the sample data makes last.
const LAST_STACK: &str = "core-services";
const RUNS: usize = 3;

/// Measures both.
///
/// # Errors
/// When the server does not answer as it should.
pub(super) fn measure(places: &Places, binary: &Binary, figures: &mut Figures) -> Result<()> {
    let data = tempfile::tempdir()?;
    let server = Server::start(places, binary, data.path())?;
    let mut visitor = Visitor::at(&server.address);
    visitor.sign_in("owner")?;
    visitor.until("/api/tenant", |tenant| tenant.to_string().contains(SAMPLE))?;
    visitor.launch(SAMPLE)?;
    until_sampled(&mut visitor)?;
    let path = format!("/tenant/{SAMPLE}");
    first_load(&mut visitor, &path, figures)?;
    let page = visitor.read(&path, None)?;
    let text = String::from_utf8_lossy(&page).into_owned();
    for shown in ["core-services", "nuc-1", "Latest runs"] {
        ensure!(text.contains(shown), "the overview shows no {shown}");
    }
    let address = format!("{}{path}", server.address);
    let cookies = visitor.cookies();
    let unchanged = load::measure(places, &address, &cookies, Asked::Same, RUNS)?;
    let anew = load::measure(places, &address, &cookies, Asked::Another, RUNS)?;
    server.stop();
    let peer = peers::page(places, data.path(), &cookies, RUNS)?;
    let what = format!(
        "Overview, signed in, server-rendered, {} kB of HTML, one core, SQLite",
        page.len() / 1000
    );
    figures.add(Figure {
        name: format!("{what}, while nothing changes"),
        value: unchanged.per_second,
        unit: "requests/s",
        runs: unchanged.runs,
        wanted: Some(Wanted::AtLeast(1500.0)),
        peer: None,
    });
    figures.add(Figure {
        name: format!("{what}, rendered anew each time"),
        value: anew.per_second,
        unit: "requests/s",
        runs: anew.runs,
        wanted: None,
        peer: Some(peer),
    });
    Ok(())
}

/// Waits until all of the sample data is there: its last stack waits for an approval.
///
/// # Errors
/// When that takes too long.
pub(super) fn until_sampled(visitor: &mut Visitor) -> Result<()> {
    let runs = format!("/tenant/{SAMPLE}/v1/runs");
    let is_last = |run: &Value| run["stack_name"] == LAST_STACK && run["state"] == "waiting";
    visitor
        .until(&runs, |runs| {
            runs.as_array().is_some_and(|runs| runs.iter().any(is_last))
        })
        .map(|_| ())
}

/// Adds up what the page makes a browser load before it is alive, as it is sent.
fn first_load(visitor: &mut Visitor, path: &str, figures: &mut Figures) -> Result<()> {
    let page = String::from_utf8_lossy(&visitor.read(path, None)?).into_owned();
    let mut files = BTreeSet::new();
    for (at, _) in page.match_indices("/pkg/") {
        let name: String = page[at..]
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(*letter))
            .collect();
        files.insert(name);
    }
    for kind in [".wasm", ".js", ".css"] {
        ensure!(
            files.iter().any(|file| file.ends_with(kind)),
            "{path} names no {kind}: {files:?}"
        );
    }
    let mut all = 0.0;
    for file in files {
        let bytes = visitor.read(&file, Some("br"))?.len();
        let kilobytes = f64::from(u32::try_from(bytes)?) / 1000.0;
        println!("{file}: {kilobytes:.1} kB");
        all += kilobytes;
    }
    figures.add(Figure {
        name: "First load: WASM, JS and CSS, brotli".to_owned(),
        value: all,
        unit: "kB",
        runs: 1,
        wanted: Some(Wanted::AtMost(450.0)),
        peer: None,
    });
    Ok(())
}
