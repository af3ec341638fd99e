//! Randomness, passed in so that tests can repeat it, and the ids made from it.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use uuid::{Builder, Uuid};

/// A source of random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        use rand::TryRngCore as _;
        rand::rngs::OsRng
            .try_fill_bytes(bytes)
            .expect("the operating system gives random bytes");
    }
}

/// The same bytes for the same seed, for tests (SplitMix64, Steele and others 2014).
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// Starts from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        for chunk in bytes.chunks_mut(8) {
            let mut word = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A random fraction in `0.0..1.0`.
pub(crate) fn fraction(entropy: &dyn Entropy) -> f64 {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

/// A random id, UUID version 4.
pub(crate) fn random_id(entropy: &dyn Entropy) -> Uuid {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    Builder::from_random_bytes(bytes).into_uuid()
}

/// Ids that sort in the order in which this process made them: UUID version 7 with
/// a counter within the millisecond (RFC 9562, section 6.2, method 1). Jobs of one
/// millisecond then still run in the order in which they were enqueued.
#[derive(Debug, Default)]
pub(crate) struct OrderedIds(Mutex<(u64, u16)>);

impl OrderedIds {
    /// The counter has 12 bits.
    const LAST: u16 = 0x0fff;

    pub(crate) fn next(&self, now_ms: i64, entropy: &dyn Entropy) -> Uuid {
        let now = u64::try_from(now_ms).unwrap_or_default();
        let (millis, count) = {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *last = match *last {
                (millis, _) if now > millis => (now, 0),
                // The counter is used up: borrow from the next millisecond.
                (millis, Self::LAST) => (millis + 1, 0),
                (millis, count) => (millis, count + 1),
            };
            *last
        };
        let mut random = [0; 10];
        entropy.fill(&mut random);
        random[..2].copy_from_slice(&count.to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::{OrderedIds, SeededEntropy};

    #[test]
    fn ids_of_one_millisecond_sort_in_the_order_of_making() {
        let (ids, entropy) = (OrderedIds::default(), SeededEntropy::new(7));
        let made: Vec<_> = (0..10_000).map(|_| ids.next(1_000, &entropy)).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made[0].get_version_num() == 7);
    }
}
