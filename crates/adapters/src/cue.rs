//! Checks specifications by CUE's command line.
//!
//! A check is one run of `cue export` when all is well. When not, further runs of `cue vet`
//! look at each part by itself, without the parts that were found wrong, so that a person
//! sees all problems at once and none that only follows from another.

mod complaint;
mod explain;
mod path;
mod program;
mod sentence;
mod shape;
mod unified;
mod yaml;

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{
    Error, Result,
    ports::{CheckedSpecification, Kit, SpecificationEngine, ToolVersion},
};
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};
use types::{
    ErrorCode,
    stack::{SpecificationCheck, SpecificationProblem},
};

use self::{
    complaint::Complaint, path::Path, program::Program, shape::Shape, unified::Unified,
    yaml::Document,
};
use crate::process::{Ending, Limits, Outcome, PrivateFolder, Sandbox, Task, words};

/// What one run of `cue` may use, unless told otherwise.
pub const LIMITS: Limits = Limits {
    wall: Duration::from_secs(10),
    cpu_seconds: 20,
    memory_mib: 512,
    file_mib: 16,
    output_bytes: 8 << 20,
    grace: Duration::ZERO,
};

/// How often the parts are looked at again without those that were found wrong.
const ROUNDS: usize = 3;
/// Most problems that are told at once.
const MOST_PROBLEMS: usize = 50;

/// The specification engine by `cue` 0.15 or later.
pub struct CueEngine {
    sandbox: Arc<Sandbox>,
    program: Program,
    limits: Limits,
    at_once: Semaphore,
    kits: Mutex<HashMap<PathBuf, Arc<OnceCell<Shape>>>>,
}

/// A kit's copy in a private folder.
struct Workshop<'a> {
    engine: &'a CueEngine,
    tool: ToolVersion,
    kit: &'a Kit,
    /// The kit's folder, relative to its module.
    place: String,
    folder: PrivateFolder,
}

impl CueEngine {
    /// An engine with the program at this path, or else the one on the search path, that
    /// checks at most so many specifications at once.
    #[must_use]
    pub fn new(
        sandbox: Arc<Sandbox>,
        program: Option<PathBuf>,
        limits: Limits,
        at_once: usize,
    ) -> Self {
        Self {
            program: Program::new(program),
            sandbox,
            limits,
            at_once: Semaphore::new(at_once.max(1)),
            kits: Mutex::new(HashMap::new()),
        }
    }

    async fn workshop<'a>(&'a self, kit: &'a Kit) -> Result<Workshop<'a>> {
        let tool = self.version().await?;
        let folder = self
            .sandbox
            .folder()
            .await
            .map_err(|error| failed("make a private folder", error))?;
        let place = kit.folder.strip_prefix(&kit.module).unwrap_or(&kit.folder);
        let place = place.to_string_lossy().into_owned();
        folder
            .copy(&kit.module, "module", &|file| {
                let name = file.file_name().unwrap_or_default();
                file.extension().is_some_and(|extension| extension == "cue") || name == "kit.toml"
            })
            .map_err(|error| failed("copy the kit", error))?;
        Ok(Workshop {
            engine: self,
            tool,
            kit,
            place,
            folder,
        })
    }

    /// What is known of a kit that was found sound.
    fn knowledge(&self, kit: &Kit) -> Arc<OnceCell<Shape>> {
        let mut kits = self.kits.lock().unwrap_or_else(PoisonError::into_inner);
        kits.entry(kit.folder.clone()).or_default().clone()
    }
}

