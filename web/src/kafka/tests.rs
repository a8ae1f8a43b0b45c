use super::*;
use crate::session::Run;
use highwater_engine::ids::{BrokerId, NodeId};
use highwater_engine::scenario::Scenario;
use highwater_engine::time::Instant;
use highwater_engine::view::{Lens, stage};

fn failover(seconds: u64) -> Run {
    let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=2 replication-factor=3 min.insync.replicas=2\n\
                producer p1 topic=orders start=\"5s\" every=\"200ms\" acks=all\n\
                group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\" }\n\
                at \"8s\" { kill \"broker 1\" }\n";
    let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
    run.seek_time(Instant(seconds * 1_000_000));
    run
}

#[test]
fn a_topic_is_described_as_kafka_topics_does_it() {
    let run = failover(25);
    let view = stage(run.simulation(), &Lens::default());
    let text = describe_topics(&view, run.recording(), run.simulation().directory(), None);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    let head: Vec<&str> = lines[0].split('\t').collect();
    assert_eq!(head[0], "Topic: orders");
    assert_eq!(head[1].len(), "TopicId: ".len() + 22);
    assert_eq!(&head[2..], ["PartitionCount: 2", "ReplicationFactor: 3", "Configs: min.insync.replicas=2"]);
    // Broker 1 is dead and fenced: it leads nothing and is in no ISR.
    assert!(
        lines[1].starts_with("\tTopic: orders\tPartition: 0\tLeader: 2\tReplicas: 2,3,1\tIsr: 2,3\tElr: "),
        "{text}"
    );
}

#[test]
fn the_log_of_a_process_is_its_own() {
    let run = failover(25);
    let directory = run.simulation().directory();
    let controller = server_log(run.past(), directory, Wanted::By(NodeId(0)), 50);
    assert!(controller.iter().any(|line| line.text.contains("Fencing broker 1 because its session has timed out")));
    assert!(controller.iter().all(|line| line.text.contains("QuorumController")));
    let partition = view_tp(&run);
    let lines = server_log(run.past(), directory, Wanted::Partition(partition), 50);
    assert!(lines.iter().any(|line| line.text.contains("Leader orders-1 starts at leader epoch")), "{lines:#?}");
    let stamps: Vec<&str> = lines.iter().map(|line| &line.text[..25]).collect();
    assert!(stamps.windows(2).all(|pair| pair[0] >= pair[1]), "newest first");
    assert!(stamps.iter().all(|stamp| stamp.starts_with("[2026-01-01 12:00:")), "{stamps:?}");
}

fn view_tp(run: &Run) -> highwater_engine::ids::TopicPartition {
    run.view().partitions[1].tp
}

#[test]
fn the_quorum_is_described_with_its_observers() {
    let run = failover(6);
    let view = stage(run.simulation(), &Lens::default());
    let text = describe_quorum(&view, run.recording());
    assert!(text.lines().all(|line| line.contains(": ") && line.len() > 24), "{text}");
    assert!(text.contains("CurrentObservers:       [{\"id\": 1, \"directoryId\""), "{text}");
    assert_eq!(view.brokers[0].id, BrokerId(1));
}

#[test]
fn a_uuid_is_22_letters_and_says_which_world_it_is_of() {
    assert_eq!(uuid(7, 1), uuid(7, 1));
    assert_ne!(uuid(7, 1), uuid(7, 2));
    assert_ne!(uuid(7, 1), uuid(8, 1));
    assert_eq!(uuid(1, 1).len(), 22);
}
