//! A consumer opened, for the picture of its inside.

use super::connection::Asked;
use super::consumer::Consumer;
use super::consumer_runtime::{ConsumerAsk, InHand};
use crate::view::{BufferView, BufferedView, ConsumerInside};

impl Consumer {
    /// What its process holds in memory: nothing while it is down.
    pub fn inside(&self) -> ConsumerInside {
        let (group, max_poll_records) = (self.group(), self.config.max_poll_records);
        let mut inside = ConsumerInside {
            group,
            max_poll_records,
            partitions: Vec::new(),
            in_hand: Vec::new(),
            fetches: Vec::new(),
        };
        let Some(runtime) = &self.runtime else { return inside };
        let seen = |held: &InHand| BufferedView { tp: held.tp, offset: held.offset, record: held.record };
        inside.partitions = runtime
            .positions
            .iter()
            .map(|(tp, position)| BufferView {
                tp: *tp,
                position: position.offset,
                paused: runtime.paused.contains(tp),
                fetched: runtime.buffer.get(tp).into_iter().flatten().map(seen).collect(),
            })
            .collect();
        inside.in_hand = runtime.in_hand.iter().map(seen).collect();
        let fetches = runtime.net.in_flight.values();
        inside.fetches = fetches
            .filter(|request| matches!(request.what, Asked::Own(ConsumerAsk::Fetch)))
            .map(|request| request.to)
            .collect();
        inside
    }
}
