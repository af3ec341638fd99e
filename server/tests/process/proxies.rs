//! Sign-ins are limited by who asks, also behind a proxy.

use reqwest::{StatusCode, header};

use crate::support::{
    place::Place,
    server::{Options, Server},
};

async fn sign_in(server: &Server, forwarded_for: &str) -> (StatusCode, Option<u64>) {
    let answer = server
        .http
        .get(format!("{}/auth/sign-in", server.address()))
        .header("x-forwarded-for", forwarded_for)
        .send()
        .await
        .expect("an answer");
    let wait = answer
        .headers()
        .get(header::RETRY_AFTER)
        .map(|wait| wait.to_str().expect("text").parse().expect("seconds"));
    (answer.status(), wait)
}

fn one_a_minute(place: &Place) -> Options {
    Options::on(place).set("SECURITY__SIGN_INS_PER_MINUTE", "1")
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_each_person_counts_alone() {
    let place = Place::sqlite();
    let server = one_a_minute(&place)
        .set("SERVER__TRUSTED_PROXIES", "127.0.0.1/32,10.0.0.0/8")
        .start()
        .await;
    let first = sign_in(&server, "192.0.2.1").await;
    assert_eq!(first, (StatusCode::SEE_OTHER, None));
    assert_eq!(sign_in(&server, "192.0.2.2, 10.0.0.7").await, first);
    let (status, wait) = sign_in(&server, "198.51.100.1, 192.0.2.1").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        wait.is_some_and(|wait| (1..=60).contains(&wait)),
        "{wait:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn from_anybody_else_the_header_says_nothing() {
    let place = Place::sqlite();
    let server = one_a_minute(&place).start().await;
    let first = sign_in(&server, "192.0.2.1").await;
    assert_eq!(first, (StatusCode::SEE_OTHER, None));
    let (status, _) = sign_in(&server, "192.0.2.2").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}
