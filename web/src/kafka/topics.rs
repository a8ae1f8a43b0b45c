//! `kafka-topics.sh --describe` (`TopicCommand`, `TopicDescription`, `PartitionDescription`).

use super::{ids, uuid};
use highwater_engine::config::TopicConfig;
use highwater_engine::history::Recording;
use highwater_engine::ids::TopicId;
use highwater_engine::sim::Simulation;
use highwater_engine::view::{StageView, best_image};
use std::fmt::Write as _;

/// The description of one topic, or of all of them: a line for the topic, a line with a leading tab for each partition.
pub fn describe_topics(
    view: &StageView,
    simulation: &Simulation,
    recording: &Recording,
    only: Option<TopicId>,
) -> String {
    let (directory, image) = (simulation.directory(), best_image(simulation));
    let mut out = String::new();
    let mut told = None;
    let wanted = view.partitions.iter().filter(|partition| only.is_none_or(|only| only == partition.tp.topic));
    for partition in wanted.clone() {
        let topic = partition.tp.topic;
        let name = directory.topic_name(topic);
        if told != Some(topic) {
            told = Some(topic);
            let count = wanted.clone().filter(|other| other.tp.topic == topic).count();
            let spec = recording.spec.topics.iter().find(|spec| spec.name == name);
            let known = image.and_then(|image| image.topics.get(&topic));
            let described = spec.map_or(&[][..], |spec| &spec.settings[..]);
            let settings = known.map(|known| configs(&known.config, described)).unwrap_or_default();
            let id = uuid(recording.seed, u64::from(topic.0));
            let factor = partition.assignment.len();
            let _ = writeln!(
                out,
                "Topic: {name}\tTopicId: {id}\tPartitionCount: {count}\tReplicationFactor: {factor}\tConfigs: {}",
                settings.join(","),
            );
        }
        let leader = partition.leader.some().map_or_else(|| "none".to_owned(), |leader| leader.to_string());
        let known = image.and_then(|image| image.partition(partition.tp));
        let last_leader = known.and_then(|known| known.last_known_leader.some());
        let _ = write!(
            out,
            "\tTopic: {name}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}",
            partition.tp.partition,
            ids(&partition.assignment),
            ids(&partition.isr),
        );
        if !partition.adding.is_empty() || !partition.removing.is_empty() {
            let (adding, removing) = (ids(&partition.adding), ids(&partition.removing));
            let _ = write!(out, "\tAdding Replicas: {adding}\tRemoving Replicas: {removing}");
        }
        let last_known: Vec<_> = last_leader.into_iter().collect();
        let _ = writeln!(out, "\tElr: {}\tLastKnownElr: {}", ids(&partition.elr), ids(&last_known));
    }
    out
}

/// The settings that hold and are not Kafka's defaults: those of the topic's creation, and what was altered since.
fn configs(config: &TopicConfig, described: &[(String, String)]) -> Vec<String> {
    let first = described.iter().map(|(key, _)| key.as_str());
    let keys = TopicConfig::keys();
    let is_described = |name: &str| described.iter().any(|(key, _)| key == name);
    let altered =
        keys.iter().filter(|key| !is_described(key.name) && config.get(key.name).as_deref() != Some(&*key.default));
    let names = first.chain(altered.map(|key| key.name));
    names.filter_map(|name| Some(format!("{name}={}", config.get(name)?))).collect()
}
