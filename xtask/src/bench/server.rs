//! The optimised binary, running on a data folder and on one core.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;

use super::visitor;
use crate::{binary::Binary, interrupt, places::Places, process::Running};

const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(1);

/// The core of what is measured; the one that measures has the other.
pub(super) const SERVER_CORE: &str = "0";
/// The core of what measures.
pub(super) const LOAD_CORE: &str = "1";

/// A running server; stopped when dropped.
pub(super) struct Server {
    running: Running,
    /// `http://127.0.0.1:port`.
    pub(super) address: String,
    /// From its start until it said that it is healthy.
    pub(super) took: Duration,
}

impl Server {
    /// Starts the binary in development mode, all roles, and waits until it is healthy.
    ///
    /// # Errors
    /// When it ends or is not healthy after a minute.
    pub(super) fn start(places: &Places, binary: &Binary, data: &Path) -> Result<Self> {
        let port = free_port()?;
        let mut command = places.command("taskset");
        command
            .args(["--cpu-list", SERVER_CORE])
            .arg(&binary.file)
            .args(["serve", "--dev", "--port", &port.to_string()])
            .arg("--data-dir")
            .arg(data)
            .env("KOMBIFY_LOG__FILTER", "warn")
            .stdout(std::process::Stdio::null());
        binary.describe_to(&mut command);
        Self::wait_for(&mut command, port, "/health")
    }

    /// Starts any server and waits until this path of it answers 200.
    ///
    /// # Errors
    /// When it ends or does not answer within a minute.
    pub(super) fn wait_for(
        command: &mut std::process::Command,
        port: u16,
        path: &str,
    ) -> Result<Self> {
        let address = format!("http://127.0.0.1:{port}");
        let begun = Instant::now();
        let mut running = Running::start(command)?;
        let place = format!("{address}{path}");
        while !visitor::answers(&place) {
            if let Some(status) = running.ended()? {
                bail!("the server ended at once ({status})");
            }
            interrupt::check()?;
            if begun.elapsed() > PATIENCE {
                bail!("{place} did not answer well within {PATIENCE:?}");
            }
            thread::sleep(GLANCE);
        }
        Ok(Self {
            running,
            address,
            took: begun.elapsed(),
        })
    }

    /// Resident memory as the kernel counts it, in MB (10⁶ bytes).
    ///
    /// # Errors
    /// When the system does not tell (only Linux does).
    pub(super) fn resident_mb(&self) -> Result<f64> {
        let file = format!("/proc/{}/status", self.running.id());
        let status = fs::read_to_string(&file).with_context(|| format!("no {file}"))?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("the kernel tells no VmRSS")?
            .parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Stops it and waits until it has ended.
    pub(super) fn stop(mut self) {
        self.running.stop(Signal::SIGTERM);
    }
}

/// A port that nobody listens on at this moment.
///
/// # Errors
/// When there is none.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
