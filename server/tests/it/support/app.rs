//! The application and how it is set up.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::{
    db::Location,
    env::{Env, MovableClock},
    services::Services,
    vault::Vault,
};
use jobs::{NewJob, Scheduler, Worker, WorkerOptions};
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header, redirect::Policy};
use server::{
    compose::{self, Application},
    config::{Overrides, Settings, load},
};
use tempfile::TempDir;
use test_support::{
    database, interface,
    issuer::{CLIENT_ID, FakeIssuer},
};
use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::{Browser, cookie, location};

/// The organisation at the test issuer whose role `operator` makes a platform operator.
pub(crate) const OPERATORS: &str = "platform";
/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(60);
const MASTER_KEY: [u8; 32] = [9; 32];

/// How an application is set up: by default for development, with the embedded issuer,
/// on SQLite, without background work.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    values: Vec<(&'static str, String)>,
    clock: MovableClock,
    issuer: Option<Arc<FakeIssuer>>,
}

impl Setup {
    /// With another setting.
    pub(crate) fn with(mut self, setting: &'static str, value: &str) -> Self {
        self.values.push((setting, value.to_owned()));
        self
    }

    /// In production mode, with an issuer that misbehaves when it is told to and goes by
    /// the application's clock.
    pub(crate) async fn with_issuer(mut self) -> Self {
        let env = Env::with_clock(Arc::new(self.clock.clone()));
        let issuer = FakeIssuer::start(env).await;
        let url = issuer.url().to_owned();
        self.issuer = Some(Arc::new(issuer));
        self.with("server.mode", "production")
            .with("identity.issuer", &url)
            .with("identity.client_id", CLIENT_ID)
            .with("identity.operator_organisation", OPERATORS)
    }

    /// Starts it; a second one with the same set-up is another process on the same
    /// database, if that is PostgreSQL.
    pub(crate) async fn start(self) -> TestApp {
        let program = std::env::current_exe().expect("this program");
        let site = interface::name_files(&program);
        let data = TempDir::new().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let mut values = vec![
            ("server.mode", "development".to_owned()),
            ("server.port", port.to_string()),
            ("server.site_root", site.display().to_string()),
            ("data.dir", data.path().display().to_string()),
            ("security.sign_ins_per_minute", "1000".to_owned()),
            ("security.master_key", hex::encode(MASTER_KEY)),
        ];
        values.extend(self.values);
        let settings = load(&Overrides { file: None, values }).expect("valid settings");
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let env = Env::with_clock(Arc::new(self.clock.clone()));
        let application = compose::build(&settings, env.clone(), metrics)
            .await
            .expect("an application");
        let stop = CancellationToken::new();
        let service = application
            .router
            .clone()
            .into_make_service_with_connect_info::<SocketAddr>();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            axum::serve(listener, service)
                .with_graceful_shutdown(stopped)
                .await
        });
        TestApp {
            address: format!("http://127.0.0.1:{port}"),
            client: no_redirects(),
            clock: self.clock,
            env,
            services: application.services.clone(),
            issuer: self.issuer,
            settings,
            application,
            _stop: stop.clone().drop_guard(),
            stop,
            _data: data,
        }
    }
}

/// A client that follows no redirect, as a test wants to see each.
fn no_redirects() -> Client {
    Client::builder()
        .redirect(Policy::none())
        .timeout(PATIENCE)
        .build()
        .expect("a client")
}

