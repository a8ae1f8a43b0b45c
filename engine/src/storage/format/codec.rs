//! The codecs of a batch's records: the framings Kafka gives to gzip, snappy, lz4 and zstd.
//!
//! Modelled: the bytes any Kafka client can read, and reading what other clients wrote.
//! Simplified: lz4 and zstd have one level; a checksum of the content is passed over, as Kafka's own lz4 reader does
//! (the batch's CRC-32C has covered these bytes already).
//! Absent: dictionaries, snappy without framing.
//! The compressors give the same bytes on every machine: the order of events hangs on sizes.

use super::error::DecodeError;
use crate::config::{CompressionType, GzipLevel};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Read;

/// The most that a block may expand to: more than any batch may hold, and less than would hurt.
const EXPANDED_MAX: usize = 64 << 20;

/// Compresses the bytes of a batch's records.
pub fn compress(codec: CompressionType, level: GzipLevel, records: &[u8]) -> Vec<u8> {
    match codec {
        CompressionType::None => records.to_vec(),
        CompressionType::Gzip => gzip(level, records),
        CompressionType::Snappy => snappy(records),
        CompressionType::Lz4 => lz4(records),
        CompressionType::Zstd => compress_to_vec(records, CompressionLevel::Fastest),
    }
}

/// Undoes [`compress`], whoever did it. The codec is given by its number in the attributes.
pub fn expand(codec: u8, block: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let known = CompressionType::of_id(codec).ok_or(DecodeError::UnknownCodec(codec))?;
    let expanded = match known {
        CompressionType::None => Some(block.to_vec()),
        CompressionType::Gzip => gunzip(block),
        CompressionType::Snappy => unsnappy(block),
        CompressionType::Lz4 => unlz4(block),
        CompressionType::Zstd => unzstd(block),
    };
    expanded.ok_or(DecodeError::BadCompression)
}

/// No flags, no time, an unknown operating system: as `GZIPOutputStream` begins.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

fn gzip(level: GzipLevel, records: &[u8]) -> Vec<u8> {
    let mut out = GZIP_HEAD.to_vec();
    out.extend(miniz_oxide::deflate::compress_to_vec(records, level.effective()));
    out.extend(crc32(records).to_le_bytes());
    out.extend((records.len() as u32).to_le_bytes());
    out
}

fn gunzip(block: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = block.split_first_chunk::<10>()?;
    let (mut body, tail) = rest.split_last_chunk::<8>()?;
    let [0x1f, 0x8b, 8, flags, ..] = *head else { return None };
    // Extra field, file name, comment, checksum of the header: other writers may have them.
    if flags & 4 != 0 {
        let (length, rest) = body.split_first_chunk::<2>()?;
        body = rest.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            body = body.get(body.iter().position(|byte| *byte == 0)? + 1..)?;
        }
    }
    if flags & 2 != 0 {
        body = body.get(2..)?;
    }
    let expanded = miniz_oxide::inflate::decompress_to_vec_with_limit(body, EXPANDED_MAX).ok()?;
    let length = (expanded.len() as u32).to_le_bytes();
    let whole = *tail.first_chunk::<4>()? == crc32(&expanded).to_le_bytes() && tail.ends_with(&length);
    whole.then_some(expanded)
}

/// The checksum of gzip, bit by bit: a table would be carried by everyone who never compresses.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

/// What `SnappyOutputStream` begins with: a name, its version and the oldest that can read it.
const SNAPPY_HEAD: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// Its blocks before compression.
const SNAPPY_BLOCK: usize = 32 << 10;

fn snappy(records: &[u8]) -> Vec<u8> {
    let mut out = SNAPPY_HEAD.to_vec();
    let mut encoder = snap::raw::Encoder::new();
    for block in records.chunks(SNAPPY_BLOCK) {
        // It fails only for blocks of more than 4 GiB.
        let packed = encoder.compress_vec(block).unwrap_or_default();
        out.extend((packed.len() as u32).to_be_bytes());
        out.extend(packed);
    }
    out
}

