use super::*;
use crate::session::Run;
use highwater_engine::ids::{BrokerId, NodeId};
use highwater_engine::scenario::Scenario;
use highwater_engine::sim::NodeKind;
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
    let text = describe_topics(&view, run.simulation(), run.recording(), None);
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
    let text = describe_quorum(run.simulation(), run.recording());
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

const SHARED: &str = "scenario t seed=7\nbrokers 3\ntopic orders partitions=3 replication-factor=3\n\
    producer p1 topic=orders start=\"5s\" every=\"100ms\" acks=all { keys a b c d e f }\n\
    group billing topic=orders auto.offset.reset=earliest {\n\
      consumer c1 processing=\"20ms\"\n  consumer c2 processing=\"20ms\"\n }\n";

fn described(run: &Run, what: Describe) -> String {
    let view = stage(run.simulation(), &Lens::default());
    describe_group(&view.groups[0], run.recording().seed, run.simulation().directory(), what)
}

#[test]
fn a_group_is_described_in_the_columns_of_kafka_consumer_groups() {
    let mut run = Run::of_scenario(Scenario::parse(SHARED).unwrap()).unwrap();
    run.seek_time(Instant(20_000_000));
    let text = described(&run, Describe::Offsets);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "", "a blank line comes first");
    let expected = format!(
        "{:15} {:15} {:10} {:15} {:15} {:15} {:39} {:15} {}",
        "GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"
    );
    assert_eq!(lines[1], expected);
    // range: the first member gets one more, and members with more partitions come first.
    let owners: Vec<(&str, &str)> = lines[2..]
        .iter()
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(
                words[4].parse::<i64>().unwrap() - words[3].parse::<i64>().unwrap(),
                words[5].parse::<i64>().unwrap()
            );
            assert!(words[6].starts_with(&format!("{}-", words[8])), "{line}");
            (words[2], words[8])
        })
        .collect();
    assert_eq!(owners, [("0", "c1"), ("1", "c1"), ("2", "c2")]);
    let members = described(&run, Describe::Members);
    assert!(members.contains("#PARTITIONS     CURRENT-EPOCH   CURRENT-ASSIGNMENT   TARGET-EPOCH    TARGET-ASSIGNMENT"));
    assert!(members.contains("2               -               orders:0,1           -               -"), "{members}");
    let state = described(&run, Describe::State);
    assert!(state.contains("range                Stable               2"), "{state}");
}

