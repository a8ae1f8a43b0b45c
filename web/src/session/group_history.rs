//! What a group went through, from the events alone: who read each partition when, how the coordinator named its state,
//! every rebalance with who stopped for how long, and how the lag went.

use highwater_engine::collections::Map;
use highwater_engine::event::{Event, GroupState, LeaveReason};
use highwater_engine::ids::{Generation, GroupId, NodeId, Offset, TopicPartition};
use highwater_engine::sim::Emitted;
use highwater_engine::time::{Duration, Instant};

/// Somebody read a partition, or nobody did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// From.
    pub from: Instant,
    /// Until, or until now.
    pub to: Instant,
    /// The member that had the partition; none while it stood still.
    pub reader: Option<NodeId>,
}

/// The group was in one state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Phase {
    /// From.
    pub from: Instant,
    /// Until, or until now.
    pub to: Instant,
    /// The state at the coordinator.
    pub state: GroupState,
    /// The generation or group epoch.
    pub generation: Generation,
}

/// What set a rebalance off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// A member joined.
    Joined(NodeId),
    /// A member left, or was put out.
    Left(NodeId, LeaveReason),
    /// Something else: topics, subscriptions, a static member with another subscription.
    Other,
}

/// The group shared its partitions out anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rebalance {
    /// When it began.
    pub from: Instant,
    /// When it was settled; none while it goes on.
    pub to: Option<Instant>,
    /// What set it off.
    pub trigger: Trigger,
    /// Members that had partitions and had none for a while, with how long so far.
    pub stopped: Vec<(NodeId, Duration)>,
}

/// What happened in one partition.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartitionHistory {
    /// Who read it.
    pub readers: Vec<Stretch>,
    /// Lag (high watermark less committed offset) from when.
    pub lag: Vec<(Instant, u64)>,
}

/// All of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupHistory {
    /// States in order.
    pub phases: Vec<Phase>,
    /// Partitions that were ever assigned, or committed.
    pub partitions: Map<TopicPartition, PartitionHistory>,
    /// Rebalances in order.
    pub rebalances: Vec<Rebalance>,
}

#[derive(Default)]
struct Collector {
    history: GroupHistory,
    holds: Map<NodeId, u32>,
    idle_since: Map<NodeId, Instant>,
    ends: Map<TopicPartition, Offset>,
    committed: Map<TopicPartition, Offset>,
    trigger: Option<(u64, Trigger)>,
}

/// The history of a group up to `now`.
pub fn group_history<'a>(events: impl Iterator<Item = &'a Emitted>, group: GroupId, now: Instant) -> GroupHistory {
    let mut collector = Collector::default();
    for emitted in events {
        collector.take(emitted, group);
    }
    collector.finish(now)
}

fn settled(state: GroupState) -> bool {
    matches!(state, GroupState::Stable | GroupState::Empty)
}

impl Collector {
    fn take(&mut self, emitted: &Emitted, wanted: GroupId) {
        let at = emitted.at;
        match &emitted.event {
            Event::GroupStateChanged { group, state, generation } if *group == wanted => {
                self.phase(emitted.n, at, *state, *generation);
            }
            Event::MemberJoined { group, client } if *group == wanted => {
                self.trigger(emitted.n, Trigger::Joined(*client));
            }
            Event::MemberLeft { group, client, why } if *group == wanted => {
                self.trigger(emitted.n, Trigger::Left(*client, *why));
            }
            Event::PartitionsAssigned { group, client, partitions, .. } if *group == wanted => {
                for tp in partitions {
                    self.reader(*tp, at, Some(*client));
                }
                let holds = self.holds.entry(*client).or_default();
                *holds += partitions.len() as u32;
                if *holds > 0
                    && let Some(since) = self.idle_since.remove(client)
                {
                    self.stopped(*client, since, at);
                }
            }
            Event::PartitionsRevoked { group, client, partitions, .. } if *group == wanted => {
                for tp in partitions {
                    let history = self.history.partitions.entry(*tp).or_default();
                    if history.readers.last().is_some_and(|last| last.reader == Some(*client)) {
                        self.reader(*tp, at, None);
                    }
                }
                let holds = self.holds.entry(*client).or_default();
                *holds = holds.saturating_sub(partitions.len() as u32);
                if *holds == 0 && !partitions.is_empty() {
                    self.idle_since.insert(*client, at);
                }
            }
            Event::NodeStopped { node, .. } => {
                self.idle_since.remove(node);
                if self.holds.remove(node).is_some() {
                    let held =
                        |history: &PartitionHistory| history.readers.last().and_then(|it| it.reader) == Some(*node);
                    let gone: Vec<TopicPartition> =
                        self.history.partitions.iter().filter(|(_, it)| held(it)).map(|(tp, _)| *tp).collect();
                    for tp in gone {
                        self.reader(tp, at, None);
                    }
                }
            }
            Event::HighWatermarkAdvanced { tp, to, as_leader: true, .. } => {
                self.ends.insert(*tp, *to);
                self.lag(*tp, at);
            }
            Event::OffsetCommitted { group, tp, offset, .. } if *group == wanted => {
                self.committed.insert(*tp, *offset);
                self.history.partitions.entry(*tp).or_default();
                self.lag(*tp, at);
            }
            _ => {}
        }
    }

