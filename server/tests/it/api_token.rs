//! API tokens that are worth nothing any more.

use reqwest::{Method, StatusCode};

use crate::support::{Homelab, TestApp, code, json as body};

const DAY: i64 = 24 * 3600;

/// The status, and the code of a problem.
type Said = (StatusCode, Option<String>);

/// What the portal and the homelab answer to whoever brings a token.
async fn answers(app: &TestApp, token: &str) -> [Said; 2] {
    let ask = async |path: &str| {
        let request = app
            .request(Method::GET, path)
            .header("x-tenant-id", "harbour")
            .bearer_auth(token);
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let refusal = match status {
            StatusCode::OK => None,
            _ => Some(code(answer).await),
        };
        (status, refusal)
    };
    [ask("/api/tenant").await, ask("/v1/stacks").await]
}

async fn is_good(app: &TestApp, token: &str) {
    let good: Said = (StatusCode::OK, None);
    assert_eq!(answers(app, token).await, [good.clone(), good]);
}

async fn is_refused(app: &TestApp, token: &str) {
    let request = app.request(Method::GET, "/api/tenant").bearer_auth(token);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    assert_eq!(
        body(answer).await["detail"],
        "This token is unknown, revoked or has expired. Make another one."
    );
    let refused = (StatusCode::UNAUTHORIZED, Some("unauthenticated".to_owned()));
    assert_eq!(answers(app, token).await, [refused.clone(), refused]);
}

#[tokio::test]
async fn a_token_is_refused_when_its_days_are_over() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let token = Homelab::token(&lab.ada, &["read"]).await;
    is_good(&app, &token).await;
    // The clock goes on by itself while the test runs.
    app.clock.advance(30 * DAY - 600);
    is_good(&app, &token).await;
    app.clock.advance(601);
    is_refused(&app, &token).await;
}

#[tokio::test]
async fn a_token_is_refused_as_soon_as_it_was_taken_back() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let (id, token) = Homelab::new_token(&lab.ada, &["read"]).await;
    let (kept, other) = Homelab::new_token(&lab.ada, &["read"]).await;
    is_good(&app, &token).await;
    let path = format!("/api/tokens/{id}");
    let revoked = lab.ada.send(lab.ada.request(Method::DELETE, &path)).await;
    assert_eq!(revoked.status(), StatusCode::NO_CONTENT);
    is_refused(&app, &token).await;
    is_good(&app, &other).await;
    let listed = body(lab.ada.get("/api/tokens").await).await.to_string();
    assert!(!listed.contains(&id), "{listed}");
    assert!(listed.contains(&kept), "{listed}");
    let again = lab.ada.send(lab.ada.request(Method::DELETE, &path)).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    assert_eq!(code(again).await, "not_found");
}
