//! A runner that works as OpenTofu does: it locks the state through the http backend's
//! service, plans from the difference, applies a plan only to the state that it was
//! made for, and writes the state back. It misbehaves on demand.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Mutex, OnceLock},
};

use async_trait::async_trait;
use domain::{
    Error, Result,
    ports::{
        ApplyResult, InfrastructureRunner, InfrastructureWork, PlanResult, RunError, RunProgress,
        RunWatch, StateBackend, Stop, ToolVersion,
    },
    stack::state::{LockAnswer, StateCredentials, States},
};
use serde::{Deserialize, Serialize};
use types::{
    ErrorCode,
    stack::{ChangeAction, ChangeSummary, DiffLine, ResourceChange, ResourceState},
};

/// How the next plan or apply goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Misbehave {
    /// The plan fails with this sentence.
    PlanFails(&'static str),
    /// The plan holds the lock until it is told to stop.
    PlanHangs,
    /// The plan writes so many lines.
    PlanTalks(usize),
    /// The apply waits before it takes the lock until it is told to stop.
    ApplyHangsBeforeLock,
    /// The apply is killed before it takes the lock, once it is told to stop or at once.
    ApplyDiesBeforeLock { told: bool },
    /// The apply changes so many resources, then waits until it is told to stop.
    ApplyHangsAfter(usize),
    /// The apply changes so many resources, saves the state and fails.
    ApplyFailsAfter(usize),
    /// The apply succeeds but does not release the lock.
    ApplyKeepsLock,
}

/// What a state holds here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateFile {
    pub(crate) version: u32,
    pub(crate) serial: i64,
    pub(crate) lineage: String,
    pub(crate) resources: Vec<Resource>,
}

/// A node, as OpenTofu writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    instances: Vec<Instance>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Instance {
    index_key: String,
}

impl Resource {
    fn node(name: &str) -> Self {
        Self {
            mode: "managed".to_owned(),
            kind: "terraform_data".to_owned(),
            name: "node".to_owned(),
            instances: vec![Instance {
                index_key: name.to_owned(),
            }],
        }
    }

    fn key(&self) -> &str {
        &self.instances[0].index_key
    }
}

impl StateFile {
    pub(crate) fn with(serial: i64, names: &[&str]) -> Self {
        Self {
            version: 4,
            serial,
            lineage: "lineage-1".to_owned(),
            resources: names.iter().map(|name| Resource::node(name)).collect(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a state")
    }
}

#[derive(Serialize, Deserialize)]
struct PlanFile {
    serial: i64,
    create: Vec<String>,
    delete: Vec<String>,
    secret: String,
}

/// The runner.
#[derive(Default)]
pub(crate) struct FakeRunner {
    pub(crate) states: OnceLock<States>,
    script: Mutex<VecDeque<Misbehave>>,
    applies: Mutex<Vec<Vec<u8>>>,
    backends: Mutex<Vec<StateBackend>>,
    anew: Mutex<Vec<Option<Vec<String>>>>,
}

impl FakeRunner {
    /// The next plan or apply that this fits goes wrong like this, once.
    pub(crate) fn next(&self, misbehave: Misbehave) {
        self.script.lock().expect("the script").push_back(misbehave);
    }

    /// Everything that was to go wrong does, or did.
    pub(crate) fn misbehaved(&self) -> bool {
        self.script.lock().expect("the script").is_empty()
    }

    /// The plan files whose apply was begun.
    pub(crate) fn applies(&self) -> Vec<Vec<u8>> {
        self.applies.lock().expect("the applies").clone()
    }

    /// The backends that were used, the latest last.
    pub(crate) fn backends(&self) -> Vec<StateBackend> {
        self.backends.lock().expect("the backends").clone()
    }

    /// What each plan and apply was to make anew.
    pub(crate) fn anew(&self) -> Vec<Option<Vec<String>>> {
        self.anew.lock().expect("what was made anew").clone()
    }

    fn take(&self, apply: bool) -> Option<Misbehave> {
        let mut script = self.script.lock().expect("the script");
        let fits = |one: &Misbehave| {
            apply
                == matches!(
                    one,
                    Misbehave::ApplyHangsBeforeLock
                        | Misbehave::ApplyDiesBeforeLock { .. }
                        | Misbehave::ApplyHangsAfter(_)
                        | Misbehave::ApplyFailsAfter(_)
                        | Misbehave::ApplyKeepsLock
                )
        };
        let at = script.iter().position(fits)?;
        script.remove(at)
    }

    fn session(&self, work: &InfrastructureWork) -> Session<'_> {
        let anew = work.anew.clone();
        self.anew.lock().expect("what was made anew").push(anew);
        let used = {
            let mut backends = self.backends.lock().expect("the backends");
            backends.push(work.backend.clone());
            backends.len()
        };
        let mut parts = work.backend.address.rsplit('/');
        let stack = parts.next().expect("a stack").parse().expect("an id");
        let tenant = parts.next().expect("a tenant").to_owned();
        Session {
            states: self.states.get().expect("wired"),
            credentials: StateCredentials {
                tenant,
                stack,
                username: work.backend.username.clone(),
                password: work.backend.password.clone(),
            },
            lock: format!("lock-{used}"),
        }
    }
}

struct Session<'a> {
    states: &'a States,
    credentials: StateCredentials,
    lock: String,
}

