//! Background work as operators see it: what did not end well is found, however much did.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    operator::one,
    support::{Browser, Homelab, Setup, TestApp, code, json as body, on_both},
};

/// More jobs of a schedule than a page shows.
const ROUTINE: usize = 101;

/// The homelab's plan, of which nothing came, and after it routine.
async fn with_a_dead_plan(app: &TestApp) -> Homelab<'_> {
    let lab = Homelab::build(app).await;
    app.change_instance(
        "UPDATE job SET state = 'DEAD', attempt = max_attempts, error = 'Its worker went away.', \
         finished_ms = created_ms WHERE kind = 'stack.plan'",
    )
    .await;
    app.reconcile(ROUTINE).await;
    lab
}

async fn list(operator: &Browser<'_>, query: &str) -> Vec<Value> {
    let answer = operator.get(&format!("/api/admin/jobs{query}")).await;
    assert_eq!(answer.status(), StatusCode::OK, "{query}");
    body(answer).await.as_array().expect("jobs").clone()
}

/// All jobs in a state, page by page.
async fn pages(operator: &Browser<'_>, state: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut query = format!("?state={state}");
    loop {
        let page = list(operator, &query).await;
        let last = page.last().map(|job| text(job, "id"));
        pages.push(page);
        let Some(last) = last else {
            return pages;
        };
        assert!(pages.len() < 10, "it comes to no end");
        query = format!("?state={state}&before={last}");
    }
}

fn text(job: &Value, field: &str) -> String {
    job[field].as_str().expect("a text").to_owned()
}

fn kinds(jobs: &[Value]) -> BTreeSet<String> {
    jobs.iter().map(|job| text(job, "kind")).collect()
}

async fn what_is_dead_is_found_and_counted_behind_routine_that_succeeded(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = with_a_dead_plan(&app).await;
    let dead = list(&lab.operator, "?state=DEAD").await;
    assert_eq!(kinds(&dead), BTreeSet::from(["stack.plan".to_owned()]));
    assert_eq!(dead.len(), 1);
    let all = list(&lab.operator, "").await;
    assert!(all.contains(&dead[0]));
    assert!(!kinds(&all).contains("stack.reconcile"));

    let seen = body(lab.operator.get("/ui/admin/jobs?state=DEAD").await).await;
    let (page, counts) = (&seen["value"][0], &seen["value"][1]);
    assert_eq!(page["jobs"], Value::from(dead));
    assert_eq!(page["older"], Value::Null);
    assert_eq!(counts["states"]["DEAD"], 1);
    assert_eq!(counts["states"]["FAILED"], Value::Null);
    assert_eq!(counts["listed"], all.len());

    let overview = body(lab.operator.get("/ui/admin/overview").await).await;
    let figures = overview["figures"].as_array().expect("figures");
    let queue = figures.iter().find(|one| one["label"] == "Jobs in queue");
    let detail = text(queue.expect("the queue"), "detail");
    assert!(detail.ends_with(", 1 dead"), "{detail}");

    // Jobs of both queues, page by page.
    let pages = pages(&lab.operator, "SUCCEEDED").await;
    assert_eq!(pages[0].len(), 100);
    let all = pages.concat();
    assert_eq!(counts["states"]["SUCCEEDED"], all.len());
    let routine = |job: &&Value| job["kind"] == "stack.reconcile";
    assert_eq!(all.iter().filter(routine).count(), ROUTINE);
    assert!(kinds(&all).len() > 1, "no launch among {:?}", kinds(&all));
    // Ids sort by time.
    let ids: Vec<_> = all.iter().map(|job| text(job, "id")).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
}

async fn a_list_of_jobs_that_there_is_none_of_is_refused(setup: Setup) {
    let app = setup.with_issuer().await.start().await;
    let lab = Homelab::build(&app).await;
    for query in ["state=bogus", "state=dead", "state=", "before=none"] {
        let answer = lab.operator.get(&format!("/api/admin/jobs?{query}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(code(answer).await, "invalid", "{query}");
    }
    let tenant = one(&lab.operator, "/api/admin/tenants", "Harbour").await;
    for path in [
        "/api/admin/jobs?before=",
        "/ui/admin/jobs?before=",
        "/admin/jobs?before=",
    ] {
        let answer = lab
            .operator
            .get(&format!("{path}{}", text(&tenant, "id")))
            .await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let none = lab.operator.get("/admin/jobs?before=none").await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

on_both!(
    what_is_dead_is_found_and_counted_behind_routine_that_succeeded,
    a_list_of_jobs_that_there_is_none_of_is_refused,
);

/// The address of the tab that is current, and how many jobs it says there are.
fn current(page: &str) -> (String, String) {
    let (_, tabs) = page
        .split_once("aria-label=\"Filter by state\"")
        .expect("tabs");
    let (tabs, _) = tabs.split_once("</nav>").expect("their end");
    let mut tabs = tabs.split("<a ");
    let tab = tabs.find(|tab| tab.contains("aria-current=\"true\""));
    let tab = tab.expect("a tab that is current");
    let between = |start: &str, end: &str| {
        let (_, rest) = tab.split_once(start).expect("its begin");
        rest.split_once(end).expect("its end").0.to_owned()
    };
    // Leptos ends a text of the page with a comment.
    let count = between("nav-count\">", "</span>").replace("<!>", "");
    (between("href=\"", "\""), count)
}

#[tokio::test]
async fn the_page_lists_what_its_tab_says() {
    let app = TestApp::with_issuer().await;
    let lab = with_a_dead_plan(&app).await;
    let read = async |path: &str| {
        let answer = lab.operator.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.expect("a page")
    };
    let (plan, routine) = (">stack.plan<", ">stack.reconcile<");
    for query in ["", "?state=bogus"] {
        let all = read(&format!("/admin/jobs{query}")).await;
        assert!(all.contains(plan) && !all.contains(routine), "{query}");
        assert_eq!(current(&all).0, "/admin/jobs");
    }
    let dead = read("/admin/jobs?state=dead").await;
    assert!(dead.contains(plan) && !dead.contains(routine));
    let tab = ("/admin/jobs?state=dead".to_owned(), "1".to_owned());
    assert_eq!(current(&dead), tab);
    let cancelled = read("/admin/jobs?state=cancelled").await;
    assert!(cancelled.contains("none is in this state"));

    let succeeded = read("/admin/jobs?state=succeeded").await;
    assert!(succeeded.contains(routine) && succeeded.contains(">Older<"));
    assert!(!succeeded.contains(">Newest<"));
    let listed = list(&lab.operator, "?state=SUCCEEDED").await;
    let last = text(listed.last().expect("a job"), "id");
    let older = format!("/admin/jobs?state=succeeded&before={last}");
    assert!(succeeded.contains(&older.replace('&', "&amp;")));
    let rest = read(&older).await;
    assert!(rest.contains(">Newest<") && !rest.contains(">Older<"));
}
