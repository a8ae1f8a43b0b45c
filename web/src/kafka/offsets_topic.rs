//! The records of `__consumer_offsets`, as Kafka's formatters write keys and values.
//!
//! The console consumer's `OffsetsMessageFormatter` prints offset commits only; the list of all records has the same
//! shape, `{"type", "data"}` for keys and `{"version", "data"}` for values. Simplified: what a classic member subscribes
//! to and was assigned is written out, where the real value is the client's bytes.

use super::groups::{host, member_id};
use super::uuid;
use highwater_engine::coordinator::{ConsumerGroupKey, GroupRecord, MemberPhase, ShareGroupRecord, group_partition};
use highwater_engine::history::Recording;
use highwater_engine::ids::{GroupId, MemberId, NodeId, Offset, TopicPartition};
use highwater_engine::sim::{Actor, Directory, OFFSETS_TOPIC, Simulation};
use highwater_engine::storage::RecordBody;
use highwater_engine::time::Instant;

/// Milliseconds since 1970 at which every run begins: noon of the first of January 2026, as in its logs.
pub(super) const NOON: u64 = 1_767_268_800_000;

/// One record of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetsRecord {
    /// Where it stands.
    pub offset: Offset,
    /// Its key as JSON.
    pub key: String,
    /// Its value as JSON, `null` for a tombstone.
    pub value: String,
    /// Whether it is an offset commit, or its tombstone.
    pub is_commit: bool,
}

/// The partition of `__consumer_offsets` that a group's records go to.
pub fn offsets_partition(simulation: &Simulation, group: GroupId) -> Option<TopicPartition> {
    let count = simulation.actors().find_map(|(_, actor)| match actor {
        Actor::Broker(broker) => Some(broker.config.offsets_topic_num_partitions),
        _ => None,
    })?;
    Some(TopicPartition::new(OFFSETS_TOPIC, group_partition(simulation.directory().group_name(group), count)))
}

/// The newest records of a group in its coordinator's log, oldest first.
pub fn offsets_records(
    simulation: &Simulation,
    recording: &Recording,
    group: GroupId,
    most: usize,
) -> Vec<OffsetsRecord> {
    let Some(tp) = offsets_partition(simulation, group) else { return Vec::new() };
    let coordinator = simulation.actors().find_map(|(_, actor)| match actor {
        Actor::Broker(broker) if broker.coordinates(group) => broker.replicas().get(&tp),
        _ => None,
    });
    let Some(replica) = coordinator else { return Vec::new() };
    let writer = Writer { directory: simulation.directory(), seed: recording.seed };
    let all = replica.log.batches().rev().flat_map(|batch| {
        let mut records: Vec<_> = batch.iter().collect();
        records.reverse();
        records
    });
    let mut found: Vec<OffsetsRecord> = all
        .filter_map(|(offset, record)| match &record.body {
            RecordBody::Group(body) if body.group() == group => Some(writer.record(offset, body)),
            _ => None,
        })
        .take(most)
        .collect();
    found.reverse();
    found
}

struct Writer<'a> {
    directory: &'a Directory,
    seed: u64,
}

