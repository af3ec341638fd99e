//! `TofuRunner` by the real program: `tofu`, or `terraform` where there is none.

mod life;
mod refused;
mod shown;
mod state;
mod stop;

use std::{path::Path, sync::Arc, time::Duration};

use adapters::{
    process::Limits,
    tofu::{LIMITS, TofuRunner},
};
use domain::{
    Error,
    ports::{
        InfrastructureRunner as _, InfrastructureWork, PlanResult, RunError, RunProgress,
        StateBackend, Stop,
    },
};
use serde_json::{Value, json};

use tempfile::TempDir;
use types::{
    ErrorCode,
    stack::{ChangeAction, ChangeSummary, DiffLine},
};

use crate::support::{self, Watched, backend::Backend};

fn runner() -> TofuRunner {
    TofuRunner::new(support::sandbox(), None, LIMITS)
}

/// A folder with a module, a state backend and an output folder.
struct Stack {
    folder: TempDir,
    backend: Backend,
    credentials: StateBackend,
}

impl Stack {
    async fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        support::write_files(&folder.path().join("module"), files);
        let (backend, credentials) = Backend::start().await;
        Self {
            folder,
            backend,
            credentials,
        }
    }

    fn work(&self, variables: Value) -> InfrastructureWork {
        InfrastructureWork {
            module: self.folder.path().join("module"),
            variables,
            destroy: false,
            anew: None,
            output: self.output(),
            backend: self.credentials.clone(),
        }
    }

    fn output(&self) -> std::path::PathBuf {
        self.folder.path().join("output")
    }
}

fn homelab(work: InfrastructureWork) -> InfrastructureWork {
    InfrastructureWork {
        module: support::stackkits().join("kits/base-homelab/tofu"),
        ..work
    }
}

/// Variables as the kit renders them, with these firewall rules on `nuc-1`.
fn variables(allow: &[&str]) -> Value {
    let node = |name: &str, address: &str, allow: &[&str]| {
        json!({
            "name": name, "hostname": format!("{name}.nordhaus.lab"), "address": address,
            "role": "manager", "type": "local", "resources": { "cpu": 4, "memory_mib": 16384 },
            "network": { "subnet": "10.20.0.0/24", "resolvers": ["10.20.0.11"] },
            "firewall": { "allow": allow }, "services": ["dns"],
        })
    };
    json!({
        "nodes": { "nuc-1": node("nuc-1", "10.20.0.11", allow), "nuc-2": node("nuc-2", "10.20.0.12", &["22/tcp"]) },
        "services": { "dns": {
            "name": "dns", "node": "nuc-1", "ports": ["53/udp", "53/tcp"],
            "environment": { "UPSTREAM": "quad9", "BLOCKLISTS": "oisd,hagezi-pro" },
        } },
    })
}

async fn plan(work: &InfrastructureWork) -> PlanResult {
    runner()
        .plan(work, &Watched::new().watch)
        .await
        .expect("the plan is made")
}

fn refused(error: RunError) -> (ErrorCode, String) {
    match error {
        RunError::Failed(Error::Refused(problem)) => (problem.code, problem.detail),
        other => panic!("not refused: {other:?}"),
    }
}

fn diff(lines: &[DiffLine]) -> Vec<String> {
    lines
        .iter()
        .map(|line| format!("{} {}", line.sign, line.text))
        .collect()
}
