//! What Kafka's own tools would print now, and what its processes would have logged, in Kafka's words and spacing.
//!
//! This is output, not interface: it is English in every language, as on a real cluster. Modelled: topic descriptions,
//! the metadata quorum (`--status`, `--replication`), the lines of `server.log`, `state-change.log` and `controller.log` that go with
//! events of the engine, consumer groups, share groups, the records of `__consumer_offsets`, dumps of segments. Simplified: ids (topic,
//! cluster, directory, member) are made from the world's seed. Absent: lines about `__consumer_offsets`, lines for events the
//! engine does not have.

mod dump_log;
mod groups;
mod offsets_topic;
mod quorum;
mod server_log;
mod share_groups;
mod topics;

pub use dump_log::{LOG_DIR, dump_log, segment_path};
pub use groups::{Describe, describe_group, host, member_id};
pub use offsets_topic::{OffsetsRecord, offsets_partition, offsets_records};
pub use quorum::{describe_quorum, describe_replication};
pub use server_log::{Line, Wanted, server_log};
pub use share_groups::describe_share_group;
pub use topics::describe_topics;

/// A uuid as Kafka prints it: 22 characters of URL-safe base64, the same for the same seed and salt.
pub fn uuid(seed: u64, salt: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = seed ^ salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(state)
    };
    let bits = (u128::from(next()) << 64) | u128::from(next());
    // 128 bits are 21 letters of six bits and one of two.
    let letter = |place: u32| {
        let six = if place == 21 { (bits & 0b11) << 4 } else { (bits >> (128 - 6 * (place + 1))) & 0b11_1111 };
        char::from(LETTERS[six as usize])
    };
    (0..22).map(letter).collect()
}

/// The finisher of SplitMix64: every bit of the result hangs on every bit of the state.
fn mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Broker ids as Kafka lists them: `1,2,3`.
fn ids(brokers: &[highwater_engine::ids::BrokerId]) -> String {
    brokers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests;
