//! The share coordinator (`ShareCoordinatorShard`, KIP-932): keeps the state of share-partitions as records of
//! `__share_group_state`.
//!
//! Modelled: state begun, read and written, with state epochs and leader epochs that refuse older ones; a snapshot and
//! updates after it; state rebuilt from the log. Records change the state as soon as they are written and the answer leaves
//! when they are committed; if they are not, the state is read from the log again.
//! Absent: deleting records before the oldest snapshot, deleting a group's state.

mod record;
mod shards;
mod state;

pub use record::{ShareStateKey, ShareStateRecord, share_state_partition};
pub use shards::ShareStateShards;
pub use state::ShareState;
