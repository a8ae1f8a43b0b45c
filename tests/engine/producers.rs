//! What producers promise, and what they do not.

use crate::test;
use highwater_engine::event::Event;
use highwater_engine::ids::TopicPartition;
use highwater_engine::scenario::Scenario;
use highwater_engine::sim::{Observe, Simulation};
use highwater_tests::story::{check, count};

/// Drops the answer to one produce request; the producer sends the batch again.
fn lost_answer(idempotence: bool) -> String {
    format!(
        r#"
        scenario lost-answer
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=5 enable.idempotence=#{idempotence} request.timeout.ms=2000
        story {{
            until acked 1
            drop-next Produce "broker 1" p response=#true
            wait ProduceRetried producer=p
            until acked 5
            run "1s"
            expect failed 0
        "#
    )
}

#[test]
fn a_lost_answer_and_a_retry_give_a_duplicate() {
    check(&(lost_answer(false) + "expect stored-twice \">=1\"\n}"));
}

#[test]
fn idempotence_removes_it() {
    let history = check(&(lost_answer(true) + "expect stored-twice 0\nexpect log-end t-0 1 5\n}"));
    assert!(count(&history, |event| matches!(event, Event::DuplicateRecognised { .. })) >= 1);
}

#[test]
fn acks_0_never_hears_of_its_loss() {
    check(
        r#"
        scenario acks-0
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        producer p topic=t start="2s" every="100ms" count=100 acks=0
        story {
            until acked ">=10"
            kill "broker 1"
            until acked 100
            run "10s"
            // Everything counts as sent successfully; a part of it never reached a log.
            expect failed 0
            expect stored "<100"
        }
        "#,
    );
}

#[test]
fn a_refused_acks_0_costs_the_connection_and_the_next_leader_is_found() {
    let history = check(
        r#"
        scenario moved
        brokers 3
        topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
        producer p topic=t start="2s" every="100ms" count=60 acks=0 linger.ms=0
        story {
            until acked 20
            // Leadership moves while broker 1 still runs: it can only hang up.
            reassign t-0 2 1 3
            elect-leader t-0
            until leader t-0 2
            until acked 60
            run "2s"
            expect failed 0
            expect lost ">0"
            expect lost "<5"
        }
        "#,
    );
    let refused = |event: &Event| matches!(event, Event::SendVanished { .. });
    assert!((1..5).contains(&count(&history, refused)));
}

#[test]
fn a_key_always_goes_to_the_same_partition() {
    let history = check(
        r#"
        scenario keys
        brokers 1
        topic t partitions=6 replication-factor=1
        producer p topic=t start="2s" every="20ms" count=60 { keys order-1 foobar "21" }
        story {
            until acked 60
            // By the murmur2 of Kafka's clients, of 6 partitions order-1 has number 4, foobar and 21 have number 0.
            expect log-end t-4 1 20
            expect log-end t-0 1 40
        }
        "#,
    );
    assert_eq!(history.simulation().ledger().totals().stored, 60);
}

#[test]
fn records_without_a_key_stick_to_a_partition_until_a_batch_is_full() {
    let history = check(
        r#"
        scenario sticky
        brokers 1
        topic t partitions=4 replication-factor=1
        producer p topic=t start="2s" every="20ms" count=200 size=1000 batch.size=4000 linger.ms=0
        story { until acked 200 }
        "#,
    );
    let mut partitions: Vec<i32> = Vec::new();
    for emitted in history.past_events() {
        if let Event::RecordSent { tp, .. } = &emitted.event {
            partitions.push(tp.partition);
        }
    }
    let switches = partitions.windows(2).filter(|pair| pair[0] != pair[1]).count();
    // A partition gets between batch.size and twice that before the next is drawn: runs, not round robin.
    assert!((15..60).contains(&switches), "{switches} switches");
}

#[test]
fn linger_gathers_records_into_fewer_batches() {
    let batches = |linger: u32| {
        let history = check(&format!(
            r#"
            scenario linger
            brokers 1
            topic t partitions=1 replication-factor=1
            producer p topic=t start="2s" every="10ms" count=100 linger.ms={linger} max.in.flight.requests.per.connection=1
            story {{ until acked 100 }}
            "#
        ));
        count(
            &history,
            |event| matches!(event, Event::RecordsAppended { as_leader: true, records, .. } if !records.is_empty()),
        )
    };
    let (hasty, patient) = (batches(0), batches(200));
    assert!(patient * 3 < hasty, "{hasty} batches without linger, {patient} with 200 ms");
}

#[test]
fn a_batch_older_than_the_delivery_timeout_fails_although_it_may_be_written() {
    check(
        r#"
        scenario delivery-timeout
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=10 request.timeout.ms=1000 delivery.timeout.ms=3000
        story {
            until acked 3
            isolate "broker 1"
            wait SendFailed producer=p within="20s"
            expect failed ">=1"
            heal
            run "40s"
            expect sent 10
        }
        "#,
    );
}

#[test]
fn a_sequence_in_doubt_costs_an_epoch_and_the_producer_goes_on() {
    let history = check(
        r#"
        scenario epoch-bump
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="100ms" count=60 request.timeout.ms=1000 delivery.timeout.ms=2000
        story {
            until acked 3
            // Requests leave the producer and are gone with their connection: nobody can tell what became of them.
            isolate "broker 1"
            wait SendFailed producer=p within="20s"
            heal
            wait ProducerEpochBumped producer=p within="20s"
            run "20s"
            expect sent 60
            expect stored-twice 0
        }
        "#,
    );
    let epochs: Vec<i16> = (history.past_events().iter())
        .filter_map(|emitted| match &emitted.event {
            Event::RecordsAppended { producer: Some((_, epoch)), records, .. } if !records.is_empty() => Some(*epoch),
            _ => None,
        })
        .collect();
    // What was sent before the doubt has epoch 0, everything after it the next one, and it never goes back.
    assert!(epochs.is_sorted() && epochs.first() == Some(&0) && epochs.last() >= Some(&1), "{epochs:?}");
    let totals = history.simulation().ledger().totals();
    assert_eq!(totals.acked + totals.failed, 60);
}

#[test]
fn a_long_run_has_no_more_scheduled_than_a_short_one() {
    // Every request sets timers of 30 s and 120 s anew; the old ones must not wait for their time.
    let text = "brokers 3\ntopic t partitions=1 replication-factor=3\nproducer p topic=t every=\"1ms\"";
    let spec = Scenario::parse(text).unwrap().spec;
    let mut simulation = Simulation::new(&spec, 1, Observe::NOTHING).unwrap();
    let mut most = 0;
    while simulation.now().as_millis() < 20_000 {
        simulation.step();
        most = most.max(simulation.scheduled());
    }
    assert!(most < 600, "{most} things are scheduled");
}

#[test]
fn a_running_program_takes_another_pace_other_keys_and_an_end() {
    let text = r#"
        scenario repaced
        brokers 1
        topic t partitions=1 replication-factor=1
        producer p topic=t start="2s" every="10s" { keys a }
        queue q { worker w }
        producer r queue=q start="2s" every="10s"
        story {
            run "3s"
            until acked 2
            workload p "50ms" x y count=6
            workload r "50ms" count=6
            run "2s"
            expect acked 14
            // What it was told outlives a crash of its process: the program is another one now.
            kill p
            start p
            run "20s"
            expect acked 14
            workload p "1s"
            run "3500ms"
            expect acked ">=16"
        }
        "#;
    let history = check(text);
    let keys = history.events().iter().filter_map(|it| match &it.event {
        Event::RecordSent { key, tp, .. } if *tp != TopicPartition::NONE => Some(key.clone().unwrap_or_default()),
        _ => None,
    });
    let keys: Vec<String> = keys.collect();
    assert_eq!(keys[..7], ["a", "y", "x", "y", "x", "y", "x"].map(str::to_owned), "{keys:?}");
    assert!(keys[7..].iter().all(String::is_empty), "{keys:?}");
}
