//! Carrying commands out: processes, links, messages.

use super::actor::{Actor, Process};
use super::schedule::Item;
use super::simulation::Simulation;
use crate::app::Pace;
use crate::audit::ProducerTerms;
use crate::broker::Broker;
use crate::command::{Command, DiskFault, Rejected};
use crate::controller::Deciding;
use crate::effect::{Effects, Input, Instruction};
use crate::event::{DropReason, Event, StopKind, TruncationReason};
use crate::ids::{FaultId, NodeId, Offset, TopicPartition};
use crate::network::Fault;
use crate::protocol::ErrorCode;
use crate::storage::Damage;

/// The pace that a [`Command::Workload`] asks for.
fn pace_of(command: &Command) -> Pace {
    let Command::Workload { every, count, keys, .. } = command else { return Pace::default() };
    Pace { every: *every, count: *count, keys: keys.split_whitespace().map(str::to_owned).collect() }
}

impl Simulation {
    pub(super) fn carry_out(&mut self, command: &Command) {
        if let Err(reason) = self.try_command(command) {
            self.tell(Event::CommandRejected { reason });
        }
    }

    /// Whether a command would be refused now, and why.
    pub fn check(&self, command: &Command) -> Result<(), Rejected> {
        match command {
            Command::Stop { node, .. } => match self.known(*node)? {
                Process::Down { .. } => Err(Rejected::NotRunning(*node)),
                Process::Running | Process::Paused(_) => Ok(()),
            },
            Command::Start { node } => match self.known(*node)? {
                Process::Down { .. } if self.is_removed(*node) => Err(Rejected::UnknownNode(*node)),
                Process::Down { .. } => Ok(()),
                Process::Running | Process::Paused(_) => Err(Rejected::AlreadyRunning(*node)),
            },
            Command::Pause { node } | Command::Processing { node, .. } | Command::PausePartitions { node, .. } => {
                self.running(*node)
            }
            Command::Resume { node } => match self.known(*node)? {
                Process::Paused(_) => Ok(()),
                Process::Running => Err(Rejected::AlreadyRunning(*node)),
                Process::Down { .. } => Err(Rejected::NotRunning(*node)),
            },
            Command::Cut { from, to, .. } => {
                self.known(*from)?;
                self.known(*to)?;
                if from == to { Err(Rejected::SameNode(*from)) } else { Ok(()) }
            }
            Command::DropNext { from, to, .. } | Command::DelayNext { from, to, .. } => {
                self.known(*from)?;
                self.known(*to).map(|_| ())
            }
            Command::Isolate { node } => self.known(*node).map(|_| ()),
            Command::Heal { fault } => {
                self.network.faults().contains_key(fault).then_some(()).ok_or(Rejected::UnknownFault(*fault))
            }
            Command::Drop { envelope } => {
                self.network.envelope(*envelope).map(|_| ()).ok_or(Rejected::NotInFlight(*envelope))
            }
            Command::Send { producer, .. } => {
                self.running(*producer)?;
                match self.actor(*producer) {
                    Some(Actor::Producer(_) | Actor::QueuePublisher(_)) => Ok(()),
                    _ => Err(Rejected::WrongKind(*producer, "a producer".to_owned())),
                }
            }
            Command::Workload { producer, .. } => {
                self.running(*producer)?;
                match self.actor(*producer) {
                    Some(Actor::Producer(_) | Actor::QueuePublisher(_)) => pace_of(command).check(*producer),
                    _ => Err(Rejected::WrongKind(*producer, "a producer".to_owned())),
                }
            }
            Command::Seek { group, .. } => {
                let exists = !self.directory.group_name(*group).is_empty();
                exists.then_some(()).ok_or(Rejected::UnknownGroup(*group))
            }
            Command::Admin { request } => {
                let (_, controller) = self.active_controller().ok_or(Rejected::NoController)?;
                match controller.judge_admin(request) {
                    ErrorCode::None => Ok(()),
                    error => Err(Rejected::Refused(error)),
                }
            }
            Command::HealAll | Command::Latency { .. } => Ok(()),
            Command::PowerCut { node, .. } => {
                self.broker(*node)?;
                self.check(&Command::Stop { node: *node, how: StopKind::Power })
            }
            Command::Disk { node, .. } => self.broker(*node).map(|_| ()),
            Command::Corrupt { node, tp, offset } => {
                let log = self.broker(*node)?.replicas().get(tp).map(|replica| &replica.log);
                let there = log.is_some_and(|log| log.batches_from(*offset).any(|batch| batch.base_offset <= *offset));
                there.then_some(()).ok_or(Rejected::NotThere(*tp))
            }
            Command::DeleteRecords { tp, offset } => {
                let node = self.leader_of(*tp).ok_or(Rejected::NotThere(*tp))?;
                match self.broker(node)?.judge_delete_records(*tp, *offset) {
                    ErrorCode::None => Ok(()),
                    ErrorCode::PolicyViolation => Err(Rejected::CompactedOnly(*tp)),
                    _ => Err(Rejected::NotThere(*tp)),
                }
            }
            Command::Configure { node, name, value } => {
                if let Process::Paused(_) = self.known(*node)? {
                    return Err(Rejected::NotRunning(*node));
                }
                let mut actor = self.actor(*node).cloned().ok_or(Rejected::UnknownNode(*node))?;
                actor.configure(name, value).map_err(|why| Rejected::BadSetting(*node, why))
            }
            Command::Remove { node } => match self.actor(*node) {
                _ if self.is_removed(*node) => Err(Rejected::UnknownNode(*node)),
                Some(Actor::Controller(_)) => Err(Rejected::WrongKind(*node, "a process that can go".to_owned())),
                // So can the ZooKeeper of a cluster not.
                Some(Actor::ZooKeeper(_)) if node.0 == 0 => {
                    Err(Rejected::WrongKind(*node, "a process that can go".to_owned()))
                }
                _ => self.known(*node).map(|_| ()),
            },
            Command::CreateTopic { topic } => {
                let (_, controller) = self.active_controller().ok_or(Rejected::NoController)?;
                if !self.late_topics.iter().any(|late| late.topic == *topic) {
                    return Err(Rejected::Refused(ErrorCode::UnknownTopicOrPartition));
                }
                let exists = controller.image.topics.contains_key(topic);
                if exists { Err(Rejected::Refused(ErrorCode::TopicAlreadyExists)) } else { Ok(()) }
            }
            Command::Tombstone { producer, .. } => self.check(&Command::Send { producer: *producer, count: 1 }),
        }
    }

