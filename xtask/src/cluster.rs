//! A PostgreSQL server of our own for as long as tests or a benchmark run.

use std::{
    fs,
    io::Read as _,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        statvfs::statvfs,
    },
    unistd::Pid,
};

use crate::{
    interrupt,
    places::Places,
    process::{Running, capture},
    setup::postgres,
};

/// How long a server may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(50);

/// Another program may take the port between our look and the server's start.
const TRIES: u32 = 3;

/// Folders are called this, then the number of the process that made them.
const PREFIX: &str = "kombify-postgres-";

/// Whether what was committed survives a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing waits for the disk: for tests, whose data nobody misses.
    None,
    /// As PostgreSQL is delivered: for figures that mean something.
    Full,
}

const SETTINGS: [&str; 5] = [
    "max_connections=400",
    "shared_buffers=128MB",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "log_min_messages=fatal",
];
const NOT_DURABLE: [&str; 3] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
];

/// Where files are kept in memory, on Linux.
const MEMORY: &str = "/dev/shm";
/// So much has to be free there, in bytes: several times what the tests' databases take.
const ROOM: u64 = 1 << 30;

impl Durability {
    /// The folder of the server's. Each tenant of a test is a schema, so tests make and
    /// remove files all the time, which a disk's file system takes its time for.
    fn place(self) -> PathBuf {
        let free = |place: &Path| {
            statvfs(place).map_or(0, |it| {
                it.blocks_available().saturating_mul(it.fragment_size())
            })
        };
        if self == Self::None && free(Path::new(MEMORY)) >= ROOM {
            return PathBuf::from(MEMORY);
        }
        // Not our cache folder: the server's user cannot enter root's home.
        std::env::temp_dir()
    }

    fn settings(self) -> impl Iterator<Item = &'static str> {
        let more: &[&str] = match self {
            Self::None => &NOT_DURABLE,
            Self::Full => &[],
        };
        SETTINGS.iter().chain(more).copied()
    }
}

/// A running server; it is stopped and its files are removed when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    // Dropped in this order: a server does not outlive its files' removal.
    server: Running,
    _folder: Folder,
    url: String,
}

