//! Brokers and their disks, the controller and its log.

use super::header::{cleanup_policy, topic_id};
use super::tracer::Tracer;
use crate::controller::{BrokerImage, MetadataRecord};
use crate::event::{Event, LogStartReason, TruncationReason};
use crate::fact::Fact;
use crate::hash::stable_hash;
use crate::ids::*;
use crate::storage::{RecordBatch, RecordBody, increment_sequence};
use std::sync::Arc;

impl Tracer {
    pub(super) fn replica_event(&mut self, event: Event) {
        match event {
            Event::LeaderActivated { broker, tp, epoch, .. } => self.role(broker, tp, "leader", epoch),
            Event::FollowerActivated { broker, tp, epoch, .. } => self.role(broker, tp, "follower", epoch),
            Event::HighWatermarkAdvanced { broker, tp, to, .. } => self.mark(broker, tp, to),
            Event::LogTruncated { broker, tp, to, why, .. } => {
                let why = match why {
                    TruncationReason::DivergingEpoch => "epoch",
                    TruncationReason::LeaderShorter => "unclean",
                    TruncationReason::HighWatermark => "hw",
                    TruncationReason::PowerLoss | TruncationReason::Corrupt => "power",
                    TruncationReason::DiskLost => "diskloss",
                };
                let line = self.line("truncate").int("b", broker.0).tp("tp", tp).int("to", to.0).text("why", why);
                self.put(line);
                self.busy();
                // What is cut off cannot stay below the mark. A process without power has no mark.
                if !matches!(why, "power" | "diskloss") && self.marks.get(&(broker, tp)).is_some_and(|mark| *mark > to)
                {
                    self.mark(broker, tp, to);
                }
            }
            Event::LogStartRaised { broker, tp, to, why, .. } => {
                let (event, why) = match why {
                    LogStartReason::Retention => ("logstart", "retention"),
                    LogStartReason::DeleteRecords => ("logstart", "delete-records"),
                    LogStartReason::Leader => ("logstart", "leader"),
                    LogStartReason::Reset => ("truncate", "reset"),
                };
                let line = self.line(event).int("b", broker.0).tp("tp", tp).int("to", to.0).text("why", why);
                self.put(line);
                self.busy();
                if why == "reset" {
                    self.mark(broker, tp, to);
                }
            }
            Event::LogCompacted { broker, tp, gone, .. } => {
                let line = self.line("compact").int("b", broker.0).tp("tp", tp);
                let line = line.ints("gone", gone.iter().map(|offset| offset.0));
                self.put(line);
                self.busy();
            }
            Event::LogFlushed { broker, tp, to } => {
                let line = self.line("flush").int("b", broker.0).tp("tp", tp).int("to", to.0);
                self.put(line);
            }
            _ => {}
        }
    }

    fn role(&mut self, broker: BrokerId, tp: TopicPartition, role: &str, epoch: LeaderEpoch) {
        self.roles.insert((broker, tp), epoch);
        let line = self.line("role").int("b", broker.0).tp("tp", tp).text("role", role).int("le", epoch.0);
        self.put(line);
        self.busy();
        if !self.marks.contains_key(&(broker, tp)) {
            self.mark(broker, tp, Offset::ZERO);
        }
    }

    fn mark(&mut self, broker: BrokerId, tp: TopicPartition, to: Offset) {
        self.marks.insert((broker, tp), to);
        let epoch = self.roles.get(&(broker, tp)).copied().unwrap_or(LeaderEpoch::NONE);
        let line = self.line("hw").int("b", broker.0).tp("tp", tp).int("hw", to.0).int("le", epoch.0);
        self.put(line);
    }

