//! A member's session with one broker (`ShareSession`): what it wants to read there, and the order of its requests.

use crate::collections::Set;
use crate::ids::{NodeId, TopicPartition};
use crate::protocol::ErrorCode;

/// One member's session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ShareSession {
    /// The process behind it: with its connection the session ends.
    pub peer: NodeId,
    /// The epoch the next request must carry.
    pub epoch: i32,
    /// The partitions it reads.
    pub partitions: Set<TopicPartition>,
}

impl ShareSession {
    /// The epoch that opens a session.
    pub const INITIAL: i32 = 0;
    /// The epoch that closes it.
    pub const FINAL: i32 = -1;

    /// A session that has just been opened.
    pub fn new(peer: NodeId) -> ShareSession {
        ShareSession { peer, epoch: 1, partitions: Set::new() }
    }

    /// The epoch after this one; it wraps to 1.
    pub fn next_epoch(epoch: i32) -> i32 {
        if epoch < 0 {
            ShareSession::FINAL
        } else if epoch == i32::MAX {
            1
        } else {
            epoch + 1
        }
    }

    /// Takes a request's epoch, or says what is wrong with it.
    pub fn step(&mut self, epoch: i32) -> Result<(), ErrorCode> {
        if epoch != self.epoch {
            return Err(ErrorCode::InvalidShareSessionEpoch);
        }
        self.epoch = ShareSession::next_epoch(epoch);
        Ok(())
    }
}
