//! Variable-length integers (`ByteUtils`): zigzag, then little-endian groups of seven bits.

use super::error::DecodeError;

/// Appends an unsigned integer; one to five bytes.
pub fn put_unsigned(out: &mut Vec<u8>, value: u32) {
    put(out, u64::from(value));
}

/// Appends a `varint`; one to five bytes, small magnitudes are short.
pub fn put_varint(out: &mut Vec<u8>, value: i32) {
    put(out, u64::from(((value << 1) ^ (value >> 31)) as u32));
}

/// Appends a `varlong`; one to ten bytes.
pub fn put_varlong(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes of a `varlong`; the same as those of a `varint` for values that fit one.
pub fn size_of_varlong(value: i64) -> u32 {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    (70 - (zigzag | 1).leading_zeros()) / 7
}

/// Takes an unsigned integer from the front of `bytes`.
pub fn take_unsigned(bytes: &mut &[u8]) -> Result<u32, DecodeError> {
    take(bytes, 5).and_then(|value| u32::try_from(value).map_err(|_| DecodeError::VarintTooLong))
}

/// Takes a `varint` from the front of `bytes`.
pub fn take_varint(bytes: &mut &[u8]) -> Result<i32, DecodeError> {
    let value = take_unsigned(bytes)?;
    Ok((value >> 1) as i32 ^ -((value & 1) as i32))
}

/// Takes a `varlong` from the front of `bytes`.
pub fn take_varlong(bytes: &mut &[u8]) -> Result<i64, DecodeError> {
    let value = take(bytes, 10)?;
    Ok((value >> 1) as i64 ^ -((value & 1) as i64))
}

fn take(bytes: &mut &[u8], longest: usize) -> Result<u64, DecodeError> {
    let mut value = 0u64;
    for index in 0..longest {
        let (byte, rest) = bytes.split_first().ok_or(DecodeError::Truncated)?;
        *bytes = rest;
        let group = u64::from(byte & 0x7f);
        if index == 9 && group > 1 {
            return Err(DecodeError::VarintTooLong);
        }
        value |= group << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(DecodeError::VarintTooLong)
}
