//! `kombify doctor`: every outside part, and what is off without it.

use std::process::ExitCode;

use adapters::oidc::{OidcProvider, OidcSettings};
use domain::{env::Env, ports::IdentityProvider as _};

use crate::{
    compose,
    config::{Mode, Settings},
};

/// One line of the report.
struct Finding {
    part: &'static str,
    state: State,
    detail: String,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Found,
    Off,
    Broken,
}

/// Fails when something that is needed is broken; a part that only switches something
/// off does not count.
#[expect(clippy::print_stdout, reason = "the command's answer")]
pub(super) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let findings = [
        data_folder(settings),
        databases(settings).await,
        cue(settings).await,
        infrastructure(settings).await,
        sandbox(settings).await,
        provider(settings).await,
        traces(settings),
    ];
    for Finding {
        part,
        state,
        detail,
    } in &findings
    {
        let sign = match state {
            State::Found => "ok     ",
            State::Off => "off    ",
            State::Broken => "broken ",
        };
        println!("{sign} {part:22} {detail}");
    }
    let broken = findings
        .iter()
        .any(|finding| finding.state == State::Broken);
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
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

async fn databases(settings: &Settings) -> Finding {
    let kind = if settings.database.url.is_empty() {
        "SQLite"
    } else {
        "PostgreSQL"
    };
    let (state, detail) = match compose::missing_steps(settings).await {
        Ok(Some(0)) => (State::Found, format!("{kind}, up to date")),
        Ok(Some(_)) => (
            State::Off,
            format!(
                "{kind}, of an earlier version: the next start, or `kombify migrate`, brings it up to date"
            ),
        ),
        Ok(None) => (State::Off, format!("{kind}, made by the first start")),
        Err(error) => (State::Broken, format!("{error:#}")),
    };
    Finding {
        part: "databases",
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

fn traces(settings: &Settings) -> Finding {
    let endpoint = &settings.telemetry.otlp_endpoint;
    let (state, detail) = if endpoint.is_empty() {
        (
            State::Off,
            "traces are not exported; set telemetry.otlp_endpoint".to_owned(),
        )
    } else {
        (State::Found, format!("traces go to {endpoint}"))
    };
    Finding {
        part: "traces",
        state,
        detail,
    }
}