    pub(super) fn cluster_fact(&mut self, fact: Fact) {
        match fact {
            Fact::Appended { broker, tp, batch, as_leader } => self.append(broker, tp, &batch, as_leader),
            Fact::HighWatermarkLoaded { broker, tp, to } => {
                self.marks.insert((broker, tp), to);
                self.roles.remove(&(broker, tp));
                let line = self.line("hw").int("b", broker.0).tp("tp", tp).int("hw", to.0).int("le", -1);
                self.put(line.flag("load", true));
            }
            Fact::ReplicaOffline { broker, tp, epoch } => self.role(broker, tp, "offline", epoch),
            Fact::MetadataApplied { broker, offset } => {
                let line = self.line("metaApplied").int("b", broker.0).int("off", offset.0);
                self.put(line);
            }
            Fact::MetadataAppended { node, epoch, records } => {
                let number = self.node_number(node).unwrap_or(-1);
                for (offset, record) in records {
                    let line = self.line("mappend").int("node", number).int("off", offset.0).int("ce", epoch);
                    let line = line.hex("d", stable_hash(&*record));
                    self.put(line);
                }
            }
            Fact::MetadataTruncated { node, to } => {
                let number = self.node_number(node).unwrap_or(-1);
                let line = self.line("mtruncate").int("node", number).int("to", to.0);
                self.put(line);
            }
            Fact::MetadataCommitted { epoch, records } => self.committed_metadata(epoch, &records),
            Fact::ZnodeWritten { epoch, offset, records, partitions } => {
                records.iter().for_each(|record| self.image.apply(record));
                // All of it is one write, and the last record says where it leads to.
                if let Some(record) = records.last() {
                    self.meta(offset, epoch, record, partitions);
                }
            }
            Fact::QuorumState { node, epoch, role, voted, high_watermark, log_end_offset } => {
                let number = self.node_number(node).unwrap_or(-1);
                let line = self.line("raft").int("node", number).int("epoch", epoch).text("state", role.name());
                let line = match voted.and_then(|node| self.node_number(node)) {
                    Some(voted) => line.int("voted", voted),
                    None => line.null("voted"),
                };
                let line = line.int("hw", high_watermark.0).int("leo", log_end_offset.0);
                self.put(line);
            }
            _ => {}
        }
    }

    fn append(&mut self, broker: BrokerId, tp: TopicPartition, batch: &RecordBatch, as_leader: bool) {
        let how = if as_leader { "leader" } else { "follower" };
        for (index, (offset, record)) in batch.iter().enumerate() {
            let line = self.line("append").int("b", broker.0).tp("tp", tp).int("off", offset.0);
            let line = line.int("le", batch.leader_epoch.0);
            let line = match &record.body {
                RecordBody::User { id, key, .. } => line.text("v", &self.value(*id)).maybe("k", key.as_deref()),
                RecordBody::Tombstone { id, key } => line.text("v", &self.value(*id)).text("k", key).flag("del", true),
                // A coordinator's record is known by its content, where it stands and when it was written.
                RecordBody::Group(body) => {
                    let digest = stable_hash(&(body, tp, offset, batch.leader_epoch));
                    line.hex("v", digest).null("k")
                }
                RecordBody::Transaction(body) => {
                    let digest = stable_hash(&(body, tp, offset, batch.leader_epoch));
                    line.hex("v", digest).null("k")
                }
                RecordBody::ShareState(body) => {
                    let digest = stable_hash(&(body, tp, offset, batch.leader_epoch));
                    line.hex("v", digest).null("k")
                }
                RecordBody::Control(marker) => {
                    let line = line.null("v").null("k");
                    line.text("ctl", if marker.committed { "commit" } else { "abort" })
                }
            };
            let line = match &batch.producer {
                Some(stamp) => {
                    // A coordinator's batch has no sequence.
                    let sequence = match stamp.base_sequence {
                        -1 => -1,
                        first => increment_sequence(first, index as i32),
                    };
                    line.int("pid", stamp.id.0).int("pe", stamp.epoch).int("seq", sequence)
                }
                None => line.int("pid", -1).int("pe", -1).int("seq", -1),
            };
            let line = line.flag("tx", batch.transactional).text("as", how);
            // The cleaner may have left nothing behind this record.
            let is_last = index + 1 == batch.records.len();
            let gap = is_last && batch.next_offset() > offset + 1;
            self.put(if gap { line.int("next", batch.next_offset().0) } else { line });
        }
        if !tp.topic.is_internal() {
            self.busy();
        }
    }

