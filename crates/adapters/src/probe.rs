//! Looks at instances from outside by their `/health`, and at this machine's resources.
//!
//! `/health` answers, with 200 or 503:
//! ```json
//! { "status": "HEALTHY",
//!   "instance": "local",
//!   "components": {
//!     "database": { "status": "OK", "ms": 0.4, "detail": "" },
//!     "api": { "status": "OK" }, "agents": { "status": "OK" } },
//!   "resources": { "cpu_percent": 3.1, "memory_percent": 41.0, "storage_percent": 63.5 } }
//! ```
//! What is said names no address, since members of a homelab read it too. Only what the components say counts; the status of the whole is derived here. Who
//! answers under another name is another instance, however well it is.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{
    Error, Result,
    ports::{InstanceProbe, Observation},
};
use serde::Deserialize;
use sysinfo::{Disks, System};
use types::admin::{ComponentStatus, HealthStatus};

/// How long an instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const LARGEST: usize = 64 << 10;
/// Percentage beyond which memory or storage degrades an instance. A busy processor does
/// not: it is what work looks like, and too much of it shows in how long answers take.
const FULL: f64 = 90.0;

/// Asks instances over HTTP.
#[derive(Debug)]
pub struct HttpProbe {
    client: reqwest::Client,
    patience: Duration,
}

#[derive(Deserialize)]
struct Health {
    /// Its name; a process that serves no Stack instance has none.
    instance: Option<String>,
    components: Components,
    #[serde(default)]
    resources: ResourceSample,
}

#[derive(Deserialize)]
struct Components {
    database: Component,
    api: Component,
    agents: Component,
}

#[derive(Deserialize)]
struct Component {
    status: ComponentStatus,
    ms: Option<f64>,
    #[serde(default)]
    detail: String,
}

impl HttpProbe {
    /// A probe that waits five seconds for an answer and follows no redirects.
    ///
    /// # Errors
    /// When this machine's TLS cannot be set up.
    pub fn new() -> Result<Self> {
        Self::with_patience(PATIENCE)
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// When this machine's TLS cannot be set up.
    pub fn with_patience(patience: Duration) -> Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(patience)
            .build()
            .map_err(|error| Error::internal("set up the health probe", error))?;
        Ok(Self { client, patience })
    }

    async fn ask(&self, name: &str, endpoint: &str) -> Result<Health, (ComponentStatus, String)> {
        let address = format!("{}/health", endpoint.trim_end_matches('/'));
        let failed = |error: reqwest::Error| {
            if error.is_timeout() {
                let seconds = self.patience.as_secs_f64();
                (
                    ComponentStatus::Timeout,
                    format!("No answer within {seconds} s."),
                )
            } else if error.is_connect() {
                (
                    ComponentStatus::Error,
                    "Nothing answers at its address.".to_owned(),
                )
            } else {
                (
                    ComponentStatus::Error,
                    format!("It could not be asked: {}.", error.without_url()),
                )
            }
        };
        let mut answer = self.client.get(&address).send().await.map_err(failed)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&piece);
            if body.len() > LARGEST {
                return Err((
                    ComponentStatus::Error,
                    format!("It answered more than {} KiB.", LARGEST >> 10),
                ));
            }
        }
        let health: Health = serde_json::from_slice(&body).map_err(|_| {
            (
                ComponentStatus::Error,
                format!("It answered {status} and not what an instance answers."),
            )
        })?;
        match health.instance.as_deref() {
            Some(answering) if answering == name => Ok(health),
            Some(other) => Err((
                ComponentStatus::Error,
                format!("The instance {other} answers at its address."),
            )),
            None => Err((
                ComponentStatus::Error,
                "What answers at its address serves no Stack instance: that process lacks the role stack."
                    .to_owned(),
            )),
        }
    }
}

#[async_trait]
impl InstanceProbe for HttpProbe {
    async fn probe(&self, name: &str, internal_endpoint: &str) -> Observation {
        let asked = Instant::now();
        let health = self.ask(name, internal_endpoint).await;
        let api_ms = asked.elapsed().as_secs_f64() * 1000.0;
        match health {
            Ok(health) => observe(health, api_ms),
            Err((status, detail)) => Observation {
                status: HealthStatus::Unhealthy,
                database: status,
                api: status,
                agents: status,
                database_ms: None,
                api_ms: None,
                cpu_percent: None,
                memory_percent: None,
                storage_percent: None,
                detail,
            },
        }
    }
}

