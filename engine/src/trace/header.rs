//! The first line: who takes part, and with which settings.

use super::line::{Item, Line};
use super::tracer::{Tracer, controller_number};
use crate::config::Acks;
use crate::config::{ConfigValue, TruncationMode};
use crate::hash::stable_hash;
use crate::history::Recording;
use crate::sim::{NodeKind, OFFSETS_TOPIC, Spec, SpecError, Target};

impl Tracer {
    pub(super) fn header(&mut self, recording: &Recording) -> Result<(), SpecError> {
        let spec = &recording.spec;
        let mut topics = Vec::new();
        for (index, topic) in spec.topics.iter().enumerate() {
            topics.push((index as u32 + OFFSETS_TOPIC.0 + 1, topic, spec.topic_config(topic)?));
        }
        let scenario = stable_hash(&(spec, &recording.commands));
        let mut seed = String::from("0x");
        seed.push_str(&hex(recording.seed));
        let controllers: Vec<i64> = self
            .directory
            .nodes()
            .filter(|(_, kind)| spec.brokers > 0 && *kind == NodeKind::Controller)
            .map(|(node, _)| controller_number(&self.directory, node))
            .collect();
        let line = self.line("header").text("schema", "highwater-trace/1");
        let line = line.text("engine", env!("CARGO_PKG_VERSION")).text("seed", &seed).hex("scenario", scenario);
        let line = line.open("config").ints("brokers", 1..=i64::from(spec.brokers)).ints("controllers", controllers);
        let line = line.list("topics", topics, |item, (id, topic, config)| {
            item.object(|item| {
                item.field_text("id", &topic_id(id));
                item.field_text("name", &topic.name);
                item.field_int("partitions", topic.partitions);
                item.field_int("rf", topic.replication_factor);
                item.field_int("minIsr", config.min_insync_replicas);
                item.field_flag("unclean", config.unclean_leader_election_enable);
                item.field_text("cleanup", &cleanup_policy(&config));
            });
        });
        let line = clients(line, spec)?;
        let features = spec.feature_config()?;
        let truncation = match features.truncation {
            TruncationMode::HighWatermark => "hw",
            TruncationMode::Kip101 => "epoch-v0",
            TruncationMode::Kip279 | TruncationMode::Kip320 => "epoch-v1",
            TruncationMode::OnFetch => "on-fetch",
        };
        let line = line.open("era").text("controller", &features.controller.print()).text("truncation", truncation);
        let line = line.flag("strictMinIsr", features.strict_min_isr).flag("elr", features.elr());
        let line = line.flag("brokerEpochCheck", features.checks_incarnations());
        let (brokers, _) = spec.broker_configs()?;
        let line = line.int("txnVersion", brokers.transaction_version);
        let line = line.flag("txnVerification", brokers.transaction_partition_verification_enable);
        let line = line.close().close();
        self.put(line);
        for group in &spec.groups {
            for consumer in &group.consumers {
                if let Some(node) = self.directory.find_node(&consumer.name) {
                    self.subscriptions.insert(node, group.topics.clone());
                }
            }
        }
        Ok(())
    }
}

/// A topic's id in traces.
pub(super) fn topic_id(topic: u32) -> String {
    let mut id = String::from("T");
    id.push_str(&topic.to_string());
    id
}

/// `cleanup.policy`, where it is modelled; Kafka's default otherwise.
pub(super) fn cleanup_policy(config: &crate::config::TopicConfig) -> String {
    config.get("cleanup.policy").unwrap_or_else(|| "delete".to_owned())
}

fn hex(value: u64) -> String {
    let mut digits = String::new();
    let mut rest = value;
    while rest > 0 || digits.is_empty() {
        digits.insert(0, char::from_digit((rest & 15) as u32, 16).unwrap_or('0'));
        rest >>= 4;
    }
    digits
}

fn clients(line: Line, spec: &Spec) -> Result<Line, SpecError> {
    let mut producers = Vec::new();
    for producer in &spec.producers {
        producers.push((producer, producer.config()?));
    }
    let mut consumers = Vec::new();
    for group in &spec.groups {
        let config = group.config()?;
        consumers.extend(group.consumers.iter().map(|consumer| (consumer, group, config.clone())));
    }
    let workers = spec.queues.iter().flat_map(|queue| &queue.workers);
    let line = line.list(
        "clients",
        producers
            .into_iter()
            .map(Client::Producer)
            .chain(consumers.into_iter().map(|(consumer, group, config)| Client::Consumer(consumer, group, config)))
            .chain(workers.map(|worker| Client::Worker(&worker.name))),
        |item, client| item.object(|item| describe(item, &client)),
    );
    Ok(line)
}

enum Client<'a> {
    Producer((&'a crate::sim::ProducerSpec, crate::config::ProducerConfig)),
    Consumer(&'a crate::sim::ConsumerSpec, &'a crate::sim::GroupSpec, crate::config::ConsumerConfig),
    Worker(&'a str),
}

fn describe(item: &mut Item<'_>, client: &Client<'_>) {
    match client {
        Client::Producer((producer, config)) => {
            item.field_text("id", &producer.name);
            if let Target::Queue(_) = producer.target {
                return item.field_text("kind", "queue");
            }
            item.field_text("kind", "producer");
            match config.acks {
                Acks::All => item.field_text("acks", "all"),
                Acks::Leader => item.field_int("acks", 1),
                Acks::None => item.field_int("acks", 0),
            }
            item.field_flag("idempotent", config.idempotent());
            match &config.transactional_id {
                Some(id) => item.field_text("txid", id),
                None => item.field_null("txid"),
            }
            item.field_int("inflight", config.max_in_flight_requests_per_connection);
        }
        Client::Consumer(consumer, group, config) => {
            let or = |name: &str, default: &str| config.get(name).unwrap_or_else(|| default.to_owned());
            item.field_text("id", &consumer.name);
            item.field_text("kind", "consumer");
            item.field_text("group", &group.name);
            item.field_text("isolation", &or("isolation.level", "read_uncommitted"));
            item.field_text("reset", &or("auto.offset.reset", "latest"));
            item.field_text("protocol", &or("group.protocol", "classic"));
            item.field_text("assignor", &or("partition.assignment.strategy", "range"));
            item.field_flag(
                "autoCommit",
                config.enable_auto_commit && consumer.commit == crate::client::CommitMode::Auto,
            );
        }
        Client::Worker(name) => {
            item.field_text("id", name);
            item.field_text("kind", "queue");
        }
    }
}
