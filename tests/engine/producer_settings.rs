//! Every setting of the producer does what its name says, and a wrong value is refused by name, range and default.

use crate::test;
use highwater_engine::event::Event;
use highwater_engine::history::History;
use highwater_engine::protocol::ErrorCode;
use highwater_engine::scenario::Scenario;
use highwater_engine::time::Instant;
use highwater_tests::story::{check, count};

/// One producer on a topic of a one-broker cluster unless the settings say otherwise.
fn run(topic: &str, producer: &str, story: &str) -> History {
    check(&format!(
        "scenario settings\nbrokers 1\ntopic t {topic}\nproducer p topic=t start=\"2s\" {producer}\nstory {{\n{story}\n}}"
    ))
}

fn batches(history: &History) -> Vec<u32> {
    let appended = history.past_events().iter().filter_map(|emitted| match &emitted.event {
        Event::RecordsAppended { as_leader: true, count, records, .. } if !records.is_empty() => Some(*count),
        _ => None,
    });
    appended.collect()
}

fn moments(history: &History, test: impl Fn(&Event) -> bool) -> Vec<Instant> {
    history.past_events().iter().filter(|emitted| test(&emitted.event)).map(|emitted| emitted.at).collect()
}

fn partitions(history: &History) -> Vec<i32> {
    let sent = history.past_events().iter().filter_map(|emitted| match &emitted.event {
        Event::RecordSent { tp, .. } => Some(tp.partition),
        _ => None,
    });
    sent.collect()
}

fn failures(history: &History) -> Vec<ErrorCode> {
    let failed = history.past_events().iter().filter_map(|emitted| match &emitted.event {
        Event::SendFailed { error, .. } => Some(*error),
        _ => None,
    });
    failed.collect()
}

#[test]
fn batch_size_bounds_a_batch_and_0_is_one_record_each() {
    let largest = |size: &str| {
        let producer = format!("every=\"1ms\" count=100 size=100 linger.ms=1000 batch.size={size}");
        batches(&run("", &producer, "until acked 100")).into_iter().max().unwrap()
    };
    // 61 bytes of header and 107 per record.
    assert_eq!((largest("1000"), largest("16384"), largest("0")), (8, 100, 1));
}

#[test]
fn linger_is_counted_from_the_batch_and_a_flush_does_not_wait_for_it() {
    let sent_to_acked = |producer: &str| {
        let history = run("", producer, "until acked 1");
        let sent = moments(&history, |event| matches!(event, Event::RecordSent { .. }))[0];
        let acked = moments(&history, |event| matches!(event, Event::RecordAcked { .. }))[0];
        acked.since(sent).as_millis()
    };
    let (patient, hasty) = (sent_to_acked("count=1 linger.ms=300"), sent_to_acked("count=1 linger.ms=0"));
    assert!((280..320).contains(&(patient - hasty)), "{patient} and {hasty}");
    assert!(sent_to_acked("count=1 linger.ms=300 flush-every=1") < 50);
}

#[test]
fn a_full_buffer_blocks_send_and_max_block_ms_ends_the_wait() {
    let settings = "every=\"1ms\" count=20 size=1000 linger.ms=0 batch.size=1100 buffer.memory=3000 max.block.ms=400";
    let history = run("", settings, "until acked \">=1\"\nisolate p\nrun \"3s\"\nheal\nrun \"20s\"\nexpect sent 20");
    let blocked = moments(&history, |event| matches!(event, Event::SendBlocked { .. }));
    let refused = moments(&history, |event| {
        matches!(event, Event::SendFailed { error: ErrorCode::BufferExhausted, maybe_written: false, .. })
    });
    // Two batches fill the memory; each further send holds the thread for max.block.ms and fails.
    assert!(!refused.is_empty() && refused.len() < 10, "{} refused", refused.len());
    let first = refused[0];
    assert!(blocked.iter().any(|at| first.since(*at).as_millis() == 400), "blocked at {blocked:?}, refused at {first}");
}

#[test]
fn a_record_beyond_max_request_size_or_buffer_memory_is_never_sent() {
    let story = "run \"10s\"\nexpect sent 3\nexpect failed 3\nexpect stored 0";
    let too_large = [ErrorCode::MessageTooLarge; 3];
    assert_eq!(failures(&run("", "count=3 size=2000 max.request.size=2000", story)), too_large);
    assert_eq!(failures(&run("", "count=3 size=2000 buffer.memory=2000", story)), too_large);
}

