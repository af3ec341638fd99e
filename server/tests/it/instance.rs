//! What is known of an instance, and until when it is known.

use reqwest::StatusCode;
use serde_json::Value;
use test_support::issuer::Account;

use crate::support::{Browser, OPERATORS, TestApp, json as body};

/// What the register says of the one instance, and what its own page says: the status
/// and how many checks are shown.
async fn shown(operator: &Browser<'_>) -> [(String, usize); 2] {
    let summary = |health: &Value| {
        let status = health["status"].as_str().expect("a status").to_owned();
        let checks = health["checks"].as_array().expect("checks").len();
        (status, checks)
    };
    let all = body(operator.get("/api/admin/instances").await).await;
    let all = all.as_array().expect("instances");
    assert_eq!(all.len(), 1, "{all:?}");
    let id = all[0]["id"].as_str().expect("an id");
    let path = format!("/api/admin/instances/{id}/health");
    let own = body(operator.get(&path).await).await;
    [summary(&all[0]["health"]), summary(&own)]
}

#[tokio::test]
async fn an_instance_that_nobody_looked_at_for_three_periods_is_unknown() {
    let app = TestApp::with_issuer().await;
    let operator = app.browser();
    let otto = Account::complete("otto").role("operator", OPERATORS);
    operator.sign_in(otto.requested(OPERATORS)).await;
    let unknown = |checks: usize| ("UNKNOWN".to_owned(), checks);
    assert_eq!(shown(&operator).await, [unknown(0), unknown(0)]);

    assert_eq!(app.services.health.round().await.expect("a look"), 1);
    let [seen, own] = shown(&operator).await;
    // Degraded where this machine is short of memory or of the programs.
    assert!(
        ["HEALTHY", "DEGRADED"].contains(&seen.0.as_str()),
        "{seen:?}"
    );
    assert_eq!((seen.1, &own), (1, &seen));

    // The clock goes on by itself while the test runs.
    app.clock.advance(30);
    assert_eq!(shown(&operator).await, [seen.clone(), seen]);
    app.clock.advance(16);
    assert_eq!(shown(&operator).await, [unknown(1), unknown(1)]);
    // The register shows the last nine minutes, the instance's page what there was.
    app.clock.advance(600);
    assert_eq!(shown(&operator).await, [unknown(0), unknown(1)]);

    assert_eq!(app.services.health.round().await.expect("a look"), 1);
    let [seen, own] = shown(&operator).await;
    assert!(
        ["HEALTHY", "DEGRADED"].contains(&seen.0.as_str()),
        "{seen:?}"
    );
    assert_eq!((seen.1, own), (1, (seen.0.clone(), 2)));
}

#[tokio::test]
async fn a_filter_that_no_instance_passes_says_so_and_one_that_is_none_lists_all() {
    let app = TestApp::with_issuer().await;
    let operator = app.browser();
    let otto = Account::complete("otto").role("operator", OPERATORS);
    operator.sign_in(otto.requested(OPERATORS)).await;
    let read = async |query: &str| {
        let answer = operator.get(&format!("/admin/instances{query}")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{query}");
        answer.text().await.expect("a page")
    };
    let full = read("?state=full").await;
    assert!(full.contains("No instance is in this state at the moment."));
    assert!(!full.contains("<table"));
    for query in ["", "?state=bogus"] {
        let all = read(query).await;
        assert!(all.contains("<table"), "{query}");
        let tab = "href=\"/admin/instances\" aria-current=\"true\"";
        assert!(all.contains(tab), "{query}");
    }
}
