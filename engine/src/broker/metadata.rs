//! Acting on committed metadata: leading, following, and telling clients what this broker knows.

use super::actor::{Broker, Runtime};
use crate::collections::Set;
use crate::config::TopicConfig;
use crate::controller::{MetadataRecord, MetadataSnapshot, PartitionImage};
use crate::coordinator::{GroupEntry, ReplyTo};
use crate::effect::Effects;
use crate::event::Event;
use crate::fact::Fact;
use crate::ids::{BrokerId, LeaderEpoch, TopicId, TopicPartition};
use crate::protocol::{
    ErrorCode, FetchMetadataResponse, MetadataRequest, MetadataResponse, PartitionMetadata, Response,
};
use crate::replication::{Replica, Waiting};
use crate::storage::{Record, RecordBatch, RecordBody};
use std::sync::Arc;

impl Broker {
    pub(super) fn apply_metadata(&mut self, answer: FetchMetadataResponse, out: &mut Effects<'_>) {
        if answer.error.is_error() {
            return;
        }
        let mut changed = Set::new();
        let before = self.metadata_offset();
        let mut deleted = false;
        if let Some(snapshot) = &answer.snapshot {
            self.load_snapshot(snapshot);
        }
        for (offset, _, record) in answer.records {
            let Some(runtime) = &mut self.runtime else { return };
            if offset < runtime.metadata_offset {
                continue;
            }
            runtime.image.apply(&record);
            runtime.metadata_offset = offset + 1;
            match &*record {
                MetadataRecord::Partition { tp, .. } | MetadataRecord::PartitionChange { tp, .. } => {
                    changed.insert(*tp);
                }
                MetadataRecord::RegisterBroker { broker, .. } => self.on_broker_moved(*broker, out),
                MetadataRecord::Config { topic, .. } => self.reconfigure(*topic, out),
                MetadataRecord::BrokerConfig { broker, name, value } if *broker == self.id => {
                    // The controller has checked it.
                    let _ = self.config.set(name, value);
                }
                MetadataRecord::RemoveTopic { .. } => deleted = true,
                MetadataRecord::BrokerRegistrationChange { .. }
                | MetadataRecord::Topic { .. }
                | MetadataRecord::BrokerConfig { .. }
                | MetadataRecord::LeaderChange { .. }
                | MetadataRecord::ProducerIds { .. } => {}
            }
        }
        // What the log says about an earlier incarnation of this broker is no order to this one: it may have lost its log.
        let acted = self.with_runtime(|runtime| std::mem::replace(&mut runtime.acting, false));
        let me = self.id;
        let acts = self.with_runtime(|runtime| {
            let own = runtime.image.brokers.get(&me).map(|broker| broker.incarnation);
            runtime.acting = acted || own == Some(runtime.incarnation);
            runtime.acting
        });
        if acts && !acted {
            let mine = self.image().into_iter().flat_map(|image| image.partitions());
            changed.extend(mine.filter(|(_, partition)| partition.replicas.contains(&me)).map(|(tp, _)| tp));
        }
        let (broker, applied) = (self.id, self.metadata_offset());
        if applied > before {
            out.note(|| Fact::MetadataApplied { broker, offset: applied - 1 });
        }
        if !acts {
            return;
        }
        let caught_up = self.runtime.as_ref().is_some_and(|r| r.metadata_offset >= answer.high_watermark);
        for tp in changed {
            deleted |= self.apply_partition(tp, out);
        }
        // A broker that was away learns of a deletion by not finding its replica in the metadata.
        let first_time = caught_up && !self.with_runtime(|runtime| std::mem::replace(&mut runtime.swept, true));
        if deleted || first_time {
            self.delete_strays(out);
        }
    }

    /// A process that has just started takes in what happened long ago as a whole.
    fn load_snapshot(&mut self, snapshot: &MetadataSnapshot) {
        let Some(runtime) = self.runtime.as_mut().filter(|runtime| runtime.metadata_offset < snapshot.end) else {
            return;
        };
        runtime.image = snapshot.image.clone();
        runtime.metadata_offset = snapshot.end;
        for ((broker, name), value) in &snapshot.broker_configs {
            if *broker == self.id {
                // The controller has checked it.
                let _ = self.config.set(name, value);
            }
        }
        for (tp, replica) in &mut self.replicas {
            if let Some(topic) = snapshot.image.topics.get(&tp.topic) {
                replica.set_config(topic.config.clone());
            }
        }
    }

    /// A broker has a new incarnation: its session here is of the old one.
    pub(super) fn on_broker_moved(&mut self, broker: BrokerId, _out: &mut Effects<'_>) {
        self.with_runtime(|runtime| {
            if let Some(fetcher) = runtime.fetchers.get_mut(&broker) {
                fetcher.restart_session();
            }
        });
    }

