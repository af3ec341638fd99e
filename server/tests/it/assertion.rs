//! Who asks is known from signed assertions only.

use domain::assertion::{
    AssertedTenant, Assertion, AssertionSigner, BoundRequest, EXCHANGE_PATH, HEADER,
};
use futures::future::join_all;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use test_support::issuer::Account;
use types::{
    TenantId,
    portal::{Plan, Role},
};

use crate::support::{Homelab, Setup, TestApp, code, json, on_both};

/// Signs as the portal of this application does.
fn signer(app: &TestApp) -> AssertionSigner {
    let key = app.vault().key_for("launch assertions");
    AssertionSigner::new("kombify-portal", &key, app.env.clone()).expect("a signer")
}

fn tenant() -> TenantId {
    "019abcde-0000-7000-8000-00000000000a"
        .parse()
        .expect("an id")
}

fn assertion(subject: &str) -> Assertion {
    Assertion {
        audience: "local".to_owned(),
        identity_provider: "https://issuer.test".to_owned(),
        subject: subject.to_owned(),
        organisation: None,
        email: format!("{subject}@example.test"),
        name: subject.to_owned(),
        role: Role::Admin,
        session: None,
        plan: Plan::Free,
        tenant: AssertedTenant {
            id: tenant(),
            slug: "asserted".to_owned(),
            name: "Asserted".to_owned(),
            max_users: 5,
            max_nodes: 3,
        },
    }
}

fn exchange(app: &TestApp) -> RequestBuilder {
    app.request(Method::POST, EXCHANGE_PATH)
}

async fn with(app: &TestApp, assertion: &str) -> Response {
    let request = exchange(app).header(HEADER, assertion);
    request.send().await.expect("an answer")
}

async fn is_refused(answer: Response, why: &str) {
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{why}");
    assert_eq!(code(answer).await, "unauthenticated", "{why}");
}

/// Headers that a client may send and that prove nothing.
const PLAIN: [(&str, &str); 10] = [
    ("x-user-id", "ada"),
    ("x-user-email", "ada@example.test"),
    ("x-user-name", "ada Example"),
    ("x-user-roles", "admin,operator"),
    ("x-org-id", "harbour-org"),
    ("x_org_id", "harbour-org"),
    ("x-org-id", "home"),
    ("x-tenant", "harbour"),
    ("x-forwarded-user", "ada"),
    ("x-kombify-tenant", "harbour"),
];

fn planted(mut request: RequestBuilder) -> RequestBuilder {
    for (name, value) in PLAIN {
        request = request.header(name, value);
    }
    request
}

#[tokio::test]
async fn case_26_plain_identity_headers_prove_nothing() {
    let app = TestApp::start().await;
    let answer = planted(exchange(&app)).send().await.expect("an answer");
    is_refused(answer, "plain headers").await;
    let answer = planted(exchange(&app)).header(HEADER, "").send().await;
    is_refused(answer.expect("an answer"), "an empty assertion").await;
}

#[tokio::test]
async fn case_27_an_assertion_that_does_not_hold_is_refused() {
    let app = TestApp::start().await;
    let signer = signer(&app);
    let sign = |assertion| {
        signer
            .sign(assertion, &BoundRequest::EXCHANGE)
            .expect("signed")
    };
    let expired = sign(assertion("gus"));
    app.clock.advance(61);
    is_refused(with(&app, &expired).await, "expired").await;

    let mut elsewhere = assertion("gus");
    elsewhere.audience = "another".to_owned();
    is_refused(with(&app, &sign(elsewhere)).await, "another audience").await;

    let good = sign(assertion("gus"));
    let altered = exchange(&app).header(HEADER, &good).body("{}");
    is_refused(altered.send().await.expect("an answer"), "another body").await;

    let other = BoundRequest {
        path: "/v1/stacks",
        ..BoundRequest::EXCHANGE
    };
    let moved = signer.sign(assertion("gus"), &other).expect("signed");
    is_refused(with(&app, &moved).await, "another path").await;
    let other = BoundRequest {
        method: "PUT",
        ..BoundRequest::EXCHANGE
    };
    let moved = signer.sign(assertion("gus"), &other).expect("signed");
    is_refused(with(&app, &moved).await, "another method").await;

    let stranger = AssertionSigner::new("kombify-portal", &[3; 32], app.env.clone());
    let forged = stranger
        .expect("a signer")
        .sign(assertion("gus"), &BoundRequest::EXCHANGE)
        .expect("signed");
    is_refused(with(&app, &forged).await, "another key").await;

    let (head, signature) = good.rsplit_once('.').expect("a JWT");
    let cut = format!("{head}.{}", &signature[..signature.len() - 4]);
    is_refused(with(&app, &cut).await, "a cut signature").await;

    // The good one was not spent by any of this; it works, and works once.
    assert_eq!(with(&app, &good).await.status(), StatusCode::OK);
    is_refused(with(&app, &good).await, "replayed").await;
}