    fn trigger(&mut self, n: u64, trigger: Trigger) {
        self.trigger = Some((n, trigger));
        // The coordinator may tell of the newcomer right after it has turned to the rebalance.
        if let Some(last) = self.history.rebalances.last_mut()
            && last.to.is_none()
            && last.trigger == Trigger::Other
        {
            last.trigger = trigger;
        }
    }

    fn phase(&mut self, n: u64, at: Instant, state: GroupState, generation: Generation) {
        let phases = &mut self.history.phases;
        let before = phases.last().map(|phase| phase.state);
        match phases.last_mut() {
            Some(last) if last.state == state && last.generation == generation => return,
            Some(last) => last.to = at,
            None => {}
        }
        phases.push(Phase { from: at, to: at, state, generation });
        let was_settled = before.is_none_or(settled);
        let rebalances = &mut self.history.rebalances;
        if was_settled && !settled(state) {
            let trigger = self.trigger.filter(|(known, _)| *known == n).map_or(Trigger::Other, |(_, trigger)| trigger);
            rebalances.push(Rebalance { from: at, to: None, trigger, stopped: Vec::new() });
        } else if settled(state)
            && let Some(last) = rebalances.last_mut()
            && last.to.is_none()
        {
            last.to = Some(at);
        }
    }

    /// A member had nothing for a while: it belongs to the rebalance that was under way.
    fn stopped(&mut self, client: NodeId, since: Instant, until: Instant) {
        let Some(rebalance) = self.history.rebalances.iter_mut().rev().find(|it| it.from <= until) else { return };
        let span = until.since(since);
        match rebalance.stopped.iter_mut().find(|(known, _)| *known == client) {
            Some((_, sum)) => *sum = *sum + span,
            None => rebalance.stopped.push((client, span)),
        }
    }

    fn reader(&mut self, tp: TopicPartition, at: Instant, reader: Option<NodeId>) {
        let readers = &mut self.history.partitions.entry(tp).or_default().readers;
        if let Some(last) = readers.last_mut() {
            if last.reader == reader {
                return;
            }
            last.to = at;
        }
        readers.push(Stretch { from: at, to: at, reader });
    }

    fn lag(&mut self, tp: TopicPartition, at: Instant) {
        let Some(history) = self.history.partitions.get_mut(&tp) else { return };
        let end = self.ends.get(&tp).map_or(0, |end| end.0);
        let lag = (end - self.committed.get(&tp).map_or(0, |offset| offset.0)).max(0) as u64;
        match history.lag.last_mut() {
            Some(last) if last.0 == at => last.1 = lag,
            Some(last) if last.1 == lag => {}
            _ => history.lag.push((at, lag)),
        }
    }

    fn finish(mut self, now: Instant) -> GroupHistory {
        let waiting: Vec<(NodeId, Instant)> = self.idle_since.iter().map(|(client, since)| (*client, *since)).collect();
        let goes_on = self.history.rebalances.last().is_some_and(|last| last.to.is_none());
        if goes_on {
            for (client, since) in waiting {
                self.stopped(client, since, now);
            }
        }
        let mut history = self.history;
        if let Some(last) = history.phases.last_mut() {
            last.to = now;
        }
        for partition in history.partitions.values_mut() {
            if let Some(last) = partition.readers.last_mut() {
                last.to = now;
            }
        }
        history
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Run;
    use highwater_engine::scenario::Scenario;

    /// Three members read six partitions; a fourth comes at 25 s.
    fn told(strategy: &str) -> GroupHistory {
        let text = format!(
            "scenario t seed=4\nbrokers 3\ntopic orders partitions=6 replication-factor=3\n\
             producer p1 topic=orders start=\"5s\" every=\"20ms\" {{ keys a b c d e f g h i j k l }}\n\
             group billing topic=orders auto.offset.reset=earliest {strategy} {{\n consumer c1 processing=\"15ms\"\n \
             consumer c2 processing=\"15ms\"\n consumer c3 processing=\"15ms\"\n consumer c4 processing=\"15ms\" stopped=#true\n }}\n\
             at \"25s\" {{ start c4 }}\n"
        );
        let mut run = Run::of_scenario(Scenario::parse(&text).unwrap()).unwrap();
        run.seek_time(Instant(60_000_000));
        let group = run.view().groups[0].id;
        group_history(run.past().iter(), group, run.now())
    }

    #[test]
    fn an_eager_rebalance_stops_every_member_and_a_cooperative_one_none() {
        let eager = told("");
        let last = eager.rebalances.last().unwrap();
        assert!(matches!(last.trigger, Trigger::Joined(_)), "{last:?}");
        assert_eq!(last.stopped.len(), 3, "{last:?}");
        let gaps = |history: &GroupHistory| {
            let stood = |partition: &PartitionHistory| partition.readers.iter().any(|stretch| stretch.reader.is_none());
            history.partitions.values().filter(|partition| stood(partition)).count()
        };
        assert_eq!(gaps(&eager), 6);
        let cooperative = told("partition.assignment.strategy=cooperative-sticky");
        assert!(cooperative.rebalances.iter().all(|rebalance| rebalance.stopped.is_empty()));
        assert_eq!(gaps(&cooperative), 1, "only the partition that moves stands still");
    }

    #[test]
    fn the_last_stretch_and_phase_reach_to_now() {
        let history = told("");
        assert!(history.phases.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!(history.phases.last().unwrap().state, GroupState::Stable);
        assert!(history.partitions.values().all(|it| it.readers.last().unwrap().to == Instant(60_000_000)));
        assert!(history.partitions.values().all(|it| !it.lag.is_empty()));
    }
}
