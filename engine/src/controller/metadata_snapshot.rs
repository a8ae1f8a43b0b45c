//! The metadata log's records below one offset, summed up.

use super::image::MetadataImage;
use super::record::MetadataRecord;
use crate::collections::Map;
use crate::ids::{BrokerId, Offset};
use std::sync::Arc;

/// Records between two snapshots. Kafka counts bytes and time (`metadata.log.max.record.bytes.between.snapshots`,
/// `metadata.log.max.snapshot.interval.ms`); here a broker keeps no copy of the log and reads it at every start.
const SPACING: i64 = 1 << 10;

/// What the committed records below an offset come to, as a `.checkpoint` file holds it (KIP-630). A broker that starts
/// takes it in instead of all those records (`BrokerMetadataPublisher` on a first publish).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct MetadataSnapshot {
    /// The first offset that is not in it.
    pub end: Offset,
    /// The cluster.
    pub image: MetadataImage,
    /// Settings of single brokers, by name.
    pub broker_configs: Map<(BrokerId, String), String>,
}

impl MetadataSnapshot {
    /// Whether a log that is committed up to `mark` asks for a newer one.
    pub(super) fn is_due(&self, mark: Offset) -> bool {
        mark.0 / SPACING > self.end.0 / SPACING
    }

    /// Takes in the record at its end.
    pub(super) fn take(&mut self, record: &Arc<MetadataRecord>) {
        self.image.apply(record);
        if let MetadataRecord::BrokerConfig { broker, name, value } = &**record {
            self.broker_configs.insert((*broker, name.clone()), value.clone());
        }
        self.end += 1;
    }
}