    /// A topic's settings changed.
    pub(super) fn reconfigure(&mut self, topic: TopicId, out: &mut Effects<'_>) {
        let Some(config) = self.image().and_then(|image| image.topics.get(&topic)).map(|topic| topic.config.clone())
        else {
            return;
        };
        let mut led = Vec::new();
        for (tp, replica) in self.replicas.iter_mut().filter(|(tp, _)| tp.topic == topic) {
            replica.set_config(config.clone());
            if replica.leadership().is_some() {
                led.push(*tp);
            }
        }
        for tp in led {
            if self.try_advance(tp, out) {
                self.answer_consumers_of(tp, out);
            }
        }
    }

    /// Deletes replicas that the metadata no longer gives to this broker.
    fn delete_strays(&mut self, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let broker = self.id;
        let strays: Vec<TopicPartition> = self
            .replicas
            .keys()
            .filter(|tp| runtime.image.partition(**tp).is_none_or(|p| !p.replicas.contains(&broker)))
            .copied()
            .collect();
        for tp in strays {
            self.delete_replica(tp, out);
        }
    }

    /// A replica goes, with its log.
    pub(super) fn delete_replica(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let broker = self.id;
        self.stop_fetching(tp);
        let waiting = self.replicas.get_mut(&tp).and_then(|replica| replica.leadership_mut());
        let waiting = waiting.map(|leadership| std::mem::take(&mut leadership.waiting)).unwrap_or_default();
        self.replicas.remove(&tp);
        self.drop_shares(tp, out);
        self.give_up(tp, waiting, out);
        self.with_runtime(|runtime| {
            runtime.sessions.values_mut().for_each(|session| session.forget(tp));
            runtime.dirty_alters.remove(&tp);
        });
        self.answer_fetches_of(tp, out);
        out.emit(|| Event::ReplicaDeleted { broker, tp });
    }

    /// Takes a partition's new state in; true when it has no replica here any more.
    fn apply_partition(&mut self, tp: TopicPartition, out: &mut Effects<'_>) -> bool {
        let Some(runtime) = &self.runtime else { return false };
        let Some(image) = runtime.image.partition(tp).cloned() else { return false };
        if !image.replicas.contains(&self.id) {
            return self.replicas.contains_key(&tp);
        }
        let Some(topic) = runtime.image.topics.get(&tp.topic) else { return false };
        let config = topic.config.clone();
        self.take_part(tp, &image, config, out);
        false
    }

    /// Leads or follows as a partition's state says, unless it knows a newer one.
    pub(super) fn take_part(
        &mut self,
        tp: TopicPartition,
        image: &PartitionImage,
        config: Arc<TopicConfig>,
        out: &mut Effects<'_>,
    ) {
        let replica = self.replicas.entry(tp).or_insert_with(|| Replica::new(config.clone()));
        replica.set_config(config);
        if image.partition_epoch <= replica.partition_epoch {
            return;
        }
        let before = replica.leadership().is_some();
        if image.leader == self.id {
            self.lead(tp, image, before, out);
        } else {
            self.follow(tp, image, before, out);
        }
    }

    fn lead(&mut self, tp: TopicPartition, image: &PartitionImage, led_before: bool, out: &mut Effects<'_>) {
        let (broker, now) = (self.id, out.now);
        let Some(replica) = self.replicas.get_mut(&tp) else { return };
        let waiting = replica.leadership_mut().map(|leadership| std::mem::take(&mut leadership.waiting));
        if replica.become_leader(broker, image, now) {
            let (log_end_offset, high_watermark) = (replica.log.log_end_offset(), replica.high_watermark);
            let epoch = image.leader_epoch;
            out.emit(|| Event::LeaderActivated { broker, tp, epoch, log_end_offset, high_watermark });
        }
        if let (Some(waiting), Some(leadership)) = (waiting, replica.leadership_mut()) {
            // The same broker leads on: those who wait for its high watermark, or its disk, still do.
            leadership.waiting = waiting;
        }
        self.stop_fetching(tp);
        // What was read of share-partitions counts in the epoch it was read in.
        self.drop_shares(tp, out);
        if !led_before && tp.topic == TopicId::SHARE_GROUP_STATE {
            self.load_share_states(tp);
        }
        if !led_before && tp.topic == TopicId::TRANSACTION_STATE {
            self.load_transactions(tp, out);
        }
        if !led_before && tp.topic == self.offsets_topic {
            self.load_groups(tp, out);
        }
        self.try_advance(tp, out);
        self.answer_fetches_of(tp, out);
    }

