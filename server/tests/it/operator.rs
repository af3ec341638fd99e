//! What operators do: other operators, a tenant's organisation, and its instance.

use axum::{Json, Router, routing::get};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::issuer::Account;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{Browser, Homelab, TestApp, code, json as body};

/// A well instance that answers under this name, until it is dropped.
struct Elsewhere {
    address: String,
    _stop: DropGuard,
}

impl Elsewhere {
    async fn start(name: &'static str) -> Self {
        let ok = json!({ "status": "OK" });
        let health = json!({
            "instance": name,
            "components": { "database": ok, "api": ok, "agents": ok },
        });
        let router = Router::new().route("/health", get(async move || Json(health)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await
        });
        Self {
            address,
            _stop: stop.drop_guard(),
        }
    }
}

/// Registers an instance: its id.
async fn register(operator: &Browser<'_>, name: &str, address: &str) -> String {
    let wanted = json!({ "name": name, "region": "north", "internal_endpoint": address });
    let made = operator
        .put(Method::POST, "/api/admin/instances", &wanted)
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made = body(made).await;
    assert_eq!(made["deployment_mode"], "SHARED");
    made["id"].as_str().expect("an id").to_owned()
}

async fn instance(operator: &Browser<'_>, name: &str) -> Value {
    one(operator, "/api/admin/instances", name).await
}

async fn tenant(operator: &Browser<'_>, name: &str) -> Value {
    one(operator, "/api/admin/tenants", name).await
}

pub(super) async fn one(operator: &Browser<'_>, path: &str, name: &str) -> Value {
    let all = body(operator.get(path).await).await;
    let found = all
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["name"] == name);
    found.expect("it is there").clone()
}

/// A tenant that was never launched: its id.
async fn new_tenant(app: &TestApp, name: &str) -> String {
    let cleo = app.browser();
    cleo.sign_in(Account::complete("cleo")).await;
    let made = cleo
        .put(Method::POST, "/api/tenant", &json!({ "name": name }))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    body(made).await["id"].as_str().expect("an id").to_owned()
}

async fn choose(operator: &Browser<'_>, tenant: &str, instance: &str) -> reqwest::Response {
    let path = format!("/api/admin/tenants/{tenant}/instance");
    operator
        .put(Method::PUT, &path, &json!({ "instance": instance }))
        .await
}

