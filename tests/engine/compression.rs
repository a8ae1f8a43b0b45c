//! Compression: the producer's codec, the topic's last word, and what both cost and save.

use crate::test;
use highwater_engine::config::{CompressionType, GzipLevel};
use highwater_engine::event::Event;
use highwater_engine::history::History;
use highwater_engine::ids::{TopicId, TopicPartition};
use highwater_engine::protocol::ErrorCode;
use highwater_engine::scenario::Scenario;
use highwater_engine::sim::Actor;
use highwater_engine::storage::RecordBatch;
use highwater_engine::storage::format::{WireBatch, checked_size, compress, crc32c, expand};
use highwater_tests::story::{check, count};

/// Three replicas, one producer, one reader; everything that is sent arrives once and in order.
fn run(topic: &str, producer: &str) -> History {
    check(&format!(
        r#"
        scenario compression
        brokers 3
        topic t partitions=1 replication-factor=3 min.insync.replicas=2 {topic}
        producer p topic=t start="2s" every="1ms" count=400 size=100 linger.ms=50 {producer}
        group g topic=t auto.offset.reset=earliest {{ consumer c processing="1ms" }}
        story {{
            until acked 400
            run "3s"
            expect lost 0
            expect stored-twice 0
            expect failed 0
            expect processed-by g 400
        }}
        "#
    ))
}

/// The batches of each broker's log.
fn logs(history: &History) -> Vec<Vec<RecordBatch>> {
    let tp = TopicPartition::new(TopicId(1), 0);
    let logs = history.simulation().actors().filter_map(|(_, actor)| match actor {
        Actor::Broker(broker) => Some(broker.replicas().get(&tp)?.log.batches().cloned().collect()),
        _ => None,
    });
    logs.collect()
}

fn size(history: &History) -> u32 {
    logs(history)[0].iter().map(|batch| batch.size_in_bytes).sum()
}

#[test]
fn every_codec_makes_the_log_smaller_on_all_replicas_and_consumers_read_it_all() {
    let plain = size(&run("", ""));
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let history = run("", &format!("compression.type={codec}"));
        let logs = logs(&history);
        assert!(logs[0] == logs[1] && logs[1] == logs[2], "{codec}: followers store what the leader has");
        for batch in &logs[0] {
            // What stands on the disk is a batch that any reader of Kafka's bytes can open.
            let bytes = batch.bytes();
            assert_eq!(bytes.len(), batch.size_in_bytes as usize);
            assert_eq!(batch.codec().name(), codec);
            let (read, _) = WireBatch::decode(&bytes).unwrap();
            assert_eq!(read, batch.wire());
        }
        assert!(size(&history) * 2 < plain, "{codec}: {} of {plain} bytes", size(&history));
    }
}

#[test]
fn the_topic_has_the_last_word() {
    let codecs = |topic: &str, producer: &str| {
        let mut found: Vec<&str> = logs(&run(topic, producer))[0].iter().map(|batch| batch.codec().name()).collect();
        found.dedup();
        found
    };
    assert_eq!(codecs("", "compression.type=lz4"), ["lz4"], "compression.type=producer is the default");
    assert_eq!(codecs("compression.type=zstd", "compression.type=lz4"), ["zstd"]);
    assert_eq!(codecs("compression.type=zstd", ""), ["zstd"]);
    assert_eq!(codecs("compression.type=uncompressed", "compression.type=lz4"), ["none"]);
}

#[test]
fn a_change_of_the_topic_while_it_runs_concerns_what_comes_then() {
    let history = check(
        r#"
        scenario altered
        brokers 1
        topic t
        producer p topic=t start="2s" every="20ms" count=100 compression.type=gzip
        story {
            until acked 50
            alter-config t compression.type=snappy
            until acked 100
        }
        "#,
    );
    let mut codecs: Vec<&str> = logs(&history)[0].iter().map(|batch| batch.codec().name()).collect();
    codecs.dedup();
    assert_eq!(codecs, ["gzip", "snappy"]);
}

#[test]
fn a_producer_learns_what_its_codec_gives_and_fills_its_batches_further() {
    let batches = |codec: &str| {
        let history = check(&format!(
            "scenario learning\nbrokers 1\ntopic t\nproducer p topic=t start=\"2s\" every=\"1ms\" count=4000 size=100 \
             linger.ms=1000 batch.size=2000 compression.type={codec}\nstory {{\nuntil acked 4000\nexpect failed 0\n}}"
        ));
        logs(&history)[0].iter().map(|batch| batch.records.len()).collect::<Vec<_>>()
    };
    // 2,000 bytes hold 18 records, whatever has been sent before.
    assert!(batches("none").iter().all(|count| *count <= 18));
    // The estimate begins as if nothing became smaller, 5 % on top, and gets better by half a percent with each batch.
    let gzip = batches("gzip");
    assert!(gzip[0] <= 18, "{gzip:?}");
    assert!(gzip[gzip.len() - 2] >= 36, "{gzip:?}");
}