fn unsnappy(block: &[u8]) -> Option<Vec<u8>> {
    let (head, mut rest) = block.split_first_chunk::<16>()?;
    if head.first_chunk::<8>() != SNAPPY_HEAD.first_chunk::<8>() {
        return None;
    }
    let (mut out, mut decoder) = (Vec::new(), snap::raw::Decoder::new());
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let (packed, tail) = tail.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        if snap::raw::decompress_len(packed).ok()? > EXPANDED_MAX - out.len() {
            return None;
        }
        out.extend(decoder.decompress_vec(packed).ok()?);
        rest = tail;
    }
    Some(out)
}

const LZ4_MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
/// Version 1 with independent blocks of at most 64 KiB, and the checksum of these two bytes.
const LZ4_DESCRIPTOR: [u8; 3] = [0x60, 0x40, 0x82];
/// A little less than the descriptor allows: up to here the compressor hashes alike on machines of 32 and 64 bits.
const LZ4_BLOCK: usize = 65_534;
/// A block that did not become smaller is stored as it was, and says so with this bit of its length.
const LZ4_STORED: u32 = 1 << 31;

fn lz4(records: &[u8]) -> Vec<u8> {
    let mut out = [LZ4_MAGIC.as_slice(), &LZ4_DESCRIPTOR].concat();
    for block in records.chunks(LZ4_BLOCK) {
        let packed = lz4_flex::block::compress(block);
        if packed.len() < block.len() {
            out.extend((packed.len() as u32).to_le_bytes());
            out.extend(packed);
        } else {
            out.extend((block.len() as u32 | LZ4_STORED).to_le_bytes());
            out.extend(block);
        }
    }
    out.extend([0; 4]);
    out
}

fn unlz4(block: &[u8]) -> Option<Vec<u8>> {
    let (magic, frame) = block.split_first_chunk::<4>()?;
    let (&flags, &size) = (frame.first()?, frame.get(1)?);
    let bit = |bit: u8| usize::from(flags & bit != 0);
    // Version 1, independent blocks (the only kind Kafka reads), a size from 64 KiB to 4 MiB.
    if *magic != LZ4_MAGIC || flags & 0xe0 != 0x60 || size & 0x8f != 0 || size < 0x40 {
        return None;
    }
    let block_max = 1usize << (8 + 2 * (size >> 4));
    let described = 2 + 8 * bit(8) + 4 * bit(1);
    let (descriptor, rest) = frame.split_at_checked(described)?;
    let (check, mut rest) = rest.split_first()?;
    if *check != (xxh32_short(descriptor) >> 8) as u8 {
        return None;
    }
    let mut out = Vec::new();
    loop {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        if length == 0 {
            return (tail.len() == 4 * bit(4)).then_some(out);
        }
        let (packed, tail) = tail.split_at_checked(usize::try_from(length & !LZ4_STORED).ok()?)?;
        if packed.len() > block_max || out.len() + block_max > EXPANDED_MAX {
            return None;
        }
        if length & LZ4_STORED != 0 {
            out.extend(packed);
        } else {
            out.extend(lz4_flex::block::decompress(packed, block_max).ok()?);
        }
        rest = tail.get(4 * bit(0x10)..)?;
    }
}

/// XXH32 with seed 0 of fewer than 16 bytes: a frame's descriptor has at most 14.
fn xxh32_short(bytes: &[u8]) -> u32 {
    const PRIMES: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];
    let mut hash = PRIMES[4].wrapping_add(bytes.len() as u32);
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(PRIMES[2]));
        hash = hash.rotate_left(17).wrapping_mul(PRIMES[3]);
    }
    for byte in rest {
        hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(PRIMES[4]));
        hash = hash.rotate_left(11).wrapping_mul(PRIMES[0]);
    }
    hash = (hash ^ hash >> 15).wrapping_mul(PRIMES[1]);
    hash = (hash ^ hash >> 13).wrapping_mul(PRIMES[2]);
    hash ^ hash >> 16
}

fn unzstd(block: &[u8]) -> Option<Vec<u8>> {
    let mut rest = block;
    let mut out = Vec::new();
    let decoder = ruzstd::decoding::StreamingDecoder::new(&mut rest).ok()?;
    decoder.take(EXPANDED_MAX as u64).read_to_end(&mut out).ok()?;
    Some(out)
}
