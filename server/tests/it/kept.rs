//! Pages that were rendered a moment ago are sent again, but never to anybody else and
//! never after something changed.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Browser, Homelab, TestApp};

const STACKS: &str = "/tenant/harbour/stacks";

/// A page and its nonce, which is taken out of it.
async fn page(browser: &Browser<'_>, path: &str) -> (String, String) {
    let answer = browser.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .expect("a policy")
        .to_owned();
    let nonce = policy
        .split_once("'nonce-")
        .and_then(|(_, rest)| rest.split_once('\''))
        .map(|(nonce, _)| nonce.to_owned())
        .expect("a nonce");
    let text = answer.text().await.expect("a page");
    assert!(text.contains(&nonce), "the page knows its nonce");
    (text.replace(&nonce, ""), nonce)
}

/// When a page was rendered, in milliseconds.
fn rendered_at(page: &str) -> &str {
    let (_, rest) = page.split_once("data-now=\"").expect("the page's time");
    rest.split_once('"').expect("its end").0
}

async fn make_stack(browser: &Browser<'_>, name: &str) {
    let wanted = json!({ "name": name, "kit": "base-homelab" });
    let made = browser
        .put(Method::POST, "/tenant/harbour/v1/stacks", &wanted)
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_page_that_nothing_changed_is_sent_again_under_another_nonce() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    let mut last = page(&lab.ada, STACKS).await;
    for _ in 0..50 {
        let next = page(&lab.ada, STACKS).await;
        if rendered_at(&next.0) == rendered_at(&last.0) {
            assert_eq!(next.0, last.0);
            assert_ne!(next.1, last.1);
            return;
        }
        last = next;
    }
    panic!("each page was rendered anew");
}

#[tokio::test]
async fn what_changed_is_seen_at_once_in_every_database() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for name in ["first-one", "second-one"] {
        for _ in 0..3 {
            assert!(!page(&lab.ada, STACKS).await.0.contains(name));
        }
        make_stack(&lab.member, name).await;
        assert!(page(&lab.ada, STACKS).await.0.contains(name));
    }
    let members = "/tenant/harbour/members";
    let known = |text: &str| text.contains("zoe Example");
    for _ in 0..3 {
        assert!(known(&page(&lab.ada, members).await.0));
    }
    let zoe = lab.fill("/api/tenant/$slug/members/$user");
    let removed = lab.ada.put(Method::DELETE, &zoe, &json!({})).await;
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert!(!known(&page(&lab.ada, members).await.0));
}

#[tokio::test]
async fn a_kept_page_is_for_its_own_session_and_ends_with_it() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    for _ in 0..3 {
        page(&lab.ada, STACKS).await;
    }
    let stranger = lab.ben.get(STACKS).await;
    assert_ne!(stranger.status(), StatusCode::OK);
    let nobody = app.browser().get(STACKS).await;
    assert_ne!(nobody.status(), StatusCode::OK);
    let cookies = lab.ada.cookies();
    lab.ada
        .send(lab.ada.request(Method::POST, "/auth/sign-out"))
        .await;
    let late = app.get(STACKS, &cookies).await;
    assert_ne!(late.status(), StatusCode::OK);
}
