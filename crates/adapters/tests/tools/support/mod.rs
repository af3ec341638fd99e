//! What these tests share: the real programs, a state backend, kits of their own.

pub(crate) mod backend;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use adapters::process::{RunAs, Sandbox, SandboxSettings};
use domain::ports::{RunProgress, RunWatch, Stop};
use tokio::sync::watch;

/// A sandbox as the server makes it, on this machine's programs.
pub(crate) fn sandbox() -> Arc<Sandbox> {
    sandbox_in(std::env::temp_dir(), search_path())
}

/// A sandbox that looks for programs elsewhere.
pub(crate) fn sandbox_in(scratch: PathBuf, search_path: std::ffi::OsString) -> Arc<Sandbox> {
    Arc::new(Sandbox::new(SandboxSettings {
        scratch,
        search_path,
        run_as: Some(RunAs::NOBODY),
    }))
}

/// This process's `PATH`, with the folder that `cargo xtask` puts programs in before it.
#[expect(
    clippy::disallowed_methods,
    reason = "tests look for programs where the person who runs them has them"
)]
pub(crate) fn search_path() -> std::ffi::OsString {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .unwrap_or_default();
    let own = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![cache.join("kombify/tools/bin")];
    folders.extend(std::env::split_paths(&own));
    std::env::join_paths(folders).expect("no folder holds a colon")
}

/// What a run reported, and the means to stop it.
pub(crate) struct Watched {
    pub(crate) watch: RunWatch,
    pub(crate) stop: watch::Sender<Stop>,
    pub(crate) events: Arc<Mutex<Vec<RunProgress>>>,
    changed: watch::Receiver<usize>,
}

impl Watched {
    pub(crate) fn new() -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (count, changed) = watch::channel(0);
        let (stop, stopped) = watch::channel(Stop::No);
        let sink = events.clone();
        let watch = RunWatch {
            events: Arc::new(move |event| {
                sink.lock().unwrap().push(event);
                count.send_modify(|count| *count += 1);
            }),
            stop: stopped,
            touch: Arc::new(|| Box::pin(async { Ok(true) })),
        };
        Self {
            watch,
            stop,
            events,
            changed,
        }
    }

    /// The lines of the log, `source: line`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .filter_map(|event| match event {
                RunProgress::Log { source, line, .. } => Some(format!("{source}: {line}")),
                _ => None,
            })
            .collect()
    }

    /// Waits until a line of the log holds this text, at most a minute.
    pub(crate) async fn until_logged(&self, text: &str) {
        let mut changed = self.changed.clone();
        let seen = async {
            while !self.log().iter().any(|line| line.contains(text)) {
                changed.changed().await.expect("the run still reports");
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), seen)
            .await
            .unwrap_or_else(|_| {
                panic!("{text:?} was not logged within a minute: {:#?}", self.log())
            });
    }
}

/// Writes files below a folder, parents included.
pub(crate) fn write_files(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("below the folder")).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// The blueprints of this repository.
pub(crate) fn stackkits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stackkits")
}