#[test]
fn max_request_size_also_bounds_a_request_of_several_partitions() {
    let requests = |size: u32| {
        let settings = format!(
            "every=\"1ms\" count=40 size=400 batch.size=900 linger.ms=200 max.request.size={size} partitioner.class=RoundRobinPartitioner"
        );
        let history = run("partitions=4", &settings, "until acked 40");
        moments(&history, |event| matches!(event, Event::RecordsAppended { records, .. } if !records.is_empty()))
            .windows(2)
            .filter(|pair| pair[0] != pair[1])
            .count()
    };
    assert!(requests(1000) > requests(1_000_000) + 3, "{} and {}", requests(1000), requests(1_000_000));
}

#[test]
fn a_batch_the_topic_finds_too_large_is_sent_again_in_parts() {
    let settings = "every=\"1ms\" count=50 size=200 linger.ms=500 batch.size=16384";
    let history = run("max.message.bytes=3000", settings, "until acked 50\nexpect failed 0\nexpect stored-twice 0");
    // The first part is as large as batch.size allows; what is still too large is halved.
    assert!(count(&history, |event| matches!(event, Event::BatchSplit { .. })) >= 2);
    assert!(batches(&history).iter().all(|records| *records <= 14), "{:?}", batches(&history));
}

#[test]
fn one_request_in_flight_is_slower_than_five() {
    let took = |in_flight: u32| {
        let settings = format!(
            "every=\"1ms\" count=200 size=100 linger.ms=0 batch.size=0 max.in.flight.requests.per.connection={in_flight}"
        );
        run("", &settings, "until acked 200").simulation().now().since(Instant::ZERO).as_millis()
    };
    assert!(took(1) > took(5) + 500, "{} ms and {} ms", took(1), took(5));
}

#[test]
fn retries_0_turns_a_passing_error_into_a_failure_and_turns_idempotence_off() {
    let story = "until acked 1\nkill \"broker 1\"\nrun \"1s\"\nstart \"broker 1\"\nrun \"30s\"";
    let failed = |retries: &str| failures(&run("", &format!("every=\"20ms\" count=100 {retries}"), story)).len();
    assert_eq!(failed(""), 0);
    assert!(failed("retries=0 delivery.timeout.ms=60000") >= 1);
    let history = run("", "count=3 retries=0", "until acked 3");
    assert_eq!(count(&history, |event| matches!(event, Event::ProducerIdObtained { .. })), 0);
}

#[test]
fn acks_1_silently_loses_idempotence() {
    let ids = |settings: &str| {
        let history = run("", &format!("count=3 {settings}"), "until acked 3");
        count(&history, |event| matches!(event, Event::ProducerIdObtained { .. }))
    };
    assert_eq!((ids(""), ids("acks=1"), ids("acks=0"), ids("enable.idempotence=#false")), (1, 0, 0, 0));
}

#[test]
fn the_defaults_of_2_x_are_acks_1_no_linger_no_idempotence() {
    let parse = |defaults: &str| {
        let text = format!("brokers 1\ntopic t\nproducer p topic=t {defaults}");
        Scenario::parse(&text).unwrap().spec.producers[0].config().unwrap()
    };
    let told = |config: highwater_engine::config::ProducerConfig| {
        ["acks", "linger.ms", "enable.idempotence", "batch.size"].map(|name| config.get(name).unwrap())
    };
    assert_eq!(told(parse("")), ["all", "5", "true", "16384"]);
    assert_eq!(told(parse("defaults=\"2.x\"")), ["1", "0", "false", "16384"]);
    assert_eq!(told(parse("defaults=\"2.x\" acks=all")), ["all", "0", "false", "16384"]);
}

#[test]
fn retry_backoff_doubles_up_to_its_maximum() {
    let pauses = |settings: &str| {
        let world = format!(
            "scenario backoff\nbrokers 3\ntopic t replication-factor=3 min.insync.replicas=3 {{ replicas 1 2 3 }}\nproducer p topic=t start=\"20s\" count=1 {settings}\n"
        );
        let text = world + "at \"1500ms\" { kill \"broker 3\"\nkill \"broker 2\" }\nstory { run \"45s\" }";
        let history = check(&text);
        let retries = moments(&history, |event| {
            matches!(event, Event::ProduceRetried { error: ErrorCode::NotEnoughReplicas, .. })
        });
        retries.windows(2).map(|pair| pair[1].since(pair[0]).as_millis()).collect::<Vec<_>>()
    };
    let default = pauses("");
    assert!(default.len() >= 6, "{default:?}");
    // 100, 200, 400, 800, 1000 ms, each within 20 %, and the way there and back.
    for (pause, nominal) in default.iter().zip([100, 200, 400, 800, 1000, 1000]) {
        assert!((nominal * 8 / 10..nominal * 12 / 10 + 12).contains(pause), "{pause} is not about {nominal}");
    }
    let short = pauses("retry.backoff.ms=10 retry.backoff.max.ms=20");
    assert!(short.len() > default.len() && short.iter().all(|pause| *pause < 40), "{short:?}");
}

