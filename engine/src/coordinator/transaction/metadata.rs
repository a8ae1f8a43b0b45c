//! What is known of one transactional id (`TransactionMetadata`, `TransactionLogValue`).

use crate::collections::Set;
use crate::event::TransactionState;
use crate::ids::{ProducerId, TopicPartition, TransactionalId};
use crate::time::{Duration, Instant};

/// The state of one transactional id.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TransactionMetadata {
    /// The id of its present producer.
    pub producer_id: ProducerId,
    /// Its epoch, −1 before the first.
    pub producer_epoch: i16,
    /// The epoch before, while a repeated request with it is still understood; −1 for none.
    pub last_producer_epoch: i16,
    /// The producer id before the epochs were used up, −1 for none.
    pub previous_producer_id: ProducerId,
    /// `transaction.timeout.ms` of the producer.
    pub timeout: Duration,
    /// Where the transaction is in its life.
    pub state: TransactionState,
    /// Partitions that belong to it.
    pub partitions: Set<TopicPartition>,
    /// When its first partition was added.
    pub started: Option<Instant>,
    /// When it last changed.
    pub updated: Instant,
    /// Whether its producer speaks transaction version 2.
    pub v2: bool,
}

impl TransactionMetadata {
    /// The last epoch a producer may have; the one above is kept so that the coordinator can fence once more.
    pub const LAST_EPOCH: i16 = i16::MAX - 1;

    /// A transactional id seen for the first time.
    pub fn new(producer_id: ProducerId, timeout: Duration, now: Instant) -> TransactionMetadata {
        TransactionMetadata {
            producer_id,
            producer_epoch: -1,
            last_producer_epoch: -1,
            previous_producer_id: ProducerId::NONE,
            timeout,
            state: TransactionState::Empty,
            partitions: Set::new(),
            started: None,
            updated: now,
            v2: false,
        }
    }

    /// Whether no further epoch can be given to this producer id.
    pub fn is_exhausted(&self) -> bool {
        self.producer_epoch >= TransactionMetadata::LAST_EPOCH
    }

    /// Whether the decision is made and markers are being written.
    pub fn is_ending(&self) -> bool {
        matches!(self.state, TransactionState::PrepareCommit | TransactionState::PrepareAbort)
    }
}

/// A record of `__transaction_state`: the id is the key, the state the value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TransactionRecord {
    /// The transactional id.
    pub id: TransactionalId,
    /// Its state.
    pub metadata: TransactionMetadata,
}

impl TransactionRecord {
    /// The key by which compaction knows this record: version 0, then the id; a number where Kafka writes the name.
    pub fn key_bytes(&self) -> Vec<u8> {
        let mut key = vec![0, 0];
        key.extend(self.id.0.to_be_bytes());
        key
    }

    /// Bytes of the key.
    pub fn key_size(&self) -> u32 {
        6
    }

    /// The value in words. Simplified: Kafka writes a binary schema.
    pub fn text(&self) -> String {
        self.metadata.state.name().to_owned()
    }

    /// Bytes of the value, near enough to Kafka's for batch sizes.
    pub fn size_in_bytes(&self) -> u32 {
        70 + 8 * self.metadata.partitions.len() as u32
    }
}