    fn follow(&mut self, tp: TopicPartition, image: &PartitionImage, led_before: bool, out: &mut Effects<'_>) {
        let broker = self.id;
        let mut given_up = Waiting::default();
        let Some(replica) = self.replicas.get_mut(&tp) else { return };
        if let Some(leadership) = replica.leadership_mut() {
            given_up = std::mem::take(&mut leadership.waiting);
        }
        let changed = replica.become_follower(image);
        if !changed {
            return;
        }
        self.give_up(tp, given_up, out);
        if led_before {
            self.with_runtime(|runtime| {
                runtime.sessions.values_mut().for_each(|session| session.forget(tp));
                runtime.dirty_alters.remove(&tp);
            });
            self.drop_shares(tp, out);
            if tp.topic == TopicId::SHARE_GROUP_STATE {
                self.unload_share_states(tp);
            }
            if tp.topic == TopicId::TRANSACTION_STATE {
                self.unload_transactions(tp);
            }
            if tp.topic == self.offsets_topic {
                self.unload_groups(tp, out);
            }
            self.answer_fetches_of(tp, out);
        }
        if let Some(leader) = image.leader.some() {
            let epoch = image.leader_epoch;
            out.emit(|| Event::FollowerActivated { broker, tp, epoch, leader });
        } else {
            let epoch = image.leader_epoch;
            out.note(|| Fact::ReplicaOffline { broker, tp, epoch });
        }
        self.start_fetching(tp, image.leader, out);
    }

    /// The coordinator's records in a partition of `__consumer_offsets`.
    pub(super) fn group_entries(&self, tp: TopicPartition) -> Vec<GroupEntry> {
        let Some(replica) = self.replicas.get(&tp) else { return Vec::new() };
        let entry = |(batch, record): (&RecordBatch, &Record)| match &record.body {
            RecordBody::Group(record) => Some(GroupEntry::Record(record.clone())),
            RecordBody::Control(marker) => {
                let producer = batch.producer?.id;
                Some(GroupEntry::TransactionEnd { producer, committed: marker.committed })
            }
            RecordBody::User { .. }
            | RecordBody::Tombstone { .. }
            | RecordBody::Transaction(_)
            | RecordBody::ShareState(_) => None,
        };
        let records = replica.log.batches().flat_map(|batch| batch.records.iter().map(move |record| (batch, record)));
        records.filter_map(entry).collect()
    }

    fn load_groups(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let entries = self.group_entries(tp);
        if let Some(runtime) = &mut self.runtime {
            runtime.groups.begin_loading(tp.partition, entries, out.now);
        }
    }

    fn unload_groups(&mut self, tp: TopicPartition, out: &mut Effects<'_>) {
        let partitions = self.offsets_partitions();
        let names = self.group_names.clone();
        let belongs = |group: crate::ids::GroupId| {
            names
                .get(group.0 as usize)
                .is_some_and(|name| crate::coordinator::group_partition(name, partitions) == tp.partition)
        };
        let answers = self.with_runtime(|runtime| runtime.groups.unload(tp.partition, belongs));
        for (to, response) in answers {
            self.respond(to, response, out);
        }
    }

    /// The leader this broker knows for a partition, to spare a client the search (KIP-951).
    pub(super) fn known_leader(&self, tp: TopicPartition) -> Option<(BrokerId, LeaderEpoch)> {
        let partition = self.image()?.partition(tp)?;
        partition.leader.some().map(|leader| (leader, partition.leader_epoch))
    }

    pub(super) fn on_metadata_request(&mut self, to: ReplyTo, request: &MetadataRequest, out: &mut Effects<'_>) {
        let Some(runtime) = &self.runtime else { return };
        let response = describe(runtime, request);
        self.respond(to, Response::Metadata(Box::new(response)), out);
    }

    /// Whether a broker may join an ISR as far as this broker's metadata says.
    pub(super) fn is_eligible(runtime: &Runtime, broker: BrokerId) -> bool {
        runtime.image.is_active(broker)
    }
}

fn describe(runtime: &Runtime, request: &MetadataRequest) -> MetadataResponse {
    let alive = || runtime.image.brokers.iter().filter(|(_, broker)| !broker.fenced);
    let mut response = MetadataResponse {
        brokers: alive().map(|(id, broker)| (*id, broker.node)).collect(),
        racks: alive().filter_map(|(id, broker)| Some((*id, broker.rack.clone()?))).collect(),
        partitions: Vec::new(),
        unknown_topics: Vec::new(),
    };
    let lives = |broker: BrokerId| runtime.image.brokers.get(&broker).is_some_and(|known| !known.fenced);
    for topic in &request.topics {
        let Some(image) = runtime.image.topics.get(topic) else {
            response.unknown_topics.push(*topic);
            continue;
        };
        response.partitions.extend(image.partitions.iter().enumerate().map(|(index, partition)| PartitionMetadata {
            tp: TopicPartition::new(*topic, index as i32),
            error: if lives(partition.leader) { ErrorCode::None } else { ErrorCode::LeaderNotAvailable },
            leader: partition.leader,
            leader_epoch: partition.leader_epoch,
        }));
    }
    response
}
