//! Who gets which job, and how often.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jobs::{Error, JobState, Options, Outcome, Queue, TenantShare};
use serde_json::{Value, json};
use types::{JobId, Timestamp, jobs::JobView};

use crate::support::{NOON_MS, Place, Run, Running, add, all, claim, eventually, job, worker};

on_both! {
    eight_workers_run_each_job_once,
    priority_then_age_within_a_tenant,
    a_job_waits_for_its_time,
    only_kinds_that_were_asked_for,
    the_tenant_with_the_fewest_running_comes_first,
    tenants_take_turns_on_a_single_slot,
    a_heavier_tenant_gets_more,
    retries_back_off_and_end_dead,
    a_failure_for_good_is_not_tried_again,
    stats_count_what_waits_and_runs,
}

async fn eight_workers_run_each_job_once(place: &Place) {
    const JOBS: usize = 120;
    let queue = place.queue();
    let runs: Arc<Mutex<HashMap<JobId, usize>>> = Arc::default();
    let mut ids = Vec::new();
    for number in 0..JOBS {
        let new = job("work").tenant(["acme", "bolt", "core"][number % 3]);
        ids.push(add(&queue, &place.write, new).await);
    }
    let mut workers = Vec::new();
    for number in 0..8 {
        // Two processes with four workers each.
        let queue = match number {
            4 => place.elsewhere(Options::default()).await,
            _ => queue.clone(),
        };
        let runs = Arc::clone(&runs);
        let count = Run("work", move |context: jobs::JobContext| {
            *runs
                .lock()
                .expect("no panic")
                .entry(context.job().id)
                .or_default() += 1;
            async { Outcome::Done(json!("ok")) }
        });
        workers.push(Running::start(
            &queue,
            worker(&format!("worker-{number}"), 1),
            count,
        ));
    }
    let jobs = eventually("all jobs done", async || {
        let jobs = all(&queue).await;
        jobs.iter()
            .all(|job| job.state == JobState::Succeeded)
            .then_some(jobs)
    })
    .await;
    for worker in workers {
        worker.stop().await;
    }
    let runs = runs.lock().expect("no panic");
    assert_eq!(runs.len(), JOBS);
    assert!(
        ids.iter().all(|id| runs[id] == 1),
        "each ran once: {runs:?}"
    );
    for job in jobs {
        assert_eq!((job.attempt, job.result.as_deref()), (1, Some("\"ok\"")));
        assert_eq!((job.lease_token, job.finished_ms), (None, Some(NOON_MS)));
    }
}

async fn priority_then_age_within_a_tenant(place: &Place) {
    let queue = place.queue();
    let mut expected = Vec::new();
    for priority in [0, 5, 0, 5, -1] {
        let id = add(&queue, &place.write, job("work").priority(priority)).await;
        expected.push((-priority, id));
    }
    expected.sort_by_key(|(order, _)| *order);
    for (_, id) in expected {
        assert_eq!(claim(&queue).await.expect("a job").job.id, id);
    }
    assert_eq!(claim(&queue).await, None);
}

async fn a_job_waits_for_its_time(place: &Place) {
    let queue = place.queue();
    let later = Timestamp(NOON_MS + 60_000);
    let id = add(&queue, &place.write, job("work").run_at(later).priority(9)).await;
    let now = add(&queue, &place.write, job("work")).await;
    assert_eq!(claim(&queue).await.expect("a job").job.id, now);
    assert_eq!(claim(&queue).await, None);
    place.advance(60);
    // The other one's lease has run out as well by now; this one is more urgent.
    assert_eq!(claim(&queue).await.expect("a job").job.id, id);
}

async fn only_kinds_that_were_asked_for(place: &Place) {
    let queue = place.queue();
    add(&queue, &place.write, job("other")).await;
    assert_eq!(claim(&queue).await, None);
    assert_eq!(queue.claim("tester", &[]).await.expect("a claim"), None);
    let claimed = queue
        .claim("tester", &["work", "other"])
        .await
        .expect("a claim");
    let view = JobView::from(claimed.expect("a job").job);
    assert_eq!(
        (view.kind.as_str(), view.tenant, view.attempt),
        ("other", None, 1)
    );
    assert_eq!(view.started_at, Some(Timestamp(NOON_MS)));
}

/// Enqueues for each letter a job of that tenant.
async fn add_for(place: &Place, queue: &Queue, tenants: &str) {
    for tenant in tenants.chars() {
        add(queue, &place.write, job("work").tenant(tenant)).await;
    }
}

