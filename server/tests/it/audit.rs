//! The audit log: whose lines are read where.

use reqwest::Method;
use serde_json::Value;
use test_support::issuer::Account;
use types::Timestamp;

use crate::support::{Homelab, TestApp, json as body};

#[tokio::test]
async fn operators_see_what_was_done_last_in_any_tenant_and_a_tenant_only_its_own() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let open = lab.fill("/api/tenant/harbour/invitations/$invitation");
    lab.ada.send(lab.ada.request(Method::DELETE, &open)).await;
    // Signing in is in the log, but nobody did anything by it.
    app.browser().sign_in(Account::complete("mel")).await;

    let overview = body(lab.operator.get("/ui/admin/overview").await).await;
    let activity = lines(&overview["activity"]);
    assert_eq!(activity.len(), 5, "{activity:?}");
    assert_eq!(activity[0]["actor"], "ada Example");
    assert_eq!(activity[0]["action"], "invitation.revoked");
    assert_eq!(activity[0]["tenant"], "harbour");
    let times: Vec<_> = activity.iter().map(at).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");

    let meadow = body(lab.ben.get("/api/tenant/meadow/audit").await).await;
    let own = lines(&meadow);
    assert!(!own.is_empty());
    assert!(own.iter().all(|line| line["tenant"] == "meadow"), "{own:?}");
}

/// When it was done: as a moment, since its text has as many digits as it needs.
fn at(line: &Value) -> Timestamp {
    serde_json::from_value(line["at"].clone()).expect("a time")
}

fn lines(list: &Value) -> Vec<Value> {
    list.as_array().expect("a list").clone()
}