    /// The controller that decides now, if one does.
    pub fn active_controller(&self) -> Option<(NodeId, Deciding<'_>)> {
        let running = self.actors().filter(|(node, _)| self.running(*node).is_ok());
        let deciding = running.filter_map(|(node, actor)| match actor {
            Actor::Controller(controller) if controller.is_active() => {
                Some((controller.epoch(), node, controller.deciding()?))
            }
            Actor::Broker(broker) => {
                let (epoch, deciding) = broker.deciding()?;
                Some((epoch, node, deciding))
            }
            _ => None,
        });
        // One that was replaced may not know it yet.
        deciding.max_by_key(|(epoch, node, _)| (*epoch, std::cmp::Reverse(*node))).map(|(_, node, it)| (node, it))
    }

    fn broker(&self, node: NodeId) -> Result<&Broker, Rejected> {
        match self.actor(node) {
            Some(Actor::Broker(broker)) => Ok(broker),
            Some(_) => Err(Rejected::WrongKind(node, "a broker".to_owned())),
            None => Err(Rejected::UnknownNode(node)),
        }
    }

    fn broker_mut(&mut self, node: NodeId) -> Option<&mut Broker> {
        match self.slots.get_mut(node.0 as usize).map(|slot| &mut slot.actor) {
            Some(Actor::Broker(broker)) => Some(broker),
            _ => None,
        }
    }

