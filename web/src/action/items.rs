//! What can be done to something on the stage: the items of its menu, and why some of them cannot be chosen.

use super::form::peers;
use super::{Action, Refusal, label};
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::Run;
use crate::session::words::Names;
use highwater_engine::command::{Command, Rejected};
use highwater_engine::effect::SeekTo;
use highwater_engine::event::StopKind;
use highwater_engine::ids::{BrokerId, NodeId, TopicPartition};
use highwater_engine::protocol::AdminRequest;
use highwater_engine::sim::NodeKind;
use highwater_engine::view::{ProcessView, StageView};

/// One item of a menu.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// What it is.
    pub action: Action,
    /// Its words.
    pub label: String,
    /// What it asks of the simulation, or why it cannot.
    pub command: Result<Command, Refusal>,
    /// Whether it asks first how much, how long or whom; its command holds what it proposes.
    pub form: bool,
    /// Whether it comes with the second half of the menu: what one wants now and then.
    pub rare: bool,
}

/// The items for a target, in the order of the menu.
pub fn items(target: Target, run: &Run, locale: Locale) -> Vec<Item> {
    let view = run.view();
    let names = Names { directory: run.simulation().directory(), locale };
    let list = Listing { view: &view, names, run };
    match target {
        Target::Node(node) => list.node(node),
        Target::Record(broker, tp, offset) => {
            let mut items = list.broker(broker);
            items.extend(list.stored(broker, tp, Some(offset)));
            items
        }
        Target::Replica(broker, tp) => {
            let mut items = list.broker(broker);
            items.extend(list.partition(tp));
            items.extend(list.stored(broker, tp, None));
            items
        }
        Target::Partition(tp) => {
            let leader = list.leader(tp);
            let mut items = leader.map_or_else(Vec::new, |leader| list.broker(leader));
            items.extend(list.partition(tp));
            items.extend(leader.map_or_else(Vec::new, |leader| list.stored(leader, tp, None)));
            items
        }
        Target::Group(group) => list.group(group),
        Target::Queue(queue) => {
            let node = view.queues.iter().find(|known| known.id == queue).map(|queue| queue.node);
            node.map_or_else(Vec::new, |node| list.node(node))
        }
        Target::Lost(_) => Vec::new(),
        Target::Envelope(envelope) => {
            let there = run.flights().iter().any(|flight| flight.id == envelope);
            let command = if there { Ok(Command::Drop { envelope }) } else { Err(Refusal::Arrived) };
            let mut items = vec![list.item(Action::Drop, command)];
            items.extend(list.link_of(envelope));
            items
        }
    }
}

/// What can be asked of a partition itself, without its leader's process: for a list that has that already.
pub fn partition_items(tp: TopicPartition, run: &Run, locale: Locale) -> Vec<Item> {
    let view = run.view();
    let names = Names { directory: run.simulation().directory(), locale };
    let list = Listing { view: &view, names, run };
    let mut items = list.partition(tp);
    items.extend(list.leader(tp).map_or_else(Vec::new, |leader| list.stored(leader, tp, None)));
    items
}

pub(super) struct Listing<'a> {
    pub view: &'a StageView,
    pub names: Names<'a>,
    pub run: &'a Run,
}

