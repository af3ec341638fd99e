//! `kombify doctor`: every outside part, and what is off without it.

use std::{process::ExitCode, time::Duration};

use adapters::oidc::{OidcProvider, OidcSettings};
use anyhow::Context as _;
use axum::http::Uri;
use domain::{env::Env, ports::IdentityProvider as _};
use tokio::net::TcpStream;

use crate::{
    compose::{self, Found},
    config::{Mode, Settings},
    keys, output, pages,
};

/// One line of the report.
struct Finding {
    part: &'static str,
    state: State,
    detail: String,
}

/// How long a collector of traces may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, PartialEq)]
enum State {
    Found,
    Off,
    Broken,
}

/// Fails when something that is needed is broken; a part that only switches something
/// off does not count.
pub(super) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let found = compose::look_for_databases(settings).await;
    let findings = [
        data_folder(settings),
        master_key(settings, found.as_ref().ok().and_then(Option::as_ref)).await,
        databases(settings, found),
        interface(settings),
        cue(settings).await,
        infrastructure(settings).await,
        sandbox(settings).await,
        provider(settings).await,
        traces(settings).await,
    ];
    output::print(findings.iter().map(Finding::line).collect::<String>())?;
    let broken = findings
        .iter()
        .any(|finding| finding.state == State::Broken);
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

impl Finding {
    fn line(&self) -> String {
        let sign = match self.state {
            State::Found => "ok     ",
            State::Off => "off    ",
            State::Broken => "broken ",
        };
        format!("{sign} {:22} {}\n", self.part, self.detail)
    }
}

fn data_folder(settings: &Settings) -> Finding {
    let folder = &settings.data.dir;
    if !folder.exists() {
        return Finding {
            part: "data folder",
            state: State::Off,
            detail: format!("{} is made by the first start", folder.display()),
        };
    }
    let probe = folder.join(".doctor");
    let written = std::fs::write(&probe, b"kombify").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Finding {
            part: "data folder",
            state: State::Found,
            detail: format!("{} can be written", folder.display()),
        },
        Err(error) => Finding {
            part: "data folder",
            state: State::Broken,
            detail: format!("{}: {error}; set data.dir", folder.display()),
        },
    }
}

async fn master_key(settings: &Settings, databases: Option<&Found>) -> Finding {
    let (state, detail) = match compose::look_for_master_key(settings, databases).await {
        Ok(true) if settings.security.master_key.is_empty() => {
            let file = settings.data.dir.join(keys::FILE);
            (State::Found, file.display().to_string())
        }
        Ok(true) => (State::Found, "set by security.master_key".to_owned()),
        Ok(false) => (State::Off, "made by the first start".to_owned()),
        Err(error) => (State::Broken, format!("{error:#}")),
    };
    Finding {
        part: "master key",
        state,
        detail,
    }
}

fn databases(settings: &Settings, found: anyhow::Result<Option<Found>>) -> Finding {
    let (state, detail) = match found {
        Ok(Some(found)) if found.missing_steps == 0 => {
            (State::Found, format!("{}, up to date", found.product))
        }
        Ok(Some(found)) => (
            State::Off,
            format!(
                "{}, with tables of an earlier version: the next start, or `kombify migrate`, brings them up to date",
                found.product
            ),
        ),
        Ok(None) => {
            let product = if settings.database.is_postgres() {
                "PostgreSQL"
            } else {
                "SQLite"
            };
            (State::Off, format!("{product}, made by the first start"))
        }
        Err(error) => (State::Broken, format!("{error:#}")),
    };
    Finding {
        part: "databases",
        state,
        detail,
    }
}

fn interface(settings: &Settings) -> Finding {
    let (state, detail) = match pages::why_not(&compose::leptos_options(settings)) {
        None => (
            State::Found,
            format!("pages load their files from {}", settings.server.site_root),
        ),
        Some(why) => (State::Off, format!("there are no pages: {why}")),
    };
    Finding {
        part: "interface",
        state,
        detail,
    }
}

async fn cue(settings: &Settings) -> Finding {
    let (state, detail) = match compose::programs(settings).engine.version().await {
        Ok(found) => (
            State::Found,
            format!(
                "{} {} at {}",
                found.name,
                found.version,
                found.path.display()
            ),
        ),
        Err(error) => (
            State::Off,
            format!(
                "specifications cannot be checked or planned: {}",
                error.problem().detail
            ),
        ),
    };
    Finding {
        part: "cue",
        state,
        detail,
    }
}

async fn infrastructure(settings: &Settings) -> Finding {
    let (state, detail) = match compose::programs(settings).runner.version().await {
        Ok(found) => (
            State::Found,
            format!(
                "{} {} at {}",
                found.name,
                found.version,
                found.path.display()
            ),
        ),
        Err(error) => (
            State::Off,
            format!(
                "nothing can be planned or applied: {}",
                error.problem().detail
            ),
        ),
    };
    Finding {
        part: "tofu or terraform",
        state,
        detail,
    }
}

async fn sandbox(settings: &Settings) -> Finding {
    let weaknesses = compose::programs(settings).sandbox.weaknesses().await;
    let (state, detail) = if weaknesses.is_empty() {
        (State::Found, "programs run without network where they need none, without new privileges, within limits".to_owned())
    } else {
        (State::Off, weaknesses.join("; "))
    };
    Finding {
        part: "sandbox",
        state,
        detail,
    }
}

async fn provider(settings: &Settings) -> Finding {
    let identity = &settings.identity;
    if settings.server.mode == Mode::Development && settings.uses_embedded_issuer() {
        let detail = "no OpenID provider is set: only `serve --dev` with its embedded issuer works"
            .to_owned();
        return Finding {
            part: "sign-in provider",
            state: State::Off,
            detail,
        };
    }
    let oidc = OidcSettings {
        issuer: identity.issuer.clone(),
        client_id: identity.client_id.clone(),
        client_secret: None,
        scopes: identity.scopes.clone(),
    };
    let looked = async {
        OidcProvider::new(oidc, Env::system())?
            .begin(&settings.server.public_url)
            .await
    };
    let (state, detail) = match looked.await {
        Ok(_) => (State::Found, format!("{} answers", identity.issuer)),
        Err(error) => (State::Broken, error.problem().detail),
    };
    Finding {
        part: "sign-in provider",
        state,
        detail,
    }
}

async fn traces(settings: &Settings) -> Finding {
    let endpoint = &settings.telemetry.otlp_endpoint;
    let (state, detail) = if endpoint.is_empty() {
        (
            State::Off,
            "traces are not exported; set telemetry.otlp_endpoint".to_owned(),
        )
    } else {
        match listens(endpoint).await {
            Ok(()) => (State::Found, format!("traces go to {endpoint}")),
            Err(error) => (
                State::Off,
                format!("traces are lost, {endpoint} does not answer: {error}"),
            ),
        }
    };
    Finding {
        part: "traces",
        state,
        detail,
    }
}

/// Whether somebody listens where the address points.
async fn listens(url: &str) -> anyhow::Result<()> {
    let url: Uri = url.parse()?;
    let host = url.host().context("the address has no host")?;
    let default = if url.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let connect = TcpStream::connect((host, url.port_u16().unwrap_or(default)));
    tokio::time::timeout(PATIENCE, connect)
        .await
        .context("no answer within 2 s")??;
    Ok(())
}
