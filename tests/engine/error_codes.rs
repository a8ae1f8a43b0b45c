//! Every error code that brokers and controllers can answer with, provoked: by a request put to them as they are at a
//! moment of a story, here or in another suite. A code that nobody provokes fails; those still open are listed by name.

use crate::test;
use highwater_engine::assignor::Assignor;
use highwater_engine::config::{Acks, ShareAcquireMode};
use highwater_engine::controller::{LeaderRecoveryState, MetadataImage};
use highwater_engine::effect::{Effect, Effects, Input};
use highwater_engine::event::Event;
use highwater_engine::history::History;
use highwater_engine::ids::{
    BrokerEpoch, BrokerId, CorrelationId, Generation, GroupId, LeaderEpoch, NodeId, Offset, PartitionEpoch, RecordId,
    TopicId, TopicPartition,
};
use highwater_engine::protocol::{
    AdminRequest, AlterPartitionData, AlterPartitionRequest, Body, BrokerHeartbeatRequest, Channel, CreatableTopic,
    CreateTopicsRequest, ErrorCode, FetchPartition, FetchRequest, FindCoordinatorRequest, HeartbeatRequest,
    JoinGroupRequest, ListOffsetsRequest, MemberId, MetadataRequest, OffsetSpec, ProduceRequest, Request, Response,
    ShareFetchRequest, Subscription,
};
use highwater_engine::rng::SimRng;
use highwater_engine::sim::{Actor, Simulation};
use highwater_engine::storage::{Damage, Record, RecordBatch, RecordBody};
use highwater_engine::time::Duration;
use highwater_tests::story::check;
use std::sync::Arc;

/// A client that is in no directory.
const STRANGER: NodeId = NodeId(60_000);
const QUESTION: CorrelationId = CorrelationId(1);

/// What a node would answer now. It is asked alone: its timers run out and its fsyncs end, nobody else hears of anything.
fn ask(simulation: &Simulation, node: NodeId, request: Request) -> Vec<ErrorCode> {
    let Some(mut actor) = simulation.actor(node).cloned() else { return Vec::new() };
    let (mut rng, mut now) = (SimRng::stream(1, "question"), simulation.now());
    let body = Body::Request(QUESTION, request);
    let mut inputs = vec![(now, Input::Delivered { from: STRANGER, channel: Channel::Client, body })];
    for _ in 0..50 {
        inputs.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let Some((at, input)) = inputs.pop() else { break };
        now = at;
        let mut list = Vec::new();
        let mut out = Effects { now, observed: false, judged: false, noted: false, rng: &mut rng, list: &mut list };
        match &mut actor {
            Actor::Broker(broker) => broker.handle(input, &mut out),
            Actor::Controller(controller) => controller.handle(node, input, &mut out),
            _ => return Vec::new(),
        }
        for effect in list {
            match effect {
                Effect::Send { to: STRANGER, body: Body::Response(QUESTION, response), .. } => {
                    return errors(&response);
                }
                Effect::SetTimer(timer, at) => inputs.push((at, Input::TimerFired(timer))),
                Effect::Sync(token) => inputs.push((now + Duration::from_millis(1), Input::DiskDone(token))),
                _ => {}
            }
        }
    }
    Vec::new()
}

fn errors(response: &Response) -> Vec<ErrorCode> {
    match response {
        Response::Produce(answer) => answer.partitions.iter().map(|partition| partition.error).collect(),
        Response::Fetch(answer) => answer.partitions.iter().map(|partition| partition.error).collect(),
        Response::ListOffsets(answer) => answer.partitions.iter().map(|(_, error, _)| *error).collect(),
        Response::Metadata(answer) => answer.partitions.iter().map(|partition| partition.error).collect(),
        Response::FindCoordinator(answer) => vec![answer.error],
        Response::Heartbeat(error) => vec![*error],
        Response::JoinGroup(answer) => vec![answer.error],
        Response::ShareFetch(answer) => vec![answer.error],
        Response::BrokerHeartbeat(answer) => vec![answer.error],
        Response::CreateTopics(answer) => answer.topics.iter().map(|(_, error)| *error).collect(),
        Response::AlterPartition(answer) => {
            answer.partitions.iter().map(|verdict| verdict.error).chain([answer.error]).collect()
        }
        other => panic!("nobody asked for {other:?}"),
    }
}

/// A moment of a story.
struct Moment(History);

