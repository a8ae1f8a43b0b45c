//! Batches as bytes: every round trip, and another implementation as the judge.

use bytes::{Bytes, BytesMut};
use highwater_engine::config::{CompressionType, GzipLevel};
use highwater_engine::ids::{Offset, ProducerId};
use highwater_engine::storage::AbortedTxn;
use highwater_engine::storage::format::{
    Attributes, DecodeError, INDEX_ENTRY_BYTES, OffsetIndex, TIME_ENTRY_BYTES, TimeIndex, WireBatch, WireRecord,
    compress, expand, fields_of, put_varint, put_varlong, take_varint, take_varlong,
};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// The codecs as the other implementation names them, in the order of their numbers.
const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

fn bytes_or_null() -> impl Strategy<Value = Option<Vec<u8>>> {
    proptest::option::of(vec(any::<u8>(), 0..200))
}

fn records() -> impl Strategy<Value = Vec<WireRecord>> {
    let headers = vec(("[a-zé-]{0,9}", bytes_or_null()), 0..3);
    let record = (0..1_000_000i64, 1..4i32, bytes_or_null(), bytes_or_null(), headers);
    vec(record, 1..20).prop_map(|list| {
        let mut offset = 0;
        let each = list.into_iter().enumerate().map(|(index, (timestamp, gap, key, value, mut headers))| {
            // The other implementation keeps headers in a map: names are unique here.
            headers.iter_mut().enumerate().for_each(|(n, (name, _))| name.push_str(&n.to_string()));
            offset += if index == 0 { 0 } else { gap };
            let timestamp_delta = if index == 0 { 0 } else { timestamp };
            WireRecord { timestamp_delta, offset_delta: offset, key, value, headers }
        });
        each.collect()
    })
}

fn batches() -> impl Strategy<Value = WireBatch> {
    let flags = prop::sample::select(vec![0i16, 0x10, 0x20, 0x30, 0x40, 8]);
    let flags = (flags, 0..5i16).prop_map(|(flags, codec)| flags | codec);
    let stamp = (-1..1_000_000i64, -1..300i16, -1..1_000i32);
    (records(), 0..1i64 << 40, 0..1_000i32, 0..1i64 << 41, flags, stamp).prop_map(
        |(records, base_offset, partition_leader_epoch, base_timestamp, flags, stamp)| WireBatch {
            base_offset,
            partition_leader_epoch,
            attributes: Attributes(flags),
            last_offset_delta: records.last().map_or(0, |record| record.offset_delta),
            base_timestamp,
            max_timestamp: base_timestamp + records.iter().map(|record| record.timestamp_delta).max().unwrap_or(0),
            producer_id: stamp.0,
            producer_epoch: stamp.1,
            base_sequence: stamp.2,
            records,
        },
    )
}

/// The batch as the other implementation would hold it.
fn theirs(batch: &WireBatch) -> Vec<Record> {
    let one = |record: &WireRecord| Record {
        transactional: batch.attributes.transactional(),
        control: batch.attributes.control(),
        delete_horizon: batch.attributes.delete_horizon(),
        partition_leader_epoch: batch.partition_leader_epoch,
        producer_id: batch.producer_id,
        producer_epoch: batch.producer_epoch,
        timestamp_type: TimestampType::Creation,
        offset: batch.base_offset + i64::from(record.offset_delta),
        sequence: batch.base_sequence.wrapping_add(record.offset_delta),
        timestamp: batch.base_timestamp + record.timestamp_delta,
        key: record.key.clone().map(Bytes::from),
        value: record.value.clone().map(Bytes::from),
        headers: record
            .headers
            .iter()
            .map(|(name, value)| (StrBytes::from_string(name.clone()), value.clone().map(Bytes::from)))
            .collect(),
    };
    batch.records.iter().map(one).collect()
}

