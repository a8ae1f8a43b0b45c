//! ZooKeeper: what Kafka kept there until 3.9, as one server that stands for the ensemble.
//!
//! Modelled: znodes with versions, `czxid` and `mzxid`; transactions in one order (`zxid`), on disk before they count, all
//! that gathers during an fsync in the next one (`SyncRequestProcessor`); `multi` and conditional writes; a client's
//! requests in their order; sessions that outlive connections and end unheard (`zookeeper.session.timeout.ms`, rounded up
//! to a tick as `ExpiryQueue` does) or when they are closed; ephemeral znodes, which go with their session; watches that
//! speak once, and those set again with a new connection (`setWatches`). For Kafka: `/controller`, `/controller_epoch`,
//! `/brokers/ids`, `/brokers/topics` with the states of partitions, `/config`, `/admin/delete_topics`,
//! `/latest_producer_id_block`; what brokers do with them is in [`crate::broker`], which has the controller in it.
//! For consumers of 0.8 and 0.9 (`offsets.storage=zookeeper`): an offset is a znode that a commit overwrites whatever
//! stands there, and nobody asks for generations.
//!
//! Simplified: one server stands for the ensemble, and its fsync for the agreement of a majority: while it is down, the
//! ensemble has lost its majority. Administrators speak to it directly (`kafka-topics.sh --zookeeper`). Old consumers need
//! no session, and still agree through the group protocol on who reads what.
//! Absent: ZAB and the election of the ensemble's leader, observers, ACLs, sequential znodes, quotas.

mod meaning;
mod path;
mod request;
mod server;
mod tree;
mod znode;

pub use path::{OffsetPath, ZnodePath};
pub use request::{WatchKind, WatchedEvent, ZnodeOp, ZooKeeperCode, ZooKeeperRequest, ZooKeeperResponse};
pub use server::ZooKeeper;
pub use tree::Tree;
pub use znode::{Assignment, PartitionState, SessionId, Znode, ZnodeData, Zxid};
