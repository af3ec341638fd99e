//! Load on one address by wrk (https://github.com/wg/wrk), from a core of its own.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::{figure::median, server::LOAD_CORE};
use crate::{places::Places, process::capture};

/// Requests at a time.
pub(super) const CONNECTIONS: usize = 16;
const SECONDS: u32 = 5;

/// What a few runs came to.
pub(super) struct Load {
    /// Requests per second, median.
    pub(super) per_second: f64,
    /// How many runs that is of.
    pub(super) runs: usize,
}

/// What is asked for, again and again.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// The same address: what did not change may be answered as before.
    Same,
    /// Another address each time, by its query, which the page does not read.
    Another,
}

/// Makes each request one for an address of its own.
const ANOTHER: &str = "local count = 0
request = function()
  count = count + 1
  return wrk.format('GET', wrk.path .. '?' .. count)
end
";

/// Loads an address with this header `Cookie`; the first run only warms up.
///
/// # Errors
/// When wrk fails or an answer was not a success.
pub(super) fn measure(
    places: &Places,
    address: &str,
    cookies: &str,
    asked: Asked,
    runs: usize,
) -> Result<Load> {
    let script = tempfile::Builder::new().suffix(".lua").tempfile()?;
    fs::write(script.path(), ANOTHER)?;
    let mut rates = Vec::new();
    for _ in 0..=runs {
        let mut command = places.command("taskset");
        command
            .args(["--cpu-list", LOAD_CORE, "wrk", "--threads", "1"])
            .args(["--connections", &CONNECTIONS.to_string()])
            .args(["--duration", &format!("{SECONDS}s")])
            .args(["--header", &format!("Cookie: {cookies}")]);
        if matches!(asked, Asked::Another) {
            command.arg("--script").arg(script.path());
        }
        command.arg(address);
        rates.push(rate(&capture(&mut command)?)?);
    }
    rates.remove(0);
    Ok(Load {
        per_second: median(rates),
        runs,
    })
}

/// The rate that wrk printed, if all went well.
fn rate(printed: &str) -> Result<f64> {
    ensure!(
        !printed.contains("Non-2xx") && !printed.contains("Socket errors"),
        "some requests failed: {printed}"
    );
    printed
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"))
        .and_then(|rate| rate.trim().parse().ok())
        .with_context(|| format!("wrk told no rate: {printed}"))
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn the_rate_is_read_and_failures_are_not_overlooked() {
        let good = "  8123 requests in 5.00s, 9.3MB read\nRequests/sec:   1624.60\n";
        assert!((rate(good).expect("a rate") - 1624.6).abs() < f64::EPSILON);
        let bad = format!("{good}  Non-2xx or 3xx responses: 3\n");
        rate(&bad).expect_err("three failed");
    }
}