    /// Committed decisions, with the state they lead to: the log holds only what changed.
    fn committed_metadata(&mut self, epoch: i32, records: &[(Offset, Arc<MetadataRecord>)]) {
        for (offset, record) in records {
            // A new leader commits again what its predecessor had committed unseen.
            if *offset < self.committed_metadata {
                continue;
            }
            self.committed_metadata = *offset + 1;
            self.image.apply(record);
            let of_topic = match &**record {
                MetadataRecord::Topic { topic, .. } => partitions_of(*topic, records),
                _ => (0, 0),
            };
            self.meta(*offset, epoch, record, of_topic);
        }
    }

    /// One decision, as the state it leads to. Of a topic also how many partitions and replicas it has.
    fn meta(&mut self, offset: Offset, epoch: i32, record: &MetadataRecord, (partitions, factor): (usize, usize)) {
        let line = self.line("meta").int("off", offset.0).int("ce", epoch);
        let line = match record {
            MetadataRecord::RegisterBroker { broker, .. } | MetadataRecord::BrokerRegistrationChange { broker, .. } => {
                let image = self.image.brokers.get(broker);
                let Some(BrokerImage { epoch, fenced, in_controlled_shutdown, .. }) = image else { return };
                let line = line.text("rec", "broker").int("b", broker.0).int("be", epoch.0).flag("fenced", *fenced);
                line.flag("inControlledShutdown", *in_controlled_shutdown)
            }
            MetadataRecord::Topic { topic, config } => {
                let line = line.text("rec", "topic").text("id", &topic_id(topic.0));
                let line = line.text("name", self.directory.topic_name(*topic));
                let line = line.int("partitions", partitions as i64).int("rf", factor as i64);
                let line = line.int("minIsr", config.min_insync_replicas);
                let line = line.flag("unclean", config.unclean_leader_election_enable);
                let line = line.text("cleanup", &cleanup_policy(config));
                if topic.is_internal() { line.flag("internal", true) } else { line }
            }
            MetadataRecord::Partition { tp, .. } | MetadataRecord::PartitionChange { tp, .. } => {
                let Some(image) = self.image.partition(*tp) else { return };
                let line = line.text("rec", "partition").tp("tp", *tp).int("leader", image.leader.0);
                let line = line.int("le", image.leader_epoch.0).int("ppe", image.partition_epoch.0);
                let line = line.ints("isr", image.isr.iter().map(|broker| broker.0));
                let line = line.ints("elr", image.elr.iter().map(|broker| broker.0));
                line.ints("replicas", image.replicas.iter().map(|broker| broker.0))
            }
            // Offsets may have gaps: promises are not about these.
            MetadataRecord::ProducerIds { .. }
            | MetadataRecord::LeaderChange { .. }
            | MetadataRecord::RemoveTopic { .. }
            | MetadataRecord::Config { .. }
            | MetadataRecord::BrokerConfig { .. } => return,
        };
        self.put(line);
        self.busy();
    }
}

/// How many partitions and replicas a topic is created with.
fn partitions_of(topic: TopicId, records: &[(Offset, Arc<MetadataRecord>)]) -> (usize, usize) {
    let mut partitions = records.iter().filter_map(|(_, record)| match &**record {
        MetadataRecord::Partition { tp, replicas, .. } if tp.topic == topic => Some(replicas.len()),
        _ => None,
    });
    let factor = partitions.next();
    (partitions.count() + usize::from(factor.is_some()), factor.unwrap_or(0))
}
