//! The simulated network: latency, jitter, loss, cut links, single dropped messages.
//!
//! Messages of one connection arrive in the order they were sent, as over TCP. Random loss is therefore not a lost
//! message but a late one: it is sent again after 200 ms, 400 ms and so on. A message sent into a cut link waits there and
//! goes on when the link heals, unless its connection was closed meanwhile (the sender's request timeout).
//! A message a person drops is gone; who waits for it finds out by timeout.
//! Simplified: bandwidth is unlimited; opening a connection takes no time.

mod envelope;
mod link;

pub use envelope::Envelope;
pub use link::{Fault, Network, Passage};
