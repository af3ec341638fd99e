//! Running other programs so that none outlives this one.

use std::{
    os::unix::process::CommandExt as _,
    process::{Child, Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use crate::interrupt::{self, Interrupted};

/// How long a program may take to end once it was asked to.
const PATIENCE: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(25);

/// A running program with all that it starts; stopped when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts a program in a process group of its own, so that it can be
    /// stopped with all that it starts and Ctrl-C reaches it only through us.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        Ok(Self { child, name })
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end. When this process is asked to stop, so is the program.
    ///
    /// # Errors
    /// [`Interrupted`] when this process was asked to stop.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if let Some(signal) = interrupt::arrived() {
                self.stop(signal);
                return Err(Interrupted.into());
            }
            thread::sleep(GLANCE);
        }
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the operating system does not know the program any more.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("could not wait for {}", self.name))
    }

    /// Asks the program and all that it started to end, and kills what has not
    /// after a while.
    pub(crate) fn stop(&mut self, signal: Signal) {
        let deadline = Instant::now() + PATIENCE;
        self.signal(signal);
        while matches!(self.ended(), Ok(None)) {
            if Instant::now() > deadline {
                self.signal(Signal::SIGKILL);
                // It cannot refuse; the result is of no use to anyone.
                let _ = self.child.wait();
                return;
            }
            thread::sleep(GLANCE);
        }
        // What it started and left behind goes too; usually there is nothing.
        self.signal(Signal::SIGTERM);
    }

    fn signal(&self, signal: Signal) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            // The group may be gone already, which is what is wanted.
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.ended(), Ok(None)) {
            self.stop(Signal::SIGTERM);
        }
    }
}

/// Runs a program to its end, its output going where ours goes.
///
/// # Errors
/// When it cannot be started, fails, or this process was asked to stop.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    interrupt::check()?;
    let line = line(command);
    let status = Running::start(command)?.wait()?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a short program and takes what it prints on standard output.
///
/// # Errors
/// When it cannot be started or fails; the error holds what it said.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .output()
        .with_context(|| format!("could not start `{line}`"))?;
    if !output.status.success() {
        bail!(
            "`{line}` failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed no text"))
}

/// The command as one would type it, with the program's name only.
pub(crate) fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|part| {
            let part = part.to_string_lossy();
            if part.is_empty() || part.contains(char::is_whitespace) {
                format!("'{part}'")
            } else {
                part.into_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Read as _},
        process::Stdio,
    };

    use super::*;

    #[test]
    fn a_failure_is_an_error_that_names_the_command() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).expect_err("exit 3");
        assert!(
            error.to_string().contains("sh -c 'exit 3'"),
            "unexpected: {error}"
        );
    }

    #[test]
    fn stopping_takes_along_what_the_program_started() {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 60 & echo started; wait"])
            .stdout(Stdio::piped());
        let begun = Instant::now();
        let mut running = Running::start(&mut command).expect("sh starts");
        let mut output = BufReader::new(running.child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        assert_eq!(line, "started\n");

        running.stop(Signal::SIGTERM);

        // The pipe closes when its last holder, the sleeper, is gone.
        output.read_to_string(&mut line).expect("the end");
        assert!(begun.elapsed() < PATIENCE, "the sleeper slept on");
    }
}
