//! What only a leader knows: how far each follower is, and who waits for that.

use super::isr::IsrState;
use super::waiting::Waiting;
use crate::collections::Map;
use crate::ids::{BrokerEpoch, BrokerId, Offset, ProducerId};
use crate::time::{Duration, Instant};

/// How far one follower is, as its fetches have shown (`Replica`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FollowerProgress {
    /// Its log end offset; none since the election until it fetches.
    pub log_end_offset: Option<Offset>,
    /// Where its log begins, as it last said.
    pub log_start_offset: Offset,
    /// When it last fetched.
    pub last_fetch: Instant,
    /// The leader's end at that fetch.
    pub last_fetch_leader_end: Offset,
    /// When it last had everything.
    pub last_caught_up: Instant,
    /// The incarnation that fetched.
    pub broker_epoch: BrokerEpoch,
}

impl FollowerProgress {
    /// Nothing known, but in sync until `caught_up` is too long ago.
    pub fn unknown(caught_up: Instant) -> FollowerProgress {
        FollowerProgress {
            log_end_offset: None,
            log_start_offset: Offset::ZERO,
            last_fetch: Instant::ZERO,
            last_fetch_leader_end: Offset::ZERO,
            last_caught_up: caught_up,
            broker_epoch: BrokerEpoch(-1),
        }
    }

    /// Takes note of a fetch at `offset` while the leader's log ended at `leader_end` (`Replica.updateFetchStateOrThrow`).
    pub fn fetched(&mut self, offset: Offset, leader_end: Offset, now: Instant, broker_epoch: BrokerEpoch) {
        if offset >= leader_end {
            self.last_caught_up = self.last_caught_up.max(now);
        } else if offset >= self.last_fetch_leader_end {
            // It has reached where the leader was at the previous fetch: it keeps pace.
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.log_end_offset = Some(offset);
        self.last_fetch_leader_end = self.last_fetch_leader_end.max(leader_end);
        self.last_fetch = now;
        self.broker_epoch = broker_epoch;
    }

    /// Whether the follower counts as in sync.
    pub fn is_caught_up(&self, leader_end: Offset, now: Instant, lag_max: Duration) -> bool {
        self.log_end_offset == Some(leader_end) || now.since(self.last_caught_up) <= lag_max
    }
}

/// Stands for one verification of a producer's transaction. Whatever ends the transaction takes it away, so that an
/// answer that comes too late is worth nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct VerificationGuard {
    /// Its number.
    pub number: u64,
    /// The lowest sequence that asked.
    pub lowest_sequence: i32,
}

/// The leader's side of a partition.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Leadership {
    /// Where this leader's epoch begins; a follower must have reached it to join the ISR.
    pub epoch_start_offset: Offset,
    /// Who is in sync.
    pub isr: IsrState,
    /// The other replicas.
    pub followers: Map<BrokerId, FollowerProgress>,
    /// Writes that are not answered yet.
    pub waiting: Waiting,
    /// Producers whose transaction is being verified (KIP-890).
    pub verifying: Map<ProducerId, VerificationGuard>,
    /// How many guards there have been: each is unlike all before it.
    guards: u64,
    /// Whether an AlterPartition for the pending change is on its way or waits to be sent.
    pub alter_requested: bool,
}

impl Leadership {
    /// A leader that has heard of nobody yet.
    pub fn new(epoch_start_offset: Offset, isr: IsrState, followers: Map<BrokerId, FollowerProgress>) -> Leadership {
        Leadership {
            epoch_start_offset,
            isr,
            followers,
            waiting: Waiting::default(),
            verifying: Map::new(),
            guards: 0,
            alter_requested: false,
        }
    }

    /// The guard of a producer's verification, a new one if none is under way.
    pub fn guard(&mut self, producer: ProducerId, sequence: i32) -> u64 {
        let next = self.guards + 1;
        let guard =
            self.verifying.entry(producer).or_insert(VerificationGuard { number: next, lowest_sequence: sequence });
        guard.lowest_sequence = guard.lowest_sequence.min(sequence);
        self.guards = self.guards.max(guard.number);
        guard.number
    }
}
