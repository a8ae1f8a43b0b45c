//! Transactions (`TransactionCoordinator`, `TransactionStateManager`, KIP-98, KIP-360, KIP-588, KIP-890).
//!
//! Modelled: state per transactional id as records of `__transaction_state`, changed only when a record is committed and
//! rebuilt from the log by the next coordinator; InitProducerId with fencing; AddPartitionsToTxn, also as a partition
//! leader's question (verification) and, under transaction version 2, as its request; EndTxn with the tables of both
//! versions; a new epoch for every transaction under version 2; timeouts.
//! Absent: expiry of transactional ids, two-phase commit (KIP-939).

mod end;
mod init;
mod metadata;
mod shards;

pub use metadata::{TransactionMetadata, TransactionRecord};
pub use shards::{AfterCommit, TransactionOutcome, TransactionShards, TransactionWrite};
