//! Ctrl-C and the polite request to end, noticed so that what was started is
//! stopped and thrown away before this process ends.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Context as _;
use nix::sys::signal::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Someone asked this process to stop.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// The last signal that arrived; 0 is none.
static ARRIVED: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Notices signals from now on instead of ending at once.
///
/// # Errors
/// When the operating system refuses the handlers.
pub(crate) fn listen() -> anyhow::Result<()> {
    let arrived = ARRIVED.get_or_init(Arc::default);
    for (number, signal) in [
        (SIGINT, Signal::SIGINT),
        (SIGTERM, Signal::SIGTERM),
        (SIGHUP, Signal::SIGHUP),
    ] {
        signal_hook::flag::register_usize(number, Arc::clone(arrived), signal as usize)
            .with_context(|| format!("could not listen for {signal}"))?;
    }
    Ok(())
}

/// The signal that arrived, if one has.
pub(crate) fn arrived() -> Option<Signal> {
    let number = ARRIVED.get()?.load(Ordering::Relaxed);
    Signal::try_from(i32::try_from(number).ok()?).ok()
}

/// # Errors
/// [`Interrupted`] when someone asked this process to stop.
pub(crate) fn check() -> Result<(), Interrupted> {
    match arrived() {
        Some(_) => Err(Interrupted),
        None => Ok(()),
    }
}
