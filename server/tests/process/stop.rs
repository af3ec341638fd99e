//! A stop in order (SIGTERM): what was begun is answered or handed back at once.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{
    browser::Browser, eventually, lab::Lab, on_both, place::Place, server::Options,
};

/// So long that nobody waits for its end here.
const LONG_LEASE: &str = "3000";

/// A request that is answered when its body is there, and needs no session.
const HEAD: &str = "POST /auth/backchannel-logout HTTP/1.1\r\nhost: kombify\r\ncontent-type: application/x-www-form-urlencoded\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 18\r\n\r\n";

/// A request of which the server has begun to read the body, and has not all of it.
async fn begin(address: &str, body: &str) -> TcpStream {
    let address = address.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    connection.write_all(HEAD.as_bytes()).await.expect("sent");
    let mut said = [0; 25];
    connection.read_exact(&mut said).await.expect("an answer");
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection.write_all(body.as_bytes()).await.expect("sent");
    connection
}

on_both!(a_running_job_is_handed_back_at_once);

async fn a_running_job_is_handed_back_at_once(place: Place) {
    let options = Options::on(&place).set("WORKER__LEASE_SECONDS", LONG_LEASE);
    let server = options.start().await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    let number = lab.plan().await;
    lab.until(number, &["planning"]).await;

    let asked = Instant::now();
    server.signal(Signal::SIGTERM);
    let status = server.wait().await;
    assert_eq!(status.code(), Some(0));
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "within the grace"
    );

    // On the same data; the lease of the first would last for the better part of an hour.
    let server = server.options.clone().start().await;
    lab.until(number, &["waiting"]).await;
    lab.approve(number).await;
    lab.until(number, &["applied"]).await;
    assert!(server.ended().is_none());
}

#[tokio::test]
async fn live_views_end_and_do_not_hold_the_stop_up() {
    let place = Place::sqlite();
    let server = Options::on(&place).start().await;
    let mut lab = Lab::open(Browser::at(server.address())).await;
    let number = lab.plan().await;
    lab.until(number, &["waiting"]).await;
    let path = format!("/tenant/{}/v1/runs/{number}/events", lab.slug);
    let stream = lab.browser.open(Method::GET, &path, &[], None).await;
    let mut stream = stream.expect("a stream");
    let first = stream.chunk().await.expect("a stream").expect("an event");
    assert!(first.starts_with(b"event: run"), "{first:?}");

    let asked = Instant::now();
    server.signal(Signal::SIGTERM);
    while stream.chunk().await.expect("ended in order").is_some() {}
    assert_eq!(server.wait().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "at once");
}

#[tokio::test]
async fn a_request_that_was_begun_is_answered() {
    let place = Place::sqlite();
    let server = Options::on(&place).start().await;
    let address = server.address();
    let (begun, rest) = "logout_token=wrong".split_at(5);
    let mut connection = begin(&address, begun).await;

    server.signal(Signal::SIGTERM);
    eventually("a server that takes no new connections", async || {
        TcpStream::connect(address.trim_start_matches("http://"))
            .await
            .err()
    })
    .await;
    connection.write_all(rest.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    connection
        .read_to_string(&mut answer)
        .await
        .expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(server.wait().await.code(), Some(0));
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_when_the_grace_is_over() {
    let place = Place::sqlite();
    let options = Options::on(&place).set("SERVER__GRACE_SECONDS", "2");
    let server = options.start().await;
    let _connection = begin(&server.address(), "logout").await;

    let asked = Instant::now();
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5));
    eventually("the last log lines", async || {
        let cut = server.said().contains("some connections stayed open");
        cut.then_some(())
    })
    .await;
}
