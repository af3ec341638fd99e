//! Where things are: the checkout, what is built, the tools, the data.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};

/// Where things are. The only place that reads the environment.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Everything heavy that is built; outside the checkout, so that a fresh
    /// clone builds on what an older one left.
    pub(crate) target: PathBuf,
    /// Tools installed by `setup`.
    pub(crate) tools: PathBuf,
    /// The data of `run` when `--data-dir` is not given.
    pub(crate) data: PathBuf,
    /// Where continuous integration builds, if `CI` is `true`.
    pub(crate) integration: Option<PathBuf>,
    /// A browser chosen by `CHROMIUM`.
    pub(crate) chromium: Option<PathBuf>,
    /// The folders that hold commands, after our own.
    inherited: Vec<PathBuf>,
    /// What `cargo run` told this process about itself.
    own: Vec<OsString>,
}

impl Places {
    /// Reads the environment.
    ///
    /// # Errors
    /// When neither a cache folder nor a home folder is known.
    pub(crate) fn find() -> Result<Self> {
        let root = folder("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")))
            .parent()
            .context("xtask does not lie in a workspace")?
            .to_owned();
        let home = folder("HOME");
        let under_home = |rest: &str| home.as_ref().map(|home| home.join(rest));
        let cache = folder("XDG_CACHE_HOME")
            .or_else(|| under_home(".cache"))
            .context("no cache folder is known: set HOME or XDG_CACHE_HOME")?
            .join("kombify");
        let data = folder("XDG_DATA_HOME")
            .or_else(|| under_home(".local/share"))
            .context("no data folder is known: set HOME or XDG_DATA_HOME")?
            .join("kombify");
        let tools = cache.join("tools");
        let cargo_bin = folder("CARGO_HOME")
            .or_else(|| under_home(".cargo"))
            .map(|cargo| cargo.join("bin"));
        let path = variable("PATH").unwrap_or_default();
        Ok(Self {
            target: folder("CARGO_TARGET_DIR").unwrap_or_else(|| cache.join("target")),
            inherited: env::split_paths(&path).chain(cargo_bin).collect(),
            integration: variable("CI")
                .filter(|it| it == "true")
                .map(|_| cache.join("integration")),
            chromium: folder("CHROMIUM"),
            own: about_this_process(),
            root,
            tools,
            data,
        })
    }

    /// The same for another checkout.
    pub(crate) fn in_checkout(&self, root: PathBuf) -> Self {
        Self {
            root,
            ..self.clone()
        }
    }

    /// The folder of binaries of a profile.
    pub(crate) fn profile(&self, release: bool) -> PathBuf {
        self.target.join(profile_name(release))
    }

    /// The folder of what the browser loads, of a profile.
    pub(crate) fn site(&self, release: bool) -> PathBuf {
        self.target.join("site").join(profile_name(release))
    }

    /// The first executable of this name.
    pub(crate) fn which(&self, name: &str) -> Option<PathBuf> {
        self.search()
            .map(|folder| folder.join(name))
            .find(|file| is_executable(file))
    }

    /// A command in the checkout that finds our tools, builds outside the
    /// checkout and reads no input.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("PATH", self.path())
            .env("CARGO_TARGET_DIR", &self.target)
            .stdin(Stdio::null());
        for name in &self.own {
            command.env_remove(name);
        }
        command
    }

    /// The folders that hold commands, ours first.
    fn search(&self) -> impl Iterator<Item = PathBuf> {
        [self.tools.join("bin"), self.root.join("node_modules/.bin")]
            .into_iter()
            .chain(self.inherited.iter().cloned())
    }

    /// `PATH` with our tools.
    fn path(&self) -> OsString {
        // A folder with a colon in its name came from no PATH, so only ours can be left out.
        env::join_paths(self.search()).unwrap_or_else(|_| variable("PATH").unwrap_or_default())
    }
}

/// Variables that cargo set for xtask. Passed on to another cargo, they would
/// make it compile anew every package whose build script looks at them.
fn about_this_process() -> Vec<OsString> {
    names()
        .filter(|name| {
            name.to_str().is_some_and(|name| {
                ["CARGO_PKG_", "CARGO_MANIFEST_"]
                    .iter()
                    .any(|start| name.starts_with(start))
            })
        })
        .collect()
}

fn profile_name(release: bool) -> &'static str {
    if release { "release" } else { "debug" }
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn folder(name: &str) -> Option<PathBuf> {
    variable(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where xtask reads the environment"
)]
fn names() -> impl Iterator<Item = OsString> {
    env::vars_os().map(|(name, _)| name)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where xtask reads the environment"
)]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name)
}
