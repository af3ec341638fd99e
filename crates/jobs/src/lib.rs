//! The job queue: leases, fencing, fairness, schedules, streamed logs.
