//! The controller: decides who is alive, who leads, and writes every decision down as a record.
//!
//! Modelled: the metadata log with fsync before commit; registration, incarnations, fencing and unfencing by heartbeat
//! and session (`broker.heartbeat.interval.ms`, `broker.session.timeout.ms`); elections from the ISR in assignment
//! order, unclean ones when allowed; AlterPartition with its checks (KIP-497); topic creation with striped placement;
//! controlled shutdown; blocks of producer ids. Brokers learn by fetching the log, each at its own pace.
//! Simplified: a quorum of one. Killing the controller stops all decisions until it starts again, and nothing else.
//! Absent: Raft among several controllers, ZooKeeper mode, ELR (KIP-966), reassignment, preferred-leader balancing,
//! racks, snapshots of the metadata log.

mod actor;
mod cluster_control;
mod election;
mod image;
mod placement;
mod record;
mod replication_control;

pub use actor::Controller;
pub use election::{Election, elect};
pub use image::{BrokerImage, MetadataImage, PartitionImage, TopicImage};
pub use placement::place_replicas;
pub use record::MetadataRecord;
