//! Seeded random streams, one per concern.
//!
//! The generator is a named algorithm (xoshiro256++), so natively and in wasm the same seed gives the same draws.
//! Each concern (network, elections, clients, workload) has a stream split from the seed by name:
//! a new draw in one does not move the others. Sampling is integer arithmetic of our own, pinned by a test,
//! because the sampling of a library may change in a minor release.

use crate::time::Duration;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use std::hash::{Hash, Hasher};

/// A random stream that belongs to one concern of one simulation.
#[derive(Clone, Debug)]
pub struct SimRng {
    generator: Xoshiro256PlusPlus,
    seed: u64,
    draws: u64,
}

impl SimRng {
    /// The stream called `name` of the simulation with `seed`.
    pub fn stream(seed: u64, name: &str) -> SimRng {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let seed = hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        SimRng { generator: Xoshiro256PlusPlus::seed_from_u64(seed), seed, draws: 0 }
    }

    /// 64 fresh bits.
    pub fn bits(&mut self) -> u64 {
        self.draws += 1;
        self.generator.next_u64()
    }

    /// A number in `0..bound`, each equally likely; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound <= 1 {
            return 0;
        }
        // Lemire's method: multiply, and draw again in the short stretch that would favour small results.
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.bits()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// A span in `0..=most`.
    pub fn up_to(&mut self, most: Duration) -> Duration {
        Duration(self.below(most.0.saturating_add(1)))
    }

    /// True with a probability of `per_million` in a million.
    pub fn chance(&mut self, per_million: u32) -> bool {
        per_million > 0 && self.below(1_000_000) < u64::from(per_million)
    }

    /// `span` multiplied by a factor drawn evenly from 0.8 to 1.2: Kafka's back-off jitter (KIP-580).
    pub fn jittered(&mut self, span: Duration) -> Duration {
        let per_mille = 800 + self.below(401);
        Duration(span.0.saturating_mul(per_mille) / 1_000)
    }

    /// One of `items`, or none when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }
}

impl Hash for SimRng {
    /// Seed and number of draws determine the state.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.seed.hash(state);
        self.draws.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_draws_are_pinned() {
        let mut rng = SimRng::stream(42, "network");
        let draws: Vec<u64> = (0..6).map(|_| rng.below(1_000)).collect();
        assert_eq!(draws, PINNED);
    }

    const PINNED: [u64; 6] = [191, 899, 19, 911, 749, 819];

    #[test]
    fn streams_with_other_names_are_other_streams() {
        let mut network = SimRng::stream(42, "network");
        let mut clients = SimRng::stream(42, "clients");
        assert_ne!(network.bits(), clients.bits());
    }
}