proptest! {
    #[test]
    fn integers_come_back_and_small_ones_are_short(int: i32, long: i64) {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, int);
        put_varlong(&mut bytes, long);
        let mut rest = bytes.as_slice();
        prop_assert_eq!(take_varint(&mut rest), Ok(int));
        prop_assert_eq!(take_varlong(&mut rest), Ok(long));
        prop_assert!(rest.is_empty() && bytes.len() <= 15);
    }

    #[test]
    fn a_batch_comes_back_from_its_bytes(batch in batches()) {
        let bytes = batch.encode();
        prop_assert_eq!(WireBatch::decode(&bytes), Ok((batch, bytes.len())));
        let fields = fields_of(&bytes);
        // The named fields cover every byte once.
        prop_assert_eq!(fields.first().map(|field| field.from), Some(0));
        prop_assert_eq!(fields.last().map(|field| field.to), Some(bytes.len()));
        prop_assert!(fields.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    #[test]
    fn another_implementation_reads_our_bytes(batch in batches()) {
        let set = RecordBatchDecoder::decode(&mut Bytes::from(batch.encode())).unwrap();
        let mut expected = theirs(&batch);
        if batch.attributes.log_append_time() {
            expected.iter_mut().for_each(|record| record.timestamp_type = TimestampType::LogAppend);
        }
        prop_assert_eq!(set.records, expected);
    }

    #[test]
    fn we_read_another_implementations_bytes(mut batch in batches()) {
        batch.attributes.0 &= !8;
        let mut bytes = BytesMut::new();
        let compression = CODECS[usize::from(batch.attributes.codec())];
        let options = RecordEncodeOptions { version: 2, compression };
        RecordBatchEncoder::encode(&mut bytes, theirs(&batch).iter(), &options).unwrap();
        prop_assert_eq!(WireBatch::decode(&bytes), Ok((batch.clone(), bytes.len())));
        if batch.attributes.codec() == 0 {
            prop_assert_eq!(batch.encode(), bytes.to_vec());
        }
    }

    #[test]
    fn every_codec_gives_back_what_it_got_of_any_size_and_kind(
        seed in vec(any::<u8>(), 1..400), times in 1..600usize, id in 0..5u8, level in 1..10i8,
    ) {
        let records = seed.repeat(times);
        let codec = CompressionType::of_id(id).unwrap();
        let block = compress(codec, GzipLevel(level), &records);
        prop_assert_eq!(expand(id, &block), Ok(records));
    }

    #[test]
    fn a_block_that_no_codec_wrote_is_an_error_and_never_a_panic(
        noise in vec(any::<u8>(), 0..200), id in 0..8u8, at: prop::sample::Index, bit in 0..8u8,
    ) {
        let _ = expand(id, &noise);
        if let Some(codec) = CompressionType::of_id(id).filter(|codec| *codec != CompressionType::None) {
            let mut block = compress(codec, GzipLevel::DEFAULT, &noise);
            let cut = at.index(block.len());
            prop_assert!(noise.is_empty() || expand(id, &block[..cut]).as_ref() != Ok(&noise));
            block[cut] ^= 1 << bit;
            let _ = expand(id, &block);
        } else if id > 4 {
            prop_assert_eq!(expand(id, &noise), Err(DecodeError::UnknownCodec(id)));
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic(batch in batches(), at: prop::sample::Index, bit in 0..8u8, cut: prop::sample::Index) {
        let bytes = batch.encode();
        let mut flipped = bytes.clone();
        let place = at.index(bytes.len());
        flipped[place] ^= 1 << bit;
        let read = WireBatch::decode(&flipped);
        match place {
            0..8 | 12..16 => prop_assert!(read.is_ok()),
            21.. => {
                let caught = matches!(read, Err(DecodeError::CrcMismatch { .. }));
                prop_assert!(caught, "{:?}", read);
            }
            _ => prop_assert!(read.is_err()),
        }
        // A torn write: the file ends in the middle.
        prop_assert_eq!(WireBatch::decode(&bytes[..cut.index(bytes.len())]), Err(DecodeError::Truncated));
        fields_of(&flipped);
    }

    #[test]
    fn an_offset_index_is_read_back_and_a_torn_entry_ignored(steps in vec((1..9_000u32, 1..70_000u32), 0..60), torn in 0..INDEX_ENTRY_BYTES as usize) {
        let mut index = OffsetIndex::default();
        let (mut offset, mut position) = (0, 0);
        for (offsets, bytes) in steps {
            (offset, position) = (offset + offsets, position + bytes);
            prop_assert!(index.append(offset, position));
            prop_assert!(!index.append(offset, position + 1), "an entry lies behind the last");
        }
        let mut bytes = index.encode();
        prop_assert_eq!(bytes.len(), index.entries().len() * INDEX_ENTRY_BYTES as usize);
        bytes.extend(vec![7u8; torn]);
        prop_assert_eq!(OffsetIndex::decode(&bytes), index);
    }

    #[test]
    fn a_time_index_is_read_back_and_a_torn_entry_ignored(entries in vec((any::<i64>(), any::<u32>()), 0..60), torn in 0..TIME_ENTRY_BYTES as usize) {
        let mut index = TimeIndex::default();
        for (timestamp, offset) in entries {
            index.maybe_append(timestamp, offset);
        }
        prop_assert!(index.entries().is_sorted_by(|one, next| one.timestamp < next.timestamp));
        let mut bytes = index.encode();
        prop_assert_eq!(bytes.len(), index.entries().len() * TIME_ENTRY_BYTES as usize);
        bytes.extend(vec![7u8; torn]);
        prop_assert_eq!(TimeIndex::decode(&bytes), index);
    }

    #[test]
    fn an_aborted_transaction_is_read_back_and_half_of_one_is_none(id: i64, first: i64, last: i64, stable: i64, cut in 0..AbortedTxn::SIZE) {
        let entry = AbortedTxn {
            producer_id: ProducerId(id),
            first_offset: Offset(first),
            last_offset: Offset(last),
            last_stable_offset: Offset(stable),
        };
        let bytes = entry.to_bytes();
        prop_assert_eq!(AbortedTxn::from_bytes(&bytes), Some(entry));
        prop_assert_eq!(AbortedTxn::from_bytes(&bytes[..cut]), None);
    }

    #[test]
    fn any_bytes_at_all_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = WireBatch::decode(&bytes);
        fields_of(&bytes);
        let _ = (OffsetIndex::decode(&bytes), TimeIndex::decode(&bytes), AbortedTxn::from_bytes(&bytes));
    }
}
