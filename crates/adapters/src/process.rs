//! Running another program, held tightly: its own process group and private folder, no
//! inherited environment, no new privileges, limits on time, processor, memory, file size
//! and output, no network unless it needs one, and, started by root, another user's id.
//!
//! util-linux (`setpriv`, `prlimit`, `unshare`, `mount`) does what would otherwise take
//! unsafe code between fork and exec. What this machine does not permit is found out once,
//! see [`Sandbox::weaknesses`].

mod drive;
mod folder;
mod powers;

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use domain::ports::Stop;
use tokio::{
    process::Command,
    sync::{OnceCell, watch},
    time::Instant,
};

use drive::Running;
pub use folder::PrivateFolder;
use powers::Powers;

/// How programs are held.
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Below this folder each task gets a private one, e.g. `/tmp`.
    pub scratch: PathBuf,
    /// Where programs are looked for, in the form of the `PATH` variable.
    pub search_path: OsString,
    /// Whom programs run as when kombify itself runs as root; `None` keeps root.
    pub run_as: Option<RunAs>,
}

/// A user and a group by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunAs {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl RunAs {
    /// `nobody`, as Linux distributions number it.
    pub const NOBODY: Self = Self {
        uid: 65_534,
        gid: 65_534,
    };
}

/// What a task may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time on the clock.
    pub wall: Duration,
    /// Processor time of one process, in seconds.
    pub cpu_seconds: u64,
    /// Memory that one process writes to, in MiB.
    pub memory_mib: u64,
    /// Size of a file that it writes, in MiB.
    pub file_mib: u64,
    /// Bytes of standard output, and of standard error, that are kept.
    pub output_bytes: usize,
    /// How long it may take to end in order once it was interrupted.
    pub grace: Duration,
}

/// A program to run.
#[derive(Debug)]
pub struct Task<'a> {
    /// The program, absolute.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment, but for `HOME`, `TMPDIR` and `PATH`.
    pub environment: Vec<(&'static str, OsString)>,
    /// The folder that it works in, [`PrivateFolder::path`] or below.
    pub directory: &'a Path,
    /// Its private folder.
    pub folder: &'a PrivateFolder,
    /// Folders outside that it writes to, with the variable that tells it where.
    pub writable: Option<(&'static str, &'a Path)>,
    /// It needs the network.
    pub network: bool,
    /// What it may use.
    pub limits: Limits,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that was not ours, e.g. for reaching a limit.
    Signalled(i32),
    /// It was told to stop before it began.
    NotBegun,
    /// It was told to stop and ended by itself, with this code, or by that signal.
    Stopped(Option<i32>),
    /// It was told to stop and had to be killed.
    Killed,
    /// Its time was over; told to stop it ended by itself with this code, or was killed.
    OutOfTime(Option<i32>),
}

/// What a task left.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// Its standard output, up to the limit; empty when lines were taken one by one.
    pub stdout: Vec<u8>,
    /// Its standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// Some output was dropped.
    pub truncated: bool,
    /// Time on the clock.
    pub took: Duration,
}

/// Runs programs.
#[derive(Debug)]
pub struct Sandbox {
    settings: SandboxSettings,
    powers: OnceCell<Powers>,
}

/// Takes the lines of standard output as they come.
pub type LineSink<'a> = &'a mut (dyn FnMut(&[u8]) + Send);

impl Sandbox {
    /// A sandbox; removes what a killed process of ours left in the scratch folder.
    #[must_use]
    pub fn new(settings: SandboxSettings) -> Self {
        folder::sweep(&settings.scratch);
        Self {
            settings,
            powers: OnceCell::new(),
        }
    }

    /// The first program of this name on the search path.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        powers::find(&self.settings.search_path, name)
    }

    /// What this machine does not permit, a sentence each; empty when all holds.
    pub async fn weaknesses(&self) -> Vec<String> {
        self.powers().await.weaknesses.clone()
    }

    /// A new private folder, removed when it is dropped.
    ///
    /// # Errors
    /// When the scratch folder cannot be written to, e.g. because the disk is full.
    pub async fn folder(&self) -> io::Result<PrivateFolder> {
        let owner = self.powers().await.run_as;
        PrivateFolder::new(&self.settings.scratch, owner)
    }

    /// Runs a program to its end.
    ///
    /// `stop` tells it to stop: an interrupt to its whole process group, and a kill when
    /// the grace is over or when [`Stop::Force`] says so. `lines` takes standard output
    /// line by line instead of collecting it. Dropping the future kills the group.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub async fn run(
        &self,
        task: Task<'_>,
        stop: Option<watch::Receiver<Stop>>,
        lines: Option<LineSink<'_>>,
    ) -> io::Result<Outcome> {
        if let Some(stop) = &stop
            && *stop.borrow() != Stop::No
        {
            return Ok(Outcome::before_start(if *stop.borrow() == Stop::Force {
                Ending::Killed
            } else {
                Ending::NotBegun
            }));
        }
        let started = Instant::now();
        let child = self.command(&task).await?.spawn()?;
        let running = Running::new(&child, started, task.limits);
        let mut outcome = running.drive(child, stop, lines).await?;
        outcome.took = started.elapsed();
        Ok(outcome)
    }

    async fn powers(&self) -> &Powers {
        self.powers
            .get_or_init(|| Powers::probe(&self.settings))
            .await
    }

    async fn command(&self, task: &Task<'_>) -> io::Result<Command> {
        let powers = self.powers().await;
        let mut binds = powers::Binds::default();
        let program = powers.reach(task.program, task.folder, &mut binds)?;
        let outside = match task.writable {
            Some((name, path)) => {
                task.folder.give(path)?;
                Some((name, powers.reach(path, task.folder, &mut binds)?))
            }
            None => None,
        };
        let limits = task.limits;
        let mut words: Vec<OsString> = powers.enter(task.network, &binds);
        words.extend(powers.drop_privileges());
        if let Some(prlimit) = &powers.prlimit {
            words.push(prlimit.into());
            words.push(format!("--data={}", limits.memory_mib << 20).into());
            words.push(format!("--cpu={}", limits.cpu_seconds).into());
            words.push(format!("--fsize={}", limits.file_mib << 20).into());
            words.extend(["--core=0".into(), "--nofile=4096".into(), "--".into()]);
        }
        words.push(program.into());
        words.extend(task.arguments.iter().cloned());

        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .env("PATH", powers::SYSTEM_PATH)
            .env("HOME", task.folder.path())
            .env("TMPDIR", task.folder.path())
            .envs(task.environment.iter().map(|(name, value)| (*name, value)))
            .current_dir(task.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if let Some((name, path)) = outside {
            command.env(name, path);
        }
        Ok(command)
    }
}

impl Outcome {
    /// Standard error as text, trimmed.
    #[must_use]
    pub fn complaint(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim().to_owned()
    }

    const fn before_start(ending: Ending) -> Self {
        Self {
            ending,
            stdout: Vec::new(),
            stderr: Vec::new(),
            truncated: false,
            took: Duration::ZERO,
        }
    }
}

/// Words as arguments.
pub(crate) fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words
        .iter()
        .map(|word| OsStr::new(word).to_owned())
        .collect()
}
