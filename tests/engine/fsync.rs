//! What an fsync holds up, and what it does not (`flush.messages`, `flush.ms`, `log.flush.scheduler.interval.ms`).

use crate::test;
use highwater_engine::event::Event;
use highwater_engine::history::History;
use highwater_engine::ids::{BrokerId, LeaderEpoch, NodeId, Offset, RecordId};
use highwater_engine::storage::{Log, Record, RecordBatch, RecordBody};
use highwater_engine::time::{Duration, Instant};
use highwater_tests::story::check;

/// The first moment of each event that `what` gives a number to, by that number.
fn moments(history: &History, what: impl Fn(&Event) -> Option<Offset>) -> Vec<(Offset, Instant)> {
    let past = history.past_events();
    past.iter().filter_map(|emitted| Some((what(&emitted.event)?, emitted.at))).collect()
}

fn when(moments: &[(Offset, Instant)], reaches: Offset) -> Instant {
    moments.iter().find(|(offset, _)| *offset >= reaches).map(|(_, at)| *at).unwrap()
}

fn append(log: &mut Log, epoch: i32, records: u32) {
    for number in 1..=records {
        let body = RecordBody::User { id: RecordId::new(NodeId(9), number), key: None, size: 10 };
        log.append_as_leader(RecordBatch::new(None, vec![Record { timestamp: 0, body }]), LeaderEpoch(epoch));
    }
}

#[test]
fn with_flush_messages_a_leader_answers_when_the_record_is_on_its_disk() {
    for acks in ["1", "all"] {
        let history = check(&format!(
            r#"
            scenario answer-after-fsync
            brokers 1
            disk fsync="40ms"
            topic t partitions=1 replication-factor=1 flush.messages=1
            producer p topic=t start="2s" every="300ms" count=5 acks={acks} enable.idempotence=#false
            group g topic=t auto.offset.reset=earliest {{ consumer c1 }}
            story {{
                until acked 5
                until processed-by g 5
            }}
            "#
        ));
        let appended = moments(&history, |event| match event {
            Event::RecordsAppended { end, producer: None, records, .. } if !records.is_empty() => Some(*end),
            _ => None,
        });
        let acked = moments(&history, |event| match event {
            Event::RecordAcked { offset, .. } => Some(*offset + 1),
            _ => None,
        });
        for (end, at) in acked {
            assert!(at >= when(&appended, end) + Duration::from_millis(40), "acks={acks}: {end:?} at {at:?}");
        }
        // Nobody reads what its only replica may still lose.
        let polled = moments(&history, |event| match event {
            Event::RecordProcessed { offset, .. } => Some(*offset + 1),
            _ => None,
        });
        assert!(polled.iter().all(|(end, at)| *at >= when(&appended, *end) + Duration::from_millis(40)));
    }
}

#[test]
fn with_flush_messages_a_follower_confirms_when_the_record_is_on_its_disk() {
    let history = check(
        r#"
        scenario confirm-after-fsync
        brokers 2
        disk fsync="60ms"
        topic t partitions=1 replication-factor=2 flush.messages=1 { replicas 1 2 }
        producer p topic=t start="2s" every="500ms" count=5
        story { until acked 5 }
        "#,
    );
    let flushed = moments(&history, |event| match event {
        Event::LogFlushed { broker: BrokerId(2), to, .. } => Some(*to),
        _ => None,
    });
    let committed = moments(&history, |event| match event {
        Event::HighWatermarkAdvanced { to, as_leader: true, .. } => Some(*to),
        _ => None,
    });
    for end in 1..=5 {
        assert!(when(&committed, Offset(end)) > when(&flushed, Offset(end)), "offset {end}");
    }
}

#[test]
fn an_append_without_an_fsync_of_its_own_waits_for_nothing() {
    let history = check(
        r#"
        scenario every-fifth
        brokers 1
        disk fsync="40ms"
        topic t partitions=1 replication-factor=1 flush.messages=5
        producer p topic=t start="2s" every="300ms" count=10 acks=1 enable.idempotence=#false
        story { until acked 10 }
        "#,
    );
    let flushed = moments(&history, |event| match event {
        Event::LogFlushed { to, .. } => Some(*to),
        _ => None,
    });
    assert_eq!(flushed.iter().map(|(to, _)| to.0).collect::<Vec<_>>(), [5, 10]);
    let acked = moments(&history, |event| match event {
        Event::RecordAcked { offset, .. } => Some(*offset + 1),
        _ => None,
    });
    assert!(when(&acked, Offset(4)) < when(&flushed, Offset(5)));
    assert!(when(&acked, Offset(5)) > when(&flushed, Offset(5)));
}

#[test]
fn an_fsync_says_nothing_about_what_was_written_after_a_cut() {
    let mut log = Log::default();
    append(&mut log, 0, 10);
    log.begin_flush(1, Offset(10), true);
    assert_eq!(log.unflushed_records(), 0, "all of it is under way");
    log.truncate_to(Offset(5));
    append(&mut log, 1, 8);
    assert_eq!(log.end_flush(1), Some(Offset(5)));
    assert_eq!((log.durable_to(), log.unflushed_records()), (Offset(5), 8));
    assert_eq!(log.end_flush(1), None);
    // A log that begun anew knows nothing of the old one's.
    log.begin_flush(2, Offset(13), false);
    log.restart_at(Offset(20));
    append(&mut log, 1, 1);
    assert_eq!((log.end_flush(2), log.durable_to()), (None, Offset(20)));
}

#[test]
fn flush_ms_counts_for_each_topic_when_the_flusher_looks() {
    let flushes = |scheduler: &str| {
        let history = check(&format!(
            r#"
            scenario flusher
            brokers 1 {scheduler}
            topic fast partitions=1 replication-factor=1 flush.ms=1000
            topic slow partitions=1 replication-factor=1 flush.ms=6000
            producer p topic=fast start="2s" every="100ms" count=300
            producer q topic=slow start="2s" every="100ms" count=300
            story {{ until acked 600 }}
            "#
        ));
        let past = history.past_events();
        let mut each: Vec<usize> = Vec::new();
        for topic in past.iter().filter_map(|emitted| match emitted.event {
            Event::TopicCreated { topic, .. } => Some(topic),
            _ => None,
        }) {
            let of_topic = |event: &Event| matches!(event, Event::LogFlushed { tp, .. } if tp.topic == topic);
            each.push(past.iter().filter(|emitted| of_topic(&emitted.event)).count());
        }
        each.retain(|count| *count > 0);
        each
    };
    // Kafka's flusher does not look by default, whatever `flush.ms` says.
    assert_eq!(flushes(""), [0; 0]);
    let each = flushes("log.flush.scheduler.interval.ms=500 log.initial.task.delay.ms=0");
    assert!(each.len() == 2 && (18..=31).contains(&each[0]) && (3..=6).contains(&each[1]), "{each:?}");
}