#[tokio::test]
async fn an_operator_makes_another_one_and_takes_it_back() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let users = body(lab.operator.get("/api/admin/users").await).await;
    let id = |name: &str| {
        let found = users
            .as_array()
            .expect("users")
            .iter()
            .find(|one| one["name"] == name);
        found.expect("a user")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let change = async |id: &str, operator: bool| {
        let path = format!("/api/admin/users/{id}/operator");
        lab.operator
            .put(Method::PUT, &path, &json!({ "operator": operator }))
            .await
    };
    let mel = id("mel Example");
    let tenants = "/api/admin/tenants";
    assert_eq!(
        lab.member.get(tenants).await.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(change(&mel, true).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(lab.member.get(tenants).await.status(), StatusCode::OK);
    assert_eq!(change(&mel, false).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        lab.member.get(tenants).await.status(),
        StatusCode::FORBIDDEN
    );
    let own = change(&id("otto Example"), false).await;
    assert_eq!(own.status(), StatusCode::CONFLICT);
    let overview = body(lab.operator.get("/ui/admin/overview").await).await;
    let said: Vec<&Value> = overview["activity"]
        .as_array()
        .expect("lines")
        .iter()
        .take(2)
        .map(|line| &line["action"])
        .collect();
    assert_eq!(said, ["operator.removed", "operator.made"]);
}

#[tokio::test]
async fn one_tenant_is_bound_to_an_organisation_and_its_people_come_and_go_with_it() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let bind = async |name, organisation| lab.operator.bind(name, organisation).await;
    let bound = bind("Harbour", json!("  harbour-org ")).await;
    assert_eq!(bound.status(), StatusCode::OK);
    assert_eq!(body(bound).await["organisation_id"], "harbour-org");
    let other = bind("Meadow", json!("harbour-org")).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    assert_eq!(
        body(other).await["detail"],
        "Harbour (harbour) is bound to this organisation. Unbind it first."
    );
    for wrong in [json!(" "), json!("x".repeat(201))] {
        let answer = bind("Harbour", wrong).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(body(answer).await["errors"][0]["field"], "organisation_id");
    }
    let dora = app.browser();
    dora.sign_in(
        Account::complete("dora")
            .role("viewer", "harbour-org")
            .requested("harbour-org"),
    )
    .await;
    let harbour = "/api/tenant/harbour";
    assert_eq!(dora.get(harbour).await.status(), StatusCode::OK);
    assert_eq!(bind("Harbour", Value::Null).await.status(), StatusCode::OK);
    assert_eq!(dora.get(harbour).await.status(), StatusCode::NOT_FOUND);
    // The homelab follows, though the other one was not launched since.
    lab.ada.launch("harbour").await;
    assert_eq!(
        bind("Harbour", json!("harbour-org")).await.status(),
        StatusCode::OK
    );
    lab.ada.launch("harbour").await;
    assert_eq!(bind("Harbour", Value::Null).await.status(), StatusCode::OK);
    assert_eq!(
        bind("Meadow", json!("harbour-org")).await.status(),
        StatusCode::OK
    );
    lab.ben.launch("meadow").await;
    // Who was invited stays, and the homelab's admins read who did it.
    assert_eq!(lab.member.get(harbour).await.status(), StatusCode::OK);
    let log = body(lab.ada.get("/api/tenant/harbour/audit").await).await;
    let did = |action: &str| {
        let lines = log.as_array().expect("lines").iter();
        lines
            .filter(|line| line["action"] == action && line["actor"] == "otto Example")
            .count()
    };
    assert_eq!((did("tenant.bound"), did("tenant.unbound")), (2, 2));
}

#[tokio::test]
async fn an_instance_that_was_entered_wrongly_is_taken_out_again() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let wrong = register(&lab.operator, "wrong", "http://127.0.0.1:1").await;
    app.services.health.round().await.expect("a look");
    let remove = async |id: &str| {
        let path = format!("/api/admin/instances/{id}");
        let request = lab.operator.request(Method::DELETE, &path);
        lab.operator.send(request).await
    };
    let local = instance(&lab.operator, "local").await;
    let local = local["id"].as_str().expect("an id");
    let refused = remove(local).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let why = body(refused).await["detail"].to_string();
    assert!(why.contains("holds 2 of its 50 tenants"), "{why}");
    app.change("UPDATE instance SET current_tenants = 0").await;
    let refused = remove(local).await;
    let why = body(refused).await["detail"].to_string();
    assert!(why.contains("local answers"), "{why}");

    assert_eq!(remove(&wrong).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(remove(&wrong).await.status(), StatusCode::NOT_FOUND);
    let left = body(lab.operator.get("/api/admin/instances").await).await;
    assert_eq!(left.as_array().expect("instances").len(), 1);
    app.services.health.round().await.expect("a look");
}

#[tokio::test]
async fn what_answers_under_another_name_holds_no_tenant() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let id = register(&lab.operator, "distant", &app.address).await;
    app.services.health.round().await.expect("a look");
    let distant = instance(&lab.operator, "distant").await;
    assert_eq!(distant["status"], "PROVISIONING");
    assert_eq!(distant["health"]["status"], "UNHEALTHY");
    assert_eq!(
        distant["health"]["checks"][0]["detail"],
        "The instance local answers at its address."
    );
    let refused = choose(&lab.operator, &new_tenant(&app, "Cove").await, &id).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(code(refused).await, "no_capacity");
}

#[tokio::test]
async fn a_tenant_is_put_elsewhere_until_it_is_launched() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let elsewhere = Elsewhere::start("distant").await;
    let distant = register(&lab.operator, "distant", &elsewhere.address).await;
    app.services.health.round().await.expect("a look");
    let local = instance(&lab.operator, "local").await;
    let (held, local) = (
        local["current_tenants"].as_i64().expect("a number"),
        local["id"].as_str().expect("an id").to_owned(),
    );
    let cove = new_tenant(&app, "Cove").await;
    for (to, on_distant, on_local) in [
        (&distant, 1, held),
        (&local, 0, held + 1),
        (&distant, 1, held),
    ] {
        let placed = choose(&lab.operator, &cove, to).await;
        assert_eq!(placed.status(), StatusCode::OK);
        assert_eq!(&body(placed).await["instance"], to);
        let count = async |name| instance(&lab.operator, name).await["current_tenants"].clone();
        assert_eq!(count("distant").await, on_distant);
        assert_eq!(count("local").await, on_local);
    }
    let launched = lab.id("$tenant");
    let refused = choose(&lab.operator, launched, &distant).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(
        instance(&lab.operator, "distant").await["current_tenants"],
        1
    );
    assert_eq!(
        tenant(&lab.operator, "Cove").await["launched_at"],
        Value::Null
    );
    assert!(tenant(&lab.operator, "Harbour").await["launched_at"].is_string());
}

