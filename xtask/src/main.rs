//! The project's commands: `cargo xtask <setup|run|test|tidy|bench>`.
#![expect(
    clippy::print_stdout,
    reason = "a command line tool: what it prints is what it is for"
)]

mod assets;
mod bench;
mod binary;
mod cluster;
mod interrupt;
mod places;
mod process;
mod run;
mod setup;
mod stamp;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{interrupt::Interrupted, places::Places};

/// Set up, run, test and tidy kombify.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what building, running and testing need and this machine lacks.
    Setup,
    /// Set up, build and start everything in one process, with sample data.
    Run(run::Options),
    /// Set up and run every check and test, in a real browser too.
    Test(test::Options),
    /// Check the rules of the source: who depends on whom, licences, file sizes and the like.
    Tidy,
    /// Measure speed and memory of an optimised build, beside peers, and print a table.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match execute(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => ExitCode::from(130),
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(task: Task) -> anyhow::Result<()> {
    let places = Places::find()?;
    interrupt::listen()?;
    match task {
        Task::Setup => setup::ensure(&places, &setup::everything(&places)),
        Task::Run(options) => run::run(&places, &options),
        Task::Test(options) => test::run(&places, &options),
        Task::Tidy => tidy::run(&places),
        Task::Bench(options) => bench::run(&places, &options),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
