//! The lines a Kafka process writes about what happened to it.

use super::ids;
use highwater_engine::event::{Event, GroupState, LeaveReason, StopKind, TruncationReason};
use highwater_engine::ids::{BrokerId, GroupId, NodeId, TopicPartition};
use highwater_engine::sim::{Directory, Emitted, NodeKind, OFFSETS_TOPIC};
use highwater_engine::time::Instant;

/// A line with the event it belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The step, to go there.
    pub n: u64,
    /// Whose log it is in.
    pub by: NodeId,
    /// The partition it speaks of.
    pub tp: Option<TopicPartition>,
    /// The group it speaks of.
    pub group: Option<GroupId>,
    /// The line.
    pub text: String,
}

/// Whose lines are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Those of one process.
    By(NodeId),
    /// Those about a partition, whoever wrote them.
    Partition(TopicPartition),
    /// Those about a group.
    Group(GroupId),
}

/// The newest lines, at most so many, newest first; none for what Kafka does not log at its default levels.
pub fn server_log(events: &[Emitted], directory: &Directory, wanted: Wanted, most: usize) -> Vec<Line> {
    let writer = Writer { directory };
    let mut lines = Vec::new();
    for (index, emitted) in events.iter().enumerate().rev() {
        let (tp, group) = about(&emitted.event);
        // Fifty partitions of `__consumer_offsets` would bury the rest.
        let internal = tp.is_some_and(|tp| tp.topic == OFFSETS_TOPIC);
        let fits = match wanted {
            _ if internal => false,
            Wanted::By(_) => true,
            Wanted::Partition(wanted) => tp == Some(wanted),
            Wanted::Group(wanted) => group == Some(wanted),
        };
        let told = if fits {
            writer.text(&emitted.event).or_else(|| writer.of_group(&events[..index], group?, &emitted.event))
        } else {
            None
        };
        let Some((by, level, text)) = told else { continue };
        if matches!(wanted, Wanted::By(node) if node != by) {
            continue;
        }
        lines.push(Line { n: emitted.n, by, tp, group, text: format!("{} {level} {text}", stamp(emitted.at)) });
        if lines.len() == most {
            break;
        }
    }
    lines
}

/// The time of day in a log: every run begins at noon of the same day.
fn stamp(at: Instant) -> String {
    let millis = at.as_millis();
    let seconds = millis / 1_000;
    let hour = (12 + seconds / 3_600) % 24;
    format!("[2026-01-01 {hour:02}:{:02}:{:02},{:03}]", seconds / 60 % 60, seconds % 60, millis % 1_000)
}

struct Writer<'a> {
    directory: &'a Directory,
}

