//! The controller: decides who is alive, who leads, and writes every decision down as a record.
//!
//! Modelled: the metadata log with fsync before commit; registration, incarnations, fencing and unfencing by heartbeat
//! and session (`broker.heartbeat.interval.ms`, `broker.session.timeout.ms`); elections from the ISR in assignment
//! order, from the ELR (KIP-966), of the last known leader, unclean ones when allowed; preferred leaders, by request
//! and by `auto.leader.rebalance.enable`; AlterPartition with its checks (KIP-497, KIP-903); topics created, grown and
//! deleted, with striped and classic placement, racks too; reassignment; controlled shutdown with its proof (broker
//! epochs); blocks of producer ids. Brokers learn by fetching the log, each at its own pace.
//! The quorum is Raft as Kafka has it (KIP-595, KIP-996): pre-votes, epochs, Vote, BeginQuorumEpoch and EndQuorumEpoch,
//! a log that followers fetch and fsync before they fetch again, the high watermark of a majority, check-quorum,
//! resignation. A leader decides once a record of its own epoch is committed.
//! Simplified: brokers are handed only committed records; records are sent as soon as they are written
//! (`controller.quorum.append.linger.ms` is 0); votes are written down without a delay; an administrator speaks to the
//! active controller directly.
//! The rules (`replication_control`, `topics`, `partition_change`, `placement`) are also those of a controller that was
//! elected through ZooKeeper: that one is a role of a broker, in [`crate::broker`].
//! Absent: snapshots of the metadata log, no-op records, changes of the voters (KIP-853), cordoned log
//! directories.

mod actor;
mod cluster_control;
mod followers;
mod image;
mod metadata_log;
mod metadata_snapshot;
mod partition_change;
mod placement;
mod quorum;
mod raft;
mod record;
mod replication_control;
mod topics;

pub use actor::Controller;
pub use followers::QuorumFollower;
pub use image::{BrokerImage, LeaderRecoveryState, MetadataImage, PartitionImage, TopicImage};
pub use metadata_snapshot::MetadataSnapshot;
pub use partition_change::{Elected, Election, PartitionChange, PartitionChangeBuilder, run_leader_election};
pub use placement::{StripedPlacer, UsableBroker, place_classic, run_replica_assignment, run_striped_placement};
pub use record::MetadataRecord;
pub use replication_control::Deciding;
pub(crate) use replication_control::{PRODUCER_ID_BLOCK, ReplicationControl};
pub(crate) use topics::place_topic;
