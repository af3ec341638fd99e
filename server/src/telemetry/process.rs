//! What this process uses, under the names that every Prometheus client uses
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>).

use std::fs;

/// Linux gives processor time in hundredths of a second on every platform.
const TICKS_PER_SECOND: f64 = 100.0;

/// The lines for `/metrics`; without those that this machine does not tell.
pub(super) fn lines() -> String {
    let mut lines = String::new();
    let mut say = |name: &str, kind: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            lines.push_str(&format!(
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
            ));
        }
    };
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    say(
        "process_resident_memory_bytes",
        "gauge",
        "Memory of the process that is in RAM.",
        kibibytes(&status, "VmRSS:"),
    );
    say(
        "process_virtual_memory_bytes",
        "gauge",
        "Address space of the process.",
        kibibytes(&status, "VmSize:"),
    );
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    say(
        "process_cpu_seconds_total",
        "counter",
        "Processor time of the process.",
        processor_seconds(&stat),
    );
    say(
        "process_start_time_seconds",
        "gauge",
        "When the process started, in seconds since 1970.",
        started(&stat),
    );
    #[expect(
        clippy::cast_precision_loss,
        reason = "a process has far fewer than 2^53 open files"
    )]
    let open = fs::read_dir("/proc/self/fd")
        .ok()
        .map(|all| all.count() as f64);
    say(
        "process_open_fds",
        "gauge",
        "Files and connections that are open.",
        open,
    );
    lines
}

/// A line such as `VmRSS:     1234 kB`, in bytes.
fn kibibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let number: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(number * 1024.0)
}

/// A field of `/proc/self/stat` by its number in proc(5); the name of the program, the
/// second one, may hold spaces.
fn field(stat: &str, number: usize) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(number - 3)?.parse().ok()
}

fn processor_seconds(stat: &str) -> Option<f64> {
    Some((field(stat, 14)? + field(stat, 15)?) / TICKS_PER_SECOND)
}

fn started(stat: &str) -> Option<f64> {
    let machine = fs::read_to_string("/proc/stat").ok()?;
    let booted = machine
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    let booted: f64 = booted.trim().parse().ok()?;
    Some(booted + field(stat, 22)? / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_tells_what_it_uses() {
        let lines = super::lines();
        for name in [
            "process_resident_memory_bytes",
            "process_virtual_memory_bytes",
            "process_cpu_seconds_total",
            "process_start_time_seconds",
            "process_open_fds",
        ] {
            let value = lines
                .lines()
                .find_map(|line| line.strip_prefix(&format!("{name} ")));
            let value: f64 = value.expect(name).parse().expect("a number");
            assert!(value >= 0.0, "{name} {value}");
        }
    }
}
