//! How every promise and every guarantee stands: counted when something is announced, so it stays true of a run whose
//! first events are forgotten, and goes back with the world.

use super::guarantee::{Guarantee, Reasons};
use super::promise::Promise;
use crate::event::Event;
use crate::time::Instant;

/// How one promise or guarantee stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Standing {
    /// How often it was not kept.
    pub times: u32,
    /// The number of the event that brought the first time about; 0 when it was kept.
    pub first: u64,
    /// When that was.
    pub first_at: Instant,
    /// Every reason there was so far; none for a promise, which has no excuse.
    pub because: Reasons,
}

impl Standing {
    fn note(&mut self, n: u64, at: Instant, because: Reasons) {
        if self.times == 0 {
            (self.first, self.first_at) = (n, at);
        }
        self.times = self.times.saturating_add(1);
        because.iter().for_each(|reason| self.because.add(reason));
    }
}

/// How all of them stand.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Standings {
    guarantees: [Standing; Guarantee::ALL.len()],
    promises: [Standing; Promise::ALL.len()],
}

impl Default for Standings {
    fn default() -> Standings {
        Standings {
            guarantees: [Standing::default(); Guarantee::ALL.len()],
            promises: [Standing::default(); Promise::ALL.len()],
        }
    }
}

impl Standings {
    /// Takes in what event `n` gave up or broke. A lost record that is back does not count.
    pub fn note(&mut self, event: &Event, n: u64, at: Instant) {
        match event {
            Event::PromiseBroken { promise, .. } => {
                self.promises[*promise as usize].note(n, at, Reasons::default());
            }
            Event::GuaranteeGivenUp { guarantee, back: false, because, .. } => {
                self.guarantees[*guarantee as usize].note(n, at, *because);
            }
            _ => {}
        }
    }

    /// How a guarantee stands.
    pub fn guarantee(&self, guarantee: Guarantee) -> Standing {
        self.guarantees[guarantee as usize]
    }

    /// How a promise stands.
    pub fn promise(&self, promise: Promise) -> Standing {
        self.promises[promise as usize]
    }
}