    /// The running broker with the newest leadership of a partition.
    fn leader_of(&self, tp: TopicPartition) -> Option<NodeId> {
        let leads = |(node, actor): (NodeId, &Actor)| match actor {
            Actor::Broker(broker) => {
                let replica = broker.replicas().get(&tp).filter(|replica| replica.leadership().is_some())?;
                Some((replica.leader_epoch, node))
            }
            _ => None,
        };
        self.actors().filter_map(leads).max().map(|(_, node)| node)
    }

    fn known(&self, node: NodeId) -> Result<Process, Rejected> {
        self.process(node).ok_or(Rejected::UnknownNode(node))
    }

    fn running(&self, node: NodeId) -> Result<(), Rejected> {
        match self.known(node)? {
            Process::Running => Ok(()),
            Process::Paused(_) | Process::Down { .. } => Err(Rejected::NotRunning(node)),
        }
    }

    fn try_command(&mut self, command: &Command) -> Result<(), Rejected> {
        self.check(command)?;
        match command {
            Command::Stop { node, how: StopKind::Graceful } => {
                // Asked to go, it goes by itself; a frozen process cannot, and is ended.
                if self.running(*node).is_ok() && !matches!(self.actor(*node), Some(Actor::Database(_))) {
                    self.handle(*node, Input::Told(Instruction::Stop));
                } else {
                    self.stop(*node, StopKind::Crash);
                }
            }
            Command::Stop { node, how } => self.stop(*node, *how),
            Command::Start { node } => self.start(*node),
            Command::Pause { node } => {
                self.set_process(*node, Process::Paused(self.now));
                self.tell(Event::NodePaused { node: *node });
            }
            Command::Resume { node } => self.resume(*node),
            Command::Cut { from, to, both_ways } => {
                self.cut(Fault { from: *from, to: Some(*to), both_ways: *both_ways });
            }
            Command::Isolate { node } => self.cut(Fault { from: *node, to: None, both_ways: true }),
            Command::Heal { fault } => self.heal(*fault),
            Command::HealAll => {
                let all: Vec<FaultId> = self.network.faults().keys().copied().collect();
                all.into_iter().for_each(|fault| self.heal(fault));
            }
            Command::Drop { envelope } => {
                if let Some(lost) = self.network.remove(*envelope) {
                    self.tell_lost(&lost, DropReason::Dropped);
                }
            }
            Command::DelayNext { from, to, kind, by } => self.network.delay_next(*from, *to, *kind, *by),
            Command::DropNext { from, to, kind, response } => self.network.drop_next(*from, *to, *kind, *response),
            Command::Send { producer, count } => self.handle(*producer, Input::Told(Instruction::Send(*count))),
            Command::Workload { producer, .. } => {
                self.handle(*producer, Input::Told(Instruction::Repace(Box::new(pace_of(command)))));
            }
            Command::Seek { group, to } => {
                let members: Vec<NodeId> = self
                    .actors()
                    .filter(|(_, actor)| matches!(actor, Actor::Consumer(consumer) if consumer.group() == *group))
                    .map(|(node, _)| node)
                    .collect();
                for node in members {
                    self.handle(node, Input::Told(Instruction::Seek(*to)));
                }
            }
            Command::Processing { node, takes } => {
                self.handle(*node, Input::Told(Instruction::Processing(*takes)));
            }
            Command::PausePartitions { node, paused } => {
                self.handle(*node, Input::Told(Instruction::PausePartitions(*paused)));
            }
            Command::Admin { request } => {
                if let Some((node, _)) = self.active_controller() {
                    self.handle(node, Input::Told(Instruction::Admin(Box::new(request.clone()))));
                }
            }
            Command::Latency { latency, jitter } => self.network.set_latency(*latency, *jitter),
            Command::PowerCut { node, kept, torn } => {
                if let Some(broker) = self.broker_mut(*node) {
                    broker.disk_mut().written_back = (*kept, *torn);
                }
                self.stop(*node, StopKind::Power);
            }
            Command::Disk { node, what: DiskFault::Lost } => {
                // The files are gone from under the process; Kafka halts with its last log directory.
                let broker = self.broker(*node)?.id;
                self.tell(Event::LogDirFailed { broker });
                self.stop(*node, StopKind::Crash);
                let replicas = self.broker(*node)?.replicas().iter();
                let lost: Vec<_> = replicas.map(|(tp, replica)| (*tp, replica.log.log_end_offset())).collect();
                for (tp, from) in lost {
                    let (to, why) = (Offset::ZERO, TruncationReason::DiskLost);
                    self.tell(Event::LogTruncated { broker, tp, from, to, why });
                }
                if let Some(broker) = self.broker_mut(*node) {
                    broker.lose_disk();
                }
            }
            Command::Disk { node, what } => {
                if let Some(broker) = self.broker_mut(*node) {
                    broker.disk_mut().full = *what == DiskFault::Full;
                }
            }
            Command::Corrupt { node, tp, offset } => {
                // Which bit does not matter to a checksum; taken from the offset, it is the same in every run.
                let damage = Damage::BitFlip(offset.0 as u32 * 7);
                if let Some(replica) = self.broker_mut(*node).and_then(|broker| broker.replica_mut(*tp)) {
                    replica.log.damage(*offset, damage);
                }
            }
            Command::DeleteRecords { tp, offset } => {
                if let Some(leader) = self.leader_of(*tp) {
                    self.handle(leader, Input::Told(Instruction::DeleteRecords(*tp, *offset)));
                }
            }
            Command::Configure { node, name, value } => {
                if let Some(slot) = self.slots.get_mut(node.0 as usize) {
                    slot.settings.push((name.clone(), value.clone()));
                }
                if self.running(*node).is_ok() {
                    self.handle(*node, Input::Told(Instruction::Stop));
                }
            }
            Command::Remove { node } => {
                if self.running(*node).is_ok() && !matches!(self.actor(*node), Some(Actor::Database(_))) {
                    self.handle(*node, Input::Told(Instruction::Stop));
                } else {
                    self.stop(*node, StopKind::Crash);
                }
                if let Some(slot) = self.slots.get_mut(node.0 as usize) {
                    slot.removed = true;
                }
            }
            Command::CreateTopic { topic } => {
                let late = self.late_topics.iter().find(|late| late.topic == *topic).cloned();
                if let (Some((node, _)), Some(topic)) = (self.active_controller(), late) {
                    self.handle(node, Input::Told(Instruction::CreateTopic(topic)));
                }
            }
            Command::Tombstone { producer, key } => {
                self.handle(*producer, Input::Told(Instruction::Tombstone(key.clone())));
            }
        }
        Ok(())
    }