impl Cluster {
    /// Starts one on a free loopback port.
    ///
    /// # Errors
    /// When there is no server program or it does not come up.
    pub(crate) fn start(places: &Places, durability: Durability) -> Result<Self> {
        let programs = postgres::programs(places)
            .context("no PostgreSQL server is there: run `cargo xtask setup`")?;
        let user = User::for_the_server(places)?;
        let mut failure = None;
        for _ in 0..TRIES {
            match Self::try_start(places, &programs, user.as_ref(), durability) {
                Ok(cluster) => return Ok(cluster),
                Err(error) if error.is::<interrupt::Interrupted>() => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.context("no try was made")?)
    }

    fn try_start(
        places: &Places,
        programs: &Path,
        user: Option<&User>,
        durability: Durability,
    ) -> Result<Self> {
        let folder = Folder::make(&durability.place(), user)?;
        let data = folder.path.join("data");
        let secret = secret()?;
        let password = folder.path.join("password");
        fs::write(&password, &secret)?;
        if let Some(user) = user {
            user.own(&password)?;
        }
        let mut initdb = as_user(places, user, &programs.join("initdb"));
        initdb
            .args(["--username=kombify", "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg(format!("--pwfile={}", password.display()))
            .arg("--pgdata")
            .arg(&data);
        capture(&mut initdb)?;

        let port = free_port()?;
        let mut server = as_user(places, user, &programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        for setting in durability.settings() {
            server.args(["-c", setting]);
        }
        let mut cluster = Self {
            server: Running::start(&mut server)?,
            _folder: folder,
            url: format!("postgres://kombify:{secret}@127.0.0.1:{port}/postgres"),
        };
        cluster.wait_until_ready(&data)?;
        Ok(cluster)
    }

    /// `postgres://user:password@127.0.0.1:port/postgres`, of a user that may
    /// make databases.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The server's own record of itself ends with its state.
    fn wait_until_ready(&mut self, data: &Path) -> Result<()> {
        let record = data.join("postmaster.pid");
        let deadline = Instant::now() + PATIENCE;
        while !fs::read_to_string(&record)
            .is_ok_and(|text| text.lines().any(|line| line.trim() == "ready"))
        {
            if let Some(status) = self.server.ended()? {
                bail!("the PostgreSQL server ended at once ({status})");
            }
            interrupt::check()?;
            if Instant::now() > deadline {
                bail!("the PostgreSQL server was not ready after {PATIENCE:?}");
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // "Fast shutdown": ends sessions instead of waiting for them.
        self.server.stop(Signal::SIGINT);
    }
}

/// A temporary folder, removed when dropped.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make(parent: &Path, user: Option<&User>) -> Result<Self> {
        remove_left_over(parent);
        let path = parent.join(format!(
            "{PREFIX}{}-{}",
            std::process::id(),
            &secret()?[..8]
        ));
        fs::create_dir(&path).with_context(|| format!("could not make {}", path.display()))?;
        let folder = Self { path };
        fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o700))?;
        if let Some(user) = user {
            user.own(&folder.path)?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("could not remove {}: {error}", self.path.display());
        }
    }
}

/// Removes the folders of processes that were killed before they could.
fn remove_left_over(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let maker = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(|rest| rest.split('-').next())
            .and_then(|number| number.parse().ok());
        if maker.is_some_and(|maker| kill(Pid::from_raw(maker), None) == Err(Errno::ESRCH)) {
            // Another user's folder stays; it is theirs to remove.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whom the server runs as when this process is root, as which it refuses to run.
#[derive(Debug)]
struct User {
    id: u32,
    group: u32,
}

impl User {
    fn for_the_server(places: &Places) -> Result<Option<Self>> {
        let number = |arguments: &[&str]| -> Result<u32> {
            let printed = capture(places.command("id").args(arguments))?;
            printed
                .trim()
                .parse()
                .context("`id` did not print a number")
        };
        if number(&["-u"])? != 0 {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let (Ok(id), Ok(group)) = (number(&["-u", name]), number(&["-g", name])) {
                return Ok(Some(Self { id, group }));
            }
        }
        bail!("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
    }

    fn own(&self, path: &Path) -> Result<()> {
        chown(path, Some(self.id), Some(self.group))
            .with_context(|| format!("could not give {} away", path.display()))
    }
}

/// A command as another user where that is asked for. Where `setpriv` is, the
/// program also ends when this process is killed and cannot stop it any more.
fn as_user(places: &Places, user: Option<&User>, program: &Path) -> Command {
    use std::os::unix::process::CommandExt as _;
    let Some(setpriv) = places.which("setpriv") else {
        let mut command = places.command(program);
        if let Some(user) = user {
            command.uid(user.id).gid(user.group);
        }
        command.current_dir(std::env::temp_dir());
        return command;
    };
    let mut command = places.command(setpriv);
    command.args(["--pdeathsig", "INT"]);
    if let Some(user) = user {
        command
            .arg(format!("--reuid={}", user.id))
            .arg(format!("--regid={}", user.group))
            .arg("--clear-groups");
    }
    command
        .arg(program)
        // The checkout may be closed to that user.
        .current_dir(std::env::temp_dir());
    command
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// 128 bits that nobody can guess, as 32 hexadecimal digits.
fn secret() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_server_answers_while_it_is_wanted_and_leaves_nothing_behind() {
        let places = Places::find().expect("places");
        let cluster = Cluster::start(&places, Durability::None)
            .expect("a server; `cargo xtask setup` installs it");
        let folder = cluster._folder.path.clone();
        let (_, rest) = cluster.url().split_once('@').expect("an address");
        let address = rest.trim_end_matches("/postgres").to_owned();
        TcpStream::connect(&address).expect("the server listens");

        drop(cluster);

        TcpStream::connect(&address).expect_err("the server is gone");
        assert!(!folder.exists(), "{} is still there", folder.display());
    }
}
