//! Plans and applies by OpenTofu's command line, or terraform's.
//!
//! Each command works in a private folder on a copy of the kit's module, keeps its state in
//! kombify's http backend, and downloads nothing: no plugin, no version check.

mod diagnostics;
mod diff;
mod events;
mod plan;
mod program;
mod rescue;

use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Error, Result,
    ports::{
        ApplyResult, InfrastructureRunner, InfrastructureWork, PlanResult, RunError, RunProgress,
        RunWatch, Stop, ToolVersion,
    },
};
use nix::fcntl::OFlag;
use serde_json::json;
use types::ErrorCode;

use self::{events::Feed, program::Program};
use crate::process::{Ending, Limits, Outcome, PrivateFolder, Sandbox, Task, words};

/// What one command of OpenTofu may use, unless told otherwise.
pub const LIMITS: Limits = Limits {
    wall: Duration::from_secs(60 * 60),
    cpu_seconds: 15 * 60,
    memory_mib: 2048,
    file_mib: 512,
    output_bytes: 64 << 20,
    grace: Duration::from_secs(120),
};

const PLAN: &str = "plan.tfplan";
/// What OpenTofu calls the file with a state that it could not save.
const STATE_LEFT: &str = "errored.tfstate";

/// Runs `tofu` (1.11.3 or later), or else `terraform` (1.9 or later).
pub struct TofuRunner {
    sandbox: Arc<Sandbox>,
    program: Program,
    limits: Limits,
}

/// One plan or apply: its folder and the program that works in it.
struct Session<'a> {
    runner: &'a TofuRunner,
    tool: ToolVersion,
    folder: PrivateFolder,
    work: &'a InfrastructureWork,
    watch: &'a RunWatch,
}

impl TofuRunner {
    /// A runner of the program at this path, or else of the one on the search path.
    #[must_use]
    pub fn new(sandbox: Arc<Sandbox>, program: Option<PathBuf>, limits: Limits) -> Self {
        Self {
            program: Program::new(program),
            sandbox,
            limits,
        }
    }

    async fn session<'a>(
        &'a self,
        work: &'a InfrastructureWork,
        watch: &'a RunWatch,
    ) -> Result<Session<'a>, RunError> {
        let tool = self.version().await?;
        let folder = self
            .sandbox
            .folder()
            .await
            .map_err(|error| disk("make a private folder", error))?;
        let session = Session {
            runner: self,
            tool,
            folder,
            work,
            watch,
        };
        session
            .prepare()
            .map_err(|error| disk("copy the kit's module", error))?;
        Ok(session)
    }
}