/// Three brokers; `t` is led by broker 1, `c` is compacted.
fn moment(features: &str, topic: &str, story: &str) -> Moment {
    Moment(check(&format!(
        r#"
        scenario questions
        brokers 3 replica.lag.time.max.ms=4000 offsets.topic.num.partitions=1
        controllers 3
        features eligible.leader.replicas.version=0 {features}
        topic t partitions=1 replication-factor=3 {topic} {{ replicas 1 2 3 }}
        topic c partitions=1 replication-factor=3 cleanup.policy=compact {{ replicas 1 2 3 }}
        producer p topic=t start="2s" every="100ms" count=30
        group g topic=t auto.offset.reset=earliest {{ consumer c1 }}
        story {{
            until processed-by g 30
            run "2s"
            {story}
        }}
        "#
    )))
}

/// Nothing special has happened.
fn calm() -> Moment {
    moment("", "", "")
}

impl Moment {
    fn simulation(&self) -> &Simulation {
        self.0.simulation()
    }

    fn tp(&self, topic: &str) -> TopicPartition {
        TopicPartition::new(self.simulation().directory().find_topic(topic).unwrap(), 0)
    }

    fn broker(&self, id: i32) -> NodeId {
        let is_it = |actor: &Actor| matches!(actor, Actor::Broker(broker) if broker.id == BrokerId(id));
        self.simulation().actors().find(|(_, actor)| is_it(actor)).map(|(node, _)| node).unwrap()
    }

    /// What one broker would answer.
    fn ask(&self, id: i32, request: Request) -> Vec<ErrorCode> {
        ask(self.simulation(), self.broker(id), request)
    }

    /// What all brokers would answer.
    fn ask_all(&self, request: &Request) -> Vec<ErrorCode> {
        (1..=3).flat_map(|broker| self.ask(broker, request.clone())).collect()
    }

    /// What the active controller would answer.
    fn ask_controller(&self, request: Request) -> Vec<ErrorCode> {
        ask(self.simulation(), self.simulation().active_controller().unwrap().0, request)
    }

    fn judge(&self, request: &AdminRequest) -> Vec<ErrorCode> {
        vec![self.simulation().active_controller().unwrap().1.judge_admin(request)]
    }

    /// What brokers would have answered at any moment of the story, from the beginning on.
    fn ask_ever(mut self, request: &Request) -> Vec<ErrorCode> {
        let end = self.0.cursor();
        self.0.seek_event(0);
        let mut heard: Vec<ErrorCode> = Vec::new();
        while self.0.cursor() < end && self.0.step_forward() {
            let nodes: Vec<NodeId> = self.simulation().actors().map(|(node, _)| node).collect();
            for node in nodes {
                let is_broker = matches!(self.simulation().actor(node), Some(Actor::Broker(_)));
                if is_broker {
                    heard.extend(ask(self.simulation(), node, request.clone()));
                }
            }
            heard.sort();
            heard.dedup();
        }
        heard
    }

    /// A leader's wish for another ISR of `t`, as broker 1 of this incarnation would make it, and changed a little.
    fn alter(&self, change: impl FnOnce(&mut AlterPartitionRequest, &MetadataImage)) -> Vec<ErrorCode> {
        let image = self.simulation().active_controller().unwrap().1.image;
        let partition = image.partition(self.tp("t")).unwrap();
        let epoch = |broker: &BrokerId| (*broker, image.brokers[broker].epoch);
        let mut request = AlterPartitionRequest {
            broker: partition.leader,
            broker_epoch: image.brokers[&partition.leader].epoch,
            partitions: vec![AlterPartitionData {
                tp: self.tp("t"),
                leader_epoch: partition.leader_epoch,
                partition_epoch: partition.partition_epoch,
                new_isr: partition.isr.iter().map(epoch).collect(),
                recovery_state: LeaderRecoveryState::Recovered,
            }],
        };
        change(&mut request, image);
        self.ask_controller(Request::AlterPartition(Box::new(request)))
    }
}

fn batch(timestamp: u64, size: u32) -> RecordBatch {
    let body = RecordBody::User { id: RecordId::new(STRANGER, 1), key: None, size };
    RecordBatch::new(None, vec![Record { timestamp, body }])
}

fn produce(tp: TopicPartition, batch: RecordBatch) -> Request {
    let timeout = Duration::from_millis(10);
    let batches = vec![(tp, batch)];
    Request::Produce(Box::new(ProduceRequest { acks: Acks::All, timeout, transactional: None, v2: false, batches }))
}

