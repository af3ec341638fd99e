//! `kombify token create`: an API token for a user, made by whoever holds the data.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use domain::{env::Env, portal::api_token::issue};
use types::portal::{ApiTokenCreate, Scope};

use crate::{compose, config::Settings, output};

/// What can be done with tokens here.
#[derive(Subcommand)]
pub(super) enum Token {
    /// Make a token and print it once.
    Create {
        /// The user's e-mail address, or their id where several have the same address.
        #[arg(long)]
        user: String,
        /// A name to recognise the token by.
        #[arg(long)]
        name: String,
        /// What it may do.
        #[arg(long, value_delimiter = ',', default_value = "read")]
        scopes: Vec<Scope>,
        /// Days until it stops to work.
        #[arg(long, default_value_t = 30)]
        days: u16,
    },
}

pub(super) async fn run(settings: &Settings, command: Token) -> anyhow::Result<ExitCode> {
    let Token::Create {
        user,
        name,
        scopes,
        days,
    } = command;
    let (control, _) = compose::existing_databases(settings).await?;
    let issued = issue(
        control,
        Env::system(),
        &user,
        ApiTokenCreate { name, scopes, days },
    )
    .await?;
    if let Err(error) = output::hand_over(format!("{}\n", issued.secret)) {
        issued.take_back().await.with_context(|| {
            format!(
                "its secret could not be printed ({error}), and the token could not be taken back: its user has to revoke it"
            )
        })?;
        return Err(error).context("the token was taken back, as its secret could not be printed");
    }
    Ok(ExitCode::SUCCESS)
}
