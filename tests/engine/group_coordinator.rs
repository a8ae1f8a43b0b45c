//! The group coordinator of KIP-848 asked directly: which epoch is believed, who gets what and when, whose commit counts,
//! and what runs out (`GroupMetadataManager`, `OffsetMetadataManager`).

use crate::test;
use highwater_engine::config::BrokerConfig;
use highwater_engine::coordinator::{GroupRecord, GroupShards, Outcome, ReplyTo};
use highwater_engine::effect::Effects;
use highwater_engine::event::GroupState;
use highwater_engine::ids::{
    BrokerId, CorrelationId, Generation, GroupId, LeaderEpoch, MemberId, NodeId, Offset, ProducerId, TopicId,
    TopicPartition,
};
use highwater_engine::protocol::{
    Channel, CommitOffset, ConsumerGroupHeartbeatRequest, ErrorCode, OffsetCommitRequest, OffsetFetchRequest, Response,
};
use highwater_engine::rng::SimRng;
use highwater_engine::time::{Duration, Instant};

const GROUP: GroupId = GroupId(0);
const TOPIC: TopicId = TopicId(1);
const A: u32 = 1;
const B: u32 = 2;

fn at(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn member(client: u32) -> MemberId {
    MemberId { client, incarnation: 0 }
}

fn tps(partitions: &[i32]) -> Vec<TopicPartition> {
    partitions.iter().map(|partition| TopicPartition::new(TOPIC, *partition)).collect()
}

fn asker() -> ReplyTo {
    ReplyTo { peer: NodeId(7), channel: Channel::Client, correlation: CorrelationId(1) }
}

/// A coordinator of one group whose topic has two partitions; what it writes is committed at once.
struct Coordinator {
    shards: GroupShards,
    config: BrokerConfig,
    now: Instant,
    partitions: i32,
}

impl Coordinator {
    fn new() -> Coordinator {
        let config = BrokerConfig { group_consumer_assignment_interval_ms: Duration::ZERO, ..BrokerConfig::default() };
        Coordinator { shards: GroupShards::default(), config, now: at(1), partitions: 2 }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut GroupShards, &BrokerConfig, &mut Effects<'_>) -> T) -> T {
        let (mut rng, mut list) = (SimRng::stream(1, "test"), Vec::new());
        let mut out =
            Effects { now: self.now, observed: true, noted: false, judged: false, rng: &mut rng, list: &mut list };
        act(&mut self.shards, &self.config, &mut out)
    }

    /// A heartbeat's answer in words: the error, or the epoch and, if they are said, the partitions.
    fn beat(&mut self, request: &ConsumerGroupHeartbeatRequest) -> String {
        let partitions = self.partitions;
        let counts = move |topic| if topic == TOPIC { partitions } else { 0 };
        let outcome =
            self.with(|shards, config, out| shards.on_consumer_heartbeat(asker(), request, &counts, config, out));
        let Response::ConsumerGroupHeartbeat(answer) = answer_of(&outcome) else { panic!("{outcome:?}") };
        if answer.error.is_error() {
            return answer.error.name().to_owned();
        }
        let numbers = |tps: &Vec<TopicPartition>| tps.iter().map(|tp| tp.partition).collect::<Vec<_>>();
        match &answer.assignment {
            Some(assignment) => format!("epoch {} has {:?}", answer.member_epoch.0, numbers(assignment)),
            None => format!("epoch {}", answer.member_epoch.0),
        }
    }

    fn joins(&mut self, client: u32) -> String {
        self.beat(&join(client))
    }

    /// A member that says its epoch and what it owns.
    fn says(&mut self, client: u32, epoch: i32, owned: Option<&[i32]>) -> String {
        self.beat(&ConsumerGroupHeartbeatRequest { topics: None, ..request(client, epoch, owned) })
    }

    fn commits(&mut self, client: Option<u32>, epoch: i32, partitions: &[i32]) -> &'static str {
        let offset = |tp| CommitOffset { tp, offset: Offset(5), leader_epoch: LeaderEpoch(0) };
        let request = OffsetCommitRequest {
            group: GROUP,
            generation: Generation(epoch),
            member: client.map(member),
            instance: None,
            offsets: tps(partitions).into_iter().map(offset).collect(),
        };
        let outcome = self.with(|shards, config, out| shards.on_offset_commit(asker(), &request, config, out));
        let Response::OffsetCommit(answer) = answer_of(&outcome) else { panic!("{outcome:?}") };
        let word = answer.error.name();
        self.written(&outcome);
        word
    }

    /// What was written counts from now on.
    fn written(&mut self, outcome: &Outcome) {
        for record in outcome.write.iter().flat_map(|(_, records, _)| records) {
            self.shards.replay(record, self.now);
        }
    }

    /// Lets time pass. Returns what runs out then, as records in short.
    fn passes(&mut self, seconds: u64) -> usize {
        self.now += Duration::from_secs(seconds);
        let outcomes = self.with(|shards, config, out| shards.on_timer(BrokerId(1), config, &|_| None, out));
        outcomes.iter().filter_map(|outcome| outcome.write.as_ref()).map(|(_, records, _)| records.len()).sum()
    }

    fn state(&self) -> (GroupState, i32) {
        let group = self.shards.group(GROUP).unwrap();
        (group.state, group.generation.0)
    }
}