#[tokio::test]
async fn case_28_what_a_client_says_of_itself_changes_neither_person_nor_tenant() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let token = Homelab::token(&lab.ben, &["read", "write", "approve"]).await;
    for (path, known) in [
        ("/api/tenant", "\"meadow\""),
        ("/ui/viewer", "\"ben@example.test\""),
        ("/api/tokens", "\"a script\""),
    ] {
        let as_is = json(lab.ben.get(path).await).await;
        assert!(as_is.to_string().contains(known), "{path}: {as_is}");
        let said = lab
            .ben
            .send(planted(lab.ben.request(Method::GET, path)))
            .await;
        assert_eq!(json(said).await, as_is, "{path}");
    }
    for path in [
        "/api/tenant/harbour",
        "/api/tenant/harbour/members",
        "/tenant/harbour/v1/stacks",
        "/ui/stacks?slug=harbour",
        "/api/admin/users",
    ] {
        let by_session = lab
            .ben
            .send(planted(lab.ben.request(Method::GET, path)))
            .await;
        let by_token = planted(app.request(Method::GET, path).bearer_auth(&token));
        let by_token = by_token.send().await.expect("an answer");
        let by_nobody = planted(app.request(Method::GET, path)).send().await;
        for (answer, expected) in [
            (by_session, 404),
            (by_token, 404),
            (by_nobody.expect("an answer"), 401),
        ] {
            let expected = if path.contains("admin") && expected == 404 {
                403
            } else {
                expected
            };
            assert_eq!(answer.status().as_u16(), expected, "{path}");
        }
    }
    let viewer = app.request(Method::GET, "/ui/viewer");
    let viewer = planted(viewer).send().await.expect("an answer");
    assert_eq!(viewer.text().await.expect("a body"), "null");
}

#[tokio::test]
async fn case_28_the_tenant_is_named_once() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let ask = async |names: &[&str]| {
        let mut request = lab.ben.request(Method::GET, "/v1/stacks");
        for name in names {
            request = request.header("x-tenant-id", *name);
        }
        lab.ben.send(request).await.status().as_u16()
    };
    assert_eq!(ask(&["meadow"]).await, 200);
    assert_eq!(ask(&["meadow", "meadow"]).await, 200);
    assert_eq!(ask(&["meadow", "harbour"]).await, 400);
    assert_eq!(ask(&["harbour", "meadow"]).await, 400);
    assert_eq!(ask(&["harbour"]).await, 404);
    // `x_tenant_id` is another header, and none of ours.
    let odd = lab
        .ben
        .request(Method::GET, "/v1/stacks")
        .header("x_tenant_id", "meadow");
    assert_eq!(lab.ben.send(odd).await.status(), StatusCode::BAD_REQUEST);
}

async fn case_29_fifty_first_exchanges_at_once_make_one_tenant_and_one_user(setup: Setup) {
    let app = setup.start().await;
    let signer = signer(&app);
    let signed: Vec<String> = (0..50)
        .map(|_| {
            signer
                .sign(assertion("gus"), &BoundRequest::EXCHANGE)
                .expect("signed")
        })
        .collect();
    let answers = join_all(signed.iter().map(|one| with(&app, one))).await;
    let mut seen = std::collections::BTreeSet::new();
    let mut tokens = std::collections::BTreeSet::new();
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::OK);
        let view = json(answer).await;
        let text = |field: &str| {
            let value = view[field].as_str();
            value
                .unwrap_or_else(|| panic!("no {field}: {view}"))
                .to_owned()
        };
        seen.insert((text("tenantId"), text("userId")));
        tokens.insert(text("token"));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(tokens.len(), 50);
}

on_both!(case_29_fifty_first_exchanges_at_once_make_one_tenant_and_one_user);

#[tokio::test]
async fn a_session_of_an_exchange_is_worth_what_the_portal_says_of_its_person() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    // Somebody whom the portal does not know in the tenant, with a signed admin's role.
    let mut claimed = assertion("gus");
    claimed.tenant.id = lab.id("$tenant").parse().expect("an id");
    claimed.tenant.slug = "harbour".to_owned();
    let signed = signer(&app)
        .sign(claimed, &BoundRequest::EXCHANGE)
        .expect("signed");
    let view = json(with(&app, &signed).await).await;
    let answer = app
        .request(Method::GET, "/v1/stacks")
        .header("x-tenant-id", "harbour")
        .bearer_auth(view["token"].as_str().expect("a token"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_state_opens_to_no_session_and_no_token_of_a_person() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let token = Homelab::token(&lab.ada, &["read", "write", "approve"]).await;
    let path = lab.fill("/internal/state/harbour/$stack");
    for method in ["GET", "POST", "LOCK", "UNLOCK"] {
        let method: Method = method.parse().expect("a method");
        let body = "{\"ID\":\"1\"}";
        let by_session = lab.ada.request(method.clone(), &path).body(body);
        let by_token = app
            .request(method.clone(), &path)
            .bearer_auth(&token)
            .body(body);
        let stack = lab.ada.cookie("kombify-stack-harbour");
        let by_basic = app.request(method.clone(), &path).body(body);
        let by_basic = by_basic.basic_auth("019abcde-0000-7000-8000-000000000000", Some(stack));
        for request in [by_session, by_token, by_basic] {
            let answer = request.send().await.expect("an answer");
            is_refused(answer, method.as_str()).await;
        }
    }
    // Signing in again does not help either.
    lab.ada.sign_in(Account::complete("ada")).await;
    assert_eq!(lab.ada.get(&path).await.status(), StatusCode::UNAUTHORIZED);
}
