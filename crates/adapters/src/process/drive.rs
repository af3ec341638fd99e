//! Follows a running program to its end: its output, its time, and who wants it to stop.

use std::{io, os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Duration};

use domain::ports::Stop;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Child,
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{Ending, Limits, LineSink, Outcome};

/// The longest line that is passed on whole, in bytes.
const LONGEST_LINE: usize = 1 << 20;

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

pub(super) struct Running {
    group: Group,
    deadline: Instant,
    limits: Limits,
    phase: Phase,
}

impl Running {
    /// A child that leads a process group and started then.
    pub(super) fn new(child: &Child, started: Instant, limits: Limits) -> Self {
        Self {
            group: Group(child.id()),
            deadline: started + limits.wall,
            limits,
            phase: Phase::Working,
        }
    }

    /// Follows it to its end.
    pub(super) async fn drive(
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
            (code, Phase::Stopping) => Ending::Stopped(code),
            (_, Phase::Killed) => Ending::Killed,
            (code, Phase::Overdue) => Ending::OutOfTime(code),
            (_, Phase::KilledOverdue) => Ending::OutOfTime(None),
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
