//! How long a failed job waits before it runs again.

use std::time::Duration;

use crate::entropy::{Entropy, fraction};

/// Exponential back-off with "equal jitter": half of the delay is fixed, half is
/// random, so that jobs that failed together do not come back together.
/// Source: Marc Brooker, "Exponential Backoff And Jitter", AWS, 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The delay after the first attempt, before jitter.
    pub base: Duration,
    /// No delay is longer.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(2),
            max: Duration::from_secs(600),
        }
    }
}

impl Backoff {
    /// The delay after this attempt (counted from 1).
    #[must_use]
    pub fn delay(&self, attempt: i32, entropy: &dyn Entropy) -> Duration {
        let doublings = u32::try_from(attempt - 1).unwrap_or_default().min(31);
        let full = self.base.saturating_mul(1 << doublings).min(self.max);
        full / 2 + full.mul_f64(fraction(entropy) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;
    use crate::entropy::SeededEntropy;

    #[test]
    fn delays_double_up_to_the_limit_and_differ() {
        let backoff = Backoff {
            base: Duration::from_secs(2),
            max: Duration::from_secs(60),
        };
        let entropy = SeededEntropy::new(1);
        for (attempt, full) in [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (90, 60)] {
            let delay = backoff.delay(attempt, &entropy).as_secs_f64();
            let full = f64::from(full);
            assert!(
                (full / 2.0..full).contains(&delay),
                "attempt {attempt}: {delay} s"
            );
        }
        assert_ne!(backoff.delay(5, &entropy), backoff.delay(5, &entropy));
    }
}
