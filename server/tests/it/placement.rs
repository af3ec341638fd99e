//! A place on an instance is given once, however many ask for it at the same time.

use std::{collections::BTreeMap, pin::pin};

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use test_support::issuer::Account;
use types::{ErrorCode, TenantId};

use crate::support::{Browser, OPERATORS, Setup, TestApp, code, json as body, on_both};

/// Tenants that want a place.
const HOMES: usize = 12;
/// Places that there are.
const PLACES: usize = 3;

/// How full an instance is.
#[derive(Debug)]
struct Held {
    /// Tenants by its counter.
    current: usize,
    /// Most tenants.
    most: usize,
}

async fn operator(app: &TestApp) -> Browser<'_> {
    let browser = app.browser();
    let otto = Account::complete("otto").role("operator", OPERATORS);
    browser.sign_in(otto.requested(OPERATORS)).await;
    browser
}

/// Somebody with tenants that have no place yet: slug and id of each.
async fn homes(app: &TestApp) -> (Browser<'_>, Vec<(String, String)>) {
    let ada = app.browser();
    ada.sign_in(Account::complete("ada")).await;
    // One person makes only so many, operators aside.
    app.change("UPDATE \"user\" SET operator = true").await;
    let mut homes = Vec::new();
    for number in 0..HOMES {
        let slug = format!("home-{number}");
        let wanted = json!({ "name": "Home", "slug": slug });
        let made = ada.put(Method::POST, "/api/tenant", &wanted).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        let made = body(made).await;
        homes.push((slug, made["id"].as_str().expect("an id").to_owned()));
    }
    (ada, homes)
}

/// Every instance by name.
async fn instances(operator: &Browser<'_>) -> BTreeMap<String, Held> {
    let all = body(operator.get("/api/admin/instances").await).await;
    let count = |value: &Value| {
        let count = value.as_u64().expect("a count");
        usize::try_from(count).expect("few")
    };
    all.as_array()
        .expect("instances")
        .iter()
        .map(|one| {
            let held = Held {
                current: count(&one["current_tenants"]),
                most: count(&one["max_tenants"]),
            };
            (one["name"].as_str().expect("a name").to_owned(), held)
        })
        .collect()
}

/// What all were answered, while the operator never sees an instance hold more than it
/// may.
async fn watched<T>(operator: &Browser<'_>, asked: impl Future<Output = T>) -> T {
    let mut asked = pin!(asked);
    loop {
        tokio::select! {
            answers = &mut asked => return answers,
            seen = instances(operator) => {
                for (name, held) in seen {
                    assert!(held.current <= held.most, "{name}: {held:?}");
                }
            }
        }
    }
}

/// Each instance is full, and holds as many tenants as it counts.
async fn is_full(operator: &Browser<'_>) {
    let tenants = body(operator.get("/api/admin/tenants").await).await;
    let tenants = tenants.as_array().expect("tenants").clone();
    assert_eq!(tenants.len(), HOMES);
    for (name, held) in instances(operator).await {
        let there = tenants
            .iter()
            .filter(|tenant| tenant["instance_name"] == name.as_str());
        assert_eq!(
            (there.count(), held.current),
            (held.most, held.most),
            "{name}"
        );
    }
}

/// Leaves so many places on the instance, which was just seen to be well.
async fn leave_places(app: &TestApp, places: usize) {
    app.services.health.round().await.expect("a look");
    app.change(&format!(
        "UPDATE instance SET max_tenants = {places} WHERE name = 'local'"
    ))
    .await;
}

/// Launches; the launch when it has ended.
async fn launch(browser: &Browser<'_>, slug: &str) -> Value {
    let wanted = json!({ "tenant": slug });
    let started = browser
        .put(Method::POST, "/api/tenant/launch", &wanted)
        .await;
    assert_eq!(started.status(), StatusCode::ACCEPTED);
    let started = body(started).await;
    let path = format!(
        "/api/tenant/launch/{}",
        started["id"].as_str().expect("an id")
    );
    // The live view ends with the launch.
    let events = browser.get(&format!("{path}/events")).await;
    events.text().await.expect("the steps");
    body(browser.get(&path).await).await
}

async fn of_many_launches_at_once_as_many_succeed_as_there_are_places(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    app.work().await;
    let operator = operator(&app).await;
    let (ada, homes) = homes(&app).await;
    leave_places(&app, PLACES).await;
    let launches = join_all(homes.iter().map(|(slug, _)| launch(&ada, slug)));
    let mut launched = 0;
    for launch in watched(&operator, launches).await {
        assert_eq!(launch["ended"], true, "{launch}");
        if launch["redirect"].is_string() {
            launched += 1;
            continue;
        }
        assert_eq!(launch["steps"][1]["title"], "Place on an instance");
        assert_eq!(launch["steps"][1]["state"], "failed", "{launch}");
        let failure = launch["failure"].as_str().expect("a sentence");
        assert!(
            failure.starts_with("No instance is well and has room."),
            "{failure}"
        );
    }
    assert_eq!(launched, PLACES);
    is_full(&operator).await;
}

async fn an_operator_who_places_many_at_once_gives_no_place_twice(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let operator = operator(&app).await;
    let (_, homes) = homes(&app).await;
    leave_places(&app, PLACES).await;
    let instances = body(operator.get("/api/admin/instances").await).await;
    let wanted = json!({ "instance": instances[0]["id"] });
    let asked = join_all(homes.iter().map(|(_, id)| {
        let (operator, wanted) = (&operator, &wanted);
        async move {
            let path = format!("/api/admin/tenants/{id}/instance");
            operator.put(Method::PUT, &path, wanted).await
        }
    }));
    let mut placed = 0;
    for answer in watched(&operator, asked).await {
        if answer.status() == StatusCode::OK {
            assert_eq!(body(answer).await["instance_name"], "local");
            placed += 1;
        } else {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(code(answer).await, "no_capacity");
        }
    }
    assert_eq!(placed, PLACES);
    is_full(&operator).await;
}

async fn tasks_that_place_tenants_at_once_fill_all_instances_and_no_more(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let operator = operator(&app).await;
    let (_, homes) = homes(&app).await;
    let second = json!({
        "name": "second",
        "region": "local",
        "deployment_mode": "SHARED",
        "max_tenants": PLACES + 1,
        "internal_endpoint": app.address,
    });
    let made = operator
        .put(Method::POST, "/api/admin/instances", &second)
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    leave_places(&app, PLACES).await;
    // As if something of that name had answered there.
    app.change("UPDATE instance SET status = 'ACTIVE'").await;
    app.change("UPDATE instance_health_check SET status = 'HEALTHY'")
        .await;
    let tasks: Vec<_> = homes
        .iter()
        .map(|(_, id)| {
            let placement = app.services.admin.placement.clone();
            let id: TenantId = id.parse().expect("an id");
            tokio::spawn(async move { placement.place(id).await })
        })
        .collect();
    let mut placed = 0;
    for result in watched(&operator, join_all(tasks)).await {
        match result.expect("no panic") {
            Ok(_) => placed += 1,
            Err(error) => assert_eq!(error.code(), ErrorCode::NoCapacity, "{error}"),
        }
    }
    assert_eq!(placed, PLACES + PLACES + 1);
    is_full(&operator).await;
}

on_both!(
    of_many_launches_at_once_as_many_succeed_as_there_are_places,
    an_operator_who_places_many_at_once_gives_no_place_twice,
    tasks_that_place_tenants_at_once_fill_all_instances_and_no_more,
);