#[test]
fn an_unanswered_request_breaks_its_connection_after_request_timeout_ms() {
    let noticed = |timeout: u32| {
        let settings = format!("every=\"100ms\" count=20 request.timeout.ms={timeout}");
        let history = run("", &settings, "until acked 3\ncut p \"broker 1\"\nrun \"10s\"\nheal\nrun \"20s\"");
        let cut = moments(&history, |event| matches!(event, Event::LinkCut { .. }))[0];
        let timed_out = moments(&history, |event| matches!(event, Event::RequestTimedOut { .. }));
        timed_out.first().map(|at| at.since(cut).as_millis())
    };
    assert!((900..1300).contains(&noticed(1000).unwrap()), "{:?}", noticed(1000));
    assert!((2900..3300).contains(&noticed(3000).unwrap()), "{:?}", noticed(3000));
}

#[test]
fn reconnecting_waits_longer_each_time() {
    let tries = |settings: &str| {
        let story = "until acked 1\nkill \"broker 1\"\nrun \"5s\"";
        let history = run("", &format!("every=\"20ms\" count=100 {settings}"), story);
        count(&history, |event| matches!(event, Event::MessageDropped { .. }))
    };
    let (default, hasty) = (
        tries(""),
        tries("reconnect.backoff.ms=1 reconnect.backoff.max.ms=1 retry.backoff.ms=1 retry.backoff.max.ms=1"),
    );
    assert!(hasty > 10 * default, "{default} and {hasty}");
}

#[test]
fn metadata_is_refreshed_when_it_is_old() {
    let asked = |age: u32| {
        use highwater_engine::protocol::MessageKind;
        use highwater_engine::sim::{Dispatched, Observe, Simulation};
        let text = format!("brokers 1\ntopic t\nproducer p topic=t count=1 metadata.max.age.ms={age}");
        let spec = Scenario::parse(&text).unwrap().spec;
        let mut simulation = Simulation::new(&spec, 1, Observe::NOTHING).unwrap();
        let mut asked = 0;
        while simulation.now().as_millis() < 60_000 {
            if let Some(Dispatched::Message { kind: MessageKind::Metadata, is_response: false, .. }) = simulation.step()
            {
                asked += 1;
            }
        }
        asked
    };
    assert!(asked(5_000) >= asked(300_000) + 10, "{} and {}", asked(5_000), asked(300_000));
}

#[test]
fn metadata_that_never_comes_fails_the_send_after_max_block_ms() {
    let text = "scenario m\nbrokers 1\ntopic t\nproducer p topic=t start=\"1s\" count=2 partition=3 max.block.ms=700\nstory { run \"10s\"\nexpect failed 2\nexpect stored 0 }";
    let history = check(text);
    assert_eq!(failures(&history), [ErrorCode::RequestTimedOut; 2]);
    let failed = moments(&history, |event| matches!(event, Event::SendFailed { .. }));
    assert_eq!(failed[1].since(failed[0]).as_millis(), 700);
}

#[test]
fn a_record_can_name_its_partition() {
    let history = run("partitions=4", "every=\"10ms\" count=20 partition=2 { keys a b c }", "until acked 20");
    assert!(partitions(&history).iter().all(|partition| *partition == 2));
}

#[test]
fn keys_can_be_ignored() {
    let chosen = |settings: &str| {
        let producer = format!("every=\"10ms\" count=60 size=1000 batch.size=2000 {settings} {{ keys k }}");
        let mut chosen = partitions(&run("partitions=4", &producer, "until acked 60"));
        chosen.sort_unstable();
        chosen.dedup();
        chosen.len()
    };
    assert_eq!(chosen(""), 1);
    assert_eq!(chosen("partitioner.ignore.keys=#true"), 4);
}

