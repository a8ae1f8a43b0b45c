//! Which part of a log is drawn.

use highwater_engine::view::{PartitionView, ReplicaView};

/// The offsets of a replica that have a place on the stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The first offset drawn.
    pub start: i64,
    /// The log end offset.
    pub end: i64,
    /// Whether older records exist that are not drawn.
    pub cut: bool,
}

/// The window of each replica, in their order. All replicas begin at the same offset, so that columns can be compared;
/// only one that ends before that begins earlier. A log that grows moves its window in steps, not with every record.
pub fn windows(partition: &PartitionView, capacity: usize) -> Vec<Window> {
    let capacity = i64::try_from(capacity).unwrap_or(i64::MAX).max(2);
    let end = partition.replicas.iter().map(|replica| replica.log_end_offset.0).max().unwrap_or(0);
    let shared = start_of(end, capacity);
    partition.replicas.iter().map(|replica| window(replica, shared, capacity)).collect()
}

fn window(replica: &ReplicaView, shared: i64, capacity: i64) -> Window {
    let end = replica.log_end_offset.0;
    let first_known = replica.cells.first().map_or(end, |cell| cell.offset.0);
    let lowest = replica.log_start_offset.0.max(first_known.min(end));
    let wanted = if end > shared + 1 || shared == 0 { shared } else { start_of(end, capacity) };
    let start = wanted.max(lowest).min(end);
    Window { start, end, cut: start > replica.log_start_offset.0 }
}

fn start_of(end: i64, capacity: i64) -> i64 {
    if end <= capacity {
        return 0;
    }
    let step = (capacity / 4).max(1);
    let over = end - capacity;
    (over + step - 1) / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_log_is_drawn_whole_and_a_long_one_from_a_step() {
        assert_eq!(start_of(8, 8), 0);
        assert_eq!(start_of(9, 8), 2);
        assert_eq!(start_of(10, 8), 2);
        assert_eq!(start_of(11, 8), 4);
        for end in 0..200 {
            let start = start_of(end, 9);
            assert!(end - start <= 9 && (start == 0 || end - start >= 7), "{start}..{end}");
        }
    }
}
