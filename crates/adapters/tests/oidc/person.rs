//! Who a sign-in speaks of: standard claims and Zitadel's.

use test_support::issuer::{Account, Fault};
use types::ErrorCode::Unauthenticated;

use crate::{Bench, assert_refused};

#[tokio::test]
async fn the_id_token_says_who_it_is() {
    let bench = Bench::new().await;
    let account = Account::complete("ada")
        .sid("session-1")
        .requested("org-b")
        .role("admin", "home")
        .role("admin", "org-b")
        .role("viewer", "org-c");
    let identity = bench.sign_in(account).await.expect("signed in");
    assert_eq!(identity.issuer, bench.issuer.url());
    assert_eq!(identity.subject, "ada");
    assert_eq!(identity.email.as_deref(), Some("ada@example.test"));
    assert_eq!(identity.name.as_deref(), Some("ada Example"));
    assert_eq!(identity.sid.as_deref(), Some("session-1"));
    assert_eq!(identity.home_organisation.as_deref(), Some("home"));
    assert_eq!(identity.requested_organisation.as_deref(), Some("org-b"));
    assert_eq!(identity.roles["admin"], ["home", "org-b"]);
    assert_eq!(identity.roles["viewer"], ["org-c"]);
}

#[tokio::test]
async fn roles_count_for_our_own_project_only() {
    let bench = Bench::with(|settings| {
        settings.scopes.extend([
            "urn:zitadel:iam:org:project:id:zitadel:aud".to_owned(),
            "urn:zitadel:iam:org:project:id:ours:aud".to_owned(),
        ])
    })
    .await;
    let account = Account::complete("ada")
        .role_in_project("ours", "member", "home")
        .role_in_project("another", "admin", "home")
        .role_in_project("zitadel", "admin", "home");
    let identity = bench.sign_in(account).await.expect("signed in");
    assert_eq!(identity.roles.keys().collect::<Vec<_>>(), ["member"]);
    assert_eq!(identity.roles["member"], ["home"]);
}

#[tokio::test]
async fn a_roles_claim_of_another_shape_gives_no_role() {
    let bench = Bench::new().await;
    let account = Account::complete("ada").claim(
        "urn:zitadel:iam:org:project:roles",
        serde_json::json!({ "admin": "home", "member": [], "viewer": {} }),
    );
    let identity = bench.sign_in(account).await.expect("signed in");
    assert!(identity.roles.is_empty(), "{:?}", identity.roles);
}

#[tokio::test]
async fn userinfo_completes_what_the_id_token_leaves_out() {
    let bench = Bench::new().await;
    let account = Account::new("ada")
        .userinfo_claim("email", "ada@example.test")
        .userinfo_claim("preferred_username", "ada")
        .userinfo_claim("urn:zitadel:iam:user:resourceowner:id", "home")
        .userinfo_claim(
            "urn:zitadel:iam:org:project:roles",
            serde_json::json!({ "admin": { "home": "home.example.test" } }),
        );
    let identity = bench.sign_in(account).await.expect("signed in");
    assert_eq!(identity.email.as_deref(), Some("ada@example.test"));
    assert_eq!(identity.name.as_deref(), Some("ada"));
    assert_eq!(identity.home_organisation.as_deref(), Some("home"));
    assert_eq!(identity.roles["admin"], ["home"]);
}

#[tokio::test]
async fn userinfo_changes_nothing_that_the_id_token_says() {
    let bench = Bench::new().await;
    let account = Account::new("ada")
        .name("Ada")
        .role("viewer", "home")
        .userinfo_claim("name", "Eve")
        .userinfo_claim("email", "ada@example.test")
        .userinfo_claim(
            "urn:zitadel:iam:org:project:roles",
            serde_json::json!({ "admin": { "home": "x" } }),
        );
    let identity = bench.sign_in(account).await.expect("signed in");
    assert_eq!(identity.name.as_deref(), Some("Ada"));
    assert_eq!(identity.email.as_deref(), Some("ada@example.test"));
    assert_eq!(identity.roles.keys().collect::<Vec<_>>(), ["viewer"]);
}

#[tokio::test]
async fn userinfo_about_somebody_else_is_refused() {
    let bench = Bench::new().await;
    let account = Account::new("ada").fault(Fault::ForeignUserinfo);
    assert_refused(bench.sign_in(account).await, Unauthenticated);
}

#[tokio::test]
async fn roles_that_the_id_token_names_count_without_userinfo() {
    let bench = Bench::new().await;
    let silent = || Account::new("ada").fault(Fault::SilentUserinfo);
    let named = silent().role("viewer", "home");
    let identity = bench.sign_in(named).await.expect("signed in");
    assert!(identity.heard);
    let identity = bench.sign_in(silent()).await.expect("signed in");
    assert!(!identity.heard, "roles may stand in userinfo alone");
}

#[tokio::test]
async fn a_person_without_a_name_is_a_person() {
    let bench = Bench::new().await;
    let identity = bench.sign_in(Account::new("ada")).await.expect("signed in");
    assert_eq!(
        (identity.name, identity.email, identity.home_organisation),
        (None, None, None)
    );
}