/// The answer that leaves now, or when what was written is committed.
fn answer_of(outcome: &Outcome) -> &Response {
    let later = outcome.write.as_ref().and_then(|(_, _, answer)| answer.as_ref());
    &later.or(outcome.answers.first()).unwrap().1
}

fn request(client: u32, epoch: i32, owned: Option<&[i32]>) -> ConsumerGroupHeartbeatRequest {
    ConsumerGroupHeartbeatRequest {
        group: GROUP,
        member: member(client),
        member_epoch: Generation(epoch),
        instance: None,
        rebalance_timeout: Duration::from_secs(60),
        topics: Some(vec![TOPIC]),
        assignor: None,
        owned: owned.map(tps),
    }
}

fn join(client: u32) -> ConsumerGroupHeartbeatRequest {
    request(client, 0, Some(&[]))
}

/// A and B, each with one partition, in epoch 2.
fn two_members() -> Coordinator {
    let mut group = Coordinator::new();
    assert_eq!(group.joins(A), "epoch 1 has [0, 1]");
    // B is in epoch 2 at once, but A has not given anything up yet.
    assert_eq!(group.joins(B), "epoch 2 has []");
    assert_eq!(group.state(), (GroupState::Reconciling, 2));
    assert_eq!(group.says(A, 1, Some(&[0, 1])), "epoch 1 has [0]");
    assert_eq!(group.says(B, 2, Some(&[])), "epoch 2");
    assert_eq!(group.says(A, 1, Some(&[0, 1])), "epoch 1", "still to be given up");
    assert_eq!(group.says(A, 1, Some(&[0])), "epoch 2");
    assert_eq!(group.says(B, 2, Some(&[])), "epoch 2 has [1]");
    assert_eq!(group.state(), (GroupState::Stable, 2));
    group
}

#[test]
fn a_partition_changes_hands_only_after_its_owner_has_given_it_up() {
    two_members();
}

#[test]
fn an_old_epoch_is_believed_only_from_a_member_whose_answer_was_lost() {
    let mut group = two_members();
    assert_eq!(group.says(A, 2, None), "epoch 2");
    assert_eq!(group.says(A, 1, Some(&[0])), "epoch 2");
    assert_eq!(group.says(A, 1, Some(&[])), "epoch 2");
    // It has something that is not its own any more, or does not say what it has.
    assert_eq!(group.says(A, 1, Some(&[0, 1])), "FENCED_MEMBER_EPOCH");
    assert_eq!(group.says(A, 1, None), "FENCED_MEMBER_EPOCH");
    assert_eq!(group.says(A, 3, Some(&[0])), "FENCED_MEMBER_EPOCH");
    assert_eq!(group.says(3, 2, Some(&[])), "UNKNOWN_MEMBER_ID");
    // Who begins anew owns nothing, keeps its place, and nobody else has to move.
    assert_eq!(group.joins(A), "epoch 2 has [0]");
    assert_eq!(group.state(), (GroupState::Stable, 2));
}