/// The tenant Cove on the instance `distant`, which is well: the instance, the tenant's id.
async fn placed_elsewhere(app: &TestApp, lab: &Homelab<'_>) -> (Elsewhere, String) {
    let elsewhere = Elsewhere::start("distant").await;
    let distant = register(&lab.operator, "distant", &elsewhere.address).await;
    app.services.health.round().await.expect("a look");
    let cove = new_tenant(app, "Cove").await;
    let placed = choose(&lab.operator, &cove, &distant).await;
    assert_eq!(placed.status(), StatusCode::OK);
    (elsewhere, cove)
}

/// Ends the instance, and lets it be missed.
async fn end(elsewhere: Elsewhere, app: &TestApp) {
    drop(elsewhere);
    app.clock.advance(60);
    app.services.health.round().await.expect("a look");
}

#[tokio::test]
async fn a_tenant_does_not_wait_for_an_instance_that_went_away_before_its_first_launch() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let (elsewhere, _) = placed_elsewhere(&app, &lab).await;
    end(elsewhere, &app).await;
    let cleo = app.browser();
    cleo.sign_in(Account::complete("cleo")).await;
    cleo.launch("cove").await;
    let cove = tenant(&lab.operator, "Cove").await;
    assert_eq!(cove["instance_name"], "local");
    assert_eq!(
        instance(&lab.operator, "distant").await["current_tenants"],
        0
    );
}

#[tokio::test]
async fn a_token_of_an_operator_binds_no_organisation() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    app.change("UPDATE \"user\" SET operator = true WHERE name = 'mel Example'")
        .await;
    let token = Homelab::token(&lab.member, &["read", "write", "approve"]).await;
    let ask = |method, path: String, body: Value| {
        app.request(method, &path)
            .bearer_auth(&token)
            .json(&body)
            .send()
    };
    let seen = ask(Method::GET, "/api/admin/tenants".to_owned(), Value::Null).await;
    assert_eq!(seen.expect("an answer").status(), StatusCode::OK);
    for (path, body) in [
        (
            lab.fill("/api/admin/tenants/$tenant/organisation"),
            json!({ "organisation_id": "theirs" }),
        ),
        (
            lab.fill("/api/admin/users/$user/operator"),
            json!({ "operator": true }),
        ),
    ] {
        let refused = ask(Method::PUT, path, body).await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_homelab_keeps_an_admin_when_it_is_unbound() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let bind = async |organisation| lab.operator.bind("Harbour", organisation).await;
    assert_eq!(bind(json!("harbour-org")).await.status(), StatusCode::OK);
    // The only admin has the place by the organisation.
    app.change("UPDATE membership SET by_organisation = true WHERE role = 'admin'")
        .await;
    let refused = bind(Value::Null).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let said = body(refused).await["detail"].to_string();
    assert!(said.contains("Harbour would have no admin"), "{said}");
    let harbour = "/api/tenant/harbour";
    assert_eq!(lab.ada.get(harbour).await.status(), StatusCode::OK);
    // Another organisation brings others, so a wrong one can be corrected.
    let corrected = bind(json!("another-org")).await;
    assert_eq!(corrected.status(), StatusCode::OK);
    assert_eq!(lab.ada.get(harbour).await.status(), StatusCode::NOT_FOUND);
    // And without any admin to lose it can be unbound.
    assert_eq!(bind(Value::Null).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_tenant_stays_on_the_dedicated_instance_that_was_chosen_for_it() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let (elsewhere, cove) = placed_elsewhere(&app, &lab).await;
    app.change("UPDATE instance SET deployment_mode = 'DEDICATED' WHERE name = 'distant'")
        .await;
    end(elsewhere, &app).await;
    let place = app
        .services
        .admin
        .placement
        .place(cove.parse().expect("an id"));
    assert_eq!(place.await.expect("its place").name, "distant");
    assert_eq!(
        instance(&lab.operator, "distant").await["current_tenants"],
        1
    );
}