    fn set_process(&mut self, node: NodeId, process: Process) {
        if let Some(slot) = self.slots.get_mut(node.0 as usize) {
            slot.process = process;
        }
    }

    /// Starts a process.
    pub(super) fn start(&mut self, node: NodeId) {
        let Some(slot) = self.slots.get_mut(node.0 as usize) else { return };
        if !matches!(slot.process, Process::Down { .. }) {
            return;
        }
        if !slot.settings.is_empty() {
            self.take_settings(node);
        }
        let Some(slot) = self.slots.get_mut(node.0 as usize) else { return };
        slot.process = Process::Running;
        slot.incarnation += 1;
        slot.peers.clear();
        self.tell(Event::NodeStarted { node });
        self.handle(node, Input::Started);
    }

    /// Ends a process.
    pub(super) fn stop(&mut self, node: NodeId, how: StopKind) {
        let power_lost = how == StopKind::Power;
        let Some(slot) = self.slots.get_mut(node.0 as usize) else { return };
        if matches!(slot.process, Process::Down { .. }) {
            return;
        }
        slot.process = Process::Down { since: self.now, machine_off: power_lost };
        slot.incarnation += 1;
        self.schedule.voided(slot.timers.len());
        slot.timers.clear();
        let held = std::mem::take(&mut slot.held);
        let peers = std::mem::take(&mut slot.peers);
        // What waited at a frozen process's door is lost with it.
        let mut waiting = Vec::new();
        for (_, item) in held {
            if let Item::Deliver { envelope } = item
                && let Some(lost) = self.network.remove(envelope)
            {
                waiting.push(lost);
            }
        }
        self.tell(Event::NodeStopped { node, how });
        let mut list = Vec::new();
        let mut out = Effects {
            now: self.now,
            observed: self.observe.events,
            noted: self.observe.trace,
            judged: self.observe.promises,
            rng: &mut self.rng,
            list: &mut list,
        };
        if let Some(slot) = self.slots.get_mut(node.0 as usize) {
            slot.actor.crash(node, power_lost, &mut out);
        }
        self.act_on(node, &mut list);
        waiting.extend(self.network.forget_sender(node));
        for lost in waiting {
            self.tell_lost(&lost, DropReason::ConnectionBroken);
        }
        if power_lost {
            // A machine without power closes no connection: its peers hear nothing.
            return;
        }
        for peer in peers {
            self.notice_broken(peer, node, None);
        }
        let changed = self.slots.get(node.0 as usize).is_some_and(|slot| !slot.settings.is_empty() && !slot.removed);
        if changed && how == StopKind::Graceful {
            self.schedule.add(self.now, self.dispatched, Item::Start { node });
        }
    }

