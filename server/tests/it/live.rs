//! Live views end with the session and the place that opened them.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use crate::support::{Homelab, TestApp};

/// Reads on until the server closes the stream.
async fn ends(mut answer: Response, what: &str) {
    let rest = async { while matches!(answer.chunk().await, Ok(Some(_))) {} };
    if tokio::time::timeout(Duration::from_secs(30), rest)
        .await
        .is_err()
    {
        panic!("{what} goes on");
    }
}

#[tokio::test]
async fn live_views_end_with_their_session() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let mut views = Vec::new();
    for path in [
        "/api/tenant/harbour/instance/events".to_owned(),
        lab.fill("/tenant/harbour/v1/runs/$run/events"),
    ] {
        let view = lab.ada.get(&path).await;
        assert_eq!(view.status(), StatusCode::OK, "{path}");
        views.push((path, view));
    }
    let instances = lab.operator.get("/api/admin/instances/events").await;
    assert_eq!(instances.status(), StatusCode::OK);
    views.push(("the operator's instances".to_owned(), instances));
    for browser in [&lab.ada, &lab.operator] {
        let out = browser
            .put(Method::POST, "/auth/sign-out", &json!({}))
            .await;
        assert_eq!(out.status(), StatusCode::SEE_OTHER);
    }
    for (path, view) in views {
        ends(view, &path).await;
    }
}

#[tokio::test]
async fn live_views_end_with_their_place() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let run = lab.fill("/tenant/harbour/v1/runs/$run/events");
    let run = lab.member.get(&run).await;
    let health = lab.member.get("/api/tenant/harbour/instance/events").await;
    assert_eq!(
        (run.status(), health.status()),
        (StatusCode::OK, StatusCode::OK)
    );
    let gone =
        "DELETE FROM membership WHERE user_id IN (SELECT id FROM \"user\" WHERE subject = 'mel')";
    app.change(gone).await;
    ends(run, "the run").await;
    ends(health, "the health").await;
}

#[tokio::test]
async fn a_page_left_open_does_not_keep_a_session_alive() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let mut view = lab.ada.get("/api/tenant/harbour/instance/events").await;
    assert_eq!(view.status(), StatusCode::OK);
    // It looks every two seconds by itself, at whatever time it is by then.
    for _ in 0..3 {
        app.clock.advance(9 * 60);
        app.services.health.round().await.expect("a look");
        let event = view.chunk().await.expect("an event");
        assert!(event.is_some(), "the view ended");
    }
    app.clock.advance(4 * 60);
    assert_eq!(
        lab.ada.get("/api/tenant").await.status(),
        StatusCode::UNAUTHORIZED
    );
}
