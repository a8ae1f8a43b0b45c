//! Which messages are drawn.

use highwater_engine::view::{FlightView, PacketKind};

/// What to draw beside the messages that say something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PacketFilter {
    /// Heartbeats of brokers and consumers, and lookups of metadata: whoever does not want them hides their kind.
    pub heartbeats: bool,
    /// Idle fetches and routine lookups.
    pub routine: bool,
}

impl Default for PacketFilter {
    /// What a lesson shows: everything that says something, and the heartbeats whose end is news.
    fn default() -> Self {
        PacketFilter { heartbeats: true, routine: false }
    }
}

impl PacketFilter {
    /// Everything on the network.
    pub const ALL: PacketFilter = PacketFilter { heartbeats: true, routine: true };

    /// Whether a message is drawn.
    pub fn shows(self, flight: &FlightView) -> bool {
        flight.matters
            || self.routine
            || (self.heartbeats && matches!(flight.packet, PacketKind::Heartbeat | PacketKind::Metadata))
    }
}
