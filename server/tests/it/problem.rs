//! Every error of the API is a problem (RFC 9457) with a stable code.

use flate2::read::GzDecoder;
use reqwest::{Method, Response, StatusCode, header};
use serde_json::Value;
use test_support::issuer::Account;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{Homelab, TestApp, json, location, path_of};

/// The problem, whose form is checked.
async fn problem(answer: Response, status: StatusCode, code: &str) -> Value {
    let address = answer.url().clone();
    assert_eq!(answer.status(), status, "{address}");
    assert_eq!(
        answer.headers()[header::CONTENT_TYPE],
        "application/problem+json",
        "{address}"
    );
    let id = answer.headers()["x-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    let problem = json(answer).await;
    assert_eq!(problem["code"], code, "{address}: {problem}");
    assert_eq!(problem["status"], status.as_u16(), "{address}");
    assert_eq!(problem["type"], format!("/problems/{code}"), "{address}");
    assert_eq!(problem["request_id"], id, "{address}");
    assert_eq!(problem["error"], problem["detail"], "{address}");
    problem
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_a_problem() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for path in [
        "/api/tenant/launch/no-id",
        "/api/tenant/launch/no-id/events",
        "/api/tenant/%ff",
        "/tenant/harbour/v1/runs/first",
        "/tenant/harbour/v1/runs/99999999999",
        "/tenant/harbour/v1/stacks/no-id",
        "/tenant/harbour/v1/runs/1/log?after=last",
        "/tenant/harbour/v1/runs/1/events?after=last",
    ] {
        let answer = lab.ada.get(path).await;
        problem(answer, StatusCode::BAD_REQUEST, "invalid").await;
    }
    for (method, path) in [
        (Method::DELETE, "/api/tokens/no-id"),
        (Method::DELETE, "/api/tenant/harbour/members/no-id"),
        (Method::DELETE, "/api/tenant/harbour/invitations/no-id"),
    ] {
        let answer = lab.ada.send(lab.ada.request(method, path)).await;
        problem(answer, StatusCode::BAD_REQUEST, "invalid").await;
    }
    let answer = lab.operator.get("/api/admin/instances/no-id/health").await;
    problem(answer, StatusCode::BAD_REQUEST, "invalid").await;
    for path in ["/sso/start", "/launch/authorize?client=local"] {
        problem(app.get(path, "").await, StatusCode::BAD_REQUEST, "invalid").await;
    }
    // Who asks comes before how.
    for path in ["/api/tenant/launch/no-id", "/tenant/harbour/v1/runs/first"] {
        problem(
            app.get(path, "").await,
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
        )
        .await;
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_problem() {
    let app = TestApp::with_issuer().await;
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    for (kind, body) in [
        ("application/json", "{"),
        ("application/json", "{\"name\":1}"),
        ("application/json", "{\"name\":\"A lab\",\"plan\":\"PRO\"}"),
        ("text/plain", "{\"name\":\"A lab\"}"),
    ] {
        let request = ada
            .request(Method::POST, "/api/tenant")
            .header(header::CONTENT_TYPE, kind)
            .body(body);
        problem(ada.send(request).await, StatusCode::BAD_REQUEST, "invalid").await;
    }
    for (path, kind) in [
        (
            "/auth/backchannel-logout",
            "application/x-www-form-urlencoded",
        ),
        ("/auth/backchannel-logout", "application/json"),
        ("/api/internal/launch/redeem", "application/json"),
    ] {
        let request = app
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, kind);
        let answer = request.body("{}").send().await.expect("an answer");
        problem(answer, StatusCode::BAD_REQUEST, "invalid").await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_said_without_the_words_of_a_framework() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for path in [
        "/api/tenant/launch/no-id",
        "/tenant/harbour/v1/runs/first",
        "/tenant/harbour/v1/runs/1/log?after=last",
    ] {
        let said = problem(lab.ada.get(path).await, StatusCode::BAD_REQUEST, "invalid").await;
        let detail = said["detail"].as_str().expect("text");
        let (subject, why) = detail.split_once(": ").expect("what, and why");
        assert_eq!(subject, "The address could not be read");
        assert!(!why.starts_with("Invalid URL"), "{detail}");
        assert!(!why.starts_with("Failed to"), "{detail}");
    }
    let request = lab
        .ada
        .request(Method::POST, "/api/tenant")
        .header(header::CONTENT_TYPE, "application/json")
        .body("{\"name\":1}");
    let said = problem(
        lab.ada.send(request).await,
        StatusCode::BAD_REQUEST,
        "invalid",
    )
    .await;
    assert_eq!(
        said["detail"],
        "The body could not be read: name: invalid type: integer `1`, expected a string at line 1 column 9."
    );
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_page_leads_to_the_page() {
    let app = TestApp::with_issuer().await;
    let ada = app.browser();
    for (asked, place) in [
        ("/kits/", "/kits"),
        (
            "/tenant/harbour/runs//?state=failed",
            "/tenant/harbour/runs?state=failed",
        ),
        // Never another site.
        ("//elsewhere.example/", "/elsewhere.example"),
    ] {
        let answer = ada.get(asked).await;
        assert_eq!(answer.status(), StatusCode::PERMANENT_REDIRECT, "{asked}");
        assert_eq!(answer.headers()["location"], place, "{asked}");
    }
    let answer = ada.get("/v1/stacks/").await;
    problem(answer, StatusCode::NOT_FOUND, "not_found").await;
}

#[tokio::test]
async fn a_body_is_an_object() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for (browser, method, path, body) in [
        (&lab.ada, Method::POST, "/api/tenant", "[\"Cellar\"]"),
        (
            &lab.ada,
            Method::POST,
            "/tenant/$slug/v1/stacks/$stack/runs",
            "[\"destroy\",\"core\"]",
        ),
        (
            &lab.operator,
            Method::PUT,
            "/api/admin/users/$user/operator",
            "[true]",
        ),
        // What is not said does not unbind.
        (
            &lab.operator,
            Method::PUT,
            "/api/admin/tenants/$tenant/organisation",
            "{}",
        ),
    ] {
        let request = browser
            .request(method, &lab.fill(path))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        let answer = browser.send(request).await;
        let said = problem(answer, StatusCode::BAD_REQUEST, "invalid").await;
        let detail = said["detail"].as_str().expect("text");
        let wanted = if body == "{}" {
            "The body could not be read: missing field `organisation_id`"
        } else {
            "The body could not be read: invalid type: sequence, expected an object"
        };
        assert!(detail.starts_with(wanted), "{detail}");
    }
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named_at_once() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for (browser, path, body, fields) in [
        (
            &lab.ada,
            "/api/tenant",
            serde_json::json!({ "name": " ", "slug": "No slug" }),
            vec!["name", "slug"],
        ),
        (
            &lab.ada,
            "/api/tenant",
            serde_json::json!({ "name": " " }),
            vec!["name"],
        ),
        (
            &lab.ada,
            "/api/tokens",
            serde_json::json!({ "name": "", "scopes": [], "days": 400 }),
            vec!["name", "days", "scopes"],
        ),
        (
            &lab.operator,
            "/api/admin/instances",
            serde_json::json!({
                "name": "x",
                "region": "",
                "deployment_mode": "SHARED",
                "max_tenants": 9000,
                "internal_endpoint": "ftp://there",
                "public_endpoint": "there",
            }),
            vec![
                "name",
                "max_tenants",
                "region",
                "internal_endpoint",
                "public_endpoint",
            ],
        ),
        (
            &lab.operator,
            "/api/admin/instances",
            serde_json::json!({
                "name": "turned",
                "region": "north\u{202e}",
                "internal_endpoint": "http://somebody@there",
                "public_endpoint": "http://there:99999",
            }),
            vec!["region", "internal_endpoint", "public_endpoint"],
        ),
        (
            &lab.operator,
            "/api/admin/instances",
            serde_json::json!({
                "name": "long",
                "region": "n".repeat(61),
                "internal_endpoint": "http://<there>",
                "public_endpoint": "http://there?at=once",
            }),
            vec!["region", "internal_endpoint", "public_endpoint"],
        ),
    ] {
        let request = browser.request(Method::POST, path).json(&body);
        let said = problem(
            browser.send(request).await,
            StatusCode::BAD_REQUEST,
            "invalid",
        )
        .await;
        let named: Vec<&str> = said["errors"]
            .as_array()
            .expect("fields")
            .iter()
            .map(|field| field["field"].as_str().expect("a name"))
            .collect();
        assert_eq!(named, fields, "{path}: {said}");
    }
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_a_problem_to_a_program_and_a_page_to_a_person() {
    let app = TestApp::start().await;
    for path in [
        "/api",
        "/api/nothing",
        "/v1/nothing",
        "/ui/nothing",
        "/internal/x",
        "/tenant/harbour/v1/nothing",
    ] {
        problem(app.get(path, "").await, StatusCode::NOT_FOUND, "not_found").await;
    }
    for path in ["/nothing", "/tenant/harbour/nothing", "/apis"] {
        let answer = app.get(path, "").await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        let kind = answer.headers()[header::CONTENT_TYPE]
            .to_str()
            .expect("text")
            .to_owned();
        assert!(kind.starts_with("text/html"), "{path}: {kind}");
    }
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_a_problem() {
    let app = TestApp::start().await;
    for (method, path, allowed) in [
        (Method::DELETE, "/api/tenant", "GET,HEAD,POST"),
        (Method::PATCH, "/api/tenant/harbour/members/x", "PUT,DELETE"),
        (Method::POST, "/v1/nodes", "GET,HEAD"),
        (Method::POST, "/tenant/harbour/v1/nodes", "GET,HEAD"),
        (Method::GET, "/api/internal/sso/exchange", "POST"),
        (Method::GET, "/auth/sign-out", "POST"),
        (Method::PUT, "/ui/viewer", "GET,HEAD"),
        (Method::POST, "/health", "GET,HEAD"),
    ] {
        let answer = app.request(method, path).send().await.expect("an answer");
        let mut names: Vec<String> = answer.headers()[header::ALLOW]
            .to_str()
            .expect("text")
            .split(',')
            .map(str::to_owned)
            .collect();
        names.sort();
        let mut expected: Vec<String> = allowed.split(',').map(str::to_owned).collect();
        expected.sort();
        assert_eq!(names, expected, "{path}");
        problem(answer, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed").await;
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_says_so() {
    let app = TestApp::with_issuer().await;
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(16 * 1024 * 1024));
    for path in [
        "/api/tenant",
        "/ui/tenant/create",
        "/ui/specification/check",
    ] {
        let request = ada
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(large.clone());
        let answer = ada.send(request).await;
        problem(answer, StatusCode::PAYLOAD_TOO_LARGE, "too_large").await;
    }
}

#[tokio::test]
async fn a_problem_names_its_request_also_when_it_is_compressed() {
    let app = TestApp::start().await;
    let request = app.request(Method::GET, "/api/tenant");
    let answer = request.header(header::ACCEPT_ENCODING, "gzip").send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.headers()[header::CONTENT_ENCODING], "gzip");
    let id = answer.headers()["x-request-id"].clone();
    let bytes = answer.bytes().await.expect("a body");
    let problem: Value = serde_json::from_reader(GzDecoder::new(&*bytes)).expect("a problem");
    assert_eq!(problem["request_id"], id.to_str().expect("text"));
}

#[tokio::test]
async fn a_connection_that_ends_with_an_answer_says_so() {
    let app = TestApp::start().await;
    let address = app.address.strip_prefix("http://").expect("an address");
    for (length, body, closes) in [(0, "", false), (2, "{}", true), (100_000, "{", true)] {
        let mut connection = TcpStream::connect(address).await.expect("a connection");
        // Nobody is signed in: refused before the body is read.
        let request = format!(
            "POST /api/tenant HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        connection
            .write_all(request.as_bytes())
            .await
            .expect("sent");
        let mut answer = vec![0; 4096];
        let many = connection.read(&mut answer).await.expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..many]).to_lowercase();
        assert!(answer.starts_with("http/1.1 401"), "{answer}");
        assert_eq!(answer.contains("connection: close"), closes, "{answer}");
    }
}

#[tokio::test]
async fn a_page_says_no_words_that_an_address_brings() {
    let app = TestApp::start().await;
    let session = app.sign_in("operator").await;
    for path in ["/admin/tenants", "//elsewhere.test/admin"] {
        let answer = app
            .get(
                &format!("{path}?q=1&__path=%2Fui%2Fadmin%2Ftenant%2Fbind&__err=Q2FsbCB1cw%3D%3D"),
                &session,
            )
            .await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let clean = format!("/{}?q=1", path.trim_start_matches('/'));
        assert_eq!(location(&answer), clean);
    }
}

#[tokio::test]
async fn a_refusal_counts_where_a_form_was_led_back_and_goes_to_nobody_else() {
    let app = TestApp::start().await;
    let viewer = app.browser();
    let session = app.sign_in("viewer").await;
    let (name, value) = session.split_once('=').expect("a cookie");
    viewer.set_cookie(name, value);
    let asks = async |method: Method, path: &str, from: &str| {
        let request = viewer
            .request(method, path)
            .header(header::ACCEPT, "text/html")
            .header(header::REFERER, from)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        viewer.send(request.body("name=+")).await
    };
    let page = format!("{}/tenants/new", app.address);
    let refused = asks(Method::POST, "/ui/tenant/create", &page).await;
    assert_eq!(refused.status(), StatusCode::FOUND);
    let back = path_of(&location(&refused));
    assert!(back.starts_with("/tenants/new?"), "{back}");
    assert_eq!(viewer.get(&back).await.status(), StatusCode::OK);
    // Another one beside it was not said.
    let more = viewer.get(&format!("{back}&__err=Q2FsbCB1cw%3D%3D")).await;
    assert_eq!(more.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&more), "/tenants/new?name=+&slug=");

    let elsewhere = "https://elsewhere.test/page";
    let read = asks(Method::GET, "/ui/audit?slug=harbour", elsewhere).await;
    assert_eq!(location(&read), "/");
    assert!(read.headers().get(header::SET_COOKIE).is_none());
}

#[tokio::test]
async fn a_body_that_comes_in_pieces_is_not_read_beyond_the_limit() {
    let app = TestApp::with_issuer().await;
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    let address = app.address.strip_prefix("http://").expect("an address");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /api/tenant HTTP/1.1\r\nhost: {address}\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        ada.cookies()
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    // The last byte is one too many; what would come after it is never sent.
    let piece = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
    for _ in 0..16 {
        connection.write_all(piece.as_bytes()).await.expect("sent");
    }
    connection.write_all(b"1\r\nx\r\n").await.expect("sent");
    let mut answer = vec![0; 12];
    connection.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 413");
}

#[tokio::test]
async fn a_stack_request_needs_a_tenant() {
    let app = TestApp::start().await;
    let session = app.sign_in("viewer").await;
    let none = app.get("/v1/stacks", &session).await;
    let none = problem(none, StatusCode::BAD_REQUEST, "tenant_required").await;
    assert_eq!(none["error"], "Tenant ID required");
    for empty in ["", " ", "\t"] {
        for path in ["/v1/stacks", "/tenant/harbour/v1/stacks"] {
            let request = app
                .request(Method::GET, path)
                .header(header::COOKIE, &session)
                .header("x-tenant-id", empty);
            let answer = request.send().await.expect("an answer");
            let said = problem(answer, StatusCode::BAD_REQUEST, "tenant_required").await;
            assert_eq!(said["error"], "Tenant ID required");
        }
    }
    let unknown = app.get("/tenant/elsewhere/v1/stacks", &session).await;
    let unknown = problem(unknown, StatusCode::NOT_FOUND, "tenant_not_found").await;
    assert_eq!(unknown["error"], "Tenant not found");
}
