//! Building a world from its description, and copying one.

use super::actor::{Actor, Process, Slot};
use super::directory::{Directory, NodeKind, OFFSETS_TOPIC};
use super::schedule::{Item, Schedule};
use super::simulation::{Observe, Simulation};
use super::spec::{ConsumerSpec, GroupSpec, ProducerSpec, Spec};
use super::spec_error::SpecError;
use crate::app::Database;
use crate::audit::{Ledger, ProducerTerms, Promises, Standings};
use crate::broker::Broker;
use crate::client::{Consumer, ConsumerProgram, OnFailure, Producer, ShareConsumer, ShareProgram};
use crate::collections::{Map, Set};
use crate::config::{IsolationLevel, ShareAcknowledgementMode};
use crate::controller::Controller;
use crate::effect::Instruction;
use crate::ids::{BrokerId, GroupId, NodeId, QueueId, TopicId};
use crate::network::Network;
use crate::protocol::CreatableTopic;
use crate::queue::{QueueBroker, QueuePublisher, Worker};
use crate::rng::SimRng;
use crate::time::{Duration, Instant};
use crate::zookeeper::ZooKeeper;
use std::sync::Arc;

/// How long an fsync takes unless the world says otherwise.
const FSYNC: Duration = Duration::from_millis(2);

impl Simulation {
    /// A world at its beginning. Nothing has happened yet; every process is about to start.
    pub fn new(spec: &Spec, seed: u64, observe: Observe) -> Result<Simulation, SpecError> {
        spec.validate()?;
        let directory = Arc::new(Directory::of(spec));
        let terms = producer_terms(spec, &directory)?;
        let readers = committed_readers(spec, &directory)?;
        let promises = promises(spec, &directory)?;
        let slots = build_actors(spec, &directory)?;
        let nodes = slots.len();
        let network = Network::new(seed, spec.network.latency, spec.network.jitter, spec.network.loss_per_million);
        let mut simulation = Simulation {
            now: Instant::ZERO,
            dispatched: 0,
            cause: 0,
            schedule: Schedule::default(),
            slots,
            network,
            directory,
            rng: SimRng::stream(seed, "actors"),
            fsync: spec.fsync.unwrap_or(FSYNC),
            disk_free_at: vec![Instant::ZERO; nodes],
            observe,
            emitted: Vec::new(),
            told: Vec::new(),
            ledger: Ledger::new(terms, readers, spec.feature_config()?.truncation),
            promises,
            standings: Standings::default(),
            effects: Vec::new(),
            late_topics: Arc::default(),
        };
        simulation.schedule_beginning(spec)?;
        Ok(simulation)
    }

    fn schedule_beginning(&mut self, spec: &Spec) -> Result<(), SpecError> {
        let stopped: Vec<&str> = spec
            .groups
            .iter()
            .flat_map(|group| group.consumers.iter().filter(|consumer| consumer.stopped).map(|c| c.name.as_str()))
            .chain(spec.queues.iter().flat_map(|queue| {
                let workers = queue.workers.iter().filter(|worker| worker.stopped).map(|worker| worker.name.as_str());
                workers.chain(queue.stopped.then_some(queue.name.as_str()))
            }))
            .chain(spec.producers.iter().filter(|producer| producer.stopped).map(|producer| producer.name.as_str()))
            .collect();
        let starting: Vec<NodeId> = self
            .directory
            .nodes()
            .filter(|(node, kind)| match kind {
                NodeKind::Controller => spec.brokers > 0,
                NodeKind::Broker(broker) => broker.0 <= (spec.brokers - spec.brokers_stopped) as i32,
                _ => !stopped.contains(&self.directory.node_name(*node)),
            })
            .map(|(node, _)| node)
            .collect();
        for node in starting {
            self.schedule.add(Instant::ZERO, 0, Item::Start { node });
        }
        for (index, topic) in spec.topics.iter().enumerate() {
            let creatable = CreatableTopic {
                topic: TopicId(index as u32 + 1),
                partitions: topic.partitions,
                replication_factor: topic.replication_factor,
                assignment: topic.assignment.iter().map(|list| list.iter().map(|id| BrokerId(*id)).collect()).collect(),
                config: Arc::new(spec.topic_config(topic)?),
            };
            if topic.late {
                let later = Arc::make_mut(&mut self.late_topics);
                later.push(creatable);
                continue;
            }
            let nodes: Vec<(NodeId, NodeKind)> = self.directory.nodes().collect();
            for (node, _) in nodes
                .into_iter()
                .filter(|(node, kind)| *kind == NodeKind::Controller || (*kind == NodeKind::ZooKeeper && node.0 == 0))
            {
                let instruction = Box::new(Instruction::CreateTopic(creatable.clone()));
                self.schedule.add(Instant::ZERO, 0, Item::Told { node, instruction });
            }
        }
        Ok(())
    }
}

