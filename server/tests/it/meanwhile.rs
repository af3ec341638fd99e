//! A right is looked at again under the lock that its use waits for: who loses it meanwhile
//! does nothing with it.

use reqwest::{Method, StatusCode};
use serde_json::json;
use test_support::database::beside;

use crate::{
    member::{link_of_mel, members, path_to},
    operator::one,
    support::{Homelab, Setup, json as body, on_postgres},
};

/// What changes Mel's place while somebody else waits for the tenant's row.
fn meanwhile(change: &str) -> String {
    format!(
        "SELECT 1 FROM tenant FOR UPDATE; {change}
         WHERE user_id = (SELECT id FROM \"user\" WHERE name = 'mel Example')"
    )
}

async fn who_is_removed_meanwhile_does_not_come_back_by_a_link_of_theirs(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    let mel = path_to(&lab.ada, "mel").await;
    lab.ada
        .put(Method::PUT, &mel, &json!({ "role": "admin" }))
        .await;
    let secret = format!("secret={}", link_of_mel(&lab).await);
    let joining = lab.member.call("/ui/invitation/accept", &secret);
    let removal = meanwhile("DELETE FROM membership");
    let joined = beside(&app.control(), &removal, joining).await;
    assert_eq!(joined.status(), StatusCode::NOT_FOUND);
    assert_eq!(members(&lab.ada).await.len(), 3);
}

async fn who_is_demoted_meanwhile_does_not_rise_again(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    let mel = path_to(&lab.ada, "mel").await;
    let admin = json!({ "role": "admin" });
    lab.ada.put(Method::PUT, &mel, &admin).await;
    let rising = lab.member.put(Method::PUT, &mel, &admin);
    let demotion = meanwhile("UPDATE membership SET role = 'viewer'");
    let risen = beside(&app.control(), &demotion, rising).await;
    assert_eq!(risen.status(), StatusCode::FORBIDDEN);
    let harbour = body(lab.member.get("/api/tenant/harbour").await).await;
    assert_eq!(harbour["role"], "viewer");
}

async fn an_invitation_that_is_used_meanwhile_is_not_taken_back(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    let open = lab.fill("/api/tenant/harbour/invitations/$invitation");
    let taking = lab.ada.send(lab.ada.request(Method::DELETE, &open));
    let used = "SELECT 1 FROM tenant FOR UPDATE; \
                UPDATE invitation SET ended_at = created_at WHERE ended_at IS NULL";
    let taken = beside(&app.control(), used, taking).await;
    assert_eq!(taken.status(), StatusCode::NOT_FOUND);
}

async fn who_is_no_operator_any_more_makes_and_takes_none(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    app.change("UPDATE \"user\" SET operator = true WHERE name <> 'otto Example'")
        .await;
    let ben = one(&lab.operator, "/api/admin/users", "ben Example").await;
    let ben = format!(
        "/api/admin/users/{}/operator",
        ben["id"].as_str().expect("an id")
    );
    let wanted = json!({ "operator": false });
    let taking = lab.ada.put(Method::PUT, &ben, &wanted);
    // Ben takes it from Ada at the same time.
    let taken = "UPDATE \"user\" SET operator = false WHERE name = 'ada Example'";
    let refused = beside(&app.control(), taken, taking).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        lab.ben.get("/api/admin/users").await.status(),
        StatusCode::OK
    );
}

on_postgres!(
    who_is_removed_meanwhile_does_not_come_back_by_a_link_of_theirs,
    who_is_demoted_meanwhile_does_not_rise_again,
    an_invitation_that_is_used_meanwhile_is_not_taken_back,
    who_is_no_operator_any_more_makes_and_takes_none,
);
