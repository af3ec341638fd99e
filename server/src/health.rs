//! `/health`: every component as it is now, and the machine's resources.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::probe::{ResourceSample, Resources};

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use domain::{
    ports::{InfrastructureRunner, SpecificationEngine, ToolVersion},
    services::Services,
};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use types::admin::ComponentStatus;

use crate::{compose::LOCAL, config::Role, state::Site};

/// For how long a look at the programs holds: each look starts both, and anybody may ask.
const PROGRAMS_HOLD: Duration = Duration::from_secs(5);

/// What `/health` looks at.
pub(crate) struct HealthBoard {
    engine: Arc<dyn SpecificationEngine>,
    runner: Arc<dyn InfrastructureRunner>,
    resources: Resources,
    /// The last look; who asks while one is on its way waits for it.
    programs: Mutex<Option<(Instant, Programs)>>,
}

#[derive(Clone)]
struct Programs {
    cue: Component,
    infrastructure: Component,
}

impl HealthBoard {
    pub(crate) fn new(
        engine: Arc<dyn SpecificationEngine>,
        runner: Arc<dyn InfrastructureRunner>,
        resources: Resources,
    ) -> Self {
        Self {
            engine,
            runner,
            resources,
            programs: Mutex::new(None),
        }
    }

    async fn programs(&self) -> Programs {
        let mut last = self.programs.lock().await;
        if let Some((at, seen)) = &*last
            && at.elapsed() < PROGRAMS_HOLD
        {
            return seen.clone();
        }
        let found = |it: ToolVersion| format!("{} {}", it.name, it.version);
        let (cue, infrastructure) = tokio::join!(
            Component::of(async { self.engine.version().await.map(found) }),
            Component::of(async { self.runner.version().await.map(found) }),
        );
        let seen = Programs {
            cue,
            infrastructure,
        };
        *last = Some((Instant::now(), seen.clone()));
        seen
    }
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    /// The Stack instance that this process serves, if it serves one.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'static str>,
    roles: Vec<&'static str>,
    components: Components,
    resources: ResourceSample,
}

#[derive(Serialize)]
struct Components {
    database: Component,
    api: Component,
    agents: Component,
    instance_database: Component,
    cue: Component,
    infrastructure: Component,
}

#[derive(Clone, Serialize)]
struct Component {
    status: ComponentStatus,
    ms: f64,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

impl Component {
    async fn of(work: impl Future<Output = Result<String, domain::Error>>) -> Self {
        let begun = Instant::now();
        let result = tokio::time::timeout(Duration::from_secs(2), work).await;
        let ms = begun.elapsed().as_secs_f64() * 1000.0;
        match result {
            Ok(Ok(detail)) => Self {
                status: ComponentStatus::Ok,
                ms,
                detail,
            },
            Ok(Err(error)) => Self {
                status: ComponentStatus::Error,
                ms,
                detail: error.problem().detail,
            },
            Err(_) => Self {
                status: ComponentStatus::Timeout,
                ms,
                detail: "no answer within 2 s".to_owned(),
            },
        }
    }
}

/// Every component. 200 when the databases answer; 503 when one does not, or when the
/// process stops, so that nothing new is sent to it. Missing programs switch things off
/// and are said, but do not make the instance unhealthy.
pub(crate) async fn show(
    State(services): State<Services>,
    State(board): State<Arc<HealthBoard>>,
    State(site): State<Arc<Site>>,
    State(stopping): State<CancellationToken>,
) -> impl IntoResponse {
    let nothing = |()| String::new();
    let (database, instance_database, programs) = tokio::join!(
        Component::of(async { services.portal.ping().await.map(nothing) }),
        Component::of(async { services.stack.ping().await.map(nothing) }),
        board.programs(),
    );
    let well = [&database, &instance_database]
        .iter()
        .all(|component| component.status == ComponentStatus::Ok);
    let status = match (stopping.is_cancelled(), well) {
        (true, _) => "stopping",
        (false, true) => "ok",
        (false, false) => "error",
    };
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        instance: site.roles.contains(&Role::Stack).then_some(LOCAL),
        roles: site.roles.iter().copied().map(Role::word).collect(),
        components: Components {
            database,
            api: Component {
                status: ComponentStatus::Ok,
                ms: 0.0,
                detail: String::new(),
            },
            agents: Component {
                status: ComponentStatus::Ok,
                ms: 0.0,
                detail: "no agent is registered".to_owned(),
            },
            instance_database,
            cue: programs.cue,
            infrastructure: programs.infrastructure,
        },
        resources: board.resources.sample(),
    };
    let status = if status == "ok" {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(health))
}
