//! The audit log: whose lines are read where, and that all of them can be.

use std::collections::BTreeSet;

use domain::portal::audit::Entry;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use test_support::issuer::Account;
use types::Timestamp;

use crate::support::{Browser, Homelab, Setup, TestApp, code, json as body, on_both};

/// More lines than two pages show.
const NOTES: usize = 230;
const LOG: &str = "/ui/audit?slug=harbour";

/// Writes the notes into Harbour's log, and some into Meadow's between them. Many were
/// kept at the same moment; only the oldest tells of the attic.
async fn keep_notes(app: &TestApp) {
    let keep = async |slug: &str, number: usize| {
        let detail = if number == 0 {
            "In the Attic, 100% of it."
        } else {
            ""
        };
        let entry = Entry {
            tenant: Some(slug.to_owned()),
            actor: "Nora".to_owned(),
            action: "note.kept",
            subject: format!("Note {number:03}"),
            detail: detail.to_owned(),
            ..Entry::default()
        };
        let kept = app.services.portal.audit.record_alone(entry).await;
        kept.expect("a line");
    };
    for number in 0..NOTES {
        keep("harbour", number).await;
        if number % 10 == 0 {
            keep("meadow", number).await;
        }
        if number % 40 == 0 {
            app.clock.advance(1);
        }
    }
    app.change("UPDATE audit_event SET \"at\" = \"at\" - \"at\" % 1000")
        .await;
}

/// A page of Harbour's log.
async fn page(browser: &Browser<'_>, query: &str) -> Value {
    let answer = browser.get(&format!("{LOG}{query}")).await;
    assert_eq!(answer.status(), StatusCode::OK, "{query}");
    body(answer).await["value"].clone()
}

/// Everything that is found in Harbour's log, page by page.
async fn pages(browser: &Browser<'_>, question: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut query = format!("&q={question}");
    loop {
        let page = page(browser, &query).await;
        pages.push(lines(&page["events"]));
        let Some(older) = page["older"].as_str() else {
            return pages;
        };
        assert!(pages.len() < 10, "it comes to no end");
        query = format!("&q={question}&before={older}");
    }
}

fn every(lines: &[Value], field: &str) -> BTreeSet<String> {
    lines.iter().map(|line| line[field].to_string()).collect()
}

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

async fn a_log_is_read_to_its_oldest_line(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    keep_notes(&app).await;
    let pages = pages(&lab.ada, "").await;
    let (last, full) = pages.split_last().expect("pages");
    assert!(full.iter().all(|page| page.len() == 100), "{full:?}");
    assert!((1..=100).contains(&last.len()), "{last:?}");
    let all = pages.concat();
    assert_eq!(every(&all, "id").len(), all.len());
    assert_eq!(every(&all, "tenant").len(), 1);
    let (notes, others): (Vec<_>, Vec<_>) = all
        .iter()
        .cloned()
        .partition(|line| line["action"] == "note.kept");
    assert_eq!(notes.len(), NOTES);
    assert_eq!(every(&notes, "subject").len(), NOTES);
    let made = |line: &Value| line["action"] == "tenant.created";
    assert!(others.iter().any(made), "{others:?}");
    let times: Vec<_> = all.iter().map(at).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
}

async fn words_are_searched_for_in_the_whole_log(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    keep_notes(&app).await;
    let newest = page(&lab.ada, "").await;
    assert!(!newest.to_string().contains("Attic"));
    let longer_than_a_pattern = "x".repeat(60_000);
    for (question, found) in [
        ("Attic", 1),
        ("aTTIC", 1),
        ("+nora++KEPT+note+attic+", 1),
        ("attic+cellar", 0),
        ("100%25", 1),
        ("a%25c", 0),
        ("att_c", 0),
        ("att%5Cic", 0),
        ("attic%00", 0),
        (longer_than_a_pattern.as_str(), 0),
    ] {
        let all = pages(&lab.ada, question).await.concat();
        assert_eq!(all.len(), found, "{question}: {all:?}");
        let oldest = |line: &Value| line["subject"] == "Note 000";
        assert!(all.iter().all(oldest), "{question}: {all:?}");
    }
    let notes = pages(&lab.ada, "note.kept").await.concat();
    assert_eq!(every(&notes, "id").len(), NOTES);
    assert_eq!(notes.len(), NOTES);
    assert_eq!(every(&notes, "tenant").len(), 1);
}

async fn a_log_goes_on_before_a_line_of_its_own_only(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    let meadow = body(lab.ben.get("/api/tenant/meadow/audit").await).await;
    let theirs = meadow[0]["id"].as_str().expect("a line");
    for id in [theirs, "019abcde-0000-7000-8000-000000000000"] {
        for path in [
            format!("{LOG}&before={id}"),
            format!("/api/tenant/harbour/audit?before={id}"),
        ] {
            let answer = lab.ada.get(&path).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(code(answer).await, "not_found", "{path}");
        }
    }
    for wrong in [theirs, "none"] {
        let path = format!("/tenant/harbour/audit?before={wrong}");
        let answer = lab.ada.get(&path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

on_both!(
    a_log_is_read_to_its_oldest_line,
    words_are_searched_for_in_the_whole_log,
    a_log_goes_on_before_a_line_of_its_own_only,
);

/// The address that the link of this title below the table leads to.
fn link(page: &str, title: &str) -> Option<String> {
    let (_, ways) = page.split_once("aria-label=\"Pages of the log\"")?;
    let (ways, _) = ways.split_once("</nav>")?;
    let link = ways.split("<a ").find(|link| link.contains(title))?;
    let (_, href) = link.split_once("href=\"")?;
    let (href, _) = href.split_once('"')?;
    Some(href.replace("&amp;", "&"))
}

#[tokio::test]
async fn the_page_leads_to_older_lines_and_back_and_keeps_the_search() {
    let app = TestApp::with_issuer().await;
    let lab = Homelab::build(&app).await;
    keep_notes(&app).await;
    let read = async |path: &str| {
        let answer = lab.ada.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.expect("a page")
    };
    let first = read("/tenant/harbour/audit?q=Nora+note").await;
    assert_eq!(link(&first, "Newest"), None);
    let older = link(&first, "Older").expect("a way on");
    let second = read(&older).await;
    assert!(second.contains("value=\"Nora note\""));
    let third = read(&link(&second, "Older").expect("a way on")).await;
    assert!(third.contains("Note 000"));
    assert_eq!(link(&third, "Older"), None);
    for page in [&second, &third] {
        let newest = link(page, "Newest").expect("a way back");
        assert_eq!(newest, "/tenant/harbour/audit?q=Nora%20note");
    }
    let nothing = read("/tenant/harbour/audit?q=cellar").await;
    assert!(nothing.contains("No event has these words."));
}

/// When it was done: as a moment, since its text has as many digits as it needs.
fn at(line: &Value) -> Timestamp {
    serde_json::from_value(line["at"].clone()).expect("a time")
}

fn lines(list: &Value) -> Vec<Value> {
    list.as_array().expect("a list").clone()
}
