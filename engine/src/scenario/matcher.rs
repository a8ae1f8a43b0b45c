//! Patterns of events: a name and fields with their values, in the words people use.

use crate::event::Event;
use crate::field::Field;
use crate::ids::{GroupId, NodeId, QueueId, RecordId, TopicId, TopicPartition};
use crate::sim::Directory;

/// An event to wait for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventPattern {
    /// The event's name, see [`Event::name`].
    pub name: String,
    /// Fields and their values; a value may begin with `>=`, `<=`, `>`, `<` or `!=`.
    pub fields: Vec<(String, String)>,
}

impl EventPattern {
    /// What is wrong with the pattern: a word, and the words possible instead.
    pub fn problem(&self, _directory: &Directory) -> Option<(String, Vec<String>)> {
        if Event::NAMES.contains(&self.name.as_str()) {
            return None;
        }
        Some((self.name.clone(), Event::NAMES.iter().map(|name| (*name).to_owned()).collect()))
    }

    /// Whether an event fits.
    pub fn matches(&self, event: &Event, directory: &Directory, resolve: impl Fn(&str) -> String) -> bool {
        if event.name() != self.name {
            return false;
        }
        let Some(fields) = Field::of(event) else { return false };
        self.fields.iter().all(|(field, wanted)| {
            let found = fields.get(field);
            found.is_some_and(|found| compare(&words_of(field, found, directory), &resolve(wanted)))
        })
    }
}

/// A field's value as people write it.
fn words_of(field: &str, value: &Field, directory: &Directory) -> String {
    let id = value.number().and_then(|number| u32::try_from(number).ok());
    match (field, id) {
        ("node" | "producer" | "client" | "consumer" | "database" | "peer" | "by", Some(id)) => {
            directory.node_name(NodeId(id)).to_owned()
        }
        ("group", Some(id)) => directory.group_name(GroupId(id)).to_owned(),
        ("queue", Some(id)) => directory.queue_name(QueueId(id)).to_owned(),
        ("topic", Some(id)) => directory.topic_name(TopicId(id)).to_owned(),
        ("record", _) => {
            let record = value.number().and_then(|number| u64::try_from(number).ok());
            record.map(|id| directory.record_name(RecordId(id))).unwrap_or_default()
        }
        ("tp", _) => {
            let number = |name: &str| value.get(name).and_then(Field::number);
            let topic = number("topic").and_then(|topic| u32::try_from(topic).ok());
            let partition = number("partition").and_then(|partition| i32::try_from(partition).ok());
            let tp = topic.zip(partition).map(|(topic, partition)| TopicPartition { topic: TopicId(topic), partition });
            tp.map(|tp| directory.tp_name(tp)).unwrap_or_default()
        }
        _ => value.to_string(),
    }
}

/// Compares what is with what is wanted; see [`EventPattern::fields`] for the operators.
pub(super) fn compare(found: &str, wanted: &str) -> bool {
    for operator in [">=", "<=", "!=", ">", "<"] {
        let Some(rest) = wanted.strip_prefix(operator) else { continue };
        let rest = rest.trim();
        if operator == "!=" {
            return found != rest;
        }
        let (Ok(found), Ok(rest)) = (found.parse::<i64>(), rest.parse::<i64>()) else { return false };
        return match operator {
            ">=" => found >= rest,
            "<=" => found <= rest,
            ">" => found > rest,
            _ => found < rest,
        };
    }
    found == wanted
}