impl Listing<'_> {
    pub fn item(&self, action: Action, command: Result<Command, Refusal>) -> Item {
        Item { action, label: label(action, self.names.locale), command, form: false, rare: false }
    }

    /// An item that says whom it concerns.
    fn named(&self, action: Action, sentence: &str, node: NodeId, command: Result<Command, Refusal>) -> Item {
        Item { label: say(sentence, &[("node", &self.names.node(node))]), ..self.item(action, command) }
    }

    /// Who leads a partition.
    fn leader(&self, tp: TopicPartition) -> Option<BrokerId> {
        self.view.partitions.iter().find(|partition| partition.tp == tp)?.leader.some()
    }

    fn broker(&self, broker: BrokerId) -> Vec<Item> {
        let node = self.view.brokers.iter().find(|known| known.id == broker).map(|broker| broker.node);
        node.map_or_else(Vec::new, |node| self.node(node))
    }

    /// What an administrator can ask for.
    fn partition(&self, tp: TopicPartition) -> Vec<Item> {
        let Some(partition) = self.view.partitions.iter().find(|known| known.tp == tp) else { return Vec::new() };
        let locale = self.names.locale;
        let ask = |request: AdminRequest| {
            let command = Command::Admin { request };
            match self.run.simulation().check(&command) {
                Ok(()) => Ok(command),
                Err(Rejected::Refused(code)) => Err(Refusal::Refused(code)),
                Err(_) => Err(Refusal::NoController),
            }
        };
        let reassign = |replicas| ask(AdminRequest::AlterPartitionReassignments { tp, replicas });
        let mut items = vec![
            self.item(Action::ElectPreferred, ask(AdminRequest::ElectLeader { tp, unclean: false })),
            self.item(Action::ElectUnclean, ask(AdminRequest::ElectLeader { tp, unclean: true })),
        ];
        for broker in &self.view.brokers {
            let mut replicas = partition.assignment.clone();
            if let Some(place) = replicas.iter().position(|replica| *replica == broker.id) {
                replicas.remove(place);
                if !replicas.is_empty() {
                    let remove = td_string!(locale, page.action.remove_replica_from);
                    items.push(self.named(Action::RemoveReplica, remove, broker.node, reassign(replicas)));
                }
            } else {
                replicas.push(broker.id);
                let add = td_string!(locale, page.action.add_replica_on);
                items.push(self.named(Action::AddReplica, add, broker.node, reassign(replicas)));
            }
        }
        if !partition.adding.is_empty() || !partition.removing.is_empty() {
            items.push(self.item(Action::CancelReassignment, reassign(Vec::new())));
        }
        let count = 1 + self.view.partitions.iter().filter(|known| known.tp.topic == tp.topic).count() as i32;
        items.push(self.item(Action::GrowTopic, ask(AdminRequest::CreatePartitions { topic: tp.topic, count })));
        items.push(self.item(Action::DeleteTopic, ask(AdminRequest::DeleteTopic { topic: tp.topic })));
        items
    }

    fn node(&self, node: NodeId) -> Vec<Item> {
        let locale = self.names.locale;
        let process = process_of(self.view, node);
        let kind = self.run.simulation().directory().node_kind(node);
        let up = |command| match process {
            ProcessView::Down(_) => Err(Refusal::NotRunning),
            _ => Ok(command),
        };
        let mut items = Vec::new();
        if kind == Some(NodeKind::Producer) {
            items.push(self.item(Action::SendOne, up(Command::Send { producer: node, count: 1 })));
            items.push(self.item(Action::SendFive, up(Command::Send { producer: node, count: 5 })));
        }
        if let Some(NodeKind::Consumer(group)) = kind {
            items.push(self.item(Action::SeekBeginning, up(Command::Seek { group, to: SeekTo::Beginning })));
        }
        let kill = td_string!(locale, page.action.kill_node);
        items.push(self.named(Action::Kill, kill, node, up(Command::Stop { node, how: StopKind::Crash })));
        items.push(self.item(Action::PowerOff, up(Command::Stop { node, how: StopKind::Power })));
        items.push(self.item(Action::Stop, up(Command::Stop { node, how: StopKind::Graceful })));
        items.push(self.item(
            Action::Start,
            match process {
                ProcessView::Down(_) => Ok(Command::Start { node }),
                _ => Err(Refusal::Running),
            },
        ));
        items.push(self.item(
            Action::Freeze,
            match process {
                ProcessView::Running => Ok(Command::Pause { node }),
                ProcessView::Paused(_) => Err(Refusal::Frozen),
                ProcessView::Down(_) => Err(Refusal::NotRunning),
            },
        ));
        items.push(self.item(
            Action::Thaw,
            match process {
                ProcessView::Paused(_) => Ok(Command::Resume { node }),
                _ => Err(Refusal::NotFrozen),
            },
        ));
        for peer in peers(self.run, node) {
            let cut = td_string!(locale, page.action.cut_from_node);
            let command = Ok(Command::Cut { from: node, to: peer, both_ways: true });
            items.push(self.named(Action::Cut, cut, peer, command));
        }
        items.push(self.item(Action::Isolate, Ok(Command::Isolate { node })));
        let heal = if self.view.faults.is_empty() { Err(Refusal::NothingToHeal) } else { Ok(Command::HealAll) };
        items.push(self.item(Action::Heal, heal));
        items.extend(self.tools(node, kind, process));
        items
    }
}

/// Whether a process on the stage works.
pub fn process_of(view: &StageView, node: NodeId) -> ProcessView {
    let controller = view.controller.iter().map(|controller| (controller.node, controller.process));
    let brokers = view.brokers.iter().map(|broker| (broker.node, broker.process));
    let producers = view.producers.iter().map(|producer| (producer.node, producer.process));
    let members = view.groups.iter().flat_map(|group| &group.members).map(|member| (member.node, member.process));
    let queues = view.queues.iter().map(|queue| (queue.node, queue.process));
    let workers = view.queues.iter().flat_map(|queue| &queue.workers).map(|worker| (worker.node, worker.process));
    let databases = view.stores.iter().map(|database| (database.node, database.process));
    let mut all =
        controller.chain(brokers).chain(producers).chain(members).chain(queues).chain(workers).chain(databases);
    all.find(|(known, _)| *known == node).map_or(ProcessView::Running, |(_, process)| process)
}