impl Session<'_> {
    fn info(&self) -> Vec<u8> {
        serde_json::to_vec(&serde_json::json!({ "ID": self.lock, "Who": "fake" })).expect("json")
    }

    async fn lock(&self) -> Result<()> {
        match self.states.lock(&self.credentials, &self.info()).await? {
            LockAnswer::Taken => Ok(()),
            LockAnswer::Held(info) => Err(Error::refused(
                ErrorCode::StateLocked,
                format!("The state is locked: {info}."),
            )),
        }
    }

    async fn unlock(&self) -> Result<()> {
        self.states.unlock(&self.credentials, &self.info()).await
    }

    async fn read(&self) -> Result<StateFile> {
        let bytes = self.states.get(&self.credentials).await?;
        Ok(bytes.map_or_else(
            || StateFile::with(0, &[]),
            |bytes| serde_json::from_slice(&bytes).expect("a state"),
        ))
    }

    async fn write(&self, state: &StateFile) -> Result<()> {
        self.states
            .put(&self.credentials, Some(&self.lock), &state.bytes())
            .await
    }
}

fn say(watch: &RunWatch, source: &str, line: impl Into<String>) {
    (watch.events)(RunProgress::Log {
        level: "info",
        source: source.to_owned(),
        line: line.into(),
    });
}

/// Waits until somebody wants it to stop.
async fn told(watch: &RunWatch) -> Stop {
    let mut stop = watch.stop.clone();
    let wanted = stop.wait_for(|stop| *stop != Stop::No).await;
    wanted.map_or(Stop::Force, |stop| *stop)
}

#[async_trait]
impl InfrastructureRunner for FakeRunner {
    async fn plan(
        &self,
        work: &InfrastructureWork,
        watch: &RunWatch,
    ) -> Result<PlanResult, RunError> {
        let misbehave = self.take(false);
        let session = self.session(work);
        say(watch, "", "Initializing the backend...");
        (watch.events)(RunProgress::Initialised { duration_ms: 3 });
        session.lock().await?;
        let state = session.read().await?;
        match misbehave {
            Some(Misbehave::PlanFails(why)) => {
                session.unlock().await?;
                return Err(Error::refused(ErrorCode::Upstream, why).into());
            }
            Some(Misbehave::PlanHangs) => {
                return Err(match told(watch).await {
                    Stop::Force => RunError::Killed,
                    Stop::Graceful | Stop::No => {
                        session.unlock().await?;
                        RunError::Stopped
                    }
                });
            }
            Some(Misbehave::PlanTalks(count)) => {
                for line in 1..=count {
                    say(watch, "nuc-1", format!("line {line}"));
                }
            }
            _ => {}
        }
        let wanted: Vec<String> = if work.destroy {
            Vec::new()
        } else {
            serde_json::from_value(work.variables["nodes"].clone()).expect("nodes")
        };
        let standing: Vec<String> = state
            .resources
            .iter()
            .map(|one| one.key().to_owned())
            .collect();
        let create: Vec<String> = wanted
            .iter()
            .filter(|name| !standing.contains(name))
            .cloned()
            .collect();
        let delete: Vec<String> = standing
            .iter()
            .filter(|name| !wanted.contains(name))
            .cloned()
            .collect();
        let change = |name: &String, action| ResourceChange {
            address: format!("terraform_data.node[\"{name}\"]"),
            action,
            state: ResourceState::Queued,
            duration_ms: None,
            diff: vec![DiffLine {
                sign: '+',
                text: name.clone(),
            }],
        };
        let changes = create
            .iter()
            .map(|name| change(name, ChangeAction::Create))
            .chain(delete.iter().map(|name| change(name, ChangeAction::Delete)))
            .collect();
        let count = |names: &Vec<String>| u32::try_from(names.len()).expect("few");
        let summary = ChangeSummary {
            add: count(&create),
            change: 0,
            destroy: count(&delete),
        };
        session.unlock().await?;
        let file = PlanFile {
            serial: state.serial,
            create,
            delete,
            secret: "hunter2".to_owned(),
        };
        Ok(PlanResult {
            plan: serde_json::to_vec(&file).expect("a plan"),
            changes,
            summary,
        })
    }

