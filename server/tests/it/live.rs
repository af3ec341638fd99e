//! Live views end with the session and the place that opened them, and not before.

use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Browser, Homelab, TestApp};

/// What a view owes comes earlier.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than the two seconds after which a view asks again who looks.
const ASKED_AGAIN: Duration = Duration::from_secs(3);
/// An instance is looked at again after so many seconds.
const LOOK: i64 = 15;

/// A live view, by its path.
type View = (String, Response);

async fn open(browser: &Browser<'_>, path: &str) -> View {
    let answer = browser.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    (path.to_owned(), answer)
}

/// Reads on to the end of each view's next event.
async fn say_something(views: &mut [View]) {
    for (path, answer) in views {
        let event = async {
            let mut seen = String::new();
            while !(seen.contains("data: ") && seen.ends_with("\n\n")) {
                let piece = answer.chunk().await.expect("a stream");
                let piece = piece.unwrap_or_else(|| panic!("{path} ended by itself"));
                seen.push_str(&String::from_utf8_lossy(&piece));
            }
        };
        if timeout(PATIENCE, event).await.is_err() {
            panic!("{path} says nothing");
        }
    }
}

/// Changes what the views of Harbour and its instance show, again and again until each
/// has asked who looks: they tell of every change, so they are open.
async fn go_on(app: &TestApp, views: &mut [View]) {
    say_something(views).await;
    let begun = Instant::now();
    let mut line = 0;
    while begun.elapsed() < ASKED_AGAIN {
        line += 1;
        Homelab::write_log(app, line, line).await;
        app.clock.advance(LOOK);
        app.services.health.round().await.expect("a look");
        say_something(views).await;
    }
}

/// Reads on until the server closes each stream.
async fn end(views: Vec<View>) {
    for (path, mut answer) in views {
        let rest = async { while matches!(answer.chunk().await, Ok(Some(_))) {} };
        if timeout(PATIENCE, rest).await.is_err() {
            panic!("{path} goes on");
        }
    }
}

#[tokio::test]
async fn live_views_end_with_their_session() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let run = lab.fill("/tenant/harbour/v1/runs/$run/events");
    let mut views = vec![
        open(&lab.ada, "/api/tenant/harbour/instance/events").await,
        open(&lab.ada, &run).await,
        open(&lab.operator, "/api/admin/instances/events").await,
    ];
    go_on(&app, &mut views).await;
    for browser in [&lab.ada, &lab.operator] {
        let out = browser
            .put(Method::POST, "/auth/sign-out", &json!({}))
            .await;
        assert_eq!(out.status(), StatusCode::SEE_OTHER);
    }
    end(views).await;
}

#[tokio::test]
async fn live_views_end_with_their_place() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let run = lab.fill("/tenant/harbour/v1/runs/$run/events");
    let mut views = vec![
        open(&lab.member, "/api/tenant/harbour/instance/events").await,
        open(&lab.member, &run).await,
    ];
    go_on(&app, &mut views).await;
    let gone =
        "DELETE FROM membership WHERE user_id IN (SELECT id FROM \"user\" WHERE subject = 'mel')";
    app.change(gone).await;
    end(views).await;
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
