//! What each measure of `/metrics` is; names and units as
//! <https://prometheus.io/docs/practices/naming/> asks.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Says what each measure is.
pub(super) fn describe() {
    requests();
    databases();
    jobs();
    describe_counter!("kombify_launches_total", "Launches that ended, by outcome.");
    describe_counter!(
        "kombify_runs_finished_total",
        "Runs that came to a state, by kind and state."
    );
    describe_counter!(
        "kombify_audit_failures_total",
        "Entries that the audit log did not take."
    );
    describe_counter!(
        "kombify_tenant_pages_total",
        "Pages of tenants, by answer: rendered, or kept from the last second."
    );
}

fn requests() {
    describe_counter!(
        "kombify_requests_total",
        "Requests that were answered, by method, route and status."
    );
    describe_histogram!(
        "kombify_request_duration_seconds",
        Unit::Seconds,
        "Time from a request to the head of its answer."
    );
}

fn databases() {
    describe_histogram!(
        "kombify_database_query_duration_seconds",
        Unit::Seconds,
        "Time of a statement in the database, by database and kind of statement."
    );
    describe_counter!(
        "kombify_database_query_failures_total",
        "Statements that the database refused or did not answer."
    );
    describe_gauge!(
        "kombify_database_connections",
        "Connections of a database's pools, by what they do."
    );
}

fn jobs() {
    describe_counter!("kombify_jobs_enqueued_total", "Jobs that were put in.");
    describe_counter!("kombify_jobs_claimed_total", "Attempts that were begun.");
    describe_counter!(
        "kombify_jobs_finished_total",
        "Attempts that ended, by outcome."
    );
    describe_counter!(
        "kombify_jobs_reclaimed_total",
        "Jobs that were taken back because their worker was silent."
    );
    describe_histogram!(
        "kombify_jobs_duration_seconds",
        Unit::Seconds,
        "Time of an attempt."
    );
    describe_histogram!(
        "kombify_jobs_wait_seconds",
        Unit::Seconds,
        "Time from when a job could have started to its start."
    );
    describe_gauge!("kombify_jobs_waiting", "Jobs that could start now.");
    describe_gauge!(
        "kombify_jobs_scheduled",
        "Jobs whose time has not come yet."
    );
    describe_gauge!("kombify_jobs_running", "Jobs that run.");
    describe_gauge!(
        "kombify_jobs_oldest_seconds",
        Unit::Seconds,
        "For how long the oldest waiting job could have started."
    );
}