fn fetch(tp: TopicPartition, epoch: i32, offset: i64) -> Request {
    Request::Fetch(Box::new(FetchRequest {
        replica: None,
        read_committed: false,
        max_wait: Duration::ZERO,
        min_bytes: 1,
        max_bytes: 1_000_000,
        rack: None,
        incremental: false,
        forgotten: Vec::new(),
        partitions: vec![FetchPartition {
            tp,
            current_leader_epoch: LeaderEpoch(epoch),
            fetch_offset: Offset(offset),
            last_fetched_epoch: LeaderEpoch::NONE,
            log_start_offset: Offset::NONE,
            max_bytes: 1_000_000,
        }],
    }))
}

fn latest(tp: TopicPartition) -> Request {
    let partitions = vec![(tp, LeaderEpoch::NONE, OffsetSpec::Latest)];
    Request::ListOffsets(ListOffsetsRequest { read_committed: false, replica: None, partitions })
}

fn heartbeat() -> Request {
    let (group, generation, member) = (GroupId(0), Generation(1), MemberId { client: 7, incarnation: 7 });
    Request::Heartbeat(Box::new(HeartbeatRequest { group, generation, member, instance: None }))
}

/// Somebody new wants to be a member.
fn join(session_timeout: Duration, protocols: Vec<Assignor>) -> Request {
    Request::JoinGroup(Box::new(JoinGroupRequest {
        group: GroupId(0),
        member: None,
        client: 7,
        session_timeout,
        rebalance_timeout: Duration::from_secs(60),
        instance: None,
        protocols,
        subscription: Subscription { topics: Vec::new(), owned: Vec::new(), generation: Generation(-1) },
    }))
}

fn create(topic: u32, replication_factor: i16) -> Request {
    let topic = CreatableTopic {
        topic: TopicId(topic),
        partitions: 1,
        replication_factor,
        assignment: Vec::new(),
        config: Arc::default(),
    };
    Request::CreateTopics(Box::new(CreateTopicsRequest { topics: vec![topic] }))
}

