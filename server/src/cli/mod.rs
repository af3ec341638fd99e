//! The command line.

mod config;
mod doctor;
mod migrate;
mod openapi;
mod token;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{
    config::{Overrides, Settings, load},
    output, run,
};

const LAST_THREADS: Duration = Duration::from_millis(500);

/// Rehearse your homelab, then launch it.
#[derive(Parser)]
#[command(name = "kombify", version, max_term_width = 100)]
struct Cli {
    /// Read this settings file in place of ./kombify.toml or /etc/kombify/kombify.toml.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder for databases, keys and kits (setting data.dir).
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the platform, or some of its roles.
    Serve(Serve),
    /// Bring the databases up to date and stop.
    Migrate,
    /// Look for every outside part: found or not, its version, what is off without it.
    Doctor,
    /// Personal API tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Print the OpenAPI document.
    Openapi,
    /// Print each setting and where its value came from; secrets are masked.
    Config {
        /// How to print.
        #[arg(long, value_enum, default_value_t = Form::Table)]
        output: Form,
    },
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What `serve` takes.
#[derive(Args)]
struct Serve {
    /// Roles of this process (setting server.roles): portal, admin, stack, worker.
    #[arg(long, value_delimiter = ',', value_name = "ROLE")]
    roles: Vec<String>,
    /// Port to listen on (setting server.port).
    #[arg(long)]
    port: Option<u16>,
    /// Development mode: embedded issuer and sample data, on this machine only.
    #[arg(long)]
    dev: bool,
}

/// How a list is printed.
#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// Columns.
    Table,
    /// JSON.
    Json,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            output::complain(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let mut overrides = Overrides {
        file: cli.config,
        values: Vec::new(),
    };
    if let Some(folder) = cli.data_dir {
        overrides
            .values
            .push(("data.dir", folder.display().to_string()));
    }
    match cli.command {
        Command::Serve(serve) => {
            serve.apply(&mut overrides);
            within(run::serve(load(&overrides)?))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate => within(migrate::run(&lenient(&overrides)?)),
        Command::Doctor => within(doctor::run(&lenient(&overrides)?)),
        Command::Token(command) => within(token::run(&lenient(&overrides)?, command)),
        Command::Openapi => openapi::run(),
        Command::Config { output } => config::run(&overrides, output),
        Command::Completions { shell } => {
            let mut script: Vec<u8> = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "kombify", &mut script);
            output::print(script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Serve {
    fn apply(self, overrides: &mut Overrides) {
        if self.dev {
            overrides
                .values
                .push(("server.mode", "development".to_owned()));
        }
        if let Some(port) = self.port {
            overrides.values.push(("server.port", port.to_string()));
        }
        if !self.roles.is_empty() {
            overrides
                .values
                .push(("server.roles", self.roles.join(",")));
        }
    }
}

/// For commands that need no provider: development settings where production ones
/// are not complete.
fn lenient(overrides: &Overrides) -> anyhow::Result<Settings> {
    load(overrides).or_else(|error| {
        let mut development = overrides.clone();
        development
            .values
            .push(("server.mode", "development".to_owned()));
        load(&development).map_err(|_| error.into())
    })
}

fn within<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(work);
    // What blocks a thread must not hold the process.
    runtime.shutdown_timeout(LAST_THREADS);
    done
}