impl Writer<'_> {
    fn broker(&self, id: BrokerId) -> Option<NodeId> {
        self.directory.nodes().find(|(_, kind)| *kind == NodeKind::Broker(id)).map(|(node, _)| node)
    }

    fn controller(&self) -> Option<NodeId> {
        self.directory.nodes().find(|(_, kind)| *kind == NodeKind::Controller).map(|(node, _)| node)
    }

    /// The ZooKeeper of a cluster that has one instead of a controller.
    fn keeper(&self) -> Option<NodeId> {
        self.directory.nodes().next().filter(|(_, kind)| *kind == NodeKind::ZooKeeper).map(|(node, _)| node)
    }

    fn tp(&self, tp: TopicPartition) -> String {
        self.directory.tp_name(tp)
    }

    /// Who wrote it, and what.
    fn text(&self, event: &Event) -> Option<(NodeId, &'static str, String)> {
        let info = "INFO";
        Some(match event {
            Event::NodeStarted { node } => {
                let NodeKind::Broker(id) = self.directory.node_kind(*node)? else { return None };
                let text = match self.keeper() {
                    Some(_) => format!("[KafkaServer id={id}] started (kafka.server.KafkaServer)"),
                    None => {
                        format!("[KafkaRaftServer nodeId={id}] Kafka Server started (kafka.server.KafkaRaftServer)")
                    }
                };
                (*node, info, text)
            }
            Event::NodeStopped { node, how: StopKind::Graceful } => {
                let NodeKind::Broker(id) = self.directory.node_kind(*node)? else { return None };
                let (long, short) = match self.keeper() {
                    Some(_) => ("kafka.server.KafkaServer", "KafkaServer"),
                    None => ("kafka.server.BrokerServer", "BrokerServer"),
                };
                (*node, info, format!("[{short} id={id}] shut down completed ({long})"))
            }
            Event::ControllerElected { node, epoch } => {
                let NodeKind::Broker(id) = self.directory.node_kind(*node)? else { return None };
                let text = format!(
                    "[Controller id={id}] {id} successfully elected as the controller. Epoch incremented to {epoch} and epoch zk version is now {} (kafka.controller.KafkaController)",
                    epoch.0 - 1
                );
                (*node, info, text)
            }
            Event::SessionExpired { node, .. } => {
                let text = format!(
                    "Expiring session of {}, timeout exceeded (org.apache.zookeeper.server.ZooKeeperServer)",
                    self.directory.node_name(*node)
                );
                (self.keeper()?, info, text)
            }
            Event::ControllerRefused { broker, controller, epoch, known } => {
                let text = format!(
                    "[Broker id={broker}] Ignoring request from controller {controller} since its controller epoch {epoch} is old. Latest known controller epoch is {known} (state.change.logger)"
                );
                (self.broker(*broker)?, "WARN", text)
            }
            Event::BrokerRegistered { broker, epoch } if self.keeper().is_some() => {
                let text = format!(
                    "Registered broker {broker} at path /brokers/ids/{broker} with czxid (broker epoch): {epoch} (kafka.zk.KafkaZkClient)"
                );
                (self.broker(*broker)?, info, text)
            }
            Event::BrokerRegistered { broker, epoch } => {
                let text = format!(
                    "[QuorumController id=3000] Registered new broker: broker {broker} with broker epoch {epoch} (org.apache.kafka.controller.ClusterControlManager)"
                );
                (self.controller()?, info, text)
            }
            Event::BrokerFenced { broker, silent_for } => {
                let why = if silent_for.0 > 0 { " because its session has timed out" } else { "" };
                let text = format!(
                    "[QuorumController id=3000] Fencing broker {broker}{why}. (org.apache.kafka.controller.ReplicationControlManager)"
                );
                (self.controller()?, info, text)
            }
            Event::BrokerUnfenced { broker } => {
                let text = format!(
                    "[QuorumController id=3000] The request from broker {broker} to unfence has been granted because it has caught up with the offset of its register broker record. (org.apache.kafka.controller.BrokerHeartbeatManager)"
                );
                (self.controller()?, info, text)
            }
            Event::LeaderElected { tp, leader, epoch, unclean, .. } => {
                let election = if *unclean { "UNCLEAN leader election" } else { "clean leader election" };
                let text = format!(
                    "[QuorumController id=3000] partition change for {}: {election}, leader {leader}, leaderEpoch {epoch} (org.apache.kafka.controller.ReplicationControlManager)",
                    self.tp(*tp)
                );
                (self.controller()?, if *unclean { "WARN" } else { info }, text)
            }
            Event::IsrShrinkProposed { broker, tp, out } => {
                let text = format!(
                    "[Partition {} broker={broker}] Shrinking ISR, removing {}. (kafka.cluster.Partition)",
                    self.tp(*tp),
                    ids(out)
                );
                (self.broker(*broker)?, info, text)
            }
            Event::IsrExpandProposed { broker, tp, joining } => {
                let text = format!(
                    "[Partition {} broker={broker}] Expanding ISR to add replica {joining} (kafka.cluster.Partition)",
                    self.tp(*tp)
                );
                (self.broker(*broker)?, info, text)
            }
            Event::IsrChanged { tp, from, isr } => {
                let text = format!(
                    "[QuorumController id=3000] partition change for {}: isr: [{}] -> [{}] (org.apache.kafka.controller.ReplicationControlManager)",
                    self.tp(*tp),
                    ids(from).replace(',', ", "),
                    ids(isr).replace(',', ", ")
                );
                (self.controller()?, info, text)
            }
            Event::LeaderActivated { broker, tp, epoch, log_end_offset, high_watermark } => {
                let text = format!(
                    "[Broker id={broker}] Leader {} starts at leader epoch {epoch} from offset {log_end_offset} with high watermark {high_watermark}. (state.change.logger)",
                    self.tp(*tp)
                );
                (self.broker(*broker)?, info, text)
            }
            Event::FollowerActivated { broker, tp, epoch, leader } => {
                let text = format!(
                    "[Broker id={broker}] Follower {} starts at leader epoch {epoch} with leader {leader}. (state.change.logger)",
                    self.tp(*tp)
                );
                (self.broker(*broker)?, info, text)
            }
            Event::LogTruncated { broker, tp, to, why: TruncationReason::PowerLoss, .. } => {
                let text = format!(
                    "[LogLoader partition={}, dir=/var/lib/kafka/data] Recovering unflushed segment, log end offset is {to} (kafka.log.LogLoader)",
                    self.tp(*tp)
                );
                (self.broker(*broker)?, "WARN", text)
            }
            Event::LogTruncated { broker, tp, to, .. } => {
                let text = format!(
                    "[UnifiedLog partition={}, dir=/var/lib/kafka/data] Truncating to offset {to} (kafka.log.UnifiedLog)",
                    self.tp(*tp)
                );
                (self.broker(*broker)?, info, text)
            }
            Event::CoordinatorLoaded { broker, group } => {
                let text = format!(
                    "[GroupCoordinator id={broker}] Finished loading of metadata of group {} (org.apache.kafka.coordinator.group.GroupCoordinatorService)",
                    self.directory.group_name(*group)
                );
                (self.broker(*broker)?, info, text)
            }
            _ => return None,
        })
    }

    /// A group's lines are written by its coordinator: the last broker that loaded it.
    fn of_group(&self, before: &[Emitted], group: GroupId, event: &Event) -> Option<(NodeId, &'static str, String)> {
        let coordinator = before.iter().rev().find_map(|emitted| match &emitted.event {
            Event::CoordinatorLoaded { broker, group: loaded } if *loaded == group => Some(*broker),
            _ => None,
        });
        let coordinator = self.broker(coordinator?)?;
        let (level, text) = self.group(event, coordinator)?;
        Some((coordinator, level, text))
    }

    fn group(&self, event: &Event, coordinator: NodeId) -> Option<(&'static str, String)> {
        let id = match self.directory.node_kind(coordinator)? {
            NodeKind::Broker(id) => id,
            _ => return None,
        };
        let name = |group: &GroupId| self.directory.group_name(*group).to_owned();
        let class = "(org.apache.kafka.coordinator.group.GroupMetadataManager)";
        Some(match event {
            Event::GroupStateChanged { group, state: GroupState::PreparingRebalance, generation } => {
                let text = format!(
                    "[GroupCoordinator id={id}] Preparing to rebalance group {} in state PreparingRebalance with old generation {generation}. {class}",
                    name(group)
                );
                ("INFO", text)
            }
            Event::GroupStateChanged { group, state: GroupState::Stable, generation } => (
                "INFO",
                format!("[GroupCoordinator id={id}] Stabilized group {} generation {generation}. {class}", name(group)),
            ),
            Event::GroupStateChanged { group, state: GroupState::Empty, generation } => (
                "INFO",
                format!(
                    "[GroupCoordinator id={id}] Group {} with generation {generation} is now empty. {class}",
                    name(group)
                ),
            ),
            Event::MemberJoined { group, client } => {
                let member = self.directory.node_name(*client);
                (
                    "INFO",
                    format!(
                        "[GroupCoordinator id={id}] Dynamic member with unknown member id joins group {} in Empty state. Created a new member id {member}. {class}",
                        name(group)
                    ),
                )
            }
            Event::MemberLeft { group, client, why } => {
                let (member, group) = (self.directory.node_name(*client), name(group));
                let text = match why {
                    LeaveReason::Leave => format!(
                        "[GroupCoordinator id={id}] Member {member} has left group {group} through explicit `LeaveGroup` request. {class}"
                    ),
                    LeaveReason::SessionTimeout => format!(
                        "[GroupCoordinator id={id}] Member {member} in group {group} has failed, removing it from the group. {class}"
                    ),
                    LeaveReason::RebalanceTimeout => format!(
                        "[GroupCoordinator id={id}] Group {group} removed dynamic members who haven't joined: [{member}]. {class}"
                    ),
                    LeaveReason::Replaced => format!(
                        "[GroupCoordinator id={id}] Static member with unknown member id rejoins group {group}, replacing previous member {member}. {class}"
                    ),
                };
                ("INFO", text)
            }
            _ => return None,
        })
    }
}

/// What an event speaks of.
fn about(event: &Event) -> (Option<TopicPartition>, Option<GroupId>) {
    match event {
        Event::LeaderElected { tp, .. }
        | Event::IsrShrinkProposed { tp, .. }
        | Event::IsrExpandProposed { tp, .. }
        | Event::IsrChanged { tp, .. }
        | Event::LeaderActivated { tp, .. }
        | Event::FollowerActivated { tp, .. }
        | Event::LogTruncated { tp, .. } => (Some(*tp), None),
        Event::CoordinatorLoaded { group, .. }
        | Event::GroupStateChanged { group, .. }
        | Event::MemberJoined { group, .. }
        | Event::MemberLeft { group, .. } => (None, Some(*group)),
        _ => (None, None),
    }
}
