//! Running another program, held tightly: its own process group and private folder, no
//! inherited environment, no new privileges, limits on time, processor, memory, file size
//! and output, no network unless it needs one, and, started by root, another user's id.
//!
//! util-linux (`setpriv`, `prlimit`, `unshare`, `mount`) does what would otherwise take
//! unsafe code between fork and exec. What this machine does not permit is found out once,
//! see [`Sandbox::weaknesses`].

mod folder;
mod powers;

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use domain::ports::Stop;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    sync::{OnceCell, watch},
    time::{Instant, sleep_until},
};

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
    /// It was told to stop and did in order.
    Stopped,
    /// It was told to stop and had to be killed.
    Killed,
    /// Its time was over.
    OutOfTime {
        /// It did not end in order then.
        killed: bool,
    },
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

/// The longest line that is passed on whole, in bytes.
const LONGEST_LINE: usize = 1 << 20;

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
                Ending::Stopped
            }));
        }
        let started = Instant::now();
        let child = self.command(&task).await?.spawn()?;
        let running = Running {
            group: Group(child.id()),
            deadline: started + task.limits.wall,
            limits: task.limits,
            phase: Phase::Working,
        };
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

/// A process group that ends with this value.
struct Group(Option<u32>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(id) = self.0.and_then(|id| i32::try_from(id).ok()) {
            // No such group: all of it has ended already.
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    /// Told to stop by a person.
    Stopping,
    /// Told to stop because its time was over.
    Overdue,
    Killed,
    /// Killed because it did not stop when its time was over.
    KilledOverdue,
}

struct Running {
    group: Group,
    deadline: Instant,
    limits: Limits,
    phase: Phase,
}

impl Running {
    async fn drive(
        mut self,
        mut child: Child,
        mut stop: Option<watch::Receiver<Stop>>,
        lines: Option<LineSink<'_>>,
    ) -> io::Result<Outcome> {
        let mut stdout = Pipe::new(child.stdout.take(), self.limits.output_bytes, lines);
        let mut stderr = Pipe::new(child.stderr.take(), self.limits.output_bytes, None);
        let mut status: Option<ExitStatus> = None;
        while status.is_none() || !stdout.ended() || !stderr.ended() {
            tokio::select! {
                read = stdout.read(), if !stdout.ended() => read?,
                read = stderr.read(), if !stderr.ended() => read?,
                ended = child.wait(), if status.is_none() => {
                    status = Some(ended?);
                    // Whatever it left behind would keep the pipes open.
                    self.group.signal(Signal::SIGKILL);
                }
                () = sleep_until(self.deadline), if status.is_none() => self.out_of_time(),
                wish = next_wish(&mut stop), if status.is_none() => self.told(wish),
            }
        }
        let status = status.expect("the loop ends only with a status");
        let truncated = stdout.truncated || stderr.truncated;
        Ok(Outcome {
            ending: self.ending(status),
            stdout: stdout.finish(),
            stderr: stderr.finish(),
            truncated,
            took: Duration::ZERO,
        })
    }

    fn told(&mut self, wish: Stop) {
        match (wish, self.phase) {
            (Stop::Graceful, Phase::Working) => self.interrupt(Phase::Stopping),
            (Stop::Force, _) => self.kill(Phase::Killed),
            _ => {}
        }
    }

    fn out_of_time(&mut self) {
        match self.phase {
            Phase::Working if self.limits.grace.is_zero() => self.kill(Phase::KilledOverdue),
            Phase::Working => self.interrupt(Phase::Overdue),
            Phase::Overdue | Phase::KilledOverdue => self.kill(Phase::KilledOverdue),
            Phase::Stopping | Phase::Killed => self.kill(Phase::Killed),
        }
    }

    fn interrupt(&mut self, phase: Phase) {
        self.phase = phase;
        self.deadline = Instant::now() + self.limits.grace;
        self.group.signal(Signal::SIGINT);
    }

    fn kill(&mut self, phase: Phase) {
        self.phase = phase;
        self.deadline = Instant::now() + Duration::from_secs(5);
        self.group.signal(Signal::SIGKILL);
    }

    fn ending(&self, status: ExitStatus) -> Ending {
        match (status.code(), self.phase) {
            // It was done before the signal reached it.
            (Some(0), _) => Ending::Exited(0),
            (Some(code), Phase::Working) => Ending::Exited(code),
            (None, Phase::Working) => Ending::Signalled(status.signal().unwrap_or_default()),
            (_, Phase::Stopping) => Ending::Stopped,
            (_, Phase::Killed) => Ending::Killed,
            (_, Phase::Overdue) => Ending::OutOfTime { killed: false },
            (_, Phase::KilledOverdue) => Ending::OutOfTime { killed: true },
        }
    }
}

/// The next wish; never, when nobody can wish any more.
async fn next_wish(stop: &mut Option<watch::Receiver<Stop>>) -> Stop {
    if let Some(receiver) = stop {
        if receiver.changed().await.is_ok() {
            return *receiver.borrow_and_update();
        }
        *stop = None;
    }
    std::future::pending().await
}

/// One of a child's outputs.
struct Pipe<'a, R> {
    source: Option<R>,
    kept: Vec<u8>,
    limit: usize,
    lines: Option<LineSink<'a>>,
    truncated: bool,
}

impl<'a, R: AsyncRead + Unpin> Pipe<'a, R> {
    const fn new(source: Option<R>, limit: usize, lines: Option<LineSink<'a>>) -> Self {
        Self {
            source,
            kept: Vec::new(),
            limit,
            lines,
            truncated: false,
        }
    }

    const fn ended(&self) -> bool {
        self.source.is_none()
    }

    /// Takes the next piece; loses nothing when it is dropped while it waits.
    async fn read(&mut self) -> io::Result<()> {
        let Some(source) = &mut self.source else {
            return Ok(());
        };
        let mut piece = [0; 16 * 1024];
        let length = source.read(&mut piece).await?;
        if length == 0 {
            self.source = None;
        }
        match &mut self.lines {
            None => {
                let room = self.limit.saturating_sub(self.kept.len());
                self.truncated |= length > room;
                self.kept.extend_from_slice(&piece[..length.min(room)]);
            }
            Some(sink) => {
                for &byte in &piece[..length] {
                    if byte == b'\n' {
                        sink(&self.kept);
                        self.kept.clear();
                    } else if self.kept.len() < LONGEST_LINE {
                        self.kept.push(byte);
                    } else {
                        self.truncated = true;
                    }
                }
                if length == 0 && !self.kept.is_empty() {
                    sink(&self.kept);
                    self.kept.clear();
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Vec<u8> {
        self.kept
    }
}

/// Words as arguments.
pub(crate) fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words
        .iter()
        .map(|word| OsStr::new(word).to_owned())
        .collect()
}
