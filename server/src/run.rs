//! A process from start to stop: listen, work, drain.

use std::{future::IntoFuture as _, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use domain::env::Env;
use jobs::{NewJob, Scheduler, Worker, WorkerOptions};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    compose::{self, Application},
    config::{Mode, Role, Settings},
    output, sample, telemetry,
};

const LOOK_FOR_INSTANCES: Duration = Duration::from_secs(1);
const SWEEP: Duration = Duration::from_secs(300);
const KEEP_UP: Duration = Duration::from_secs(5);
const RECONCILE: &str = "*/30 * * * * *";

/// Of the grace, how much the handlers of jobs have, and how much all background work.
const FOR_HANDLERS: f64 = 0.5;
const FOR_WORK: f64 = 0.8;

/// Runs until a signal asks to stop, then drains.
///
/// # Errors
/// One sentence that says what could not be started and what to do.
pub(crate) async fn serve(settings: Settings) -> anyhow::Result<()> {
    let telemetry = telemetry::start(&settings)?;
    let metrics = telemetry::metrics()?;
    let address = SocketAddr::new(settings.server.bind, settings.server.port);
    // The port first: nothing is migrated or made when another process has it.
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| taken(address, &error))?;
    compose::hold_data_folder(&settings)?;
    let application = compose::build(&settings, Env::system(), metrics.clone()).await?;
    // Each link replaces the one before: only who serves it makes one.
    let set_up = if settings.server.has(Role::Portal) {
        application.services.portal.set_up.link().await?
    } else {
        None
    };
    let stop = application.stopping.clone();
    let tasks = TaskTracker::new();
    let mut signals = Signals::listen()?;
    start(&settings, &application, &stop, &tasks)?;
    keep_up(metrics, &stop, &tasks);
    let closed = CancellationToken::new();
    let router = application
        .router
        .into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(closed.clone().cancelled_owned())
        .into_future();
    let mut server = tokio::spawn(server);
    announce(&settings, set_up.as_deref());
    tokio::select! {
        ended = &mut server => ended?.context("the server stopped")?,
        () = signals.next() => {}
    }
    let grace = Duration::from_secs(settings.server.grace_seconds);
    let answers = application.answers;
    let drained = drain(grace, &stop, (&tasks, &answers), &closed, server);
    tokio::select! {
        () = drained => tracing::info!("stopped"),
        () = signals.next() => tracing::warn!("stopped at once, as asked for a second time"),
    }
    telemetry.flush().await;
    Ok(())
}

/// Background work stops first: an OpenTofu that is told to stop saves its state by a
/// request to this very process. Requests are answered until then.
async fn drain(
    grace: Duration,
    stop: &CancellationToken,
    (tasks, answers): (&TaskTracker, &TaskTracker),
    closed: &CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
) {
    let begun = Instant::now();
    tracing::info!("stopping: running jobs are handed back, then no new requests are taken");
    stop.cancel();
    tasks.close();
    let work = tokio::time::timeout_at(begun + grace.mul_f64(FOR_WORK), tasks.wait());
    if work.await.is_err() {
        tracing::warn!(
            "some background work did not stop in time; its jobs run again when their leases end"
        );
    }
    closed.cancel();
    if tokio::time::timeout_at(begun + grace, server)
        .await
        .is_err()
    {
        tracing::warn!(
            grace_s = grace.as_secs(),
            "some connections stayed open and were cut"
        );
    }
    // Of those whose clients are gone, too: what they change is not torn.
    answers.close();
    if tokio::time::timeout_at(begun + grace, answers.wait())
        .await
        .is_err()
    {
        tracing::warn!("some requests were not done in time and were cut");
    }
}

fn taken(address: SocketAddr, error: &std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        anyhow::anyhow!(
            "port {} is in use by another program; stop that one, or choose another port with --port",
            address.port()
        )
    } else {
        anyhow::anyhow!(
            "cannot listen on {address}: {error}; choose another address with the settings server.bind and server.port"
        )
    }
}

/// Starts what works in the background.
pub(crate) fn start(
    settings: &Settings,
    application: &Application,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<()> {
    let services = &application.services;
    if settings.server.has(Role::Admin) {
        let health = services.health.clone();
        repeat(tasks, stop, LOOK_FOR_INSTANCES, move || {
            let health = health.clone();
            async move { health.round().await.map(|_| ()) }
        });
    }
    if settings.server.has(Role::Portal) {
        let (portal, sign_ins) = (services.portal.clone(), Arc::clone(&application.sign_ins));
        repeat(tasks, stop, SWEEP, move || {
            sign_ins.sweep();
            let portal = portal.clone();
            async move {
                portal.sessions.sweep().await?;
                portal.launch_codes.sweep().await?;
                portal.launches.sweep().await
            }
        });
    }
    if settings.server.has(Role::Worker) {
        work(settings, application, stop, tasks)?;
    }
    if settings.server.mode == Mode::Development
        && settings.server.has(Role::Portal)
        && settings.sample.enabled
    {
        let (services, identity, stop) =
            (services.clone(), settings.identity.clone(), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                result = sample::make(&services, &identity.issuer, &identity.operator_organisation) => if let Err(error) = result {
                    tracing::error!(%error, "the sample data could not be made");
                }
            }
        });
    }
    Ok(())
}

fn work(
    settings: &Settings,
    application: &Application,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<()> {
    let options = WorkerOptions {
        name: format!("{}-{}", hostname(), std::process::id()),
        slots: settings.worker.slots,
        grace: Duration::from_secs(settings.server.grace_seconds).mul_f64(FOR_HANDLERS),
        ..WorkerOptions::default()
    };
    let control = Worker::new(application.control_queue.clone(), options.clone())
        .handler(application.services.portal.launches.clone());
    let instance = application
        .services
        .stack
        .work(Worker::new(application.instance_queue.clone(), options));
    for worker in [control, instance] {
        tasks.spawn(worker.run(stop.clone(), tasks.clone()));
    }
    let scheduler =
        Scheduler::new(application.instance_queue.clone()).every("reconcile", RECONCILE, |_| {
            NewJob::new(domain::stack::RECONCILE, serde_json::Value::Null)
        })?;
    tasks.spawn(scheduler.run(stop.clone()));
    Ok(())
}

fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "kombify".to_owned(), |name| name.trim().to_owned())
}

/// Does something at once and then each period, until asked to stop. A failure is
/// logged and tried again at the next period.
fn repeat<F>(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    period: Duration,
    work: impl Fn() -> F + Send + 'static,
) where
    F: Future<Output = domain::Result<()>> + Send,
{
    let stop = stop.clone();
    tasks.spawn(async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => if let Err(error) = work().await {
                    tracing::warn!(%error, "background work failed and is tried again");
                },
            }
        }
    });
}

/// Histograms keep every value until somebody asks for them or this is done.
fn keep_up(metrics: PrometheusHandle, stop: &CancellationToken, tasks: &TaskTracker) {
    repeat(tasks, stop, KEEP_UP, move || {
        metrics.run_upkeep();
        async { Ok(()) }
    });
}

/// What asks the process to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Tells the person who started it what they look for.
fn announce(settings: &Settings, set_up: Option<&str>) {
    let mut text = format!("\n  kombify is at {}\n", settings.server.public_url);
    if let Some(link) = set_up {
        text += &format!("  Become the first operator (works once, for a day): {link}\n");
    }
    if settings.server.mode == Mode::Development {
        text += "  Development mode: anybody on this machine can sign in as owner, member, viewer or operator.\n";
    }
    text.push('\n');
    if let Err(error) = output::print(text) {
        tracing::warn!("{error:#}");
    }
}