    async fn apply(
        &self,
        work: &InfrastructureWork,
        plan: &[u8],
        watch: &RunWatch,
    ) -> Result<ApplyResult, RunError> {
        let misbehave = self.take(true);
        self.applies
            .lock()
            .expect("the applies")
            .push(plan.to_vec());
        let session = self.session(work);
        let plan: PlanFile = serde_json::from_slice(plan).expect("our plan");
        if work.anew.is_some() && !(watch.touch)().await? {
            return Err(RunError::Stopped);
        }
        match misbehave {
            Some(Misbehave::ApplyHangsBeforeLock) => {
                return Err(match told(watch).await {
                    Stop::Force => RunError::Killed,
                    Stop::Graceful | Stop::No => RunError::Stopped,
                });
            }
            Some(Misbehave::ApplyDiesBeforeLock { told: waits }) => {
                if waits {
                    told(watch).await;
                }
                return Err(RunError::Killed);
            }
            _ => {}
        }
        session.lock().await?;
        let mut state = session.read().await?;
        if state.serial != plan.serial {
            session.unlock().await?;
            return Err(Error::refused(ErrorCode::PlanStale, "Saved plan is stale.").into());
        }
        let limit = match misbehave {
            Some(Misbehave::ApplyHangsAfter(count) | Misbehave::ApplyFailsAfter(count)) => count,
            _ => usize::MAX,
        };
        let steps: Vec<(&String, bool)> = plan
            .create
            .iter()
            .map(|name| (name, true))
            .chain(plan.delete.iter().map(|name| (name, false)))
            .collect();
        for (index, (name, create)) in steps.iter().enumerate() {
            let address = format!("terraform_data.node[\"{name}\"]");
            (watch.events)(RunProgress::ResourceStarted {
                address: address.clone(),
            });
            if index >= limit {
                break;
            }
            if *create {
                state.resources.push(Resource::node(name));
            } else {
                state.resources.retain(|one| one.key() != *name);
            }
            say(watch, name, "wrote its configuration");
            (watch.events)(RunProgress::ResourceEnded {
                address,
                ok: true,
                duration_ms: 5,
            });
        }
        if matches!(misbehave, Some(Misbehave::ApplyHangsAfter(_)))
            && told(watch).await == Stop::Force
        {
            return Err(RunError::Killed);
        }
        state.serial += 1;
        session.write(&state).await?;
        if !matches!(misbehave, Some(Misbehave::ApplyKeepsLock)) {
            session.unlock().await?;
        }
        match misbehave {
            Some(Misbehave::ApplyHangsAfter(_)) => Err(RunError::Stopped),
            Some(Misbehave::ApplyFailsAfter(_)) => {
                Err(Error::refused(ErrorCode::Upstream, "nuc-2 refused the connection.").into())
            }
            _ => Ok(ApplyResult {
                summary: ChangeSummary {
                    add: u32::try_from(plan.create.len()).expect("few"),
                    change: 0,
                    destroy: u32::try_from(plan.delete.len()).expect("few"),
                },
            }),
        }
    }

    async fn version(&self) -> Result<ToolVersion> {
        Ok(ToolVersion {
            name: "tofu".to_owned(),
            version: "1.11.4".to_owned(),
            path: PathBuf::from("tofu"),
        })
    }
}