fn observe(health: Health, api_ms: f64) -> Observation {
    let Health {
        instance: _,
        components:
            Components {
                database,
                api,
                agents,
            },
        resources,
    } = health;
    let mut said: Vec<String> = Vec::new();
    for (name, component) in [("Database", &database), ("API", &api), ("Agents", &agents)] {
        match (component.status, component.detail.trim()) {
            (ComponentStatus::Ok, _) => {}
            (status, "") => said.push(format!("{name}: {status}.")),
            (_, detail) => said.push(format!("{name}: {}.", detail.trim_end_matches('.'))),
        }
    }
    let ResourceSample {
        cpu_percent,
        memory_percent,
        storage_percent,
    } = resources;
    let mut full = false;
    for (name, percent) in [("Memory", memory_percent), ("Storage", storage_percent)] {
        if let Some(percent) = percent.filter(|percent| *percent > FULL) {
            full = true;
            said.push(format!("{name} at {percent:.0} %."));
        }
    }
    let ok = |component: &Component| component.status == ComponentStatus::Ok;
    let status = if !ok(&api) || !ok(&database) {
        HealthStatus::Unhealthy
    } else if !ok(&agents) || full {
        HealthStatus::Degraded
    } else {
        HealthStatus::Healthy
    };
    Observation {
        status,
        database: database.status,
        api: api.status,
        agents: agents.status,
        database_ms: database.ms,
        api_ms: Some(api_ms),
        cpu_percent,
        memory_percent,
        storage_percent,
        detail: said.join(" "),
    }
}

/// Use of this machine's resources, 0 to 100 each; `None` where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceSample {
    /// Processor use since the last sample but at least the last 0.2 s.
    pub cpu_percent: Option<f64>,
    /// Memory that is not available to programs; of the container's, where one limits it.
    pub memory_percent: Option<f64>,
    /// Of the file system that holds the data folder.
    pub storage_percent: Option<f64>,
}

/// Samples this machine's resources.
#[derive(Debug)]
pub struct Resources {
    storage: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    system: System,
    cpu_at: Instant,
    cpu_percent: Option<f64>,
}

impl Resources {
    /// Samples, with the storage of the file system that holds this folder.
    #[must_use]
    pub fn new(storage: &Path) -> Self {
        let mut system = System::new();
        system.refresh_cpu_usage();
        Self {
            storage: storage
                .canonicalize()
                .unwrap_or_else(|_| storage.to_owned()),
            seen: Mutex::new(Seen {
                system,
                cpu_at: Instant::now(),
                cpu_percent: None,
            }),
        }
    }

    /// What is used now. Reads a few files of `/proc` and asks the file system: well below a
    /// millisecond, but blocking.
    #[must_use]
    pub fn sample(&self) -> ResourceSample {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.cpu_at.elapsed() >= sysinfo::MINIMUM_CPU_UPDATE_INTERVAL {
            seen.system.refresh_cpu_usage();
            seen.cpu_at = Instant::now();
            seen.cpu_percent = Some(f64::from(seen.system.global_cpu_usage()).clamp(0.0, 100.0));
        }
        seen.system.refresh_memory();
        let (free, total) = match seen.system.cgroup_limits() {
            Some(limits) if limits.total_memory < seen.system.total_memory() => {
                (limits.free_memory, limits.total_memory)
            }
            _ => (seen.system.available_memory(), seen.system.total_memory()),
        };
        ResourceSample {
            cpu_percent: seen.cpu_percent,
            memory_percent: used(free, total),
            storage_percent: self.storage(),
        }
    }

    fn storage(&self) -> Option<f64> {
        let disks = Disks::new_with_refreshed_list();
        let disk = disks
            .iter()
            .filter(|disk| self.storage.starts_with(disk.mount_point()))
            .max_by_key(|disk| disk.mount_point().as_os_str().len())?;
        used(disk.available_space(), disk.total_space())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a percentage of bytes needs no more than 52 bits"
)]
fn used(free: u64, total: u64) -> Option<f64> {
    (total > 0).then(|| 100.0 * (1.0 - free.min(total) as f64 / total as f64))
}