/// A running application; it stops when it is dropped.
pub(crate) struct TestApp {
    pub(crate) address: String,
    pub(crate) client: Client,
    pub(crate) clock: MovableClock,
    pub(crate) env: Env,
    pub(crate) services: Services,
    issuer: Option<Arc<FakeIssuer>>,
    settings: Settings,
    application: Application,
    stop: CancellationToken,
    _stop: DropGuard,
    _data: TempDir,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Setup::default().start().await
    }

    /// With an issuer that misbehaves when it is told to.
    pub(crate) async fn with_issuer() -> Self {
        Setup::default().with_issuer().await.start().await
    }

    pub(crate) fn issuer(&self) -> &FakeIssuer {
        self.issuer.as_deref().expect("set up with an issuer")
    }

    /// The vault that the application derives its keys from.
    pub(crate) fn vault(&self) -> Vault {
        Vault::new(MASTER_KEY, self.env.clone())
    }

    /// Does the portal's background work from now on: launches, and one look at the
    /// instance, which is what they wait for. Runs of stacks stay where they are.
    pub(crate) async fn work(&self) {
        let options = WorkerOptions {
            name: "test".to_owned(),
            poll: Duration::from_millis(20),
            listen: false,
            ..WorkerOptions::default()
        };
        let worker = Worker::new(self.application.control_queue.clone(), options)
            .handler(self.services.portal.launches.clone());
        tokio::spawn(worker.run(self.stop.clone(), TaskTracker::new()));
        self.services.health.round().await.expect("a look");
    }

    /// The folder with all its files.
    pub(crate) fn data(&self) -> &Path {
        &self.settings.data.dir
    }

    /// Changes the platform's database around the services.
    pub(crate) async fn change(&self, statement: &str) {
        database::change(&self.control(), statement).await;
    }

    /// Where the control database is.
    pub(crate) fn control(&self) -> Location {
        let file = self.data().join("control.db");
        self.location(file, "control".to_owned())
    }

    /// Changes the instance's database around the services.
    pub(crate) async fn change_instance(&self, statement: &str) {
        let file = self.instance_folder().join("instance.db");
        let schema = format!("instance_{}", compose::LOCAL);
        database::change(&self.location(file, schema), statement).await;
    }

    /// Does the stack service's routine this often: the jobs of a schedule, which succeed.
    pub(crate) async fn reconcile(&self, times: usize) {
        let scheduler = Scheduler::new(self.application.instance_queue.clone())
            .every("routine", "* * * * * *", |_| {
                NewJob::new(domain::stack::RECONCILE, serde_json::Value::Null)
            })
            .expect("a schedule");
        let mut made = 0;
        while made < times {
            self.clock.advance(1);
            made += scheduler.tick().await.expect("a tick").len();
        }
        let done = format!(
            "UPDATE job SET state = 'SUCCEEDED', attempt = 1, started_ms = created_ms, \
             finished_ms = created_ms WHERE kind = '{}'",
            domain::stack::RECONCILE
        );
        self.change_instance(&done).await;
    }

    /// Changes a tenant's namespace around the services.
    pub(crate) async fn change_namespace(&self, slug: &str, statement: &str) {
        let folder = self.instance_folder();
        let file = folder.join("namespaces").join(format!("{slug}.db"));
        let schema = format!("tenant_{}", slug.replace('-', "_"));
        database::change(&self.location(file, schema), statement).await;
    }

    fn instance_folder(&self) -> PathBuf {
        self.data().join("instances").join(compose::LOCAL)
    }

    /// The file on SQLite, the schema on PostgreSQL.
    fn location(&self, file: PathBuf, schema: String) -> Location {
        let url = &self.settings.database.url;
        if url.is_empty() {
            return Location::Sqlite(file);
        }
        Location::Postgres {
            url: url.clone(),
            schema,
            connections: 2,
        }
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.address))
    }

    pub(crate) async fn get(&self, path: &str, cookies: &str) -> Response {
        self.request(Method::GET, path)
            .header(header::COOKIE, cookies)
            .send()
            .await
            .expect("an answer")
    }

    /// Starts a sign-in at the embedded issuer: the browser's cookie and the provider's
    /// redirect with the code.
    pub(crate) async fn begin(&self, account: &str, return_to: &str) -> (String, String) {
        let start = self
            .get(&format!("/auth/sign-in?return_to={return_to}"), "")
            .await;
        assert_eq!(start.status(), StatusCode::SEE_OTHER);
        let transaction = cookie(&start, "kombify-sign-in");
        let authorize = location(&start);
        let chosen = self
            .client
            .get(format!("{authorize}&prompt=none&login_hint={account}"))
            .send()
            .await
            .expect("the development issuer");
        let callback = location(&chosen);
        let path = callback
            .strip_prefix(&self.address)
            .expect("the callback is ours")
            .to_owned();
        (transaction, path)
    }

    /// Signs in at the embedded issuer; the session's cookie.
    pub(crate) async fn sign_in(&self, account: &str) -> String {
        let (transaction, callback) = self.begin(account, "/").await;
        let answer = self.get(&callback, &transaction).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        cookie(&answer, "kombify")
    }
}
