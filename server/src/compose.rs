//! The one place where concrete parts are put together.

mod databases;
mod lock;
mod master_key;

use std::{path::PathBuf, sync::Arc, time::Duration};

use adapters::{
    cue::{self, CueEngine},
    kits::KitLibrary,
    launch::HttpLaunchRedeemer,
    oidc::{OidcProvider, OidcSettings},
    probe::{HttpProbe, Resources},
    process::{RunAs, Sandbox, SandboxSettings},
    tofu::{self, TofuRunner},
};
use axum::Router;
use axum_extra::extract::cookie::Key;
use domain::{
    assertion::AssertionSigner,
    db::Db,
    env::Env,
    installation,
    portal::sign_in::OperatorRule,
    ports::{InfrastructureRunner, SpecificationEngine},
    services::{Platform, PlatformParts, Services},
    stack::{NamespacePlace, StackConfig, StackPorts, StackService},
    vault::Vault,
};
use jobs::{Options, Queue};
use leptos::config::LeptosOptions;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use types::admin::DeploymentMode;

pub use databases::{Found, databases, existing as existing_databases, look as look_for_databases};
pub(crate) use lock::hold as hold_data_folder;
pub use master_key::look as look_for_master_key;

use crate::{
    config::{Mode, Role, Settings},
    cookies::CookieNames,
    health::HealthBoard,
    http, keys,
    limits::SignInLimit,
    state::{AppState, Site},
};

/// The instance of this process.
pub const LOCAL: &str = "local";
const ASSERTION_ISSUER: &str = "kombify-portal";
const TENANT_CONNECTIONS: u32 = 3;
/// Jobs of one tenant at once, so that one cannot take all workers.
const TENANT_JOBS: i32 = 3;
/// CUE processes at once.
const CHECKS_AT_ONCE: usize = 4;

/// Everything that a process runs.
pub struct Application {
    /// All routes.
    pub router: Router,
    /// What handlers call.
    pub services: Services,
    /// The platform's queue.
    pub control_queue: Queue,
    /// The instance's queue.
    pub instance_queue: Queue,
    /// Cancelled when the process begins to stop: workers, live views and `/health`
    /// see it.
    pub stopping: CancellationToken,
    /// Answers that are being made: whoever stops waits for them.
    pub answers: TaskTracker,
    pub(crate) sign_ins: Arc<SignInLimit>,
}

/// The programs that kombify runs.
pub struct Programs {
    /// CUE.
    pub engine: Arc<dyn SpecificationEngine>,
    /// OpenTofu or terraform.
    pub runner: Arc<dyn InfrastructureRunner>,
    /// What holds them.
    pub sandbox: Arc<Sandbox>,
}

/// Finds the programs; one that is missing is an answer of its port, not an error.
#[must_use]
pub fn programs(settings: &Settings) -> Programs {
    let sandbox = Arc::new(Sandbox::new(SandboxSettings {
        scratch: std::env::temp_dir(),
        search_path: search_path(),
        run_as: Some(RunAs::NOBODY),
    }));
    let path = |setting: &str| (!setting.is_empty()).then(|| PathBuf::from(setting));
    Programs {
        engine: Arc::new(CueEngine::new(
            Arc::clone(&sandbox),
            path(&settings.tools.cue),
            cue::LIMITS,
            CHECKS_AT_ONCE,
        )),
        runner: Arc::new(TofuRunner::new(
            Arc::clone(&sandbox),
            path(&settings.tools.tofu),
            tofu::LIMITS,
        )),
        sandbox,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "programs are looked for on the PATH of the process"
)]
fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// Puts an application together; nothing listens or runs yet.
///
/// # Errors
/// One sentence that says which part could not be made and what to do.
pub async fn build(
    settings: &Settings,
    env: Env,
    metrics: PrometheusHandle,
) -> anyhow::Result<Application> {
    databases::data_folder(settings)?;
    // One that is no key is told before anything is made.
    let key = keys::look(&settings.security.master_key, &settings.data.dir)?;
    let (control, instance) = databases(settings).await?;
    let key = match key {
        Some(key) => key,
        None => master_key::first(settings, &control, &env).await?,
    };
    let vault = Vault::new(key, env.clone());
    let has_key = installation::has_key(&control, &vault, &env)
        .await
        .map_err(|error| databases::reach(settings, error))?;
    if !has_key {
        return Err(master_key::another(settings));
    }
    let control_queue = queue(settings, &control, &env, "control");
    let instance_queue = queue(settings, &instance, &env, LOCAL);
    let signer = AssertionSigner::new(
        ASSERTION_ISSUER,
        &vault.key_for("launch assertions"),
        env.clone(),
    )?;
    let assertion_key = signer.public_key();
    let platform = platform(
        settings,
        &env,
        &vault,
        control,
        signer,
        &control_queue,
        &instance_queue,
    )?;
    let programs = programs(settings);
    let stack = StackService::new(
        stack_config(settings, assertion_key),
        env.clone(),
        vault.clone(),
        instance,
        instance_queue.clone(),
        StackPorts {
            engine: Arc::clone(&programs.engine),
            runner: Arc::clone(&programs.runner),
            kits: Arc::new(KitLibrary::unpack(&settings.data.dir.join("stackkits"))?),
            redeemer: Arc::new(HttpLaunchRedeemer::new(&settings.server.portal_url, LOCAL)?),
            tokens: Arc::new(platform.portal.clone()),
            audit: Arc::new(platform.portal.clone()),
        },
    );
    let services = Services::new(platform, Arc::new(stack), env.clone());
    if settings.server.has(Role::Stack) {
        services
            .admin
            .instances
            .register_local(LOCAL, &settings.server.internal_url)
            .await
            .map_err(|error| databases::reach(settings, error))?;
    }
    let stopping = CancellationToken::new();
    let answers = TaskTracker::new();
    let sign_ins = Arc::new(SignInLimit::new(
        settings.security.sign_ins_per_minute,
        settings
            .server
            .trusted_proxies
            .iter()
            .map(|network| network.0)
            .collect(),
    ));
    let state = AppState {
        services: services.clone(),
        leptos: leptos_options(settings),
        cookies: CookieNames::new(settings.server.is_https()),
        key: cookie_key(&vault),
        sign_ins: Arc::clone(&sign_ins),
        board: Arc::new(HealthBoard::new(
            programs.engine,
            programs.runner,
            Resources::new(&settings.data.dir),
        )),
        site: Arc::new(Site {
            public_url: settings.server.public_url.clone(),
            development: settings.server.mode == Mode::Development,
            roles: settings.server.roles.clone(),
            sign_in_origin: settings.identity.origin().to_owned(),
            metrics,
        }),
        kept: Arc::default(),
        answers: answers.clone(),
        stopping: stopping.clone(),
    };
    let router = http::router(state, development_issuer(settings, &vault, &env)?);
    Ok(Application {
        router,
        services,
        control_queue,
        instance_queue,
        stopping,
        answers,
        sign_ins,
    })
}