#[test]
fn what_fits_compressed_may_be_too_large_for_a_topic_that_wants_it_uncompressed() {
    let history = run("compression.type=uncompressed max.message.bytes=3000", "compression.type=gzip linger.ms=200");
    assert!(count(&history, |event| matches!(event, Event::BatchSplit { .. })) > 0);
    let refused = run("max.message.bytes=3000", "compression.type=gzip linger.ms=200");
    assert_eq!(count(&refused, |event| matches!(event, Event::BatchSplit { .. })), 0);
    let history = check(
        "scenario alone\nbrokers 1\ntopic t max.message.bytes=1000 compression.type=uncompressed\n\
         producer p topic=t start=\"2s\" count=1 size=2000 compression.type=gzip\nstory {\nrun \"5s\"\nexpect failed 1\n}",
    );
    let too_large = |event: &Event| matches!(event, Event::SendFailed { error: ErrorCode::MessageTooLarge, .. });
    assert_eq!(count(&history, too_large), 1);
}

#[test]
fn a_harder_gzip_is_no_larger() {
    let at = |level: &str| size(&run("", &format!("compression.type=gzip compression.gzip.level={level}")));
    assert!(at("9") < at("1"), "{} and {}", at("9"), at("1"));
    let anew = |level: &str| size(&run(&format!("compression.type=gzip compression.gzip.level={level}"), ""));
    assert!(anew("9") < anew("1"));
}

#[test]
fn a_compacted_batch_keeps_its_codec_and_a_flipped_bit_is_caught() {
    let history = check(
        r#"
        scenario compacted
        brokers 1 log.cleaner.backoff.ms=1000
        topic t partitions=1 cleanup.policy=compact segment.ms=2000 min.cleanable.dirty.ratio=0.01
        producer p topic=t start="2s" every="100ms" count=100 linger.ms=300 compression.type=zstd { keys a b c }
        story {
            until acked 100
            run "40s"
        }
        "#,
    );
    let log = &logs(&history)[0];
    let compacted: Vec<&RecordBatch> = log.iter().filter(|batch| batch.compacted.is_some()).collect();
    assert!(!compacted.is_empty());
    for batch in compacted {
        assert_eq!(batch.codec(), CompressionType::Zstd);
        let mut bytes = batch.bytes();
        assert_eq!(checked_size(&bytes), Ok(batch.size_in_bytes as usize));
        assert_eq!(WireBatch::decode(&bytes).unwrap().0, batch.wire());
        *bytes.last_mut().unwrap() ^= 1;
        assert!(checked_size(&bytes).is_err());
    }
}

/// Sizes decide when a batch is full, so that a machine that compressed otherwise would run another world.
#[test]
fn the_compressors_give_the_same_bytes_on_every_machine() {
    let words = ["high", "water", "mark", "in-sync", "replica", "epoch", "offset", "fetch"];
    let mut text = Vec::new();
    for number in 0..30_000u32 {
        let word = words[(number.wrapping_mul(2_654_435_761) >> 29) as usize];
        text.extend(format!("{word}-{} ", number.wrapping_mul(40_503) % 977).bytes());
    }
    let blocks = CompressionType::ALL.map(|codec| {
        let block = compress(codec, GzipLevel::DEFAULT, &text);
        assert_eq!(expand(codec.id(), &block).as_ref(), Ok(&text));
        (codec.name(), block.len(), crc32c(&block))
    });
    let pinned = [
        ("none", 307_880, 0xd065_506e),
        ("gzip", 77_476, 0x465e_a11d),
        ("snappy", 146_023, 0x6406_34ef),
        ("lz4", 155_407, 0x8073_a64b),
        ("zstd", 72_767, 0x2fde_c2bd),
    ];
    assert_eq!(blocks, pinned);
}

#[test]
fn a_wrong_codec_or_level_is_refused_with_key_range_and_default() {
    let refused = |world: &str, wanted: &str| {
        let errors = Scenario::parse(&format!("brokers 1\n{world}")).expect_err("this setting is wrong");
        assert!(errors.iter().any(|error| error.message.contains(wanted)), "wanted {wanted}, found {errors:#?}");
    };
    let codecs = "compression.type=\"brotli\" is not none, gzip, snappy, lz4 or zstd (default none)";
    refused("topic t\nproducer p topic=t compression.type=brotli", codecs);
    let level = "compression.gzip.level=\"0\" is not -1 or 1 to 9 (default -1)";
    refused("topic t\nproducer p topic=t compression.gzip.level=0", level);
    refused(
        "topic t compression.type=none",
        "is not producer, uncompressed, gzip, snappy, lz4 or zstd (default producer)",
    );
}
