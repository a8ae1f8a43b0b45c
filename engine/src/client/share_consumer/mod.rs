//! A member of a share group (`ShareConsumerImpl`, KIP-932): the application's loop of `poll`, process and acknowledge.
//!
//! Modelled: membership by ShareGroupHeartbeat; one share session per broker; ShareFetch with acknowledgements on it;
//! implicit and explicit acknowledgement; `commitSync`, `commitAsync`; renewing locks; `max.poll.interval.ms`; closing, which
//! gives back what was not acknowledged.
//! Simplified: `poll` returns everything that was fetched; one request per broker at a time.
//! Absent: records that cannot be deserialized (an application that fails has the same effect).

mod acknowledge;
mod actor;
mod fetch;
mod membership;

pub use actor::{OnFailure, ShareConsumer, ShareProgram};
