//! Looking at jobs: which ones a filter lets through, and how many.

use std::collections::BTreeMap;

use jobs::{JobFilter, JobState, Outcome};
use serde_json::Value;

use crate::support::{Place, add, claim, job};

on_both! {
    what_succeeded_of_a_kind_is_left_out_and_the_rest_of_it_is_not,
    each_state_is_counted_over_what_the_filter_lets_through,
}

/// Two jobs of the kind `work` that succeeded and one that failed, and one that waits of
/// another kind.
async fn fill(place: &Place) {
    let queue = place.queue();
    let done = || Outcome::Done(Value::Null);
    for outcome in [done(), Outcome::Fail("It broke.".to_owned()), done()] {
        add(&queue, &place.write, job("work")).await;
        let lease = claim(&queue).await.expect("a job").lease;
        queue.finish(&lease, outcome).await.expect("finished");
    }
    add(&queue, &place.write, job("other")).await;
}

fn without_succeeded(kind: &str) -> JobFilter {
    JobFilter {
        without_succeeded: Some(kind.to_owned()),
        ..JobFilter::default()
    }
}

async fn what_succeeded_of_a_kind_is_left_out_and_the_rest_of_it_is_not(place: &Place) {
    fill(place).await;
    for (kind, mut left) in [
        ("work", vec!["QUEUED", "FAILED"]),
        ("other", vec!["QUEUED", "SUCCEEDED", "FAILED", "SUCCEEDED"]),
    ] {
        let listed = place.queue().list(&without_succeeded(kind), 10).await;
        let mut states: Vec<_> = listed
            .expect("jobs")
            .iter()
            .map(|job| job.state.word())
            .collect();
        states.sort_unstable();
        left.sort_unstable();
        assert_eq!(states, left, "{kind}");
    }
}

async fn each_state_is_counted_over_what_the_filter_lets_through(place: &Place) {
    let queue = place.queue();
    let none = queue.count(&JobFilter::default()).await.expect("counts");
    assert_eq!(none, BTreeMap::new());
    fill(place).await;
    let failed = JobFilter {
        state: Some(JobState::Failed),
        ..JobFilter::default()
    };
    let (queued, bad) = ((JobState::Queued, 1), (JobState::Failed, 1));
    for (filter, counts) in [
        (
            JobFilter::default(),
            vec![queued, (JobState::Succeeded, 2), bad],
        ),
        (without_succeeded("work"), vec![queued, bad]),
        (failed, vec![bad]),
    ] {
        let counted = queue.count(&filter).await.expect("counts");
        let counts: BTreeMap<_, _> = counts.into_iter().collect();
        assert_eq!(counted, counts, "{filter:?}");
    }
}