#[test]
fn round_robin_takes_turns_and_skips_partitions_when_every_record_begins_a_batch() {
    let chosen = |settings: &str| {
        partitions(&run("partitions=4", &format!("every=\"20ms\" count=40 {settings}"), "until acked 40"))
    };
    let spread = |chosen: &[i32]| (0..4).map(|p| chosen.iter().filter(|c| **c == p).count()).collect::<Vec<_>>();
    // Up to 2.3: each record without a key to the next partition.
    assert_eq!(spread(&chosen("partitioner.class=DefaultPartitioner")), [10, 10, 10, 10]);
    // The opt-in class is asked a second time for a new batch: with one record per batch every other partition starves.
    let skipping = spread(&chosen("partitioner.class=RoundRobinPartitioner linger.ms=0"));
    assert_eq!(skipping.iter().filter(|count| **count == 0).count(), 2, "{skipping:?}");
}

#[test]
fn the_adaptive_part_spares_a_slow_broker() {
    let to_slow = |settings: &str| {
        let text = format!(
            "scenario adaptive seed=3\nbrokers 3\ntopic t partitions=3 {{ replicas 1\nreplicas 2\nreplicas 3 }}\nproducer p topic=t start=\"2s\" every=\"1ms\" count=6000 size=500 batch.size=2000 acks=1 {settings}\nstory {{ run \"3s\"\npause \"broker 3\"\nrun \"4s\"\nresume \"broker 3\"\nuntil acked 6000 }}"
        );
        partitions(&check(&text)).iter().filter(|partition| **partition == 2).count()
    };
    let (adaptive, blind) = (to_slow(""), to_slow("partitioner.adaptive.partitioning.enable=#false"));
    let avoiding = to_slow("partitioner.availability.timeout.ms=100");
    assert!(adaptive * 3 < blind * 2, "{adaptive} records to the slow broker with weights, {blind} without");
    assert!(avoiding < adaptive, "{avoiding} records to the slow broker when it is left out");
}

#[test]
fn synchronous_sending_has_one_record_under_way() {
    let history = run("", "every=\"1ms\" count=50 sync=#true linger.ms=0", "until acked 50");
    let mut open = 0;
    for emitted in history.past_events() {
        match emitted.event {
            Event::RecordSent { .. } => open += 1,
            Event::RecordAcked { .. } => open -= 1,
            _ => {}
        }
        assert!(open <= 1);
    }
}

#[test]
fn close_flushes_and_a_crash_loses_the_buffer() {
    let end = |how: &str| {
        let story = format!("run \"2500ms\"\n{how} p\nrun \"5s\"");
        let history = run("", "every=\"10ms\" linger.ms=60000 delivery.timeout.ms=120000", &story);
        let totals = history.simulation().ledger().totals();
        (totals.sent, totals.acked)
    };
    let (sent, acked) = end("stop");
    assert!(sent >= 50 && acked == sent, "{acked} of {sent}");
    let (sent, acked) = end("kill");
    assert!(sent >= 50 && acked == 0, "{acked} of {sent}");
}

#[test]
fn an_idle_topic_is_forgotten_and_asked_for_again() {
    // The second record is due 20 s after the first; its `send` returns at once, or after a round trip for metadata.
    let waits = |idle: &str| {
        let history = run("", &format!("every=\"20s\" count=2 metadata.max.age.ms=4000 {idle}"), "until acked 2");
        let sent = moments(&history, |event| matches!(event, Event::RecordSent { .. }));
        sent[1].since(Instant::ZERO).as_millis() - 22_000
    };
    assert_eq!(waits(""), 0);
    assert!(waits("metadata.max.idle.ms=5000") >= 2);
}

/// A producer that was cut off while the brokers it knows of died and another one took over.
fn cut_off(settings: &str, how: &str, story: &str) -> History {
    check(&format!(
        r#"
        scenario forgotten
        brokers 3
        network latency="2ms"
        topic t partitions=1 replication-factor=3 {{ replicas 2 3 1 }}
        producer p topic=t start="2s" every="100ms" metadata.max.age.ms=1000 max.block.ms=1000 request.timeout.ms=1000 delivery.timeout.ms=2000 {settings}
        story {{
            until acked ">=5"
            kill "broker 1"
            wait BrokerFenced broker=1
            run "3s"
            isolate p
            run "5s"
            start "broker 1"
            until isr t-0 "2,3,1"
            {how} "broker 3"
            wait BrokerFenced broker=3
            {how} "broker 2"
            until leader t-0 1
            heal
            bind before acked
            {story}
        }}
        "#
    ))
}

#[test]
fn only_who_begins_anew_finds_brokers_it_has_forgotten() {
    cut_off("metadata.recovery.strategy=rebootstrap", "kill", "until acked \">$before\" within=\"30s\"");
    cut_off("metadata.recovery.strategy=none", "kill", "run \"60s\"\nexpect acked $before");
}