#[test]
fn a_commit_counts_with_the_present_epoch_or_for_what_was_held_since_an_older_one() {
    let mut group = two_members();
    assert_eq!(group.commits(Some(A), 2, &[0]), "NONE");
    assert_eq!(group.commits(Some(A), 1, &[0]), "NONE");
    assert_eq!(group.commits(Some(A), 0, &[0]), "STALE_MEMBER_EPOCH");
    assert_eq!(group.commits(Some(A), 3, &[0]), "STALE_MEMBER_EPOCH");
    assert_eq!(group.commits(Some(A), 1, &[0, 1]), "STALE_MEMBER_EPOCH");
    assert_eq!(group.commits(Some(B), 1, &[1]), "STALE_MEMBER_EPOCH");
    assert_eq!(group.commits(Some(3), 2, &[0]), "UNKNOWN_MEMBER_ID");
    // An administrator may set offsets only while nobody reads.
    assert_eq!(group.commits(None, -1, &[0]), "UNKNOWN_MEMBER_ID");
    assert_eq!(Coordinator::new().commits(None, -1, &[0]), "NONE");
}

#[test]
fn a_group_has_no_more_members_than_it_may_and_only_assignors_the_broker_has() {
    let mut group = two_members();
    group.config.group_consumer_max_size = 2;
    assert_eq!(group.joins(3), "GROUP_MAX_SIZE_REACHED");
    assert_eq!(group.joins(B), "epoch 2 has [1]", "who is in already may come again");
    group.config.group_consumer_max_size = 3;
    let asks = |name: &str| ConsumerGroupHeartbeatRequest { assignor: Some(name.into()), ..join(3) };
    assert_eq!(group.beat(&asks("best")), "UNSUPPORTED_ASSIGNOR");
    assert_eq!(group.beat(&asks("range")), "epoch 3 has []");
}

#[test]
fn a_static_member_keeps_its_place_while_it_is_away_for_a_while() {
    let named = |request| ConsumerGroupHeartbeatRequest { instance: Some("one".into()), ..request };
    let mut group = Coordinator::new();
    assert_eq!(group.beat(&named(join(A))), "epoch 1 has [0, 1]");
    assert_eq!(group.beat(&named(join(B))), "UNRELEASED_INSTANCE_ID");
    assert_eq!(group.beat(&named(request(A, -2, None))), "epoch -2");
    assert_eq!(group.state(), (GroupState::Stable, 1));
    // Its successor takes its partitions, and the group's epoch stands.
    assert_eq!(group.beat(&named(join(B))), "epoch 1 has [0, 1]");
    assert_eq!(group.state(), (GroupState::Stable, 1));
    assert_eq!(group.beat(&named(request(A, 1, Some(&[0, 1])))), "FENCED_INSTANCE_ID");
    // A dynamic member that says −2 is gone, and so is anybody that says −1.
    let mut group = two_members();
    assert_eq!(group.says(A, -2, None), "epoch -2");
    assert_eq!(group.state().1, 3);
    assert_eq!(group.says(B, 2, Some(&[1])), "epoch 3 has [0, 1]");
    assert_eq!(group.says(B, -1, None), "epoch -1");
    assert_eq!(group.state(), (GroupState::Empty, 4));
    assert_eq!(group.says(B, -1, None), "UNKNOWN_MEMBER_ID");
}

#[test]
fn a_topic_that_grows_or_a_new_subscription_begins_a_new_epoch() {
    let mut group = two_members();
    group.partitions = 3;
    assert_eq!(group.says(A, 2, Some(&[0])), "epoch 3");
    assert_eq!(group.says(B, 2, Some(&[1])), "epoch 3 has [1, 2]");
    let subscribes = |topics: &[TopicId]| ConsumerGroupHeartbeatRequest {
        topics: Some(topics.to_vec()),
        ..request(B, 3, Some(&[1, 2]))
    };
    assert_eq!(group.beat(&subscribes(&[TOPIC])), "epoch 3 has [1, 2]", "nothing new");
    assert_eq!(group.beat(&subscribes(&[])), "epoch 3 has []", "to be given up first");
    assert_eq!(group.state().1, 4);
    assert_eq!(group.says(B, 3, Some(&[])), "epoch 4");
    assert_eq!(group.says(A, 3, Some(&[0])), "epoch 4 has [0, 1, 2]");
}