#[async_trait]
impl SpecificationEngine for CueEngine {
    async fn check(&self, kit: &Kit, yaml: &str) -> Result<CheckedSpecification> {
        let _turn = self
            .at_once
            .acquire()
            .await
            .map_err(|error| Error::internal("wait for a turn", error))?;
        let workshop = self.workshop(kit).await?;
        let started = Instant::now();
        let mut check = SpecificationCheck {
            valid: false,
            problems: Vec::new(),
            filled: Vec::new(),
            fit: Vec::new(),
            nodes: 0,
            services: 0,
            took_ms: 0,
        };
        let document = match yaml::read(yaml) {
            Ok(document) => document,
            Err(problem) => {
                check.problems.push(problem);
                return Ok(CheckedSpecification {
                    check,
                    unified: None,
                });
            }
        };
        let count =
            |length: Option<usize>| u32::try_from(length.unwrap_or_default()).unwrap_or(u32::MAX);
        check.nodes = count(document.value["nodes"].as_array().map(Vec::len));
        check.services = count(
            document.value["services"]
                .as_object()
                .map(serde_json::Map::len),
        );
        let unified = match workshop.unify(&document.value).await? {
            Ok(unified) => {
                check.valid = true;
                check.filled = unified.filled(&document.value);
                check.fit = unified.fit()?;
                Some(unified.finish()?)
            }
            Err(complaints) => {
                check.problems = workshop.problems(&document, &complaints).await?;
                None
            }
        };
        check.took_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
        Ok(CheckedSpecification { check, unified })
    }

    async fn version(&self) -> Result<ToolVersion> {
        self.program.version(&self.sandbox).await
    }
}

