//! InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit, EndTxn, WriteTxnMarkers.
//!
//! Simplified: one transaction per request.

use super::{ErrorCode, OffsetCommitRequest};
use crate::ids::{GroupId, ProducerId, TopicPartition, TransactionalId};
use crate::storage::EndTxnMarker;
use crate::time::Duration;

/// InitProducerIdRequest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct InitProducerIdRequest {
    /// The transactional id; none for a producer that is only idempotent.
    pub transactional: Option<TransactionalId>,
    /// `transaction.timeout.ms`.
    pub timeout: Duration,
    /// `transaction.two.phase.commit.enable`: the transaction has no timeout.
    pub two_phase: bool,
    /// The id and epoch the producer has and wants to go on from (KIP-360); none for a fresh start.
    pub expected: Option<(ProducerId, i16)>,
}

/// InitProducerIdResponse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InitProducerIdResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// The id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: i16,
    /// The cluster's `transaction.version`; in Kafka clients learn it from ApiVersions.
    pub transaction_version: i16,
}

/// AddPartitionsToTxnRequest.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AddPartitionsToTxnRequest {
    /// The transactional id.
    pub transactional: TransactionalId,
    /// The producer's id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: i16,
    /// A partition leader only asks whether they belong to it (KIP-890).
    pub verify_only: bool,
    /// The partitions.
    pub partitions: Vec<TopicPartition>,
}

/// AddOffsetsToTxnRequest: the group's partition of `__consumer_offsets` joins the transaction (before version 2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AddOffsetsToTxnRequest {
    /// The transactional id.
    pub transactional: TransactionalId,
    /// The producer's id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: i16,
    /// The group whose offsets will be committed in it.
    pub group: GroupId,
}

/// TxnOffsetCommitRequest: offsets that count when the transaction commits, and never if it aborts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TxnOffsetCommitRequest {
    /// The transactional id.
    pub transactional: TransactionalId,
    /// The producer's id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Version 5 and above: the coordinator adds its partition to the transaction by itself.
    pub v2: bool,
    /// The group, who commits in which generation (KIP-447), and the offsets.
    pub commit: OffsetCommitRequest,
}

/// EndTxnRequest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EndTxnRequest {
    /// The transactional id.
    pub transactional: TransactionalId,
    /// The producer's id.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Commit or abort.
    pub committed: bool,
    /// Version 5 and above: the producer speaks transaction version 2.
    pub v2: bool,
}

/// EndTxnResponse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EndTxnResponse {
    /// NONE or why not.
    pub error: ErrorCode,
    /// Under transaction version 2: the producer id of the next transaction.
    pub producer_id: ProducerId,
    /// Under transaction version 2: its epoch.
    pub producer_epoch: i16,
}

/// WriteTxnMarkersRequest: the end of one transaction, for partitions one broker leads.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WriteTxnMarkersRequest {
    /// The producer's id.
    pub producer_id: ProducerId,
    /// The epoch the markers carry.
    pub producer_epoch: i16,
    /// What they say.
    pub marker: EndTxnMarker,
    /// Whether the transaction is of version 2 (KIP-1228).
    pub v2: bool,
    /// Where they go.
    pub partitions: Vec<TopicPartition>,
}

/// WriteTxnMarkersResponse.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WriteTxnMarkersResponse {
    /// One verdict per partition.
    pub partitions: Vec<(TopicPartition, ErrorCode)>,
}
