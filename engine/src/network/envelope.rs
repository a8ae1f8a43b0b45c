//! A message under way.

use crate::ids::{EnvelopeId, NodeId};
use crate::protocol::{Body, Channel};
use crate::time::Instant;

/// A message under way. Where it is on its way is a function of the time alone.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Envelope {
    /// Its id.
    pub id: EnvelopeId,
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// The connection.
    pub channel: Channel,
    /// What it says.
    pub body: Body,
    /// When it left.
    pub sent_at: Instant,
    /// When it arrives.
    pub arrives_at: Instant,
}