/// The answers to what provokes `code` here; none when another suite provokes it.
fn provoked(code: ErrorCode) -> Option<Vec<ErrorCode>> {
    let epoch_of = |moment: &Moment| {
        let image = moment.simulation().active_controller().unwrap().1.image;
        image.partition(moment.tp("t")).unwrap().leader_epoch.0
    };
    Some(match code {
        ErrorCode::None => calm().ask(1, fetch(calm().tp("t"), -1, 0)),
        ErrorCode::OffsetOutOfRange => {
            let calm = calm();
            let beyond = calm.ask(1, fetch(calm.tp("t"), -1, 31));
            // The end of the log itself is not out of range: there is nothing yet.
            assert_eq!(calm.ask(1, fetch(calm.tp("t"), -1, 30)), [ErrorCode::None]);
            beyond
        }
        ErrorCode::CorruptMessage => {
            let calm = calm();
            calm.ask(1, produce(calm.tp("t"), RecordBatch { damage: Some(Damage::BitFlip(3)), ..batch(0, 10) }))
        }
        ErrorCode::UnknownTopicOrPartition => calm().ask(1, fetch(TopicPartition::new(calm().tp("t").topic, 7), -1, 0)),
        ErrorCode::LeaderNotAvailable => {
            let dark = moment(
                "",
                "",
                "kill \"broker 2\"\nkill \"broker 3\"\nrun \"20s\"\nkill \"broker 1\"\nstart \"broker 2\"\nrun \"20s\"",
            );
            dark.ask(2, Request::Metadata(MetadataRequest { topics: vec![dark.tp("t").topic] }))
        }
        ErrorCode::NotLeaderOrFollower => {
            let calm = calm();
            calm.ask(2, produce(calm.tp("t"), batch(0, 10)))
        }
        ErrorCode::RequestTimedOut => {
            let calm = calm();
            calm.ask(1, produce(calm.tp("t"), batch(0, 10)))
        }
        ErrorCode::MessageTooLarge => {
            let calm = calm();
            calm.ask(1, produce(calm.tp("t"), batch(0, 1_100_000)))
        }
        ErrorCode::CoordinatorLoadInProgress => {
            let moved = "kill \"broker 1\"\nrun \"15s\"\nkill \"broker 2\"\nrun \"15s\"";
            moment("", "", moved).ask_ever(&heartbeat())
        }
        ErrorCode::CoordinatorNotAvailable => {
            calm().ask_ever(&Request::FindCoordinator(FindCoordinatorRequest { group: GroupId(0) }))
        }
        ErrorCode::NotCoordinator => {
            let calm = calm();
            (1..=3).flat_map(|broker| calm.ask(broker, heartbeat())).collect()
        }
        ErrorCode::InvalidSessionTimeout => calm().ask_all(&join(Duration::from_millis(1), vec![Assignor::Range])),
        ErrorCode::InconsistentGroupProtocol => calm().ask_all(&join(Duration::from_secs(45), Vec::new())),
        ErrorCode::MemberIdRequired => calm().ask_all(&join(Duration::from_secs(45), vec![Assignor::Range])),
        ErrorCode::ShareSessionNotFound => calm().ask_all(&Request::ShareFetch(Box::new(ShareFetchRequest {
            group: GroupId(0),
            member: MemberId { client: 7, incarnation: 7 },
            session_epoch: 5,
            max_wait: Duration::ZERO,
            max_bytes: 1_000,
            max_records: 10,
            acquire_mode: ShareAcquireMode::default(),
            partitions: Vec::new(),
            forgotten: Vec::new(),
        }))),
        ErrorCode::InvalidTopicException => {
            let own = TopicPartition::new(TopicId(0), 0);
            let calm = calm();
            (1..=3).flat_map(|broker| calm.ask(broker, produce(own, batch(0, 10)))).collect()
        }
        ErrorCode::RecordListTooLarge => {
            let wide = moment("", "segment.bytes=1048576 max.message.bytes=5000000", "");
            wide.ask(1, produce(wide.tp("t"), batch(0, 2_000_000)))
        }
        ErrorCode::NotEnoughReplicas => {
            let alone = moment("", "min.insync.replicas=2", "kill \"broker 2\"\nkill \"broker 3\"\nrun \"20s\"");
            alone.ask(1, produce(alone.tp("t"), batch(0, 10)))
        }
        ErrorCode::NotEnoughReplicasAfterAppend => {
            // Before 3.7 the high watermark moved below min.insync.replicas, too. The producer hears of it, and retries.
            let story = check(
                r#"
                scenario after-append
                brokers 3
                features strict.min.isr=#false
                topic t partitions=1 replication-factor=2 min.insync.replicas=2 { replicas 1 2 }
                producer p topic=t start="3s" every="50ms" count=60
                story {
                    until acked 10
                    kill "broker 2"
                    run "30s"
                }
                "#,
            );
            let of = |event: &Event| match event {
                Event::ProduceRetried { error, .. } => Some(*error),
                _ => None,
            };
            story.past_events().iter().filter_map(|emitted| of(&emitted.event)).collect()
        }
        ErrorCode::TransactionAborted => {
            // Nothing of it was sent yet when the application gave it up.
            let story = check(
                r#"
                scenario given-up
                brokers 1
                topic t partitions=1 replication-factor=1
                producer p topic=t start="2s" every="10ms" count=6 transactional.id=x linger.ms=5000 transaction-records=3 abort-every=1
                story { run "30s" }
                "#,
            );
            let of = |event: &Event| match event {
                Event::SendFailed { error, .. } => Some(*error),
                _ => None,
            };
            story.past_events().iter().filter_map(|emitted| of(&emitted.event)).collect()
        }
        ErrorCode::InvalidTimestamp => {
            let calm = calm();
            calm.ask(1, produce(calm.tp("t"), batch(7_200_000, 10)))
        }
        ErrorCode::InvalidRecord => {
            let calm = calm();
            calm.ask(1, produce(calm.tp("c"), batch(0, 10)))
        }
        ErrorCode::TopicAlreadyExists => calm().ask_controller(create(calm().tp("t").topic.0, 1)),
        ErrorCode::InvalidReplicationFactor => calm().ask_controller(create(77, 9)),
        ErrorCode::NotController => {
            let calm = calm();
            let simulation = calm.simulation();
            let idle = |(_, actor): &(NodeId, &Actor)| matches!(actor, Actor::Controller(c) if !c.is_active());
            let (node, _) = simulation.actors().find(idle).unwrap();
            ask(simulation, node, create(77, 1))
        }
        ErrorCode::InvalidRequest => {
            let (broker, value) = (BrokerId(1), "1".to_owned());
            let name = "broker.heartbeat.interval.ms".to_owned();
            calm().judge(&AdminRequest::AlterBrokerConfig { broker, name, value })
        }
        ErrorCode::PolicyViolation => {
            let calm = calm();
            let Some(Actor::Broker(leader)) = calm.simulation().actor(calm.broker(1)) else { return None };
            assert_eq!(leader.judge_delete_records(calm.tp("t"), Offset(31)), ErrorCode::OffsetOutOfRange);
            vec![leader.judge_delete_records(calm.tp("c"), Offset(0))]
        }
        ErrorCode::KafkaStorageError => {
            let full = moment("", "", "disk-full \"broker 1\"");
            full.ask(1, produce(full.tp("t"), batch(0, 10)))
        }
        ErrorCode::FencedLeaderEpoch => {
            let moved = moment("", "", "kill \"broker 1\"\nuntil leader t-0 2 within=\"30s\"\nrun \"1s\"");
            moved.ask(2, fetch(moved.tp("t"), epoch_of(&moved) - 1, 0))
        }
        ErrorCode::UnknownLeaderEpoch => {
            let calm = calm();
            calm.ask(1, fetch(calm.tp("t"), epoch_of(&calm) + 1, 0))
        }
        ErrorCode::StaleBrokerEpoch => calm().ask_controller(Request::BrokerHeartbeat(BrokerHeartbeatRequest {
            broker: BrokerId(1),
            broker_epoch: BrokerEpoch(0),
            metadata_offset: Offset(0),
            want_fence: false,
            want_shut_down: false,
        })),
        ErrorCode::OffsetNotAvailable => {
            // The next leader has it all, but has not heard yet that all of it is committed.
            let story = check(
                r#"
                scenario new-leader
                brokers 3
                topic t partitions=1 replication-factor=3 { replicas 1 2 3 }
                producer p topic=t start="2s" every="10ms"
                story {
                    until acked 50
                    kill "broker 1"
                    until leader t-0 2 within="30s"
                    run "100ms"
                }
                "#,
            );
            let story = Moment(story);
            let question = latest(story.tp("t"));
            story.ask_ever(&question)
        }
        ErrorCode::InvalidUpdateVersion => calm().alter(|request, _| {
            request.partitions[0].partition_epoch = PartitionEpoch(-1);
        }),
        ErrorCode::IneligibleReplica => calm().alter(|request, _| request.partitions[0].new_isr[1].1 = BrokerEpoch(0)),
        ErrorCode::UnknownTopicId => calm().alter(|request, _| request.partitions[0].tp.topic = TopicId(77)),
        ErrorCode::NewLeaderElected => {
            // Broker 2 cannot copy, so that the reassignment stays unfinished; with it in the ISR, it leads.
            let story = check(
                r#"
                scenario handing-over
                brokers 2
                topic t partitions=1 replication-factor=1 { replicas 1 }
                producer p topic=t start="2s" every="100ms" count=10
                story {
                    until acked 10
                    cut "broker 1" "broker 2"
                    reassign t-0 2
                    run "2s"
                }
                "#,
            );
            Moment(story).alter(|request, image| {
                request.partitions[0].new_isr.push((BrokerId(2), image.brokers[&BrokerId(2)].epoch));
            })
        }
        _ => return None,
    })
}

