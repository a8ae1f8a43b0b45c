//! Where the replicas of a new topic go (`StripedReplicaPlacer`, without racks).

use crate::ids::BrokerId;
use crate::rng::SimRng;

/// Places `partitions` × `replication_factor` replicas; unfenced brokers first, fenced ones as a last resort.
/// None when there are fewer brokers than replicas or none is unfenced.
pub fn place_replicas(
    unfenced: &[BrokerId],
    fenced: &[BrokerId],
    partitions: i32,
    replication_factor: i16,
    rng: &mut SimRng,
) -> Option<Vec<Vec<BrokerId>>> {
    let wanted = usize::try_from(replication_factor).ok()?;
    if unfenced.is_empty() || wanted == 0 || unfenced.len() + fenced.len() < wanted {
        return None;
    }
    let mut order = unfenced.to_vec();
    let mut offset = rng.below(order.len() as u64) as usize;
    let mut placed = Vec::new();
    for partition in 0..usize::try_from(partitions).ok()? {
        if partition > 0 && partition % order.len() == 0 && order.len() > 1 {
            // Every broker has led once: shuffle, so that the same pairs do not meet for ever.
            for last in (1..order.len()).rev() {
                order.swap(last, rng.below(last as u64 + 1) as usize);
            }
            offset = rng.below(order.len() as u64) as usize;
        }
        let start = (offset + partition) % order.len();
        let ring = order.iter().cycle().skip(start).take(order.len());
        placed.push(ring.chain(fenced).take(wanted).copied().collect());
    }
    Some(placed)
}