impl Clone for Simulation {
    // Written out because a derived `clone` is `inline`: each crate that calls it would carry a copy of all actors' too.
    fn clone(&self) -> Simulation {
        Simulation {
            now: self.now,
            dispatched: self.dispatched,
            cause: self.cause,
            schedule: self.schedule.clone(),
            slots: self.slots.clone(),
            network: self.network.clone(),
            directory: Arc::clone(&self.directory),
            rng: self.rng.clone(),
            fsync: self.fsync,
            disk_free_at: self.disk_free_at.clone(),
            observe: self.observe,
            emitted: self.emitted.clone(),
            told: self.told.clone(),
            ledger: self.ledger.clone(),
            promises: self.promises.clone(),
            standings: self.standings.clone(),
            effects: self.effects.clone(),
            late_topics: Arc::clone(&self.late_topics),
        }
    }
}

/// What the promises have to know of the world: which transactions there are and by which protocol, and how often share
/// groups may have records delivered.
fn promises(spec: &Spec, directory: &Directory) -> Result<Promises, SpecError> {
    let mut promises = Promises::default();
    let brokers = spec.share_config()?;
    let mut limits = Map::new();
    for (index, group) in spec.groups.iter().enumerate().filter(|(_, group)| group.share) {
        limits.insert(GroupId(index as u32), group.share_group_config(&brokers)?.delivery_count_limit as i16);
    }
    promises.limit_deliveries(limits);
    let (config, _) = spec.broker_configs()?;
    if config.transaction_version < 2 || !config.transaction_partition_verification_enable {
        promises.follow_old_transactions();
    }
    let beside = spec.groups.iter().flat_map(|group| &group.consumers).filter_map(|consumer| consumer.producer());
    for producer in spec.producers.iter().cloned().chain(beside) {
        if let (Some(node), Some(id)) = (directory.find_node(&producer.name), producer.config()?.transactional_id) {
            promises.set_transactional_id(node, directory.find_transactional(&id));
        }
    }
    Ok(promises)
}

/// What each producer is allowed to lose.
fn producer_terms(spec: &Spec, directory: &Directory) -> Result<Map<NodeId, ProducerTerms>, SpecError> {
    let mut terms = Map::new();
    let beside = spec.groups.iter().flat_map(|group| &group.consumers).filter_map(|consumer| consumer.producer());
    for producer in spec.producers.iter().cloned().chain(beside) {
        let config = producer.config()?;
        if let Some(node) = directory.find_node(&producer.name) {
            let (idempotent, transactional) = (config.idempotent(), config.transactional_id.is_some());
            terms.insert(node, ProducerTerms { acks: config.acks, idempotent, transactional });
        }
    }
    Ok(terms)
}

fn new_producer(
    spec: &ProducerSpec,
    node: NodeId,
    topic: TopicId,
    bootstrap: &[NodeId],
    directory: &Directory,
) -> Result<Producer, SpecError> {
    let config = spec.config()?;
    let transactional = config.transactional_id.as_deref().and_then(|id| directory.find_transactional(id));
    Ok(Producer::new(node, bootstrap.to_vec(), topic, spec.workload.clone(), config, transactional))
}

fn new_share_consumer(
    group: &GroupSpec,
    consumer: &ConsumerSpec,
    (node, id): (NodeId, GroupId),
    topics: &[TopicId],
    bootstrap: &[NodeId],
) -> Result<ShareConsumer, SpecError> {
    let settings = group.share_consumer_config(consumer)?;
    let explicit = settings.1.acknowledgement_mode == ShareAcknowledgementMode::Explicit;
    let program = ShareProgram {
        processing: consumer.processing,
        commit: consumer.commit,
        fails_on: consumer.fails_on.clone(),
        on_failure: consumer.on_failure.unwrap_or(if explicit { OnFailure::Release } else { OnFailure::Skip }),
        renew: consumer.renew,
    };
    Ok(ShareConsumer::new(node, bootstrap.to_vec(), id, topics.to_vec(), program, settings))
}

/// The consumers that read committed data only.
fn committed_readers(spec: &Spec, directory: &Directory) -> Result<Set<NodeId>, SpecError> {
    let mut readers = Set::new();
    for group in spec.groups.iter().filter(|group| !group.share) {
        for consumer in &group.consumers {
            if group.consumer_config(consumer)?.isolation_level == IsolationLevel::ReadCommitted {
                readers.extend(directory.find_node(&consumer.name));
            }
        }
    }
    Ok(readers)
}

