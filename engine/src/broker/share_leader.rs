//! What a broker keeps in memory of the share-partitions it leads: their records in flight, the members' sessions, the
//! requests that wait (`SharePartitionManager`, `ShareSessionCache`, `DelayedShareFetch`).

use crate::collections::Map;
use crate::config::ShareAcquireMode;
use crate::coordinator::{ReplyTo, ShareStateKey};
use crate::ids::{GroupId, LeaderEpoch, MemberId, TopicPartition};
use crate::protocol::ErrorCode;
use crate::share::{SharePartition, ShareSession, StateBatch};
use crate::time::{Duration, Instant};
use std::collections::VecDeque;

/// A change of a share-partition that the share coordinator has not written down yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct StateWrite {
    /// Its number.
    pub number: u64,
    /// What has changed.
    pub batches: Vec<StateBatch>,
    /// The request that waits for it, and is undone when it fails. What has no request, as the end of a lock, stands
    /// either way.
    pub waiter: Option<u64>,
}

/// A share-partition led here.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct LedShare {
    /// The epoch in which this broker leads.
    pub leader_epoch: LeaderEpoch,
    /// The state epoch it has read.
    pub state_epoch: i32,
    /// Its records; none while its state is being read.
    pub partition: Option<SharePartition>,
    /// Changes to write down, the first of them under way.
    pub writes: VecDeque<StateWrite>,
    /// Whether a question to the share coordinator is under way.
    pub asked: bool,
    /// Questions in a row without an answer that helps.
    pub attempts: u32,
    /// When it is asked again.
    pub retry_at: Option<Instant>,
}

/// What a ShareFetch asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Wanted {
    pub max_bytes: i32,
    pub max_records: i32,
    pub acquire_mode: ShareAcquireMode,
}

/// A ShareFetch or ShareAcknowledge that waits: for its acknowledgements to be written down, or for records.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct ParkedShare {
    pub to: ReplyTo,
    pub deadline: Instant,
    pub group: GroupId,
    pub member: MemberId,
    /// Writes that are not answered.
    pub awaiting: u32,
    /// What became of the acknowledgements.
    pub results: Map<TopicPartition, ErrorCode>,
    /// None for a ShareAcknowledge and for the last request of a session.
    pub wanted: Option<Wanted>,
    /// Whether the answer is one to a ShareFetch.
    pub is_fetch: bool,
}

/// A state the group coordinator of this broker wants begun.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Beginning {
    pub state_epoch: i32,
    pub attempts: u32,
    pub retry_at: Option<Instant>,
}

/// All of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct ShareLeader {
    pub partitions: Map<ShareStateKey, LedShare>,
    pub sessions: Map<(GroupId, MemberId), ShareSession>,
    pub parked: Map<u64, ParkedShare>,
    pub beginnings: Map<ShareStateKey, Beginning>,
    pub next_write: u64,
    /// When the timer runs out.
    pub armed: Option<Instant>,
}

impl ShareLeader {
    /// When a lock ends or a question is asked again, whichever comes first.
    pub fn next_deadline(&self) -> Option<Instant> {
        let led = self.partitions.values().flat_map(|led| {
            [led.retry_at, led.partition.as_ref().and_then(SharePartition::next_deadline)].into_iter().flatten()
        });
        led.chain(self.beginnings.values().filter_map(|beginning| beginning.retry_at)).min()
    }

    /// The requests that wait for records of a partition.
    pub fn waiting_for(&self, tp: TopicPartition) -> Vec<u64> {
        let wants = |parked: &ParkedShare| {
            let session = self.sessions.get(&(parked.group, parked.member));
            parked.wanted.is_some() && session.is_some_and(|session| session.partitions.contains(&tp))
        };
        self.parked.iter().filter(|(_, parked)| wants(parked)).map(|(id, _)| *id).collect()
    }

    /// A number for a write.
    pub fn next_number(&mut self) -> u64 {
        self.next_write += 1;
        self.next_write
    }
}

/// Pauses before the share coordinator is asked again (`PersisterStateManager.REQUEST_BACKOFF_MS`).
pub(super) const BACKOFF: crate::client::Backoff =
    crate::client::Backoff { base: Duration::from_millis(1_000), max: Duration::from_millis(30_000) };
/// How often it is asked for one change (`PersisterStateManager.MAX_FIND_COORD_ATTEMPTS`).
pub(super) const ATTEMPTS: u32 = 5;
