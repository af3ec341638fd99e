//! `HttpProbe` against an instance that answers, answers badly, or does not answer.

use std::time::Duration;

use adapters::probe::{HttpProbe, Resources};
use axum::{Router, http::StatusCode, response::Redirect, routing::get};
use domain::ports::{InstanceProbe as _, Observation};
use serde_json::json;
use types::admin::{ComponentStatus, HealthStatus};

/// An instance whose `/health` answers this.
async fn instance(status: StatusCode, body: String) -> String {
    serve(Router::new().route("/health", get(move || async move { (status, body) }))).await
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

fn health(database: &str, api: &str, agents: &str, storage: f64) -> String {
    json!({
        "status": "HEALTHY",
        "instance": "local",
        "components": {
            "database": { "status": database, "ms": 0.4, "detail": "pool timed out" },
            "api": { "status": api },
            "agents": { "status": agents, "detail": "" },
        },
        "resources": { "cpu_percent": 97.0, "memory_percent": 41.0, "storage_percent": storage },
    })
    .to_string()
}

async fn probe(endpoint: &str) -> Observation {
    HttpProbe::new().unwrap().probe("local", endpoint).await
}

/// A processor that is at work all of the time is no fault; a full disk is one.
#[tokio::test]
async fn what_the_components_say_decides() {
    for (database, api, agents, storage, status, detail) in [
        ("OK", "OK", "OK", 60.0, HealthStatus::Healthy, ""),
        (
            "OK",
            "OK",
            "ERROR",
            60.0,
            HealthStatus::Degraded,
            "Agents: ERROR.",
        ),
        (
            "OK",
            "OK",
            "OK",
            90.5,
            HealthStatus::Degraded,
            "Storage at 90 %.",
        ),
        (
            "TIMEOUT",
            "OK",
            "OK",
            60.0,
            HealthStatus::Unhealthy,
            "Database: pool timed out.",
        ),
        (
            "OK",
            "ERROR",
            "ERROR",
            99.0,
            HealthStatus::Unhealthy,
            "API: ERROR. Agents: ERROR. Storage at 99 %.",
        ),
    ] {
        // An instance that is not well answers 503 with the same body.
        let code = if status == HealthStatus::Unhealthy {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        };
        let endpoint = instance(code, health(database, api, agents, storage)).await;
        let seen = probe(&format!("{endpoint}/")).await;
        assert_eq!((seen.status, seen.detail.as_str()), (status, detail));
        assert_eq!(seen.database.word(), database);
        assert_eq!(
            (seen.database_ms, seen.cpu_percent, seen.storage_percent),
            (Some(0.4), Some(97.0), Some(storage))
        );
        assert!(seen.api_ms.is_some_and(|ms| ms > 0.0));
    }
}

#[tokio::test]
async fn who_does_not_answer_is_an_observation_too() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let seen = HttpProbe::with_patience(Duration::from_millis(200))
        .unwrap()
        .probe("local", &silent)
        .await;
    assert_eq!(
        (seen.status, seen.api, seen.database),
        (
            HealthStatus::Unhealthy,
            ComponentStatus::Timeout,
            ComponentStatus::Timeout
        )
    );
    assert_eq!(seen.detail, "No answer within 0.2 s.");
    assert_eq!(seen.api_ms, None);

    drop(listener);
    let seen = probe(&silent).await;
    assert_eq!(
        (seen.status, seen.api, seen.agents),
        (
            HealthStatus::Unhealthy,
            ComponentStatus::Error,
            ComponentStatus::Error
        )
    );
    assert_eq!(seen.detail, "Nothing answers at its address.");
}

#[tokio::test]
async fn who_answers_something_else_is_not_well() {
    let other = instance(StatusCode::OK, "<html>".to_owned()).await;
    let seen = probe(&other).await;
    assert_eq!(
        (seen.status, seen.api),
        (HealthStatus::Unhealthy, ComponentStatus::Error)
    );
    assert_eq!(
        seen.detail,
        "It answered 200 OK and not what an instance answers."
    );

    let endless = instance(StatusCode::OK, " ".repeat(100 << 10)).await;
    assert!(
        probe(&endless)
            .await
            .detail
            .ends_with("answered more than 64 KiB.")
    );

    let well = instance(StatusCode::OK, health("OK", "OK", "OK", 1.0)).await;
    let elsewhere = format!("{well}/health");
    let redirects = serve(Router::new().route(
        "/health",
        get(move || async move { Redirect::temporary(&elsewhere) }),
    ))
    .await;
    assert_eq!(
        probe(&redirects).await.status,
        HealthStatus::Unhealthy,
        "no redirect is followed"
    );
}

#[test]
fn this_machines_resources_are_sampled() {
    let resources = Resources::new(&std::env::temp_dir());
    let first = resources.sample();
    assert_eq!(
        first.cpu_percent, None,
        "use is measured between two samples"
    );
    for percent in [first.memory_percent, first.storage_percent] {
        assert!(
            percent.is_some_and(|percent| percent > 0.0 && percent < 100.0),
            "{first:?}"
        );
    }
    let began = std::time::Instant::now();
    let mut busy = 0_u64;
    while resources.sample().cpu_percent.is_none() {
        busy = busy.wrapping_add(1);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "a second sample knows the use"
        );
    }
    let later = resources.sample().cpu_percent.unwrap();
    assert!((0.0..=100.0).contains(&later) && busy > 0);
}