impl Writer<'_> {
    fn record(&self, offset: Offset, record: &GroupRecord) -> OffsetsRecord {
        let group = self.directory.group_name(record.group());
        let (kind, key) = self.key(record, group);
        let value = self.value(record).map_or_else(
            || "null".to_owned(),
            |(version, data)| format!("{{\"version\":{version},\"data\":{{{data}}}}}"),
        );
        let key = format!("{{\"type\":{kind},\"data\":{{{key}}}}}");
        OffsetsRecord { offset, key, value, is_commit: kind == 1 }
    }

    fn key(&self, record: &GroupRecord, group: &str) -> (u8, String) {
        let with_member =
            |member: MemberId| format!("\"groupId\":\"{group}\",\"memberId\":\"{}\"", self.modern(member));
        match record {
            GroupRecord::OffsetCommit { tp, .. } | GroupRecord::OffsetTombstone { tp, .. } => {
                let topic = self.directory.topic_name(tp.topic);
                (1, format!("\"group\":\"{group}\",\"topic\":\"{topic}\",\"partition\":{}", tp.partition))
            }
            GroupRecord::GroupMetadata { .. } | GroupRecord::GroupTombstone { .. } => {
                (2, format!("\"group\":\"{group}\""))
            }
            GroupRecord::ConsumerGroupMetadata { .. } => (3, format!("\"groupId\":\"{group}\"")),
            GroupRecord::ConsumerGroupMember { member, .. } => (5, with_member(*member)),
            GroupRecord::ConsumerGroupTargetEpoch { .. } => (6, format!("\"groupId\":\"{group}\"")),
            GroupRecord::ConsumerGroupTarget { member, .. } => (7, with_member(*member)),
            GroupRecord::ConsumerGroupCurrent { member, .. } => (8, with_member(*member)),
            GroupRecord::Share { record, .. } => {
                let whose = record.member().map_or_else(|| format!("\"groupId\":\"{group}\""), with_member);
                (record.key_version(), whose)
            }
            GroupRecord::ConsumerGroupTombstone { of, .. } => match of {
                ConsumerGroupKey::Group => (3, format!("\"groupId\":\"{group}\"")),
                ConsumerGroupKey::TargetEpoch => (6, format!("\"groupId\":\"{group}\"")),
                ConsumerGroupKey::Target(member) => (7, with_member(*member)),
                ConsumerGroupKey::Current(member) => (8, with_member(*member)),
            },
        }
    }

    fn value(&self, record: &GroupRecord) -> Option<(u8, String)> {
        let stamp = |at: &Instant| NOON + at.as_millis();
        Some(match record {
            GroupRecord::Share { record, .. } => return self.share_value(record),
            GroupRecord::OffsetTombstone { .. }
            | GroupRecord::GroupTombstone { .. }
            | GroupRecord::ConsumerGroupTombstone { .. } => return None,
            GroupRecord::OffsetCommit { offset, leader_epoch, committed_at, .. } => {
                let at = stamp(committed_at);
                let data = format!(
                    "\"offset\":{offset},\"leaderEpoch\":{leader_epoch},\"metadata\":\"\",\"commitTimestamp\":{at}"
                );
                (4, data)
            }
            GroupRecord::GroupMetadata { generation, protocol, leader, members, at, .. } => {
                let quoted =
                    |text: Option<String>| text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""));
                let id = |member: MemberId, instance: Option<&str>| {
                    member_id(self.seed, self.directory.node_name(NodeId(member.client)), instance, member, false)
                };
                let instance_of = |wanted: MemberId| {
                    members.iter().find(|it| it.member == wanted).and_then(|it| it.instance.as_deref())
                };
                let leader = quoted(leader.map(|leader| id(leader, instance_of(leader))));
                let member = |member: &highwater_engine::coordinator::MemberRecord| {
                    let topics = member.subscription.topics.iter().map(|topic| self.directory.topic_name(*topic));
                    let topics: Vec<String> = topics.map(|topic| format!("\"{topic}\"")).collect();
                    let owned: Vec<String> =
                        member.assignment.iter().map(|tp| format!("\"{}\"", self.directory.tp_name(*tp))).collect();
                    format!(
                        "{{\"memberId\":\"{}\",\"groupInstanceId\":{},\"clientId\":\"{}\",\"clientHost\":\"{}\",\"rebalanceTimeout\":{},\"sessionTimeout\":{},\"subscription\":[{}],\"assignment\":[{}]}}",
                        id(member.member, member.instance.as_deref()),
                        quoted(member.instance.as_deref().map(str::to_owned)),
                        self.directory.node_name(NodeId(member.member.client)),
                        host(member.member.client),
                        member.rebalance_timeout.as_millis(),
                        member.session_timeout.as_millis(),
                        topics.join(","),
                        owned.join(","),
                    )
                };
                let all: Vec<String> = members.iter().map(member).collect();
                let protocol = quoted(protocol.map(|protocol| protocol.name().to_owned()));
                let data = format!(
                    "\"protocolType\":\"consumer\",\"generation\":{generation},\"protocol\":{protocol},\"leader\":{leader},\"currentStateTimestamp\":{},\"members\":[{}]",
                    stamp(at),
                    all.join(","),
                );
                (4, data)
            }
            GroupRecord::ConsumerGroupMetadata { epoch, .. } => (0, format!("\"epoch\":{epoch}")),
            GroupRecord::ConsumerGroupMember { member, value, .. } => {
                let value = value.as_ref()?;
                let topics: Vec<String> =
                    value.topics.iter().map(|topic| format!("\"{}\"", self.directory.topic_name(*topic))).collect();
                let quoted = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""));
                let data = format!(
                    "\"instanceId\":{},\"rackId\":null,\"clientId\":\"{}\",\"clientHost\":\"{}\",\"subscribedTopicNames\":[{}],\"subscribedTopicRegex\":\"\",\"rebalanceTimeoutMs\":{},\"serverAssignor\":{}",
                    quoted(value.instance.as_deref()),
                    self.directory.node_name(NodeId(member.client)),
                    host(member.client),
                    topics.join(","),
                    value.rebalance_timeout.as_millis(),
                    quoted(value.assignor.map(|assignor| assignor.name())),
                );
                (0, data)
            }
            GroupRecord::ConsumerGroupTargetEpoch { epoch, .. } => (0, format!("\"assignmentEpoch\":{epoch}")),
            GroupRecord::ConsumerGroupTarget { partitions, .. } => {
                (0, format!("\"topicPartitions\":{}", self.by_topic(partitions)))
            }
            GroupRecord::ConsumerGroupCurrent { current, .. } => {
                let state = match current.phase {
                    MemberPhase::Stable => 1,
                    MemberPhase::UnrevokedPartitions => 2,
                    MemberPhase::UnreleasedPartitions => 3,
                };
                let data = format!(
                    "\"memberEpoch\":{},\"previousMemberEpoch\":{},\"state\":{state},\"assignedPartitions\":{},\"partitionsPendingRevocation\":{}",
                    current.epoch,
                    current.previous_epoch,
                    self.by_topic(&current.partitions()),
                    self.by_topic(&current.revoking),
                );
                (0, data)
            }
        })
    }

    /// The value of a share group's record.
    fn share_value(&self, record: &ShareGroupRecord) -> Option<(u8, String)> {
        let data = match record {
            ShareGroupRecord::Member(member, topics) => {
                let topics = topics.as_ref()?.iter().map(|topic| format!("\"{}\"", self.directory.topic_name(*topic)));
                let topics: Vec<String> = topics.collect();
                format!(
                    "\"rackId\":null,\"clientId\":\"{}\",\"clientHost\":\"{}\",\"subscribedTopicNames\":[{}]",
                    self.directory.node_name(NodeId(member.client)),
                    host(member.client),
                    topics.join(","),
                )
            }
            ShareGroupRecord::Epoch(epoch) => format!("\"epoch\":{epoch}"),
            ShareGroupRecord::TargetEpoch(epoch) => format!("\"assignmentEpoch\":{epoch}"),
            ShareGroupRecord::Target(_, partitions) => {
                format!("\"topicPartitions\":{}", self.by_topic(partitions.as_ref()?))
            }
            ShareGroupRecord::Current(_, current) => {
                let current = current.as_ref()?;
                format!(
                    "\"memberEpoch\":{},\"previousMemberEpoch\":{},\"state\":0,\"assignedPartitions\":{}",
                    current.epoch,
                    current.previous_epoch,
                    self.by_topic(&current.partitions),
                )
            }
            ShareGroupRecord::StatePartitions(beginning, begun) => format!(
                "\"initializingTopics\":{},\"initializedTopics\":{},\"deletingTopics\":[]",
                self.by_topic(beginning),
                self.by_topic(begun),
            ),
        };
        Some((0, data))
    }

    fn modern(&self, member: MemberId) -> String {
        member_id(self.seed, "", None, member, true)
    }

    fn by_topic(&self, partitions: &[TopicPartition]) -> String {
        let mut topics: std::collections::BTreeMap<u32, Vec<String>> = Default::default();
        for tp in partitions {
            topics.entry(tp.topic.0).or_default().push(tp.partition.to_string());
        }
        let of_topic = |(topic, numbers): (u32, Vec<String>)| {
            format!("{{\"topicId\":\"{}\",\"partitions\":[{}]}}", uuid(self.seed, u64::from(topic)), numbers.join(","))
        };
        let all: Vec<String> = topics.into_iter().map(of_topic).collect();
        format!("[{}]", all.join(","))
    }
}