#[test]
fn the_target_is_computed_at_most_once_per_interval() {
    let mut group = Coordinator::new();
    group.config.group_consumer_assignment_interval_ms = Duration::from_secs(5);
    assert_eq!(group.joins(A), "epoch 1 has [0, 1]");
    assert_eq!(group.joins(B), "epoch 1 has []");
    assert_eq!(group.state(), (GroupState::Assigning, 2));
    assert_eq!(group.shards.next_deadline(), Some(at(6)));
    assert_eq!(group.passes(4), 0);
    assert_eq!(group.passes(1), 3, "a target for each of the two and its epoch");
    assert_eq!(group.state(), (GroupState::Reconciling, 2));
}

#[test]
fn a_member_is_removed_when_it_is_silent_or_does_not_give_up_what_it_should() {
    let mut group = two_members();
    assert_eq!(group.passes(44), 0);
    assert_eq!(group.says(A, 2, Some(&[0])), "epoch 2");
    // B was last heard 45 s ago: its two assignments, itself, the epoch, A's new target and the target's epoch.
    assert_eq!(group.passes(1), 6);
    assert_eq!(group.says(A, 2, Some(&[0])), "epoch 3 has [0, 1]");
    // A keeps sending heartbeats, but never says that it gave partition 1 up.
    assert_eq!(group.joins(B), "epoch 4 has []");
    assert_eq!(group.says(A, 3, Some(&[0, 1])), "epoch 3 has [0]");
    for _ in 0..59 {
        assert_eq!(group.passes(1), 0);
        assert_eq!(group.says(A, 3, Some(&[0, 1])), "epoch 3");
        assert_eq!(group.says(B, 4, Some(&[])), "epoch 4");
    }
    assert!(group.passes(1) > 0);
    assert_eq!(group.says(A, 3, Some(&[0, 1])), "UNKNOWN_MEMBER_ID");
    assert_eq!(group.says(B, 4, Some(&[])), "epoch 5 has [0, 1]");
}

#[test]
fn an_empty_groups_offsets_are_forgotten_after_their_retention_and_the_group_with_them() {
    let mut group = Coordinator::new();
    group.config.offsets_retention_minutes = 10;
    group.config.offsets_retention_check_interval_ms = Duration::from_secs(60);
    assert_eq!(group.joins(A), "epoch 1 has [0, 1]");
    assert_eq!(group.commits(Some(A), 1, &[0, 1]), "NONE");
    // A group that works keeps the offsets of what it reads.
    for _ in 0..40 {
        assert_eq!(group.passes(30), 0);
        assert_eq!(group.says(A, 1, None), "epoch 1");
    }
    assert_eq!(group.says(A, -1, None), "epoch -1");
    let left = group.now;
    let mut forgotten = 0;
    while forgotten == 0 {
        forgotten = group.passes(60);
    }
    // Two offsets, and the group's two epochs.
    assert_eq!((forgotten, group.now), (4, left + Duration::from_secs(600)));
}

#[test]
fn offsets_in_an_open_transaction_count_when_it_is_committed_and_are_withheld_until_then() {
    let pending = |tp, offset| GroupRecord::OffsetCommit {
        group: GROUP,
        tp,
        offset: Offset(offset),
        leader_epoch: LeaderEpoch(0),
        committed_at: at(1),
        by: None,
        generation: Generation::NONE,
        pending: Some(ProducerId(5)),
    };
    for (committed, counts) in [(true, 9), (false, 5)] {
        let mut group = Coordinator::new();
        assert_eq!(group.commits(None, -1, &[0, 1]), "NONE");
        group.shards.replay(&pending(tps(&[0])[0], 9), at(1));
        let read = |group: &Coordinator, require_stable| {
            let request = OffsetFetchRequest { group: GROUP, partitions: tps(&[0, 1]), require_stable };
            let answer = group.shards.on_offset_fetch(&request);
            assert_eq!(answer.error, ErrorCode::None);
            let offsets: Vec<i64> = answer.offsets.iter().map(|(_, offset, _)| offset.0).collect();
            (offsets, answer.unstable.len())
        };
        assert_eq!(read(&group, true), (vec![-1, 5], 1));
        assert_eq!(read(&group, false), (vec![5, 5], 0));
        let mut end = |producer| group.shards.on_transaction_end(0, ProducerId(producer), committed, |_| true).len();
        assert_eq!((end(6), end(5), end(5)), (0, 1, 0));
        assert_eq!(read(&group, true), (vec![counts, 5], 0));
    }
}
