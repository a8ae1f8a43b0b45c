//! One broker: its disk, its replicas, its requests.
//!
//! Modelled: one request at a time per connection (a parked request mutes its connection, as in `SocketServer`);
//! produce and fetch purgatories; incremental fetch sessions of followers; registration and heartbeats; metadata
//! learned by fetching the controller's log; AlterPartition; high-watermark checkpoints; `flush.messages`, `flush.ms`;
//! consumers read from leaders and, sent there by them, from followers (KIP-392); limits of an answer's size (KIP-74);
//! the group coordinator for the partitions of `__consumer_offsets` it leads, the transaction coordinator for those of
//! `__transaction_state`, the share coordinator for those of `__share_group_state`; share-partitions of the partitions it
//! leads; markers, verification of transactional writes; blocks of producer ids.
//! In a cluster with ZooKeeper (`controller=zookeeper`, to 3.9): a session and an ephemeral znode instead of registration
//! and heartbeats; the race for `/controller`; the controller as a role of one of the brokers, which tells the others
//! (LeaderAndIsr, UpdateMetadata, StopReplica) and is not listened to when another is known; ControlledShutdown. ISRs change
//! through the controller (AlterPartition, 2.7). Simplified there: settings of topics come with the controller's requests
//! (brokers read them from `/config`), a topic is deleted in one step, a reassignment in the two of a KRaft controller;
//! clients' admin requests go to the controller at once. Absent: leaders that write ISRs into ZooKeeper themselves and
//! `/isr_change_notification` (before 2.7), the migration to KRaft.
//! Simplified: handling a request takes no time of its own; only network and fsync do.
//! Absent: quotas, request queue and thread pools, several log directories.

mod actor;
mod alter_partition;
mod connections;
mod consumer_fetch;
mod control_requests;
mod controller_channel;
mod fetch;
mod fetcher;
mod flushing;
mod group_requests;
mod inside;
mod kafka_controller;
mod keeper;
mod keeper_life;
mod log_manager;
mod markers;
mod metadata;
mod produce;
mod producer_ids;
mod purgatory;
mod read_budget;
mod read_replica;
mod share_acknowledge;
mod share_acquire;
mod share_fetch;
mod share_leader;
mod share_state;
mod transactions;
mod truncation;
mod txn_offsets;
mod verification;

pub use actor::{Broker, BrokerStatus};
pub use log_manager::DiskState;