#[test]
fn a_kip_848_group_is_described_with_its_epochs() {
    let text = SHARED.replace("auto.offset.reset=earliest", "auto.offset.reset=earliest group.protocol=consumer");
    let mut run = Run::of_scenario(Scenario::parse(&text).unwrap()).unwrap();
    run.seek_time(Instant(20_000_000));
    let members = described(&run, Describe::Members);
    let line = members.lines().find(|line| line.contains(" c1 ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[1].len(), 22, "the client draws its id");
    let [epoch, current, target_epoch, target] = words[words.len() - 4..] else { panic!("{line}") };
    assert_eq!((epoch, current), (target_epoch, target), "a settled member is where it shall be: {line}");
    assert!(described(&run, Describe::State).contains("uniform              Stable               2"));
}

#[test]
fn the_records_of_a_group_can_be_read() {
    let mut run = Run::of_scenario(Scenario::parse(SHARED).unwrap()).unwrap();
    run.seek_time(Instant(20_000_000));
    let group = run.view().groups[0].id;
    let records = offsets_records(run.simulation(), run.recording(), group, 100);
    let metadata = records.iter().find(|record| record.key == r#"{"type":2,"data":{"group":"billing"}}"#).unwrap();
    assert!(metadata.value.contains(r#""protocolType":"consumer","generation":1,"protocol":"range""#), "{metadata:?}");
    let commit = records.iter().rfind(|record| record.is_commit).unwrap();
    assert!(commit.key.starts_with(r#"{"type":1,"data":{"group":"billing","topic":"orders","partition":"#));
    assert!(commit.value.starts_with(r#"{"version":4,"data":{"offset":"#), "{}", commit.value);
    assert!(commit.value.contains(r#""metadata":"","commitTimestamp":17672688"#), "{}", commit.value);
}

#[test]
fn a_segment_is_dumped_as_kafka_dump_log_does_it() {
    let run = failover(7);
    let mut users = run.simulation().actors().filter_map(|(_, actor)| match actor {
        highwater_engine::sim::Actor::Broker(broker) => {
            broker.replicas().iter().find(|(tp, replica)| !tp.topic.is_internal() && replica.log.batches().count() > 2)
        }
        _ => None,
    });
    let (_, replica) = users.next().unwrap();
    let segment = replica.log.active();
    let text = dump_log("orders-1", segment, 2);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Dumping /var/lib/kafka/data/orders-1/00000000000000000000.log");
    assert_eq!(lines[1], "Log starting offset: 0");
    let batches: Vec<&&str> = lines.iter().filter(|line| line.starts_with("baseOffset: ")).collect();
    assert_eq!(batches.len(), 2, "{text}");
    for part in [
        "isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty position: ",
        "magic: 2 compresscodec: none crc: ",
        " isvalid: true",
    ] {
        assert!(batches[1].contains(part), "{text}");
    }
    assert!(lines.iter().any(|line| line.starts_with("| offset: ") && line.contains(" payload: 4-")), "{text}");
}

#[test]
fn a_quorum_of_three_names_its_voters_and_its_leader() {
    let text = "scenario t seed=7\ncontrollers 3\nbrokers 3\ntopic orders partitions=1 replication-factor=3\n\
                at \"5s\" { kill \"controller 1\" }\n";
    let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
    run.seek_time(Instant(20_000_000));
    let text = describe_quorum(run.simulation(), run.recording());
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert!(["3000", "3001", "3002"].contains(&value("LeaderId:").as_str()), "{text}");
    assert!(value("LeaderEpoch:").parse::<i32>().unwrap() >= 1, "{text}");
    assert_eq!(value("CurrentVoters:").matches("\"id\"").count(), 3, "{text}");
    // The dead voter is behind since its last fetch, a little before it died.
    let behind: i64 = value("MaxFollowerLagTimeMs:").parse().unwrap();
    assert!((15_000..16_000).contains(&behind), "{text}");

    let table = describe_replication(run.simulation(), run.recording());
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').map(str::trim).collect()).collect();
    assert_eq!(rows[0][..4], ["NodeId", "DirectoryId", "LogEndOffset", "Lag"]);
    let status: Vec<&str> = rows[1..].iter().map(|row| row[6]).collect();
    assert_eq!(status, ["Leader", "Follower", "Follower", "Observer", "Observer", "Observer"], "{table}");
    assert_eq!((rows[1][3], rows[2][..].len()), ("0", 8), "each column ends with a tab: {table}");
    let fetched = |row: &&Vec<&str>| row[4].starts_with("17672688") && row[5].starts_with("17672688");
    assert_eq!(rows[1..].iter().filter(fetched).count(), 6, "{table}");
    assert!(
        table.lines().all(|line| line.split('\t').next().unwrap().len() == 6),
        "columns are as wide as their widest cell"
    );
}

#[test]
fn the_lag_of_the_quorum_is_that_of_its_voters_and_has_a_length_in_time() {
    let text = "scenario t seed=7\ncontrollers 3\nbrokers 1\ntopic orders partitions=1 replication-factor=1\n\
                producer p1 topic=orders start=\"5s\" every=\"5s\" acks=all\n\
                group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\" }\n";
    let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
    let value = |run: &Run, name: &str| -> i64 {
        let text = describe_quorum(run.simulation(), run.recording());
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap()
    };
    run.seek_time(Instant(8_000_000));
    let before = value(&run, "MaxFollowerLagTimeMs:");
    assert!((0..=1_000).contains(&before), "a follower fetches every half second: {before}");
    let (leader, _) = run.simulation().active_controller().unwrap();
    let mut voters = run.simulation().directory().nodes().filter(|(_, kind)| *kind == NodeKind::Controller);
    let (frozen, _) = voters.find(|(voter, _)| *voter != leader).unwrap();
    drop(voters);
    run.act(highwater_engine::command::Command::Pause { node: frozen }).unwrap();
    let tp = run.view().partitions[0].tp;
    run.seek_time(Instant(9_000_000));
    let request = highwater_engine::protocol::AdminRequest::AlterTopicConfig {
        topic: tp.topic,
        name: "retention.ms".into(),
        value: "1000".into(),
    };
    run.act(highwater_engine::command::Command::Admin { request }).unwrap();
    run.seek_time(Instant(9_800_000));
    assert_eq!(value(&run, "MaxFollowerLag:"), 1, "the frozen voter lacks the new record");
    assert!(value(&run, "MaxFollowerLagTimeMs:") >= 1_000);
}

#[test]
fn what_was_altered_is_described_and_so_are_eligible_leaders() {
    let mut run = failover(12);
    let tp = view_tp(&run);
    let request = highwater_engine::protocol::AdminRequest::AlterTopicConfig {
        topic: tp.topic,
        name: "retention.ms".into(),
        value: "1000".into(),
    };
    run.act(highwater_engine::command::Command::Admin { request }).unwrap();
    run.seek_time(Instant(14_000_000));
    let text = describe_topics(&run.view(), run.simulation(), run.recording(), None);
    assert!(text.lines().next().unwrap().ends_with("Configs: min.insync.replicas=2,retention.ms=1000"), "{text}");
    // Two more brokers go: what leaves the ISR below min.insync.replicas may still be elected (KIP-966).
    for node in [2, 3] {
        let how = highwater_engine::event::StopKind::Crash;
        run.act(highwater_engine::command::Command::Stop { node: NodeId(node), how }).unwrap();
    }
    run.seek_time(Instant(40_000_000));
    let text = describe_topics(&run.view(), run.simulation(), run.recording(), None);
    let line = text.lines().nth(1).unwrap();
    let column = |name: &str| line.split('\t').find_map(|cell| cell.strip_prefix(name)).unwrap().to_owned();
    assert_eq!(column("Leader: "), "none", "{text}");
    assert!(!column("Elr: ").is_empty(), "{text}");
}
