//! A running server process.

use std::{
    io::{BufRead as _, BufReader, Read},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{
    command::kombify,
    eventually,
    place::{KEY, Place, port},
};

/// What a server is started with.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) port: u16,
    data: std::path::PathBuf,
    settings: Vec<(String, String)>,
    roles: Option<&'static str>,
    /// Words before the binary, such as a program that confines it.
    wrapper: Vec<String>,
}

impl Options {
    /// Development mode without sample data, and with a lease that ends soon.
    pub(crate) fn on(place: &Place) -> Self {
        let options = Self {
            port: port(),
            data: place.data(),
            settings: Vec::new(),
            roles: None,
            wrapper: Vec::new(),
        };
        options
            .set("DATABASE__URL", &place.url())
            .set("SECURITY__MASTER_KEY", KEY)
            .set("SECURITY__SIGN_INS_PER_MINUTE", "1000")
            .set("SAMPLE__ENABLED", "false")
            .set("WORKER__LEASE_SECONDS", "2")
            .set("SERVER__GRACE_SECONDS", "20")
            .set("LOG__FORMAT", "json")
            .set(
                "LOG__FILTER",
                "info,sqlx=warn,hyper=warn,sea_orm_migration=warn",
            )
    }

    /// A setting as its variable, e.g. `LOG__FORMAT`; the last one counts.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.settings
            .push((format!("KOMBIFY_{name}"), value.to_owned()));
        self
    }

    /// A variable of the environment, such as PATH.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn roles(mut self, roles: &'static str) -> Self {
        self.roles = Some(roles);
        self
    }

    pub(crate) fn folder(mut self, data: std::path::PathBuf) -> Self {
        self.data = data;
        self
    }

    pub(crate) fn inside(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn command(&self) -> Command {
        let mut binary = kombify();
        binary
            .args(["serve", "--dev", "--port", &self.port.to_string()])
            .arg("--data-dir")
            .arg(&self.data);
        if let Some(roles) = self.roles {
            binary.args(["--roles", roles]);
        }
        let mut command = match self.wrapper.split_first() {
            None => binary,
            Some((program, words)) => {
                let mut command = Command::new(program);
                command
                    .args(words)
                    .arg(binary.get_program())
                    .args(binary.get_args())
                    .env_clear()
                    .envs(
                        binary
                            .get_envs()
                            .filter_map(|(name, value)| Some((name, value?))),
                    )
                    .stdin(Stdio::null())
                    .current_dir(std::env::temp_dir());
                command
            }
        };
        command.envs(self.settings.iter().cloned());
        command
    }

    /// Starts it and waits until it answers.
    pub(crate) async fn start(self) -> Server {
        let server = Server::spawn(self);
        server.answers().await;
        server
    }
}

/// A running server; killed when it goes out of scope.
pub(crate) struct Server {
    pub(crate) options: Options,
    pub(crate) http: reqwest::Client,
    child: Mutex<Child>,
    readers: Vec<JoinHandle<()>>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn spawn(options: Options) -> Self {
        let mut child = options
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let readers = vec![
            collect(child.stdout.take().expect("a pipe"), &lines),
            collect(child.stderr.take().expect("a pipe"), &lines),
        ];
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            options,
            http,
            child: Mutex::new(child),
            readers,
            lines,
        }
    }

    pub(crate) fn address(&self) -> String {
        self.options.address()
    }

    /// Waits until it answers at all; fails when it ends instead.
    pub(crate) async fn answers(&self) {
        eventually("an answer of the server", async || {
            if let Some(status) = self.ended() {
                panic!("the server ended ({status}):\n{}", self.said());
            }
            self.http
                .get(format!("{}/health", self.address()))
                .send()
                .await
                .ok()
        })
        .await;
    }

    /// Status and body of `/health`.
    pub(crate) async fn health(&self) -> (u16, Value) {
        let answer = self
            .http
            .get(format!("{}/health", self.address()))
            .timeout(Duration::from_secs(20))
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    /// The text of `/metrics`.
    pub(crate) async fn metrics(&self) -> String {
        let answer = self
            .http
            .get(format!("{}/metrics", self.address()))
            .send()
            .await;
        answer.expect("an answer").text().await.expect("text")
    }

    /// All that it printed so far.
    pub(crate) fn said(&self) -> String {
        self.lines().join("\n")
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.try_wait().expect("a child")
    }

    pub(crate) fn id(&self) -> u32 {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).expect("a process id");
        kill(Pid::from_raw(id), signal).expect("it runs");
    }

    /// As a crash, or the kernel when memory is short: nothing is said or saved.
    pub(crate) async fn kill(self) -> Options {
        self.signal(Signal::SIGKILL);
        let status = self.wait().await;
        assert_eq!(status.signal(), Some(9));
        self.options.clone()
    }

    /// Waits until it ended by itself.
    pub(crate) async fn wait(&self) -> ExitStatus {
        eventually("the end of the server", async || self.ended()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Gone already is as well.
        let _ = child.kill();
        let _ = child.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        if std::thread::panicking() {
            eprintln!(
                "--- the server at {} said:\n{}",
                self.address(),
                self.said()
            );
        }
    }
}

fn collect(pipe: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    })
}
