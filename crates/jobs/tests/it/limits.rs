//! Limits per tenant and per concurrency key, under a race.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::future::join_all;
use jobs::{Claimed, JobContext, JobState, NewJob, Options, Outcome, Queue, TenantShare};
use serde_json::Value;
use tokio::sync::Barrier;

use crate::support::{Place, Run, Running, add, all, claim, eventually, job, worker};

on_both! {
    a_tenants_limit_holds_under_a_race,
    a_concurrency_key_holds_under_a_race,
    no_more_than_the_limit_ever_run_at_once,
    a_share_changes_the_limit,
}

/// Eight claim at the same moment, each on connections of its own.
async fn race(place: &Place, options: &Options) -> Vec<Claimed> {
    let start = Arc::new(Barrier::new(8));
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (queue, start) = (place.elsewhere(options.clone()).await, Arc::clone(&start));
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            claim(&queue).await
        }));
    }
    let claims = join_all(tasks).await.into_iter();
    claims
        .filter_map(|claimed| claimed.expect("joined"))
        .collect()
}

async fn finish(queue: &Queue, claimed: &Claimed) {
    queue
        .finish(&claimed.lease, Outcome::Done(Value::Null))
        .await
        .expect("finished");
}

async fn fill(place: &Place, queue: &Queue, count: usize, new: impl Fn() -> NewJob) {
    for _ in 0..count {
        add(queue, &place.write, new()).await;
    }
}

async fn a_tenants_limit_holds_under_a_race(place: &Place) {
    let options = Options {
        tenant_limit: 3,
        ..Options::default()
    };
    let queue = place.queue_with(options.clone());
    fill(place, &queue, 20, || job("work").tenant("acme")).await;
    let first = race(place, &options).await;
    assert_eq!(first.len(), 3);
    assert_eq!(claim(&queue).await, None, "the tenant has its limit");
    finish(&queue, &first[0]).await;
    let second = race(place, &options).await;
    assert_eq!(second.len(), 1, "one place became free");
    let ids: HashSet<_> = first
        .iter()
        .chain(&second)
        .map(|claimed| claimed.job.id)
        .collect();
    assert_eq!(ids.len(), 4, "nobody got another's job");
    fill(place, &queue, 5, || job("work")).await;
    assert_eq!(
        race(place, &options).await.len(),
        5,
        "the platform's own have no limit"
    );
}

async fn a_concurrency_key_holds_under_a_race(place: &Place) {
    let options = Options::default();
    let queue = place.queue();
    let tenants = AtomicUsize::new(0);
    fill(place, &queue, 10, || {
        let tenant = format!("tenant-{}", tenants.fetch_add(1, Ordering::Relaxed) % 5);
        job("work").tenant(tenant).concurrency("stack:1", 1)
    })
    .await;
    let free = add(&queue, &place.write, job("work").tenant("zeta")).await;
    let first = race(place, &options).await;
    let keyed: Vec<_> = first
        .iter()
        .filter(|one| one.job.concurrency_key.is_some())
        .collect();
    assert_eq!((first.len(), keyed.len()), (2, 1));
    assert!(
        first.iter().any(|one| one.job.id == free),
        "others are not held up"
    );
    for claimed in &first {
        finish(&queue, claimed).await;
    }
    assert_eq!(race(place, &options).await.len(), 1);
    for _ in 0..9 {
        let running = jobs::JobFilter {
            state: Some(JobState::Running),
            ..jobs::JobFilter::default()
        };
        let running = queue.list(&running, 10).await.expect("jobs");
        assert_eq!(running.len(), 1);
        queue.cancel(running[0].id, true).await.expect("cancelled");
        claim(&queue).await;
    }
    assert!(all(&queue).await.iter().all(jobs::Job::is_over));
    let slots = place.slots().await;
    assert!(
        slots
            .iter()
            .all(|slot| slot.running == 0 && slot.name.starts_with("tenant:"))
    );
}

async fn no_more_than_the_limit_ever_run_at_once(place: &Place) {
    let queue = place.queue_with(Options {
        tenant_limit: 2,
        ..Options::default()
    });
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    fill(place, &queue, 30, || job("work").tenant("acme")).await;
    let mut workers = Vec::new();
    for number in 0..3 {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        let handler = Run("work", move |context: JobContext| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                context.log().info("", "at work").await;
                context.log().flush().await;
                now.fetch_sub(1, Ordering::SeqCst);
                Outcome::Done(Value::Null)
            }
        });
        workers.push(Running::start(
            &queue,
            worker(&format!("worker-{number}"), 4),
            handler,
        ));
    }
    eventually("all jobs done", async || {
        let jobs = all(&queue).await;
        jobs.iter()
            .all(|job| job.state == JobState::Succeeded)
            .then_some(())
    })
    .await;
    for worker in workers {
        worker.stop().await;
    }
    let most = most.load(Ordering::SeqCst);
    assert!((1..=2).contains(&most), "at most {most} at once");
}

async fn a_share_changes_the_limit(place: &Place) {
    let queue = place.queue();
    fill(place, &queue, 6, || job("work").tenant("acme")).await;
    for (limit, claimable) in [(Some(0), 0), (Some(2), 2), (Some(1), 0), (None, 4)] {
        let share = TenantShare {
            limit,
            ..TenantShare::default()
        };
        queue
            .set_tenant_share(&place.write, "acme", share)
            .await
            .expect("set");
        let mut claimed = 0;
        while claim(&queue).await.is_some() {
            claimed += 1;
        }
        assert_eq!(claimed, claimable, "with limit {limit:?}");
    }
}