    /// A client that starts reads the settings that were changed.
    fn take_settings(&mut self, node: NodeId) {
        let Some(slot) = self.slots.get_mut(node.0 as usize) else { return };
        let settings = std::mem::take(&mut slot.settings);
        for (name, value) in &settings {
            // `check` has tried it.
            let _ = slot.actor.configure(name, value);
        }
        if let Actor::Producer(producer) = &slot.actor {
            let (acks, idempotent) = (producer.config.acks, producer.config.idempotent());
            let id = producer.config.transactional_id.as_deref();
            let transactional = id.is_some();
            self.promises.set_transactional_id(node, id.and_then(|id| self.directory.find_transactional(id)));
            self.ledger.set_terms(node, ProducerTerms { acks, idempotent, transactional });
        }
    }

    /// A frozen process goes on: what waited for it happens now, in its old order.
    fn resume(&mut self, node: NodeId) {
        let now = self.now;
        let Some(slot) = self.slots.get_mut(node.0 as usize) else { return };
        slot.process = Process::Running;
        let held = std::mem::take(&mut slot.held);
        self.tell(Event::NodeResumed { node });
        for (old, item) in held {
            let timer = match &item {
                Item::Timer { timer, .. } => Some(*timer),
                _ => None,
            };
            let seq = self.schedule.add(now, self.dispatched, item);
            if let (Some(timer), Some(slot)) = (timer, self.slots.get_mut(node.0 as usize))
                && slot.timers.get(&timer) == Some(&old)
            {
                slot.timers.insert(timer, seq);
            }
        }
    }

    fn cut(&mut self, rule: Fault) {
        let fault = self.network.cut(rule);
        let to = rule.to.unwrap_or(rule.from);
        self.tell(Event::LinkCut { from: rule.from, to, fault });
    }

    fn heal(&mut self, id: FaultId) {
        let Some((rule, going_on)) = self.network.heal(id, self.now) else { return };
        self.tell(Event::LinkHealed { from: rule.from, to: rule.to.unwrap_or(rule.from), fault: id });
        for (envelope, at) in going_on {
            self.schedule.add(at, self.dispatched, Item::Deliver { envelope });
        }
    }
}
