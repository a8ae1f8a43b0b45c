//! `kafka-topics.sh --describe` (`TopicCommand`, `TopicDescription`, `PartitionDescription`).

use super::{ids, uuid};
use highwater_engine::history::Recording;
use highwater_engine::ids::TopicId;
use highwater_engine::sim::Directory;
use highwater_engine::view::StageView;
use std::fmt::Write as _;

/// The description of one topic, or of all of them: a line for the topic, a line with a leading tab for each partition.
pub fn describe_topics(
    view: &StageView,
    recording: &Recording,
    directory: &Directory,
    only: Option<TopicId>,
) -> String {
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
            let settings = spec.map_or(&[][..], |spec| &spec.settings[..]);
            let settings: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let id = uuid(recording.seed, u64::from(topic.0));
            let factor = partition.assignment.len();
            let _ = writeln!(
                out,
                "Topic: {name}\tTopicId: {id}\tPartitionCount: {count}\tReplicationFactor: {factor}\tConfigs: {}",
                settings.join(","),
            );
        }
        let leader = partition.leader.some().map_or_else(|| "none".to_owned(), |leader| leader.to_string());
        // The brokers do not track eligible leader replicas, and say so as a broker without that feature does.
        let _ = writeln!(
            out,
            "\tTopic: {name}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}\tElr: N/A\tLastKnownElr: N/A",
            partition.tp.partition,
            ids(&partition.assignment),
            ids(&partition.isr),
        );
    }
    out
}