#[test]
fn the_trigger_does_not_wait_until_nobody_seems_reachable() {
    // Frozen brokers can be connected to: one of them always seems reachable.
    let trigger = |millis: &str| {
        format!("metadata.recovery.rebootstrap.trigger.ms={millis} reconnect.backoff.ms=0 reconnect.backoff.max.ms=0")
    };
    cut_off(&trigger("1000"), "pause", "until acked \">$before\" within=\"30s\"");
    cut_off(&trigger("300000"), "pause", "run \"30s\"\nexpect acked $before");
}

#[test]
fn a_rack_aware_producer_stays_in_its_rack_while_it_can() {
    let spread = |settings: &str| {
        let history = check(&format!(
            "scenario racks\nbrokers 3 racks=\"a,b,b\"\ntopic t partitions=3 replication-factor=3 {{ replicas 1 2 3; replicas 2 3 1; replicas 3 1 2 }}\n\
             producer p topic=t start=\"2s\" every=\"10ms\" size=500 batch.size=1000 {settings}\n\
             story {{ until acked 200; expect leader t-0 1; kill \"broker 1\"; until leader t-0 2; until acked 1600 }}"
        ));
        let all = partitions(&history);
        let (first, later) = (all[..200].to_vec(), all[all.len() - 50..].to_vec());
        let kinds = |list: Vec<i32>| list.into_iter().collect::<std::collections::BTreeSet<i32>>().len();
        (kinds(first), kinds(later))
    };
    assert_eq!(spread("client.rack=a"), (3, 3), "a rack alone changes nothing");
    // When the leader in its own rack is gone, the others are as good as any.
    assert_eq!(spread("client.rack=a partitioner.rack.aware=#true"), (1, 3));
}

#[track_caller]
fn refused(settings: &str, message: &str) {
    let text = format!("brokers 1\ntopic t\nproducer p topic=t {settings}");
    let errors = Scenario::parse(&text).expect_err("this setting is wrong");
    assert!(errors.iter().any(|error| error.message.contains(message)), "wanted {message}, found {errors:#?}");
}

#[test]
fn a_wrong_value_is_refused_with_key_range_and_default() {
    refused("acks=2", "acks=\"2\" is not 0, 1 or all (default all)");
    refused("batch.size=-1", "batch.size=-1 is outside 0..2147483647 (default 16384)");
    refused("buffer.memory=-1", "buffer.memory=-1 is outside 0..9223372036854775807 (default 33554432)");
    refused("max.in.flight.requests.per.connection=0", "=0 is outside 1..2147483647 (default 5)");
    refused("max.in.flight.requests.per.connection=6", "=6 must be 1..5 with enable.idempotence=true (default 5)");
    refused("enable.idempotence=#true acks=1", "acks=1 must be all with enable.idempotence=true (default all)");
    refused("enable.idempotence=#true retries=0", "retries=0 must be 1..2147483647 with enable.idempotence=true");
    refused(
        "delivery.timeout.ms=1000",
        "delivery.timeout.ms=1000 must be at least linger.ms + request.timeout.ms (default 120000)",
    );
    refused(
        "metadata.max.idle.ms=4999",
        "metadata.max.idle.ms=4999 is outside 5000..9223372036854775807 (default 300000)",
    );
    refused("metadata.recovery.strategy=retry", "=\"retry\" is not none or rebootstrap (default rebootstrap)");
    refused("metadata.recovery.rebootstrap.trigger.ms=-1", "=-1 is outside 0..9223372036854775807 (default 300000)");
    refused(
        "transactional.id=x transaction.two.phase.commit.enable=#true transaction.timeout.ms=1000",
        "transaction.timeout.ms=1000 must not be set with transaction.two.phase.commit.enable=true (default 60000)",
    );
    refused("max.block=1", "did you mean \"max.block.ms\"?");
    refused(
        "partitioner.class=MyPartitioner",
        "is not null, RoundRobinPartitioner or DefaultPartitioner (default null)",
    );
    refused("defaults=\"1.x\"", "4.x or 2.x");
    // Five requests are the limit only for an idempotent producer.
    let text = "brokers 1\ntopic t\nproducer p topic=t acks=1 max.in.flight.requests.per.connection=6";
    assert!(Scenario::parse(text).is_ok());
    // What the user did not set gives way in silence.
    let text = "brokers 1\ntopic t\nproducer p topic=t linger.ms=200000";
    let config = Scenario::parse(text).unwrap().spec.producers[0].config().unwrap();
    assert_eq!(config.get("delivery.timeout.ms").as_deref(), Some("230000"));
}
