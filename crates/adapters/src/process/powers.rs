//! What this machine permits, found out once by trying.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::{PrivateFolder, RunAs, SandboxSettings, words};

/// Where programs that a task starts are looked for.
pub(super) const SYSTEM_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Mounts each pair of paths before `--` and then becomes what follows it.
const BIND: &str = r#"while [ "$1" != -- ]; do mount --bind -- "$1" "$2" || exit 126; shift 2; done; shift; exec "$@""#;

#[derive(Debug)]
pub(super) struct Powers {
    /// Words that start a program without a network.
    no_network: Option<Vec<OsString>>,
    /// `unshare` when it may make a mount namespace.
    mounts: Option<PathBuf>,
    setpriv: Option<PathBuf>,
    pub(super) prlimit: Option<PathBuf>,
    /// Whom tasks run as; `None` means: as ourselves.
    pub(super) run_as: Option<RunAs>,
    pub(super) weaknesses: Vec<String>,
}

/// Paths outside that have to appear in the private folder.
#[derive(Debug, Default)]
pub(super) struct Binds(Vec<(PathBuf, PathBuf)>);

impl Powers {
    pub(super) async fn probe(settings: &SandboxSettings) -> Self {
        let tool = |name| {
            find(&settings.search_path, name).or_else(|| find(OsStr::new(SYSTEM_PATH), name))
        };
        let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let mut weaknesses: Vec<String> = Vec::new();

        let prlimit = tool("prlimit");
        if prlimit.is_none() {
            weaknesses.push("prlimit is missing: cue and tofu run without limits on memory and processor time. Install util-linux.".to_owned());
        }
        let mut setpriv = tool("setpriv");
        if let Some(path) = &setpriv
            && !works(&plain_setpriv(path)).await
        {
            setpriv = None;
        }
        if setpriv.is_none() {
            weaknesses.push("setpriv is missing or not permitted: cue and tofu can gain privileges that kombify does not have. Install util-linux.".to_owned());
        }

        let unshare = tool("unshare");
        let mut no_network = None;
        let mut mounts = None;
        if let Some(path) = &unshare {
            let alone = [vec![path.into()], words(["--net", "--"])].concat();
            let mapped = [
                vec![path.into()],
                words(["--user", "--map-current-user", "--net", "--"]),
            ]
            .concat();
            for way in [alone, mapped] {
                if no_network.is_none() && works(&way).await {
                    no_network = Some(way);
                }
            }
            let mount = [vec![path.into()], words(["--mount", "--"])].concat();
            if root && tool("mount").is_some() && works(&mount).await {
                mounts = Some(path.clone());
            }
        }
        if no_network.is_none() {
            weaknesses.push(
                "unshare is missing or not permitted: cue runs with the network reachable."
                    .to_owned(),
            );
        }

        let mut run_as = None;
        if root && let Some(wanted) = settings.run_as {
            let switch = setpriv.as_deref().map(|path| switch_user(path, wanted));
            let switches = match &switch {
                Some(words) => works(words).await,
                None => false,
            };
            let reaches = reaches(wanted, &settings.scratch.join("task"));
            if !switches {
                weaknesses.push("kombify runs as root and may not run cue and tofu as another user: they run as root. Run kombify as a user of its own.".to_owned());
            }
            if switches && !reaches {
                weaknesses.push(format!(
                    "The user {} that cue and tofu should run as cannot reach {}: they run as root. Choose another scratch folder.",
                    wanted.uid,
                    settings.scratch.display()
                ));
            }
            run_as = (switches && reaches).then_some(wanted);
            if run_as.is_some() && mounts.is_none() {
                weaknesses.push("Mount namespaces are not permitted: cue, tofu and the data folder must lie in folders that everybody may enter. Run kombify as a user of its own.".to_owned());
            }
        } else if root {
            weaknesses
                .push("kombify runs as root, and so do cue and tofu, by its settings.".to_owned());
        }
        for weakness in &weaknesses {
            tracing::warn!("{weakness}");
        }
        Self {
            no_network,
            mounts,
            setpriv,
            prlimit,
            run_as,
            weaknesses,
        }
    }

    /// The words that start a task's namespaces; empty when it needs none.
    pub(super) fn enter(&self, network: bool, binds: &Binds) -> Vec<OsString> {
        let mut start = Vec::new();
        if !network && let Some(way) = &self.no_network {
            start.extend(way.iter().cloned());
        }
        if !binds.0.is_empty()
            && let Some(unshare) = &self.mounts
        {
            start.push(unshare.into());
            start.extend(words(["--mount", "--", "/bin/sh", "-c", BIND, "sh"]));
            for (from, to) in &binds.0 {
                start.extend([from.into(), to.into()]);
            }
            start.push("--".into());
        }
        start
    }

    /// The words that give up privileges; empty without `setpriv`.
    pub(super) fn drop_privileges(&self) -> Vec<OsString> {
        match (&self.setpriv, self.run_as) {
            (Some(path), Some(user)) => switch_user(path, user),
            (Some(path), None) => plain_setpriv(path),
            (None, _) => Vec::new(),
        }
    }

    /// The path by which the task reaches `path`: the same, or one in its private folder
    /// that will be bound to it.
    pub(super) fn reach(
        &self,
        path: &Path,
        folder: &PrivateFolder,
        binds: &mut Binds,
    ) -> io::Result<PathBuf> {
        let Some(user) = self.run_as else {
            return Ok(path.to_owned());
        };
        // Beyond a link the target's own folders count.
        let path = path.canonicalize()?;
        if reaches(user, &path) {
            return Ok(path);
        }
        if self.mounts.is_none() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "the user {} that programs run as cannot reach {}; put it where everybody may enter, or run kombify as a user of its own",
                    user.uid,
                    path.display()
                ),
            ));
        }
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or("it");
        let below = format!("outside/{}", binds.0.len());
        folder.make(&below)?;
        let target = if path.is_dir() {
            folder.make(&format!("{below}/{name}"))?
        } else {
            folder.write(&format!("{below}/{name}"), b"")?
        };
        binds.0.push((path, target.clone()));
        Ok(target)
    }
}

/// The first executable file of this name on a search path.
pub(super) fn find(search_path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(search_path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| {
            path.metadata()
                .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        })
}

/// Whether a user may enter every folder above a path.
fn reaches(user: RunAs, path: &Path) -> bool {
    path.ancestors().skip(1).all(|folder| {
        folder.metadata().is_ok_and(|entry| {
            let shift = match (entry.uid() == user.uid, entry.gid() == user.gid) {
                (true, _) => 6,
                (false, true) => 3,
                (false, false) => 0,
            };
            entry.permissions().mode() >> shift & 1 == 1
        })
    })
}

fn plain_setpriv(path: &Path) -> Vec<OsString> {
    [vec![path.into()], words(["--no-new-privs", "--"])].concat()
}

fn switch_user(path: &Path, RunAs { uid, gid }: RunAs) -> Vec<OsString> {
    vec![
        path.into(),
        "--no-new-privs".into(),
        format!("--reuid={uid}").into(),
        format!("--regid={gid}").into(),
        "--clear-groups".into(),
        "--inh-caps=-all".into(),
        "--bounding-set=-all".into(),
        "--".into(),
    ]
}

/// Whether `true` starts behind these words.
async fn works(start: &[OsString]) -> bool {
    let tried = Command::new(&start[0])
        .args(&start[1..])
        .arg("true")
        .env_clear()
        .env("PATH", SYSTEM_PATH)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    matches!(
        tokio::time::timeout(std::time::Duration::from_secs(5), tried).await,
        Ok(Ok(status)) if status.success()
    )
}