/// Codes that no current broker sends; clients know what to do with them all the same.
const HISTORICAL: [ErrorCode; 2] = [ErrorCode::DuplicateSequenceNumber, ErrorCode::UnknownProducerId];

/// Codes of the group and share protocols that no suite asserts by name so far, although brokers send them.
const OPEN: [ErrorCode; 8] = [
    // Of the era of ZooKeeper: `zookeeper_controller` shows that a fenced controller's requests change nothing.
    ErrorCode::StaleControllerEpoch,
    ErrorCode::RebalanceInProgress,
    ErrorCode::GroupIdNotFound,
    ErrorCode::UnstableOffsetCommit,
    ErrorCode::InvalidRecordState,
    ErrorCode::InvalidShareSessionEpoch,
    ErrorCode::FencedStateEpoch,
    ErrorCode::ShareSessionLimitReached,
];

#[test]
fn every_error_code_is_provoked() {
    for code in ErrorCode::ALL.iter().copied() {
        match provoked(code) {
            Some(heard) => assert!(heard.contains(&code), "{} was not heard, but {heard:?}", code.name()),
            None => assert!(
                HISTORICAL.contains(&code) || OPEN.contains(&code) || is_named_elsewhere(code),
                "nobody provokes {} ({})",
                code.name(),
                code.code()
            ),
        }
    }
}

/// The other suites, in which a code is named where it is expected.
#[cfg(not(target_arch = "wasm32"))]
fn is_named_elsewhere(code: ErrorCode) -> bool {
    let variant = format!("{code:?}");
    let words = [format!("ErrorCode::{variant}"), format!("error={variant}"), code.name().to_owned()];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("engine");
    let suites = std::fs::read_dir(folder).unwrap().filter_map(|file| file.ok().map(|file| file.path()));
    suites.filter(|path| path.file_name().is_some_and(|name| name != "error_codes.rs")).any(|path| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        words.iter().any(|word| text.contains(word.as_str()))
    })
}

/// Where there are no files: the native run has looked.
#[cfg(target_arch = "wasm32")]
fn is_named_elsewhere(_: ErrorCode) -> bool {
    true
}
