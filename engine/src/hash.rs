//! One hash of a whole state, the same on every machine.
//!
//! Rust's `Hash` derives feed lengths and discriminants as `usize`/`isize`, which differ between 64-bit natives and
//! 32-bit wasm. This hasher widens them, and is itself a fixed algorithm (multiply and rotate per word).

use std::hash::{Hash, Hasher};

/// A 64-bit hasher whose result depends on the values only, not on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StableHasher(u64);

impl Default for StableHasher {
    fn default() -> Self {
        StableHasher(0x9e37_79b9_7f4a_7c15)
    }
}

impl StableHasher {
    /// Mixes one word in. Not inlined: every field of every derived `Hash` would carry a copy.
    #[inline(never)]
    pub fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        self.0 = mixed ^ (mixed >> 32);
    }
}

impl Hasher for StableHasher {
    fn finish(&self) -> u64 {
        let mut word = self.0;
        word ^= word >> 33;
        word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        word ^ (word >> 33)
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        self.word(bytes.len() as u64);
    }
    fn write_u8(&mut self, value: u8) {
        self.word(u64::from(value));
    }
    fn write_u16(&mut self, value: u16) {
        self.word(u64::from(value));
    }
    fn write_u32(&mut self, value: u32) {
        self.word(u64::from(value));
    }
    fn write_u64(&mut self, value: u64) {
        self.word(value);
    }
    fn write_u128(&mut self, value: u128) {
        self.word(value as u64);
        self.word((value >> 64) as u64);
    }
    fn write_usize(&mut self, value: usize) {
        self.word(value as u64);
    }
    fn write_isize(&mut self, value: isize) {
        self.word(value as i64 as u64);
    }
    fn write_i8(&mut self, value: i8) {
        self.word(value as i64 as u64);
    }
    fn write_i16(&mut self, value: i16) {
        self.word(value as i64 as u64);
    }
    fn write_i32(&mut self, value: i32) {
        self.word(value as i64 as u64);
    }
    fn write_i64(&mut self, value: i64) {
        self.word(value as u64);
    }
}

/// The stable hash of one value.
pub fn stable_hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = StableHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
