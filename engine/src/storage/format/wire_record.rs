//! One record inside a batch, as bytes (`DefaultRecord`).

use super::error::DecodeError;
use super::varint::{put_varint, put_varlong, size_of_varlong, take_varint, take_varlong};

/// A name and a value that travel with a record (KIP-82). Order and repetition are kept.
pub type WireHeader = (String, Option<Vec<u8>>);

/// A record with every field of format v2.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct WireRecord {
    /// Its timestamp − the batch's base timestamp.
    pub timestamp_delta: i64,
    /// Its offset − the batch's base offset.
    pub offset_delta: i32,
    /// Its key, or null.
    pub key: Option<Vec<u8>>,
    /// Its value, or null: a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<WireHeader>,
}

impl WireRecord {
    /// Appends the record with its length.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut body = vec![0];
        put_varlong(&mut body, self.timestamp_delta);
        put_varint(&mut body, self.offset_delta);
        put_bytes(&mut body, self.key.as_deref());
        put_bytes(&mut body, self.value.as_deref());
        put_varint(&mut body, self.headers.len() as i32);
        for (key, value) in &self.headers {
            put_bytes(&mut body, Some(key.as_bytes()));
            put_bytes(&mut body, value.as_deref());
        }
        put_varint(out, body.len() as i32);
        out.extend(body);
    }

    /// Takes record number `index` from the front of `bytes`.
    pub fn decode(bytes: &mut &[u8], index: i32) -> Result<WireRecord, DecodeError> {
        let bad = DecodeError::BadRecord(index);
        let length = take_varint(bytes)?;
        let length = usize::try_from(length).map_err(|_| bad)?;
        let mut body = bytes.get(..length).ok_or(DecodeError::Truncated)?;
        *bytes = &bytes[length..];
        let (_attributes, rest) = body.split_first().ok_or(bad)?;
        body = rest;
        let inside = |error| if error == DecodeError::Truncated { bad } else { error };
        let mut record = WireRecord {
            timestamp_delta: take_varlong(&mut body).map_err(inside)?,
            offset_delta: take_varint(&mut body).map_err(inside)?,
            key: take_bytes(&mut body).map_err(inside)?.map(<[u8]>::to_vec),
            value: take_bytes(&mut body).map_err(inside)?.map(<[u8]>::to_vec),
            headers: Vec::new(),
        };
        let count = take_varint(&mut body).map_err(inside)?;
        if count < 0 {
            return Err(bad);
        }
        for _ in 0..count {
            let key = take_bytes(&mut body).map_err(inside)?.ok_or(bad)?;
            let key = str::from_utf8(key).map_err(|_| DecodeError::BadHeaderKey(index))?.to_owned();
            let value = take_bytes(&mut body).map_err(inside)?.map(<[u8]>::to_vec);
            record.headers.push((key, value));
        }
        if body.is_empty() { Ok(record) } else { Err(bad) }
    }

    /// Bytes of a record without headers, its length included; `None` is a null key or value.
    pub fn size_of(timestamp_delta: i64, offset_delta: i32, key: Option<u32>, value: Option<u32>) -> u32 {
        let of = |length: Option<u32>| length.map_or(1, |length| size_of_varlong(i64::from(length)) + length);
        let body =
            2 + size_of_varlong(timestamp_delta) + size_of_varlong(i64::from(offset_delta)) + of(key) + of(value);
        size_of_varlong(i64::from(body)) + body
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, bytes.len() as i32);
            out.extend(bytes);
        }
    }
}

fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, DecodeError> {
    let length = take_varint(bytes)?;
    if length == -1 {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| DecodeError::Truncated)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(DecodeError::Truncated)?;
    *bytes = rest;
    Ok(Some(taken))
}