fn queue(settings: &Settings, db: &Db, env: &Env, name: &str) -> Queue {
    let options = Options {
        name: name.to_owned(),
        lease: Duration::from_secs(settings.worker.lease_seconds),
        tenant_limit: TENANT_JOBS,
        ..Options::default()
    };
    Queue::new(
        db.write().clone(),
        Some(db.read().clone()),
        Arc::new(env.clone()),
        Arc::new(env.clone()),
        options,
    )
}

fn platform(
    settings: &Settings,
    env: &Env,
    vault: &Vault,
    db: Db,
    signer: AssertionSigner,
    control_queue: &Queue,
    instance_queue: &Queue,
) -> anyhow::Result<Platform> {
    let identity = &settings.identity;
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let provider = OidcProvider::new(
        OidcSettings {
            issuer: identity.issuer.clone(),
            client_id: identity.client_id.clone(),
            client_secret: filled(&identity.client_secret),
            scopes: identity.scopes.clone(),
        },
        env.clone(),
    )?;
    Ok(Platform::new(PlatformParts {
        db,
        env: env.clone(),
        vault: vault.clone(),
        plans: settings.plans.read()?,
        public_url: settings.server.public_url.clone(),
        operators: OperatorRule {
            role: identity.operator_role.clone(),
            organisation: filled(&identity.operator_organisation),
        },
        development: settings.server.mode == Mode::Development,
        signer,
        provider: Arc::new(provider),
        probe: Arc::new(HttpProbe::new()?),
        queue: control_queue.clone(),
        queues: vec![control_queue.clone(), instance_queue.clone()],
    }))
}

fn stack_config(settings: &Settings, assertion_key: [u8; 32]) -> StackConfig {
    let folder = settings.data.dir.join("instances").join(LOCAL);
    StackConfig {
        instance: LOCAL.to_owned(),
        public_url: settings.server.public_url.clone(),
        portal_url: settings.server.public_url.clone(),
        state_url: settings.server.internal_url.clone(),
        namespaces: if settings.database.url.is_empty() {
            NamespacePlace::Sqlite {
                folder: folder.join("namespaces"),
            }
        } else {
            NamespacePlace::Postgres {
                url: settings.database.url.clone(),
                connections: TENANT_CONNECTIONS,
            }
        },
        outputs: folder.join("outputs"),
        assertion_issuer: ASSERTION_ISSUER.to_owned(),
        assertion_keys: vec![assertion_key],
        deployment_mode: DeploymentMode::Shared,
        max_tenants: DeploymentMode::Shared.default_max_tenants(),
    }
}

/// Where the interface's files are.
pub(crate) fn leptos_options(settings: &Settings) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("kombify")
        .site_root(settings.server.site_root.clone())
        .site_pkg_dir("pkg")
        .hash_files(true)
        .hash_file(Arc::from("hash.txt"))
        .build()
}

fn cookie_key(vault: &Vault) -> Key {
    Key::from(
        &[
            vault.key_for("cookie signatures"),
            vault.key_for("cookie encryption"),
        ]
        .concat(),
    )
}

#[cfg(feature = "dev-issuer")]
fn development_issuer(settings: &Settings, vault: &Vault, env: &Env) -> anyhow::Result<Router> {
    if settings.server.mode != Mode::Development || !settings.uses_embedded_issuer() {
        return Ok(Router::new());
    }
    crate::dev_issuer::router(
        settings.identity.issuer.clone(),
        settings.identity.client_id.clone(),
        settings.server.public_url.clone(),
        &vault.key_for("development issuer"),
        settings.data.dir.join("development-sessions.json"),
        env.clone(),
    )
}

#[cfg(not(feature = "dev-issuer"))]
fn development_issuer(settings: &Settings, _: &Vault, _: &Env) -> anyhow::Result<Router> {
    anyhow::ensure!(
        !settings.uses_embedded_issuer(),
        "this build has no development issuer; set identity.issuer to your OpenID provider"
    );
    Ok(Router::new())
}