fn build_actors(spec: &Spec, directory: &Directory) -> Result<Vec<Slot>, SpecError> {
    let (broker_config, controller_config) = spec.broker_configs()?;
    let features = spec.feature_config()?;
    let share_config = spec.share_config()?;
    let mut share_groups = Map::new();
    for (index, group) in spec.groups.iter().enumerate().filter(|(_, group)| group.share) {
        share_groups.insert(GroupId(index as u32), group.share_group_config(&share_config)?);
    }
    let share_groups = Arc::new(share_groups);
    let controller = NodeId(0);
    // `bootstrap.servers` was written before the others joined.
    let bootstrap: Vec<NodeId> = (1..=spec.brokers - spec.brokers_stopped).map(NodeId).collect();
    let mut actors: Vec<Actor> = Vec::new();
    let voters: Vec<NodeId> =
        directory.nodes().filter(|(_, kind)| *kind == NodeKind::Controller).map(|(node, _)| node).collect();
    let started = (spec.brokers - spec.brokers_stopped) as usize;
    let new_controller = |node: NodeId| {
        let controller = Controller::new(node, voters.clone(), started, controller_config.clone(), features.clone());
        Actor::Controller(Box::new(controller))
    };
    let keeper = directory.node_kind(controller) == Some(NodeKind::ZooKeeper);
    actors.push(match keeper {
        true => Actor::ZooKeeper(Box::new(ZooKeeper::of_cluster(started, features.clone()))),
        false => new_controller(controller),
    });
    for id in 1..=spec.brokers {
        let mut broker = Broker::new(
            BrokerId(id as i32),
            NodeId(id),
            controller,
            OFFSETS_TOPIC,
            directory.group_names(),
            directory.transactional_names(),
            broker_config.clone(),
        );
        broker.rack = spec.racks.get(id as usize - 1).map(|rack| rack.as_str().into());
        broker.features = features.clone();
        broker.share = share_config.clone();
        broker.share_groups = Arc::clone(&share_groups);
        broker.controllers = voters.clone();
        if keeper {
            broker = broker.beside_zookeeper(controller, controller_config.clone());
        }
        actors.push(Actor::Broker(Box::new(broker)));
    }
    let queue_node = |queue: QueueId| NodeId(spec.brokers + 1 + queue.0);
    for (index, queue) in spec.queues.iter().enumerate() {
        let broker = QueueBroker::new(QueueId(index as u32), queue.persistent);
        actors.push(Actor::QueueBroker(Box::new(broker)));
    }
    for _ in &spec.databases {
        let node = NodeId(actors.len() as u32);
        actors.push(Actor::Database(Box::new(Database::new(node))));
    }
    for producer in &spec.producers {
        let node = NodeId(actors.len() as u32);
        let workload = producer.workload.clone();
        match directory.resolve(&producer.target) {
            Some(Ok(topic)) => {
                actors.push(Actor::Producer(Box::new(new_producer(producer, node, topic, &bootstrap, directory)?)));
            }
            Some(Err(queue)) => {
                let client = QueuePublisher::new(node, queue_node(queue), queue, workload);
                actors.push(Actor::QueuePublisher(Box::new(client)));
            }
            // `validate` has checked the name.
            None => return Err(SpecError::BadName(producer.name.clone())),
        }
    }
    let zookeeper = directory.nodes().find(|(_, kind)| *kind == NodeKind::ZooKeeper).map(|(node, _)| node);
    for (index, group) in spec.groups.iter().enumerate() {
        let topics: Vec<TopicId> = group.topics.iter().filter_map(|name| directory.find_topic(name)).collect();
        for consumer in &group.consumers {
            let node = NodeId(actors.len() as u32);
            if group.share {
                let member = new_share_consumer(group, consumer, (node, GroupId(index as u32)), &topics, &bootstrap)?;
                actors.push(Actor::ShareConsumer(Box::new(member)));
                continue;
            }
            let program = ConsumerProgram {
                commit: consumer.commit,
                processing: consumer.processing,
                database: consumer.database.as_ref().and_then(|name| directory.find_node(name)),
                dedupe: consumer.dedupe,
            };
            let group_id = GroupId(index as u32);
            let client = Consumer::new(
                node,
                bootstrap.clone(),
                group_id,
                topics.clone(),
                program,
                group.consumer_config(consumer)?,
            );
            let client = client.beside_zookeeper(zookeeper);
            let client = client.failing(&consumer.fails_on, consumer.on_failure.unwrap_or(OnFailure::Retry));
            let client = match consumer.producer() {
                Some(producer) => {
                    let Some(Ok(topic)) = directory.resolve(&producer.target) else {
                        return Err(SpecError::BadName(producer.name));
                    };
                    client.writing_with(new_producer(&producer, node, topic, &bootstrap, directory)?)
                }
                None => client,
            };
            actors.push(Actor::Consumer(Box::new(client)));
        }
    }
    for (index, queue) in spec.queues.iter().enumerate() {
        let id = QueueId(index as u32);
        for worker in &queue.workers {
            let node = NodeId(actors.len() as u32);
            let client = Worker::new(node, queue_node(id), id, worker.prefetch, worker.processing, worker.nack_every);
            actors.push(Actor::Worker(Box::new(client)));
        }
    }
    actors.extend(voters.iter().skip(1).map(|node| new_controller(*node)));
    actors.extend((spec.zookeeper && !keeper).then(|| Actor::ZooKeeper(Box::default())));
    let down = Process::Down { since: Instant::ZERO, machine_off: false };
    let slot = |actor| Slot {
        actor,
        process: down,
        incarnation: 0,
        removed: false,
        settings: Vec::new(),
        timers: Default::default(),
        held: Vec::new(),
        peers: Default::default(),
    };
    Ok(actors.into_iter().map(slot).collect())
}
