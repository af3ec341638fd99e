//! The command line as a person uses it: run to its end.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use test_support::interface;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_kombify");

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary with nothing of this process' environment but where programs are.
pub(crate) fn kombify() -> Command {
    let site = interface::name_files(Path::new(BINARY));
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("PATH", search_path())
        .env("KOMBIFY_SERVER__SITE_ROOT", site)
        .stdin(Stdio::null())
        .current_dir(std::env::temp_dir());
    command
}

#[expect(
    clippy::disallowed_methods,
    reason = "cue and terraform are where whoever runs the tests has them"
)]
pub(crate) fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// Writes a program that is a script of the shell.
pub(crate) fn program(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a program");
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Said {
    let output = command.output().expect("the binary starts");
    Said {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Runs the binary with these arguments on this data folder.
pub(crate) fn with<A: AsRef<OsStr>>(data: &Path, arguments: impl IntoIterator<Item = A>) -> Said {
    run(kombify().args(arguments).arg("--data-dir").arg(data))
}

impl Said {
    /// It failed with one sentence on standard error, and with nothing else but its log.
    pub(crate) fn complaint(&self) -> &str {
        assert_eq!(self.code, Some(1), "{self:?}");
        let mut lines = self.stderr.lines().filter(|line| !line.starts_with('{'));
        let line = lines.next().unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!(lines.next(), None, "one line: {self:?}");
        line.strip_prefix("kombify: ")
            .unwrap_or_else(|| panic!("{self:?}"))
    }
}

/// The first program of this name where programs are looked for.
pub(crate) fn which(name: &str) -> PathBuf {
    std::env::split_paths(&search_path())
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is not on the PATH"))
}
