//! One replica of a partition on one broker: leading, following, and how far the log is committed.
//!
//! Modelled: high watermark by the maximal ISR with its one-fetch lag on followers; ISR expansion and shrinking by
//! `replica.lag.time.max.ms` through AlterPartition, pending until the controller has decided; `min.insync.replicas`
//! before the append, after it, and as a brake on the high watermark (strict min ISR, 3.7); truncation on fetch by
//! leader epochs (KIP-595); checkpointed high watermarks.
//! Historical rules by name (`features truncation`): truncation to the high watermark, KIP-101, KIP-279, KIP-320.
//! The replica a consumer reads from is chosen by the broker (`broker/read_replica`, KIP-392).

mod high_watermark;
mod isr;
mod leadership;
mod replica;
mod waiting;

pub use high_watermark::{MarkInputs, next_high_watermark, run_high_watermark};
pub use isr::{IsrState, PendingIsr};
pub use leadership::{FollowerProgress, Leadership, VerificationGuard};
pub use replica::{Replica, Role};
pub use waiting::Waiting;
