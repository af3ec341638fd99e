//! Requests that another site makes a browser send, and methods that change nothing.

use leptos::server_fn::axum::server_fn_paths;
use reqwest::{Method, StatusCode, header};

use crate::support::{TestApp, code, json};

/// What a page elsewhere can make a browser send along.
const ELSEWHERE: [(&str, &str); 4] = [
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
    ("origin", "https://evil.test"),
    ("origin", "null"),
];

/// What a form or a simple request of another site can be.
const KINDS: [&str; 4] = [
    "application/x-www-form-urlencoded",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/json",
];

/// The server functions that may be read by GET.
fn functions(method: &Method) -> Vec<&'static str> {
    let served: Vec<_> = server_fn_paths()
        .filter(|(_, served)| served == method)
        .map(|(path, _)| path)
        .collect();
    assert!(served.len() > 15, "{method}: {served:?}");
    served
}

#[tokio::test]
async fn case_17_a_cross_site_post_to_a_server_function_is_refused() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    for path in functions(&Method::POST) {
        for kind in KINDS {
            let post = || {
                app.request(Method::POST, path)
                    .header(header::COOKIE, &session)
                    .header(header::CONTENT_TYPE, kind)
                    .body("slug=harbour&name=Planted&theme=kombify-dark")
            };
            for (name, value) in ELSEWHERE {
                let answer = post().header(name, value).send().await.expect("an answer");
                assert_eq!(
                    answer.status(),
                    StatusCode::FORBIDDEN,
                    "{path} {kind} {name}: {value}"
                );
                assert_eq!(code(answer).await, "cross_site");
            }
            // With a session and neither header it is no browser's.
            let answer = post().send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {kind}");
        }
    }
    let tenants = json(app.get("/api/tenant", &session).await).await;
    assert!(!tenants.to_string().contains("Planted"), "{tenants}");
}

#[tokio::test]
async fn case_17_a_cross_site_request_to_the_api_is_refused() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    let document = json(app.get("/api/openapi.json", "").await).await;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let methods = operations.as_object().expect("operations").keys();
        for method in methods.filter(|method| *method != "get") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            for (name, value) in ELSEWHERE {
                let answer = app
                    .request(method.clone(), path)
                    .header(header::COOKIE, &session)
                    .header(header::CONTENT_TYPE, "text/plain")
                    .header(name, value)
                    .body("{\"name\":\"Planted\"}")
                    .send()
                    .await
                    .expect("an answer");
                assert_eq!(
                    answer.status(),
                    StatusCode::FORBIDDEN,
                    "{method} {path} {name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn case_17_a_cross_site_post_signs_nobody_out_and_makes_no_operator() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    for path in ["/auth/sign-out", "/setup/secret"] {
        for (name, value) in ELSEWHERE {
            let answer = app
                .request(Method::POST, path)
                .header(header::COOKIE, &session)
                .header(name, value)
                .send()
                .await
                .expect("an answer");
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {name}");
        }
    }
    assert_eq!(
        app.get("/api/tenant", &session).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn case_18_get_on_a_function_that_changes_something_is_not_allowed() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    for path in functions(&Method::POST) {
        for method in [Method::GET, Method::HEAD, Method::PUT] {
            let answer = app
                .request(
                    method.clone(),
                    &format!("{path}?name=Planted&theme=kombify-dark"),
                )
                .header(header::COOKIE, &session)
                .header("sec-fetch-site", "same-origin")
                .send()
                .await
                .expect("an answer");
            assert_eq!(
                answer.status(),
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
            assert_eq!(answer.headers()[header::ALLOW], "POST", "{path}");
        }
    }
    let tenants = json(app.get("/api/tenant", &session).await).await;
    assert!(!tenants.to_string().contains("Planted"), "{tenants}");
}

#[tokio::test]
async fn case_18_what_reads_by_get_takes_no_post() {
    let app = TestApp::start().await;
    let session = app.sign_in("owner").await;
    for path in functions(&Method::GET) {
        let answer = app
            .request(Method::POST, path)
            .header(header::COOKIE, &session)
            .header("sec-fetch-site", "same-origin")
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}
