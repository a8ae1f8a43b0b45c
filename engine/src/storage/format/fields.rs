//! What each byte of a batch says, for the inspector.

use super::error::DecodeError;
use super::varint::{take_varint, take_varlong};
use super::wire_batch::HEADER_BYTES;
use crate::config::CompressionType;

/// One named stretch of bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// The field's name in Kafka's format description.
    pub name: &'static str,
    /// Which record it belongs to; none for the header.
    pub record: Option<u32>,
    /// First byte.
    pub from: usize,
    /// The byte after the last.
    pub to: usize,
    /// What it says: a number, or text for keys and values.
    pub value: String,
}

/// The fields of a batch in the order of their bytes. A batch whose records cannot be read has its header; compressed
/// records are one field with the codec's name.
pub fn fields_of(bytes: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut at = 0;
    for (name, size) in HEADER {
        let Some(slice) = bytes.get(at..at + size) else { return fields };
        let value = slice.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        // Sign extension: every number but the checksum is signed.
        let shift = 64 - 8 * *size as u32;
        let value = match *name {
            "crc" => format!("{value:08x}"),
            "attributes" => format!("0x{value:02x}"),
            _ => (((value << shift) as i64) >> shift).to_string(),
        };
        fields.push(Field { name, record: None, from: at, to: at + size, value });
        at += size;
    }
    let codec = bytes.get(22).map_or(0, |byte| byte & 7);
    let mut rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
    let mut index = 0;
    if codec != 0 && !rest.is_empty() {
        let value = CompressionType::of_id(codec).map_or_else(|| codec.to_string(), |codec| codec.name().to_owned());
        fields.push(Field { name: "records", record: None, from: at, to: bytes.len(), value });
    }
    while codec == 0 && !rest.is_empty() {
        let mut walk = Walk { whole: bytes, rest, record: index, fields: Vec::new() };
        if walk.record().is_err() {
            break;
        }
        rest = walk.rest;
        fields.append(&mut walk.fields);
        index += 1;
    }
    fields
}

const HEADER: &[(&str, usize)] = &[
    ("baseOffset", 8),
    ("batchLength", 4),
    ("partitionLeaderEpoch", 4),
    ("magic", 1),
    ("crc", 4),
    ("attributes", 2),
    ("lastOffsetDelta", 4),
    ("baseTimestamp", 8),
    ("maxTimestamp", 8),
    ("producerId", 8),
    ("producerEpoch", 2),
    ("baseSequence", 4),
    ("recordCount", 4),
];

struct Walk<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
    record: u32,
    fields: Vec<Field>,
}

impl Walk<'_> {
    fn record(&mut self) -> Result<(), DecodeError> {
        self.int("length")?;
        let from = self.at();
        let (attributes, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        self.note("attributes", from, attributes.to_string());
        let from = self.at();
        let delta = take_varlong(&mut self.rest)?;
        self.note("timestampDelta", from, delta.to_string());
        self.int("offsetDelta")?;
        self.text("keyLength", "key")?;
        self.text("valueLength", "value")?;
        for _ in 0..self.int("headerCount")? {
            self.text("headerKeyLength", "headerKey")?;
            self.text("headerValueLength", "headerValue")?;
        }
        Ok(())
    }

    fn at(&self) -> usize {
        self.whole.len() - self.rest.len()
    }

    fn note(&mut self, name: &'static str, from: usize, value: String) {
        self.fields.push(Field { name, record: Some(self.record), from, to: self.at(), value });
    }

    fn int(&mut self, name: &'static str) -> Result<i32, DecodeError> {
        let from = self.at();
        let value = take_varint(&mut self.rest)?;
        self.note(name, from, value.to_string());
        Ok(value)
    }

    fn bytes(&mut self, name: &'static str, length: usize) -> Result<(), DecodeError> {
        let from = self.at();
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        let value = String::from_utf8_lossy(taken).chars().map(|c| if c.is_control() { '·' } else { c }).collect();
        self.note(name, from, value);
        Ok(())
    }

    fn text(&mut self, length: &'static str, name: &'static str) -> Result<(), DecodeError> {
        match usize::try_from(self.int(length)?) {
            Ok(length) => self.bytes(name, length),
            Err(_) => Ok(()),
        }
    }
}
