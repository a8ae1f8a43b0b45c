//! ZooKeeper, as far as consumers of Kafka 0.8 and 0.9 kept their offsets there (`offsets.storage=zookeeper`).
//!
//! Each offset is a znode, `/consumers/[group]/offsets/[topic]/[partition]`. A commit overwrites it whatever stands there
//! (`setData` with version −1; `ZkUtils.updatePersistentPath`): nobody asks for generations. Every write is on disk before
//! it is answered (`forceSync`).
//!
//! Simplified: one server stands for the ensemble; who reads which partition is still agreed upon by the group protocol,
//! where consumers of that time had ephemeral znodes and watches. Absent: sessions, watches, sequential znodes, the
//! controller of Kafka's ZooKeeper mode.

mod request;
mod server;

pub use request::{OffsetPath, Znode, ZooKeeperCode, ZooKeeperRequest, ZooKeeperResponse};
pub use server::ZooKeeper;
