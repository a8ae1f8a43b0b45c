//! Events as one line of text each.

use highwater_engine::event::Event;
use highwater_engine::ids::{BrokerId, GroupId, NodeId, QueueId, RecordId, TopicId, TopicPartition};
use highwater_engine::sim::Directory;
use serde_json::Value;

/// Events that say little by themselves and come in great numbers.
pub fn is_routine(event: &Event) -> bool {
    matches!(
        event,
        Event::HighWatermarkAdvanced { .. }
            | Event::RecordsAppended { .. }
            | Event::RecordsPolled { .. }
            | Event::LogFlushed { .. }
            | Event::OffsetCommitted { .. }
            | Event::IsrExpandProposed { .. }
            | Event::MessageDropped { .. }
    ) || about_internal_topic(event)
}

fn about_internal_topic(event: &Event) -> bool {
    let tp = match event {
        Event::LeaderElected { tp, .. }
        | Event::IsrChanged { tp, .. }
        | Event::LeaderActivated { tp, .. }
        | Event::FollowerActivated { tp, .. }
        | Event::LogTruncated { tp, .. }
        | Event::PartitionOffline { tp, .. } => tp,
        _ => return false,
    };
    tp.topic == TopicId(0)
}

/// `LeaderElected tp=orders-0 from=1 leader=2 epoch=1`.
pub fn line(event: &Event, directory: &Directory) -> String {
    let mut text = event.name().to_owned();
    let Ok(json) = serde_json::to_value(event) else { return text };
    let Some(fields) = json.get(event.name()).and_then(Value::as_object) else { return text };
    for (name, value) in fields {
        text.push_str(&format!(" {name}={}", words(name, value, directory)));
    }
    text
}

/// A field with names instead of numbers.
pub fn words(field: &str, value: &Value, directory: &Directory) -> String {
    let id = value.as_u64().and_then(|number| u32::try_from(number).ok());
    match (field, id) {
        ("node" | "producer" | "client" | "consumer" | "database" | "by", Some(id)) => {
            directory.node_name(NodeId(id)).replace(' ', "-")
        }
        ("group", Some(id)) => directory.group_name(GroupId(id)).to_owned(),
        ("queue", Some(id)) => directory.queue_name(QueueId(id)).to_owned(),
        ("topic", Some(id)) => directory.topic_name(TopicId(id)).to_owned(),
        ("record" | "records", _) if value.is_u64() => {
            value.as_u64().map(|id| directory.record_name(RecordId(id))).unwrap_or_default()
        }
        ("tp" | "partitions", _) if value.is_object() => {
            serde_json::from_value::<TopicPartition>(value.clone()).map(|tp| directory.tp_name(tp)).unwrap_or_default()
        }
        ("leader" | "from", _) if value.as_i64() == Some(i64::from(BrokerId::NONE.0)) => "none".to_owned(),
        _ => match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| words(field, item, directory)).collect();
                format!("[{}]", items.join(","))
            }
            other => other.to_string(),
        },
    }
}
