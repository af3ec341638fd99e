//! A live view of a run that was cut off goes on where it stopped (`Last-Event-ID`).

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{Homelab, TestApp};

/// Lines that the log has in the end: more than one reading takes.
const LINES: i64 = 1500;

/// The `log` events that came whole: the id of each, and the numbers of its lines.
fn logs(stream: &str) -> Vec<(i64, Vec<i64>)> {
    let whole = stream.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    whole
        .split("\n\n")
        .filter(|event| event.starts_with("event: log\n"))
        .map(|event| {
            let field = |name: &str| {
                event
                    .lines()
                    .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                    .unwrap_or_else(|| panic!("no {name} in {event}"))
            };
            let lines: Vec<Value> = serde_json::from_str(field("data")).expect("lines");
            let numbers = lines
                .iter()
                .map(|line| line["number"].as_i64().expect("a number"));
            (field("id").parse().expect("a number"), numbers.collect())
        })
        .collect()
}

/// The numbers of all lines, as they came.
fn numbers(stream: &str) -> Vec<i64> {
    logs(stream)
        .into_iter()
        .flat_map(|(_, lines)| lines)
        .collect()
}

fn from(first: i64) -> Vec<i64> {
    (first..=LINES).collect()
}

/// Opens the view as a browser does that has seen an event.
async fn after(lab: &Homelab<'_>, path: &str, last: &str) -> Response {
    let request = lab
        .ada
        .request(Method::GET, path)
        .header("last-event-id", last);
    let view = lab.ada.send(request).await;
    assert_eq!(view.status(), StatusCode::OK);
    view
}

/// Reads on until the log has this line.
async fn until(view: &mut Response, line: i64) -> String {
    let mut seen = String::new();
    while logs(&seen).last().is_none_or(|(id, _)| *id < line) {
        let piece = view.chunk().await.expect("a stream");
        seen.push_str(&String::from_utf8_lossy(&piece.expect("more of it")));
    }
    seen
}

#[tokio::test]
async fn a_view_that_was_cut_off_goes_on_after_the_last_line_that_it_had() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let path = lab.fill("/tenant/$slug/v1/runs/$run/events");
    Homelab::write_log(&app, 1, 3).await;
    let mut view = lab.ada.get(&path).await;
    assert_eq!(view.status(), StatusCode::OK);
    let seen = until(&mut view, 3).await;
    assert_eq!(numbers(&seen), [1, 2, 3]);
    drop(view);

    let view = after(&lab, &path, "3").await;
    Homelab::write_log(&app, 4, LINES).await;
    let cancel = lab.fill("/tenant/$slug/v1/runs/$run/cancel");
    let cancelled = lab.ada.put(Method::POST, &cancel, &json!({})).await;
    assert_eq!(cancelled.status(), StatusCode::OK);
    let rest = view.text().await.expect("a stream that ends with the run");
    // The run as it stands comes first, however much of the log was seen.
    assert!(rest.starts_with("event: run\n"), "{rest}");
    assert!(rest.contains("\"state\":\"cancelled\""), "{rest}");
    assert_eq!(numbers(&rest), from(4));
    let events = logs(&rest);
    assert!(events.len() > 1, "one event of {} lines", events[0].1.len());
    for (id, lines) in &events {
        assert_eq!(lines.last(), Some(id));
    }

    // Cut off between two events, and after the last one.
    let between = events[0].0;
    for (last, rest) in [(between, from(between + 1)), (LINES, Vec::new())] {
        let view = after(&lab, &path, &last.to_string()).await;
        let view = view.text().await.expect("a stream that ends");
        assert_eq!(numbers(&view), rest);
    }
    // A browser reconnects to the address that it first had, so its header counts, if
    // it can be read.
    let late = format!("{path}?after=1490");
    for (last, first) in [("1480", 1481), ("1495", 1496), ("the last", 1491)] {
        let view = after(&lab, &late, last).await;
        let view = view.text().await.expect("a stream that ends");
        assert_eq!(numbers(&view), from(first), "{last}");
    }
}
