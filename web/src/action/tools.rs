//! The second half of the menus: faults and changes that one wants now and then. Most of them ask first how much, how
//! long or whom ([`super::form`]); what they propose is what one click gives.

use super::form::peers;
use super::items::{Item, Listing};
use super::{Action, Refusal};
use crate::i18n::{say, td_string};
use highwater_engine::command::{Command, DiskFault, Rejected};
use highwater_engine::effect::SeekTo;
use highwater_engine::ids::{BrokerId, EnvelopeId, GroupId, NodeId, Offset, TopicPartition};
use highwater_engine::protocol::MessageKind;
use highwater_engine::sim::{Actor, NodeKind};
use highwater_engine::time::Duration;
use highwater_engine::view::ProcessView;

/// How late a message is made at first.
const LATE: Duration = Duration::from_secs(2);

/// How far back in time a group is proposed to go.
const BACK: u64 = 10_000;

impl Listing<'_> {
    /// An item of the second half: done at once.
    fn rare(&self, action: Action, command: Command) -> Item {
        Item { rare: true, ..self.item(action, self.judged(command)) }
    }

    /// One that asks first.
    fn asks(&self, action: Action, command: Command) -> Item {
        Item { form: true, ..self.rare(action, command) }
    }

    /// The command, if the simulation would take it.
    fn judged(&self, command: Command) -> Result<Command, Refusal> {
        match self.run.simulation().check(&command) {
            Ok(()) => Ok(command),
            Err(Rejected::Refused(code)) => Err(Refusal::Refused(code)),
            Err(Rejected::NoController) => Err(Refusal::NoController),
            Err(Rejected::CompactedOnly(_)) => Err(Refusal::CompactedOnly),
            Err(Rejected::NotRunning(_)) => Err(Refusal::NotRunning),
            Err(_) => Err(Refusal::NotThere),
        }
    }

    /// What else can be done to a process.
    pub fn tools(&self, node: NodeId, kind: Option<NodeKind>, process: ProcessView) -> Vec<Item> {
        let mut items = Vec::new();
        let actor = self.run.simulation().actor(node);
        match (kind, actor) {
            (Some(NodeKind::Producer), Some(Actor::Producer(producer))) => {
                items.push(self.workload(node, producer.workload()));
                let key = producer.workload().keys.first().cloned().unwrap_or_else(|| "a".to_owned());
                items.push(self.asks(Action::Tombstone, Command::Tombstone { producer: node, key }));
            }
            (Some(NodeKind::Producer), Some(Actor::QueuePublisher(publisher))) => {
                items.push(self.workload(node, publisher.workload()));
            }
            (Some(NodeKind::Consumer(group)), Some(actor)) => {
                let takes = match actor {
                    Actor::Consumer(consumer) => consumer.takes(),
                    Actor::ShareConsumer(consumer) => consumer.takes(),
                    _ => Duration::ZERO,
                };
                items.push(self.asks(Action::Processing, Command::Processing { node, takes }));
                if let Actor::Consumer(_) = actor {
                    items.push(self.rare(Action::PausePartitions, Command::PausePartitions { node, paused: true }));
                    items.push(self.rare(Action::ResumePartitions, Command::PausePartitions { node, paused: false }));
                    items.extend(self.seeks(group));
                }
            }
            (Some(NodeKind::Worker(_)), Some(Actor::Worker(worker))) => {
                items.push(self.asks(Action::Processing, Command::Processing { node, takes: worker.takes() }));
            }
            (Some(NodeKind::Broker(_)), _) => {
                items.push(self.asks(Action::PowerTorn, Command::PowerCut { node, kept: 0, torn: true }));
                for (action, what) in [
                    (Action::DiskFull, DiskFault::Full),
                    (Action::DiskFreed, DiskFault::Freed),
                    (Action::DiskLost, DiskFault::Lost),
                ] {
                    items.push(self.rare(action, Command::Disk { node, what }));
                }
            }
            _ => {}
        }
        // Of several peers another broker is the likely one: what passes there is records.
        let peers = peers(self.run, node);
        let is_broker =
            |peer: &&NodeId| matches!(self.run.simulation().directory().node_kind(**peer), Some(NodeKind::Broker(_)));
        if let Some(peer) = peers.iter().find(is_broker).or(peers.first()).copied() {
            items.push(self.asks(Action::CutOneWay, Command::Cut { from: node, to: peer, both_ways: false }));
            let kind = match kind {
                Some(NodeKind::Producer) if matches!(actor, Some(Actor::QueuePublisher(_))) => {
                    MessageKind::QueuePublish
                }
                Some(NodeKind::Producer) => MessageKind::Produce,
                Some(NodeKind::Worker(_)) => MessageKind::QueueAck,
                _ => MessageKind::Fetch,
            };
            let drop = Command::DropNext { from: node, to: peer, kind, response: false };
            items.push(self.asks(Action::DropNext, drop));
            items.push(self.asks(Action::DelayNext, Command::DelayNext { from: node, to: peer, kind, by: LATE }));
        }
        let (latency, jitter) = self.run.simulation().network().latency();
        items.push(self.asks(Action::Latency, Command::Latency { latency, jitter }));
        items.extend(self.healing(|from, to| from == node || to.is_none_or(|to| to == node)));
        // What is down has nothing to be done to it but to be started; a disk can be taken from it all the same.
        if let ProcessView::Down(_) = process {
            items.retain(|item| item.command.is_ok());
        }
        items
    }

    /// Another pace, other keys.
    fn workload(&self, producer: NodeId, now: &highwater_engine::app::Workload) -> Item {
        let (every, keys) = (now.every, now.keys.join(" "));
        self.asks(Action::Workload, Command::Workload { producer, every, count: None, keys })
    }

    /// Each fault that concerns somebody can be healed by itself.
    fn healing(&self, concerns: impl Fn(NodeId, Option<NodeId>) -> bool) -> Vec<Item> {
        let several = self.view.faults.len() > 1;
        let wanted = self.view.faults.iter().filter(|fault| several && concerns(fault.from, fault.to));
        let item = |fault: &highwater_engine::view::FaultView| {
            let locale = self.names.locale;
            let sentence = match (fault.to, fault.both_ways) {
                (None, _) => td_string!(locale, page.action.heal_node),
                (Some(_), true) => td_string!(locale, page.action.heal_link),
                (Some(_), false) => td_string!(locale, page.action.heal_way),
            };
            let (from, to) = (self.names.node(fault.from), fault.to.map(|to| self.names.node(to)));
            let label = say(sentence, &[("from", &from), ("to", &to.unwrap_or_default())]);
            Item { label, ..self.rare(Action::HealOne, Command::Heal { fault: fault.id }) }
        };
        wanted.map(item).collect()
    }

    /// A group's positions.
    pub fn group(&self, group: GroupId) -> Vec<Item> {
        let mut items = vec![
            self.item(Action::SeekBeginning, Ok(Command::Seek { group, to: SeekTo::Beginning })),
            self.item(Action::SeekEnd, Ok(Command::Seek { group, to: SeekTo::End })),
        ];
        items.extend(self.seeks(group));
        items
    }

    fn seeks(&self, group: GroupId) -> Vec<Item> {
        let at = self.run.now().as_millis().saturating_sub(BACK);
        vec![
            self.asks(Action::SeekOffset, Command::Seek { group, to: SeekTo::Offset(0) }),
            self.asks(Action::SeekTime, Command::Seek { group, to: SeekTo::Time(at) }),
        ]
    }

    /// What can be done to what a broker has stored: to one record, or to a whole replica.
    pub fn stored(&self, broker: BrokerId, tp: TopicPartition, record: Option<Offset>) -> Vec<Item> {
        let node = self.view.brokers.iter().find(|known| known.id == broker).map(|broker| broker.node);
        let partition = self.view.partitions.iter().find(|known| known.tp == tp);
        let replica = partition.and_then(|partition| partition.replicas.iter().find(|known| known.broker == broker));
        let (Some(node), Some(replica)) = (node, replica) else { return Vec::new() };
        let last = Offset((replica.log_end_offset.0 - 1).max(0));
        let corrupt = Command::Corrupt { node, tp, offset: record.unwrap_or(last) };
        let below = record.map_or(replica.high_watermark, |record| Offset(record.0.min(replica.high_watermark.0)));
        let delete = Command::DeleteRecords { tp, offset: below };
        match record {
            // Whoever points at a record has said which.
            Some(_) => vec![self.rare(Action::Corrupt, corrupt), self.asks(Action::DeleteRecords, delete)],
            None => vec![self.asks(Action::Corrupt, corrupt), self.asks(Action::DeleteRecords, delete)],
        }
    }

    /// The link that a message travels on: whoever points at the message points at it.
    pub fn link_of(&self, envelope: EnvelopeId) -> Vec<Item> {
        let flights = self.run.flights();
        let Some(flight) = flights.iter().find(|flight| flight.id == envelope) else { return Vec::new() };
        let (from, to) = (flight.from, flight.to);
        let locale = self.names.locale;
        let (one, other) = (self.names.node(from), self.names.node(to));
        let told = |sentence: &str| say(sentence, &[("from", &one), ("to", &other)]);
        let cut = |both_ways| Ok(Command::Cut { from, to, both_ways });
        vec![
            Item { label: told(td_string!(locale, page.action.cut_link)), ..self.item(Action::Cut, cut(true)) },
            Item { label: told(td_string!(locale, page.action.cut_way)), ..self.item(Action::CutOneWay, cut(false)) },
        ]
    }
}