impl Workshop<'_> {
    /// Completes a specification, or says what CUE says against it.
    async fn unify(&self, document: &Value) -> Result<Result<Unified, Vec<Complaint>>> {
        let outcome = self
            .run(
                document,
                words([
                    "export",
                    "--all-errors",
                    "--path",
                    "specification:",
                    "--expression",
                    "unified",
                    "--out",
                    "json",
                    ".",
                    "../../../document.json",
                ]),
            )
            .await?;
        if outcome.ending == Ending::Exited(0) {
            return Unified::read(&outcome.stdout).map(Ok);
        }
        Ok(Err(self.complaints(&outcome)))
    }

    /// What CUE says against the parts of a specification, each by itself.
    async fn vet(&self, document: &Value) -> Result<Vec<Complaint>> {
        let outcome = self
            .run(
                document,
                words([
                    "vet",
                    "--concrete",
                    "--all-errors",
                    "--schema",
                    "#Specification",
                    ".",
                    "../../../document.json",
                ]),
            )
            .await?;
        if outcome.ending == Ending::Exited(0) {
            return Ok(Vec::new());
        }
        Ok(self.complaints(&outcome))
    }

    fn complaints(&self, outcome: &Outcome) -> Vec<Complaint> {
        complaint::read(&outcome.complaint(), &self.place)
    }

    /// Runs `cue` in the kit's folder.
    async fn run(&self, document: &Value, arguments: Vec<OsString>) -> Result<Outcome> {
        self.folder
            .write("document.json", document.to_string().as_bytes())
            .map_err(|error| failed("write the specification", error))?;
        let task = Task {
            program: &self.tool.path,
            arguments,
            environment: vec![
                ("CUE_CACHE_DIR", self.folder.path().join("cache").into()),
                ("CUE_CONFIG_DIR", self.folder.path().join("config").into()),
                ("CUE_REGISTRY", "none".into()),
                ("NO_COLOR", "1".into()),
                // It lives for milliseconds: collecting garbage would be half of its work.
                ("GOGC", "off".into()),
                (
                    "GOMEMLIMIT",
                    format!("{}MiB", self.engine.limits.memory_mib * 3 / 4).into(),
                ),
            ],
            directory: &self.folder.path().join("module").join(&self.place),
            folder: &self.folder,
            writable: None,
            network: false,
            limits: self.engine.limits,
        };
        let outcome = self
            .engine
            .sandbox
            .run(task, None, None)
            .await
            .map_err(|error| failed("start cue", error))?;
        match outcome.ending {
            // Its own errors are 1; Go's runtime ends with 2 when it has no memory left.
            Ending::Exited(0 | 1) if !outcome.truncated => Ok(outcome),
            _ => Err(Error::refused(
                ErrorCode::KitInvalid,
                format!(
                    "The kit {} needs more time or memory to check this specification than it may ({} s, {} MiB), so the check was stopped. Make the specification smaller; if a small one does not pass either, the kit is broken.",
                    self.kit.name,
                    self.engine.limits.wall.as_secs(),
                    self.engine.limits.memory_mib
                ),
            )),
        }
    }

    /// What a person is told of a specification that did not pass.
    async fn problems(
        &self,
        document: &Document,
        complaints: &[Complaint],
    ) -> Result<Vec<SpecificationProblem>> {
        let knowledge = self.engine.knowledge(self.kit);
        let shape = knowledge.get_or_try_init(|| self.learn()).await?;
        let mut found = self.problems_of_parts(document, shape).await?;
        if found.is_empty() {
            let across: Vec<Complaint> = complaints.iter().filter_map(explain::across).collect();
            found = explain::fields(document, shape, &across);
        }
        if found.is_empty() {
            // Nothing that concerns a field: rather CUE's own words than none.
            let message = complaints
                .first()
                .map_or("CUE refuses it and does not say why.", |one| &one.message);
            let rule = complaints.first().and_then(|one| one.rule.clone());
            let problem = SpecificationProblem {
                field: String::new(),
                message: message.to_owned(),
                line: None,
                column: None,
                rule,
            };
            found.insert(Path::default(), problem);
        }
        let mut problems: Vec<SpecificationProblem> = found.into_values().collect();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems.truncate(MOST_PROBLEMS);
        Ok(problems)
    }

    async fn problems_of_parts(
        &self,
        document: &Document,
        shape: &Shape,
    ) -> Result<BTreeMap<Path, SpecificationProblem>> {
        let mut found = BTreeMap::new();
        let mut rest = document.value.clone();
        let mut removed: Vec<Path> = Vec::new();
        // A field that is there under a misspelt name is not said to be missing as well.
        let mut misspelt: Vec<Path> = Vec::new();
        for _ in 0..ROUNDS {
            let complaints = self.vet(&rest).await?;
            let fresh: BTreeMap<_, _> = explain::fields(document, shape, &complaints)
                .into_iter()
                .filter(|(path, _)| !found.contains_key(path) && !misspelt.contains(path))
                .filter(|(path, _)| !removed.iter().any(|gone| path.0.starts_with(&gone.0)))
                .collect();
            misspelt.extend(fresh.keys().filter_map(|path| shape.misspelt(path)));
            let before = removed.len();
            removed.extend(fresh.keys().filter_map(|path| path.remove(&mut rest)));
            found.extend(fresh);
            if removed.len() == before {
                break;
            }
        }
        Ok(found)
    }

    /// Learns a kit's fields, once its own example has passed: otherwise the kit is at
    /// fault and not the person.
    async fn learn(&self) -> Result<Shape> {
        let broken = |why: &str| {
            Error::refused(
                ErrorCode::KitInvalid,
                format!("The kit {} is not valid: {why}.", self.kit.name),
            )
        };
        let example = fs::read_to_string(self.kit.folder.join("example.yaml"))
            .map_err(|error| broken(&format!("its example.yaml cannot be read, {error}")))?;
        let example = yaml::read(&example)
            .map_err(|problem| broken(problem.message.trim_end_matches('.')))?;
        if let Err(complaints) = self.unify(&example.value).await? {
            let first = complaints.first();
            let message = first.map_or("its example does not pass", |one| &one.message);
            let rule = first.and_then(|one| one.rule.as_deref());
            return Err(broken(&match rule {
                Some(rule) => format!("{message} ({rule})"),
                None => message.to_owned(),
            }));
        }
        let arguments = words([
            "def",
            "--expression",
            "#Specification",
            "--out",
            "jsonschema",
            ".",
        ]);
        let outcome = self.run(&Value::Null, arguments).await?;
        let shape = serde_json::from_slice(&outcome.stdout).unwrap_or_else(|error| {
            tracing::warn!(kit.name = %self.kit.name, %error, complaint = outcome.complaint(), "no hints for misspelt fields of this kit");
            Value::Null
        });
        Ok(Shape(shape))
    }
}

fn failed(doing: &str, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::refused(
            ErrorCode::DiskFull,
            "The disk is full, so the specification could not be checked. Free some space on kombify's scratch folder, then try again.",
        ),
        _ => Error::internal(doing, error),
    }
}
