//! Kafka's error codes (`Errors`), those the modelled APIs can answer with.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($( $(#[$doc:meta])* $variant:ident = $code:literal, $name:literal, $retriable:literal; )*) => {
        /// An error code of the Kafka protocol.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum ErrorCode { $( $(#[$doc])* $variant, )* }

        impl ErrorCode {
            /// Every code, in the order of declaration.
            pub const ALL: &'static [ErrorCode] = &[ $( ErrorCode::$variant, )* ];

            /// The number on the wire.
            pub fn code(self) -> i16 {
                match self { $( ErrorCode::$variant => $code, )* }
            }
            /// Kafka's name, as its logs and documentation print it.
            pub fn name(self) -> &'static str {
                match self { $( ErrorCode::$variant => $name, )* }
            }
            /// Whether a client may simply try again (`RetriableException`).
            pub fn is_retriable(self) -> bool {
                match self { $( ErrorCode::$variant => $retriable, )* }
            }
        }
    };
}

error_codes! {
    /// No error.
    None = 0, "NONE", false;
    /// The offset is below the log start or above the log end.
    OffsetOutOfRange = 1, "OFFSET_OUT_OF_RANGE", false;
    /// The checksum does not match.
    CorruptMessage = 2, "CORRUPT_MESSAGE", true;
    /// The broker does not know the partition.
    UnknownTopicOrPartition = 3, "UNKNOWN_TOPIC_OR_PARTITION", true;
    /// The partition has no leader at the moment.
    LeaderNotAvailable = 5, "LEADER_NOT_AVAILABLE", true;
    /// This broker does not lead the partition.
    NotLeaderOrFollower = 6, "NOT_LEADER_OR_FOLLOWER", true;
    /// The request was not satisfied in time; the write may have happened.
    RequestTimedOut = 7, "REQUEST_TIMED_OUT", true;
    /// The batch is larger than `max.message.bytes`.
    MessageTooLarge = 10, "MESSAGE_TOO_LARGE", false;
    /// `send` found no free memory within `max.block.ms` (`BufferExhaustedException`); never on the wire.
    BufferExhausted = 7, "BufferExhaustedException", false;
    /// `abortTransaction()` dropped the record before it was sent (`TransactionAbortedException`); never on the wire.
    TransactionAborted = -1, "TransactionAbortedException", false;
    /// The connection broke before the answer came; never on the wire.
    NetworkException = 13, "NETWORK_EXCEPTION", true;
    /// The transactional id may not do this: two-phase commit is not allowed here.
    TransactionalIdAuthorizationFailed = 53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", false;
    /// The coordinator is still reading its log.
    CoordinatorLoadInProgress = 14, "COORDINATOR_LOAD_IN_PROGRESS", true;
    /// No coordinator could be found.
    CoordinatorNotAvailable = 15, "COORDINATOR_NOT_AVAILABLE", true;
    /// This broker does not coordinate the group.
    NotCoordinator = 16, "NOT_COORDINATOR", true;
    /// The topic is one of the cluster's own: clients do not write to it.
    InvalidTopicException = 17, "INVALID_TOPIC_EXCEPTION", false;
    /// The batch is larger than a segment (`segment.bytes`).
    RecordListTooLarge = 18, "RECORD_LIST_TOO_LARGE", false;
    /// The ISR is smaller than `min.insync.replicas`: nothing was written.
    NotEnoughReplicas = 19, "NOT_ENOUGH_REPLICAS", true;
    /// The record was written, but the ISR shrank below `min.insync.replicas` before it was acknowledged.
    NotEnoughReplicasAfterAppend = 20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", true;
    /// The generation is not the group's current one.
    IllegalGeneration = 22, "ILLEGAL_GENERATION", false;
    /// The members of the group share no assignor.
    InconsistentGroupProtocol = 23, "INCONSISTENT_GROUP_PROTOCOL", false;
    /// The coordinator does not know the member.
    UnknownMemberId = 25, "UNKNOWN_MEMBER_ID", false;
    /// The session timeout is outside the broker's bounds.
    InvalidSessionTimeout = 26, "INVALID_SESSION_TIMEOUT", false;
    /// The group is rebalancing: join again.
    RebalanceInProgress = 27, "REBALANCE_IN_PROGRESS", false;
    /// A record's timestamp is too far from the leader's clock.
    InvalidTimestamp = 32, "INVALID_TIMESTAMP", false;
    /// A topic with this name exists already.
    TopicAlreadyExists = 36, "TOPIC_ALREADY_EXISTS", false;
    /// The number of partitions is not possible.
    InvalidPartitions = 37, "INVALID_PARTITIONS", false;
    /// More replicas than brokers.
    InvalidReplicationFactor = 38, "INVALID_REPLICATION_FACTOR", false;
    /// The manual assignment is not possible.
    InvalidReplicaAssignment = 39, "INVALID_REPLICA_ASSIGNMENT", false;
    /// This node is not the active controller, or knows less than the sender.
    StaleControllerEpoch = 11, "STALE_CONTROLLER_EPOCH", false;
    NotController = 41, "NOT_CONTROLLER", true;
    /// The request makes no sense to the controller.
    InvalidRequest = 42, "INVALID_REQUEST", false;
    /// The setting or its value is not possible.
    InvalidConfig = 40, "INVALID_CONFIG", false;
    /// DeleteRecords on a topic that is only compacted.
    PolicyViolation = 44, "POLICY_VIOLATION", false;
    /// The sequence does not continue the producer's last one.
    OutOfOrderSequenceNumber = 45, "OUT_OF_ORDER_SEQUENCE_NUMBER", false;
    /// A sequence the broker has seen before; no current broker sends it, clients treat it as success.
    DuplicateSequenceNumber = 46, "DUPLICATE_SEQUENCE_NUMBER", false;
    /// The producer's epoch is older than the newest seen.
    InvalidProducerEpoch = 47, "INVALID_PRODUCER_EPOCH", false;
    /// The transaction is in a state that does not allow this.
    InvalidTxnState = 48, "INVALID_TXN_STATE", false;
    /// The producer id does not belong to the transactional id.
    InvalidProducerIdMapping = 49, "INVALID_PRODUCER_ID_MAPPING", false;
    /// `transaction.timeout.ms` is larger than the broker allows, or not positive.
    InvalidTransactionTimeout = 50, "INVALID_TRANSACTION_TIMEOUT", false;
    /// The transactional id is busy with an earlier request: ask again.
    ConcurrentTransactions = 51, "CONCURRENT_TRANSACTIONS", true;
    /// An older coordinator wrote this marker.
    TransactionCoordinatorFenced = 52, "TRANSACTION_COORDINATOR_FENCED", false;
    /// The log directory failed.
    KafkaStorageError = 56, "KAFKA_STORAGE_ERROR", true;
    /// The broker knows nothing of the producer; no current broker sends it, clients still treat it.
    UnknownProducerId = 59, "UNKNOWN_PRODUCER_ID", false;
    /// The sender's leader epoch is older than mine.
    FencedLeaderEpoch = 74, "FENCED_LEADER_EPOCH", true;
    /// The sender's leader epoch is newer than mine.
    UnknownLeaderEpoch = 75, "UNKNOWN_LEADER_EPOCH", true;
    /// The request comes from an earlier incarnation of the broker.
    StaleBrokerEpoch = 77, "STALE_BROKER_EPOCH", false;
    /// A new leader does not know yet how far the log is committed.
    OffsetNotAvailable = 78, "OFFSET_NOT_AVAILABLE", true;
    /// The preferred replica is not alive or not in sync.
    PreferredLeaderNotAvailable = 80, "PREFERRED_LEADER_NOT_AVAILABLE", true;
    /// No replica is alive that could be elected.
    EligibleLeadersNotAvailable = 83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", true;
    /// The partition has the leader asked for.
    ElectionNotNeeded = 84, "ELECTION_NOT_NEEDED", true;
    /// There is no reassignment to cancel.
    NoReassignmentInProgress = 85, "NO_REASSIGNMENT_IN_PROGRESS", false;
    /// Join again with the member id in this answer (KIP-394).
    MemberIdRequired = 79, "MEMBER_ID_REQUIRED", false;
    /// There is no such group, or it speaks another protocol.
    GroupIdNotFound = 69, "GROUP_ID_NOT_FOUND", false;
    /// The group has as many members as `group.max.size` allows.
    GroupMaxSizeReached = 81, "GROUP_MAX_SIZE_REACHED", false;
    /// Another process with the same `group.instance.id` has taken the place.
    FencedInstanceId = 82, "FENCED_INSTANCE_ID", false;
    /// The record does not pass the broker's checks.
    InvalidRecord = 87, "INVALID_RECORD", false;
    /// An offset is part of a transaction that is still open.
    UnstableOffsetCommit = 88, "UNSTABLE_OFFSET_COMMIT", true;
    /// A newer instance with the same transactional id has taken over.
    ProducerFenced = 90, "PRODUCER_FENCED", false;
    /// The partition epoch is older than the controller's.
    InvalidUpdateVersion = 95, "INVALID_UPDATE_VERSION", false;
    /// The topic is gone.
    UnknownTopicId = 100, "UNKNOWN_TOPIC_ID", true;
    /// Another incarnation of this broker is still registered.
    DuplicateBrokerRegistration = 101, "DUPLICATE_BROKER_REGISTRATION", false;
    /// A replica may not join the ISR: it is fenced or of an old incarnation.
    IneligibleReplica = 107, "INELIGIBLE_REPLICA", false;
    /// The member's epoch is not the coordinator's: it starts over with epoch 0 (KIP-848).
    FencedMemberEpoch = 110, "FENCED_MEMBER_EPOCH", false;
    /// The `group.instance.id` is still held by a member that has not left.
    UnreleasedInstanceId = 111, "UNRELEASED_INSTANCE_ID", false;
    /// The coordinator offers no assignor of this name.
    UnsupportedAssignor = 112, "UNSUPPORTED_ASSIGNOR", false;
    /// The member's epoch has moved on: commit again with the new one.
    StaleMemberEpoch = 113, "STALE_MEMBER_EPOCH", false;
    /// The ISR was changed, and that took the leadership from the sender.
    NewLeaderElected = 108, "NEW_LEADER_ELECTED", false;
    /// The transaction cannot go on, but can be aborted and begun again (KIP-1050).
    TransactionAbortable = 120, "TRANSACTION_ABORTABLE", false;
    /// The record is not acquired by the member that speaks of it.
    InvalidRecordState = 121, "INVALID_RECORD_STATE", false;
    /// The broker knows no share session of this member.
    ShareSessionNotFound = 122, "SHARE_SESSION_NOT_FOUND", true;
    /// The request is not the next one of its share session.
    InvalidShareSessionEpoch = 123, "INVALID_SHARE_SESSION_EPOCH", true;
    /// The share coordinator has a newer state epoch of the share-partition.
    FencedStateEpoch = 124, "FENCED_STATE_EPOCH", false;
    /// The broker has as many share sessions as it may.
    ShareSessionLimitReached = 133, "SHARE_SESSION_LIMIT_REACHED", true;
}

impl ErrorCode {
    /// Whether a client asks for metadata because of it (`InvalidMetadataException`).
    pub fn means_stale_metadata(self) -> bool {
        matches!(
            self,
            ErrorCode::UnknownTopicOrPartition
                | ErrorCode::LeaderNotAvailable
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::NetworkException
                | ErrorCode::FencedLeaderEpoch
        )
    }

    /// Whether this is an error at all.
    pub fn is_error(self) -> bool {
        self != ErrorCode::None
    }

    /// Whether a write that was refused with this error certainly changed nothing. A broker that stops leading answers
    /// NOT_LEADER_OR_FOLLOWER (and a coordinator NOT_COORDINATOR) also for what it had appended.
    pub fn is_before_append(self) -> bool {
        !matches!(
            self,
            ErrorCode::None
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::RequestTimedOut
                | ErrorCode::NetworkException
                | ErrorCode::CoordinatorNotAvailable
                | ErrorCode::NotCoordinator
                | ErrorCode::NotEnoughReplicasAfterAppend
        )
    }
}
