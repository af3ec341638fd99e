//! A process from start to stop: listen, work, drain.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use domain::env::Env;
use jobs::{NewJob, Scheduler, Worker, WorkerOptions};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    compose::{self, Application},
    config::{Mode, Role, Settings},
    sample, telemetry,
};

const LOOK_FOR_INSTANCES: Duration = Duration::from_secs(1);
const SWEEP: Duration = Duration::from_secs(300);
const RECONCILE: &str = "*/30 * * * * *";

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
    let application = compose::build(&settings, Env::system(), metrics).await?;
    let set_up = application.services.portal.set_up.link().await?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    start(&settings, &application, &stop, &tasks)?;
    announce(&settings, set_up.as_deref());
    let signalled = {
        let stop = stop.clone();
        async move {
            wait_for_signal().await;
            tracing::info!("stopping: no new requests, running jobs are handed back");
            stop.cancel();
        }
    };
    let grace = Duration::from_secs(settings.server.grace_seconds);
    let router = application
        .router
        .into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, router).with_graceful_shutdown(signalled);
    tokio::select! {
        result = server => result.context("the server stopped")?,
        () = async { stop.cancelled().await; tokio::time::sleep(grace).await } => {
            tracing::warn!(grace_s = grace.as_secs(), "some connections stayed open and were cut");
        }
    }
    tasks.close();
    if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
        tracing::warn!(
            "some background work did not stop in time; its jobs run again when their leases end"
        );
    }
    telemetry.flush();
    Ok(())
}

fn taken(address: SocketAddr, error: &std::io::Error) -> anyhow::Error {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        anyhow::anyhow!(
            "port {} is in use by another program; stop that one, or choose another port with --port",
            address.port()
        )
    } else {
        anyhow::anyhow!("cannot listen on {address}: {error}")
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
                portal.launch_codes.sweep().await.map(|_| ())
            }
        });
    }
    if settings.server.has(Role::Worker) {
        work(settings, application, stop, tasks)?;
    }
    if settings.server.mode == Mode::Development && settings.sample.enabled {
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

async fn wait_for_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[expect(
    clippy::print_stdout,
    reason = "what the person who started it looks for"
)]
fn announce(settings: &Settings, set_up: Option<&str>) {
    println!("\n  kombify is at {}", settings.server.public_url);
    if let Some(link) = set_up {
        println!("  Become the first operator (works once, for a day): {link}");
    }
    if settings.server.mode == Mode::Development {
        println!(
            "  Development mode: anybody on this machine can sign in as owner, member, viewer or operator."
        );
    }
    println!();
}