async fn the_tenant_with_the_fewest_running_comes_first(place: &Place) {
    let queue = place.queue();
    add_for(place, &queue, "aaaaaabbbcc").await;
    let mut order = String::new();
    let mut leases = Vec::new();
    for _ in 0..7 {
        let claimed = claim(&queue).await.expect("a job");
        order.push_str(&claimed.job.tenant);
        leases.push(claimed.lease);
    }
    assert_eq!(order, "abcabca");
    // `b` has none running now, so it comes first although `c` waits longer.
    for number in [1, 4] {
        queue
            .finish(&leases[number], Outcome::Done(Value::Null))
            .await
            .expect("finished");
    }
    assert_eq!(claim(&queue).await.expect("a job").job.tenant, "b");
}

async fn tenants_take_turns_on_a_single_slot(place: &Place) {
    let queue = place.queue();
    add_for(place, &queue, "aaaaaabbbcc").await;
    let mut order = String::new();
    while let Some(claimed) = claim(&queue).await {
        order.push_str(&claimed.job.tenant);
        queue
            .finish(&claimed.lease, Outcome::Done(Value::Null))
            .await
            .expect("finished");
    }
    assert_eq!(
        order, "abcabcabaaa",
        "the many jobs of one do not hold up the others"
    );
}

async fn a_heavier_tenant_gets_more(place: &Place) {
    let queue = place.queue();
    let share = TenantShare {
        limit: None,
        weight: 2,
    };
    queue
        .set_tenant_share(&place.write, "a", share)
        .await
        .expect("set");
    add_for(place, &queue, "aaaaaabbbbbb").await;
    let mut order = String::new();
    for _ in 0..6 {
        order.push_str(&claim(&queue).await.expect("a job").job.tenant);
    }
    assert_eq!(order.matches('a').count(), 4, "{order}");
    for (tenant, weight, limit) in [("", 1, None), ("a", 0, None), ("a", 1, Some(-1))] {
        let refused = queue
            .set_tenant_share(&place.write, tenant, TenantShare { limit, weight })
            .await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
}

async fn retries_back_off_and_end_dead(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work").max_attempts(3)).await;
    let mut waited = Vec::new();
    for attempt in 1..=3 {
        let claimed = claim(&queue).await.expect("a job");
        assert_eq!(claimed.job.attempt, attempt);
        let after = (attempt == 2).then_some(Duration::from_secs(100));
        let retry = Outcome::Retry {
            after,
            why: format!("reason {attempt}\0"),
        };
        let state = queue.finish(&claimed.lease, retry).await.expect("finished");
        let job = queue.get(id).await.expect("the job");
        assert_eq!(job.state, state);
        assert_eq!(job.error, Some(format!("reason {attempt}\u{fffd}")));
        assert_eq!(claim(&queue).await, None, "it waits, or is over");
        waited.push(job.run_at_ms - place_now(place));
        place.clock.advance(Duration::from_millis(
            u64::try_from(waited[waited.len() - 1]).unwrap_or_default(),
        ));
    }
    assert!(
        (1_000..2_000).contains(&waited[0]),
        "half of 2 s and jitter: {waited:?}"
    );
    assert_eq!(waited[1], 100_000, "as the handler said");
    let job = queue.get(id).await.expect("the job");
    assert_eq!((job.state, job.attempt), (JobState::Dead, 3));
    assert!(job.is_over() && job.finished_ms.is_some());
}

fn place_now(place: &Place) -> i64 {
    jobs::Clock::now_ms(&place.clock)
}

async fn a_failure_for_good_is_not_tried_again(place: &Place) {
    let queue = place.queue();
    let id = add(&queue, &place.write, job("work")).await;
    let lease = claim(&queue).await.expect("a job").lease;
    let state = queue
        .finish(&lease, Outcome::Fail("no such kit".to_owned()))
        .await;
    assert_eq!(state.expect("finished"), JobState::Failed);
    place.advance(86_400);
    assert_eq!(claim(&queue).await, None);
    let job = queue.get(id).await.expect("the job");
    assert_eq!(
        (job.error.as_deref(), job.result),
        (Some("no such kit"), None)
    );
}

async fn stats_count_what_waits_and_runs(place: &Place) {
    let queue = place.queue();
    assert_eq!(queue.stats().await.expect("stats"), jobs::Stats::default());
    add(
        &queue,
        &place.write,
        job("other").run_at(Timestamp(NOON_MS + 90_000)),
    )
    .await;
    add(&queue, &place.write, job("work")).await;
    place.advance(5);
    add(&queue, &place.write, job("work")).await;
    add(&queue, &place.write, job("work")).await;
    claim(&queue).await.expect("a job");
    place.advance(2);
    let stats = queue.stats().await.expect("stats");
    assert_eq!((stats.waiting, stats.scheduled, stats.running), (2, 1, 1));
    assert_eq!(stats.oldest_ms, 2_000);
    let kinds: Vec<_> = stats
        .kinds
        .iter()
        .map(|one| (one.kind.as_str(), one.waiting))
        .collect();
    assert_eq!(kinds, [("other", 0), ("work", 2)]);
}