#[async_trait]
impl InfrastructureRunner for TofuRunner {
    async fn plan(
        &self,
        work: &InfrastructureWork,
        watch: &RunWatch,
    ) -> Result<PlanResult, RunError> {
        let session = self.session(work, watch).await?;
        let variables = serde_json::to_vec(&work.variables)
            .map_err(|error| Error::internal("write the variables", error))?;
        session
            .folder
            .write("module/terraform.tfvars.json", &variables)
            .map_err(|error| disk("write the variables", error))?;
        session.init().await?;
        let mut arguments = words(["plan", "-input=false", "-json", "-detailed-exitcode"]);
        arguments.push(format!("-out={PLAN}").into());
        if work.destroy {
            arguments.push("-destroy".into());
        } else {
            let anew = work.anew.iter().flatten();
            arguments.extend(anew.map(|address| format!("-replace={address}").into()));
        }
        let (outcome, feed) = session.follow(arguments).await?;
        session.expect("plan", &outcome, &feed, &[0, 2])?;
        let (changes, summary) = session.show().await?;
        let plan = fs::read(session.folder.path().join("module").join(PLAN))
            .map_err(|error| disk("read the plan", error))?;
        Ok(PlanResult {
            plan,
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
        let session = self.session(work, watch).await?;
        session
            .folder
            .write(&format!("module/{PLAN}"), plan)
            .map_err(|error| disk("write the plan", error))?;
        fs::create_dir_all(&work.output).map_err(|error| disk("make the output folder", error))?;
        session.init().await?;
        if work.anew.is_some() {
            if *watch.stop.borrow() != Stop::No || !(watch.touch)().await? {
                return Err(RunError::Stopped);
            }
            session.empty_output()?;
        }
        let (outcome, feed) = session
            .follow(words(["apply", "-input=false", "-json", PLAN]))
            .await?;
        session.rescue_state(&feed).await?;
        session.expect("apply the plan", &outcome, &feed, &[0])?;
        if work.anew.is_some() {
            session.forget_state_left();
        }
        let summary = feed.applied.unwrap_or_default();
        Ok(ApplyResult { summary })
    }

    async fn version(&self) -> Result<ToolVersion> {
        self.program.version(&self.sandbox).await
    }
}

impl Session<'_> {
    fn prepare(&self) -> io::Result<()> {
        self.folder.copy(&self.work.module, "module", &|path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            !name.starts_with('.') && !name.contains(".tfstate") && !name.ends_with(".tfvars")
        })?;
        // An override, so that a kit's own backend, if any, does not count.
        let backend = json!({ "terraform": { "backend": { "http": {} } } });
        self.folder.write(
            "module/kombify_override.tf.json",
            backend.to_string().as_bytes(),
        )?;
        let plugins = self.folder.make("plugins")?;
        let settings = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = {}\n  }}\n}}\n",
            serde_json::Value::from(plugins.to_string_lossy())
        );
        self.folder.write("cli.tfrc", settings.as_bytes())?;
        Ok(())
    }

    fn task<'a>(&'a self, directory: &'a std::path::Path, arguments: Vec<OsString>) -> Task<'a> {
        let backend = &self.work.backend;
        let applies = arguments.first().is_some_and(|first| first == "apply");
        let environment = vec![
            (
                "TF_CLI_CONFIG_FILE",
                self.folder.path().join("cli.tfrc").into(),
            ),
            ("CHECKPOINT_DISABLE", "1".into()),
            ("TF_IN_AUTOMATION", "1".into()),
            ("TF_INPUT", "0".into()),
            ("TF_HTTP_ADDRESS", backend.address.clone().into()),
            ("TF_HTTP_LOCK_ADDRESS", backend.address.clone().into()),
            ("TF_HTTP_UNLOCK_ADDRESS", backend.address.clone().into()),
            ("TF_HTTP_LOCK_METHOD", "LOCK".into()),
            ("TF_HTTP_UNLOCK_METHOD", "UNLOCK".into()),
            ("TF_HTTP_USERNAME", backend.username.clone().into()),
            ("TF_HTTP_PASSWORD", backend.password.clone().into()),
            // The control plane may be restarting: a state must not be lost for that.
            ("TF_HTTP_RETRY_MAX", "5".into()),
            ("TF_HTTP_RETRY_WAIT_MIN", "1".into()),
            ("TF_HTTP_RETRY_WAIT_MAX", "8".into()),
        ];
        Task {
            program: &self.tool.path,
            arguments,
            environment,
            directory,
            folder: &self.folder,
            writable: applies.then_some(("KOMBIFY_OUTPUT_DIR", self.work.output.as_path())),
            network: true,
            limits: self.runner.limits,
        }
    }

    fn feed(&self) -> Feed {
        Feed::new(
            self.watch.events.clone(),
            vec![self.work.backend.password.clone()],
        )
    }

    /// Runs a command that writes events.
    async fn follow(&self, arguments: Vec<OsString>) -> Result<(Outcome, Feed), RunError> {
        let directory = self.folder.path().join("module");
        let mut feed = self.feed();
        // `init` mixes advice for people at a terminal into its events.
        let command = arguments.first();
        feed.plain_lines = command.is_none_or(|first| first != "init");
        feed.repeats_plan = command.is_some_and(|first| first == "apply");
        let mut sink = |line: &[u8]| feed.line(line);
        let outcome = self
            .runner
            .sandbox
            .run(
                self.task(&directory, arguments),
                Some(self.watch.stop.clone()),
                Some(&mut sink),
            )
            .await
            .map_err(|error| self.cannot_start(error))?;
        feed.log("warn", String::new(), &outcome.complaint());
        Ok((outcome, feed))
    }

    async fn init(&self) -> Result<(), RunError> {
        let plugins = self.folder.path().join("plugins");
        let mut arguments = words(["init", "-input=false", "-json"]);
        arguments.push(
            [OsString::from("-plugin-dir="), plugins.into()]
                .into_iter()
                .collect(),
        );
        let (outcome, feed) = self.follow(arguments).await?;
        self.expect("prepare its folder", &outcome, &feed, &[0])?;
        (self.watch.events)(RunProgress::Initialised {
            duration_ms: i64::try_from(outcome.took.as_millis()).unwrap_or(i64::MAX),
        });
        Ok(())
    }

    /// The changes of the plan that was just made.
    async fn show(
        &self,
    ) -> Result<
        (
            Vec<types::stack::ResourceChange>,
            types::stack::ChangeSummary,
        ),
        RunError,
    > {
        let directory = self.folder.path().join("module");
        let task = self.task(&directory, words(["show", "-json", PLAN]));
        let stop = Some(self.watch.stop.clone());
        let outcome = self
            .runner
            .sandbox
            .run(task, stop, None)
            .await
            .map_err(|error| self.cannot_start(error))?;
        self.expect("show the plan", &outcome, &self.feed(), &[0])?;
        if outcome.truncated {
            return Err(Error::refused(
                ErrorCode::Upstream,
                format!(
                    "The plan is larger than {} MiB: split the stack.",
                    self.runner.limits.output_bytes >> 20
                ),
            )
            .into());
        }
        Ok(plan::read(&outcome.stdout)?)
    }

    /// Nothing when the command ended with one of these codes; else how the run ended.
    fn expect(
        &self,
        doing: &str,
        outcome: &Outcome,
        feed: &Feed,
        good: &[i32],
    ) -> Result<(), RunError> {
        let applies = doing.starts_with("apply");
        let name = program::title(&self.tool.name);
        let minutes = self.runner.limits.wall.as_secs() / 60;
        match outcome.ending {
            Ending::Exited(code) if good.contains(&code) => Ok(()),
            // It ends with 1 when it failed in order. Go ends with 2 when memory is refused.
            Ending::Exited(code) if applies && code != 1 => {
                feed.log("error", String::new(), &format!("{name} broke down and ended with {code}."));
                Err(RunError::Killed)
            }
            Ending::Exited(_) => {
                let error = diagnostics::error(doing, name, &feed.diagnostics, &outcome.complaint());
                Err(match error {
                    Error::Refused(mut problem) => {
                        problem.detail = feed.clean(&problem.detail);
                        problem.error.clone_from(&problem.detail);
                        Error::Refused(problem)
                    }
                    other => other,
                }
                .into())
            }
            // Told to stop it saves its state and ends with 1; any other way it did not.
            Ending::NotBegun | Ending::Stopped(Some(1)) => Err(RunError::Stopped),
            Ending::Stopped(_) if applies => Err(RunError::Killed),
            Ending::Stopped(_) => Err(RunError::Stopped),
            Ending::Killed => Err(RunError::Killed),
            Ending::OutOfTime(code) if applies && code != Some(1) => {
                feed.log("error", String::new(), &format!("{name} had to stop after {minutes} minutes and did not end in order."));
                Err(RunError::Killed)
            }
            Ending::Signalled(_) if applies => {
                feed.log("error", String::new(), &format!("{name} was killed: it used more time or memory than it may."));
                Err(RunError::Killed)
            }
            Ending::OutOfTime(_) => Err(Error::refused(
                ErrorCode::Upstream,
                format!("{name} could not {doing} within {minutes} minutes and was stopped. Try again, or split the stack."),
            )
            .into()),
            Ending::Signalled(signal) => Err(Error::refused(
                ErrorCode::Upstream,
                format!("{name} could not {doing}: it was killed by signal {signal}, as happens when it uses more memory than it may. Split the stack, or raise the limit."),
            )
            .into()),
        }
    }

    /// Removes what a run that was cut off may have left in the output folder. A state that
    /// could not be saved stays there.
    fn empty_output(&self) -> Result<(), RunError> {
        let empty = || -> io::Result<u32> {
            let mut removed = 0;
            for entry in fs::read_dir(&self.work.output)? {
                let entry = entry?;
                if entry.file_name() == STATE_LEFT {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    fs::remove_dir_all(entry.path())?;
                } else {
                    fs::remove_file(entry.path())?;
                }
                removed += 1;
            }
            Ok(removed)
        };
        let removed = empty().map_err(|error| disk("empty the output folder", error))?;
        (self.watch.events)(RunProgress::Log {
            level: "warn",
            source: String::new(),
            line: format!(
                "It is not known what stood here: the output folder was emptied, {removed} of its entries are gone."
            ),
        });
        Ok(())
    }

    /// All was made anew, so a state that was left behind says nothing any more.
    fn forget_state_left(&self) {
        let left = self.work.output.join(STATE_LEFT);
        if let Err(error) = fs::remove_file(&left)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %left.display(), %error, "an old state could not be removed");
        }
    }

    /// Saves the state that an apply could not save: to the backend when that is back, and
    /// else to a file beside the output, so that nobody has to guess what stands.
    async fn rescue_state(&self, feed: &Feed) -> Result<(), RunError> {
        let left = self.folder.path().join("module").join(STATE_LEFT);
        if !left.exists() {
            return Ok(());
        }
        let state = fs::read(&left).map_err(|error| disk("read the state", error))?;
        feed.log(
            "warn",
            String::new(),
            "The state could not be saved. It is tried again.",
        );
        // First of all to a file: this process may be stopped while it tries.
        let kept = self.work.output.join(STATE_LEFT);
        let written = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&kept)
            .and_then(|mut file| file.write_all(&state));
        let Err(why) = rescue::save(&self.work.backend, &state).await else {
            if let Err(error) = fs::remove_file(&kept) {
                tracing::warn!(path = %kept.display(), %error, "a state that is saved now is also left in a file");
            }
            feed.log("info", String::new(), "The state is saved now.");
            return Err(Error::refused(
                ErrorCode::Upstream,
                "The state could not be saved while the plan was applied, and was saved afterwards. Plan again to see what stands.",
            )
            .into());
        };
        match written {
            Ok(()) => {
                tracing::error!(path = %kept.display(), why, "the state of an apply could not be saved and is kept in a file");
                feed.log("error", String::new(), "The state could not be saved. An operator finds it as errored.tfstate in the stack's output folder.");
            }
            Err(error) => {
                tracing::error!(path = %kept.display(), why, %error, "the state of an apply is lost");
                feed.log(
                    "error",
                    String::new(),
                    "The state could not be saved, and is lost.",
                );
            }
        }
        Err(RunError::Killed)
    }

    fn cannot_start(&self, error: io::Error) -> RunError {
        disk(&format!("start {}", self.tool.name), error).into()
    }
}

/// An error of the disk or of starting a program.
fn disk(doing: &str, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => diagnostics::disk_full(),
        io::ErrorKind::PermissionDenied => Error::refused(
            ErrorCode::Upstream,
            format!("kombify could not {doing}: {error}."),
        ),
        _ => Error::internal(doing, error),
    }
}
