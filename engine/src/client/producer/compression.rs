//! What a producer expects of its codec (`CompressionRatioEstimator`): how far a batch can be filled is decided before
//! its records are compressed.

use super::actor::Runtime;
use super::batch::BatchId;
use crate::config::{CompressionType, ProducerConfig};

/// Compressed bytes for each byte, in millionths: the engine's state holds no floating-point numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(in crate::client) struct Ratio(u32);

/// An estimate is taken this much larger (`COMPRESSION_RATE_ESTIMATION_FACTOR`, 1.05).
const FACTOR: u64 = 1_050_000;
/// How quickly the estimate becomes better (`COMPRESSION_RATIO_IMPROVING_STEP`).
const IMPROVING: u32 = 5_000;
/// How quickly it becomes worse (`COMPRESSION_RATIO_DETERIORATE_STEP`).
const DETERIORATING: u32 = 50_000;

impl Ratio {
    /// Nothing is known yet: as if nothing became smaller.
    pub const ONE: Ratio = Ratio(1_000_000);

    /// What is expected at first; nothing where nothing is compressed.
    pub fn at_first(codec: CompressionType) -> Option<Ratio> {
        (codec != CompressionType::None).then_some(Ratio::ONE)
    }

    /// The size that so many bytes will have.
    pub fn estimate(self, bytes: u32) -> u32 {
        let millionths = u64::from(bytes) * u64::from(self.0) / 1_000_000 * FACTOR;
        u32::try_from(millionths / 1_000_000).unwrap_or(u32::MAX)
    }

    pub fn observed(packed: usize, expanded: u32) -> Ratio {
        Ratio(u32::try_from(packed as u64 * 1_000_000 / u64::from(expanded.max(1))).unwrap_or(u32::MAX))
    }

    /// A batch came out at `observed`.
    fn learn(&mut self, observed: Ratio) {
        if observed > *self {
            *self = observed.max(Ratio(self.0.saturating_add(DETERIORATING)));
        } else if observed < *self {
            *self = observed.max(Ratio(self.0.saturating_sub(IMPROVING)));
        }
    }
}

impl Runtime {
    /// A batch leaves: its records are compressed, once.
    pub(super) fn pack(&mut self, id: BatchId, config: &ProducerConfig) {
        let codec = config.compression_type;
        if codec == CompressionType::None {
            return;
        }
        let Some(batch) = self.accumulator.batches.get_mut(&id).filter(|batch| batch.packed.is_none()) else { return };
        batch.pack(codec, config.compression_gzip_level);
        if let (Some(observed), Some(ratio)) = (batch.observed(), &mut self.accumulator.ratio) {
            ratio.learn(observed);
        }
    }
}
