//! What can happen to bytes on a disk.

use serde::{Deserialize, Serialize};

/// Damage to one stored batch. It travels with the batch until someone checks the CRC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Damage {
    /// One bit is not what was written: bit rot.
    BitFlip(u32),
    /// Only this many bytes reached the disk: a torn write.
    Torn(u32),
}

impl Damage {
    /// Does to `bytes` what happened to them.
    pub fn apply(self, bytes: &mut Vec<u8>) {
        match self {
            Damage::BitFlip(bit) => {
                // Not in the fields before the CRC's range, which it does not protect.
                let bits = (bytes.len().saturating_sub(super::format::CRC_FROM) * 8).max(1);
                let bit = bit as usize % bits;
                if let Some(byte) = bytes.get_mut(super::format::CRC_FROM + bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Damage::Torn(kept) => bytes.truncate(kept as usize),
        }
    }
}
