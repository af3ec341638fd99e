//! `cargo xtask test`: every check and test, in the order in which they tell
//! most for their time.

mod checkout;
mod end_to_end;
mod report;

use anyhow::Result;
use clap::ValueEnum;

use self::{checkout::Checkout, report::Report};
use crate::{
    binary,
    cluster::{Cluster, Durability},
    places::Places,
    process::{self, line},
    setup, tidy,
};

/// Every package but the wasm entry, which never shares a cargo call with the
/// server: their features exclude each other.
const NATIVE: [&str; 3] = ["--workspace", "--exclude", "frontend"];

/// What `test` takes.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only this part.
    #[arg(long, value_name = "PART")]
    only: Option<Part>,
    /// Only tests whose name contains this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// The tests in a browser are of an optimised build.
    #[arg(long)]
    release: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Formatting, clippy and tidy.
    Lint,
    /// The Rust tests, on SQLite and PostgreSQL.
    Rust,
    /// The tests of the built binary in a real browser.
    E2e,
}

impl Options {
    fn includes(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

/// Sets up, runs all parts even when one fails, and prints how each went.
///
/// # Errors
/// When something is missing, a part failed, or someone asked to stop.
pub(crate) fn run(places: &Places, options: &Options) -> Result<()> {
    let elsewhere = Checkout::make(places)?;
    let places = elsewhere.as_ref().map_or(places, |it| &it.places);
    setup::ensure(places, &needed(places, options))?;
    let mut report = Report::default();
    let done = parts(places, options, &mut report);
    report.print();
    done?;
    report.result()
}

fn needed(places: &Places, options: &Options) -> setup::Tools {
    match options.only {
        None => setup::everything(places),
        Some(Part::Lint) => setup::for_lints(),
        Some(Part::Rust) => setup::for_rust_tests(),
        Some(Part::E2e) => setup::for_end_to_end_tests(places),
    }
}

/// Stops early only when someone asks to.
fn parts(places: &Places, options: &Options, report: &mut Report) -> Result<()> {
    if options.includes(Part::Lint) {
        lint(places, report)?;
    }
    if options.includes(Part::Rust) {
        rust(places, options, report)?;
    }
    if options.includes(Part::E2e) {
        end_to_end(places, options, report)?;
    }
    Ok(())
}

fn lint(places: &Places, report: &mut Report) -> Result<()> {
    report.step("formatting", || cargo(places, &["fmt", "--all", "--check"]))?;
    report.step("clippy, server", || {
        let arguments = [&["clippy"], &NATIVE[..], &["--all-targets"], &DENY[..]].concat();
        cargo(places, &arguments)
    })?;
    report.step("clippy, browser", || {
        let package = ["clippy", "--package", "frontend"];
        // In the profile of the build, which finds the macros compiled.
        let target = ["--target", "wasm32-unknown-unknown"];
        let profile = ["--profile", "wasm-dev"];
        cargo(places, &[&package[..], &target, &profile, &DENY].concat())
    })?;
    report.step("tidy", || tidy::run(places))?;
    Ok(())
}

const DENY: [&str; 3] = ["--", "--deny", "warnings"];

fn rust(places: &Places, options: &Options, report: &mut Report) -> Result<()> {
    report.step("Rust tests", || {
        // Thrown away when it goes out of scope, however the tests end.
        let cluster = Cluster::start(places, Durability::None)?;
        let mut command = places.command("cargo");
        command
            .arg("test")
            .args(NATIVE)
            .arg("--no-fail-fast")
            .args(&options.filter)
            .env("KOMBIFY_TEST_POSTGRES_URL", cluster.url());
        println!("{}", line(&command));
        process::run(&mut command)
    })?;
    Ok(())
}

fn end_to_end(places: &Places, options: &Options, report: &mut Report) -> Result<()> {
    if !end_to_end::exist(places)? {
        report.skip("end-to-end tests", "there are none in end2end/tests");
        return Ok(());
    }
    let built = report.step("build", || binary::build(places, options.release))?;
    let Some(binary) = built else {
        report.skip("end-to-end tests", "there is no binary");
        return Ok(());
    };
    report.step("end-to-end tests", || {
        let cluster = Cluster::start(places, Durability::None)?;
        end_to_end::run(places, &binary, &cluster, options.filter.as_deref())
    })?;
    Ok(())
}

fn cargo(places: &Places, arguments: &[&str]) -> Result<()> {
    let mut command = places.command("cargo");
    command.args(arguments);
    println!("{}", line(&command));
    process::run(&mut command)
}
