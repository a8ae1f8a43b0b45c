//! The few things that a command may ask first: how much, how long, whom. The fields are read off the command itself, and
//! what was written is put back into it; nothing else knows about forms.

use crate::i18n::{Locale, say, td_string};
use crate::session::Run;
use crate::session::words::Names;
use highwater_engine::command::Command;
use highwater_engine::effect::SeekTo;
use highwater_engine::ids::{NodeId, Offset};
use highwater_engine::protocol::MessageKind;
use highwater_engine::sim::NodeKind;
use highwater_engine::time::Duration;

/// One field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its words.
    pub label: String,
    /// What may be written.
    pub kind: FieldKind,
    /// What is proposed.
    pub value: String,
}

/// What may be written into a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// A whole number from `least` to `most`.
    Whole { least: i64, most: i64 },
    /// A whole number, or nothing.
    Optional { most: i64 },
    /// Any text.
    Text,
    /// One of these: what stands for it, and its words.
    Choice(Vec<(String, String)>),
}

/// The longest a field of milliseconds takes: an hour.
const HOUR: i64 = 3_600_000;

/// Kinds of messages worth dropping, by who sends them.
const KINDS: [MessageKind; 14] = [
    MessageKind::Produce,
    MessageKind::Fetch,
    MessageKind::Metadata,
    MessageKind::OffsetCommit,
    MessageKind::OffsetFetch,
    MessageKind::FindCoordinator,
    MessageKind::JoinGroup,
    MessageKind::SyncGroup,
    MessageKind::Heartbeat,
    MessageKind::ConsumerGroupHeartbeat,
    MessageKind::InitProducerId,
    MessageKind::EndTxn,
    MessageKind::BrokerHeartbeat,
    MessageKind::AlterPartition,
];

const QUEUE_KINDS: [MessageKind; 5] = [
    MessageKind::QueuePublish,
    MessageKind::QueueConsume,
    MessageKind::QueueDeliver,
    MessageKind::QueueAck,
    MessageKind::QueueNack,
];

/// The fields of a command, in order; none for one that says all by itself.
pub fn fields(command: &Command, run: &Run, locale: Locale) -> Vec<Field> {
    macro_rules! t {
        ($key:ident) => {
            td_string!(locale, page.form.$key).to_owned()
        };
    }
    let names = Names { directory: run.simulation().directory(), locale };
    let whole = |label, value: i64, least, most| Field {
        label,
        kind: FieldKind::Whole { least, most },
        value: value.clamp(least, most).to_string(),
    };
    let millis = |label, span: Duration, least| whole(label, span.as_millis() as i64, least, HOUR);
    let text = |label, value: &str| Field { label, kind: FieldKind::Text, value: value.to_owned() };
    let peers = |from: NodeId, to: NodeId| {
        let all = peers(run, from).into_iter().map(|node| (node.0.to_string(), names.node(node)));
        Field { label: t!(peer), kind: FieldKind::Choice(all.collect()), value: to.0.to_string() }
    };
    let kinds = |kind: MessageKind| {
        let all = if QUEUE_KINDS.contains(&kind) { &QUEUE_KINDS[..] } else { &KINDS[..] };
        let all = all.iter().map(|kind| (kind.name().to_owned(), kind.name().to_owned()));
        Field { label: t!(kind), kind: FieldKind::Choice(all.collect()), value: kind.name().to_owned() }
    };
    match command {
        Command::PowerCut { kept, .. } => vec![whole(t!(kept), (*kept).into(), 0, 1_000)],
        Command::Cut { from, to, both_ways: false } => {
            let node = names.node(*from);
            let ways = [("out", t!(way_out)), ("in", t!(way_in))];
            let ways = ways.map(|(key, words)| (key.to_owned(), say(&words, &[("node", &node)])));
            let way = Field { label: t!(way), kind: FieldKind::Choice(ways.into()), value: "out".to_owned() };
            vec![peers(*from, *to), way]
        }
        Command::DropNext { from, to, kind, .. } => {
            let node = names.node(*from);
            let ways = [("request", t!(its_request)), ("answer", t!(its_answer))];
            let ways = ways.map(|(key, words)| (key.to_owned(), say(&words, &[("node", &node)])));
            let what = Field { label: t!(what), kind: FieldKind::Choice(ways.into()), value: "request".to_owned() };
            vec![peers(*from, *to), kinds(*kind), what]
        }
        Command::DelayNext { from, to, kind, by } => {
            vec![peers(*from, *to), kinds(*kind), millis(t!(by), *by, 1)]
        }
        Command::Seek { to: SeekTo::Offset(offset), .. } => {
            vec![whole(t!(offset), i64::try_from(*offset).unwrap_or(0), 0, i64::MAX)]
        }
        Command::Seek { to: SeekTo::Time(at), .. } => {
            vec![whole(t!(at), i64::try_from(*at).unwrap_or(0), 0, i64::MAX)]
        }
        Command::DeleteRecords { offset, .. } => vec![whole(t!(below), offset.0, 0, i64::MAX)],
        Command::Corrupt { offset, .. } => vec![whole(t!(offset), offset.0, 0, i64::MAX)],
        Command::Tombstone { key, .. } => vec![text(t!(key), key)],
        Command::Latency { latency, jitter } => {
            vec![millis(t!(latency), *latency, 0), millis(t!(jitter), *jitter, 0)]
        }
        Command::Processing { takes, .. } => vec![millis(t!(takes), *takes, 0)],
        Command::Workload { every, count, keys, .. } => {
            let most = i64::from(u32::MAX);
            let value = count.map(|count| count.to_string()).unwrap_or_default();
            let count = Field { label: t!(count), kind: FieldKind::Optional { most }, value };
            vec![millis(t!(every), *every, 1), count, text(t!(keys), keys)]
        }
        _ => Vec::new(),
    }
}

/// The command with what was written in its fields; none when something does not fit.
pub fn fill(command: &Command, written: &[String]) -> Option<Command> {
    let text = |index: usize| written.get(index).map(|text| text.trim());
    let number = |index: usize, least: i64| text(index)?.parse::<i64>().ok().filter(|number| *number >= least);
    let millis = |index: usize, least: i64| {
        let span = number(index, least).filter(|span| *span <= HOUR)?;
        Some(Duration::from_millis(span as u64))
    };
    let node = |index: usize| Some(NodeId(text(index)?.parse().ok()?));
    let kind = |index: usize| KINDS.iter().chain(&QUEUE_KINDS).find(|kind| Some(kind.name()) == text(index)).copied();
    let mut command = command.clone();
    match &mut command {
        Command::PowerCut { kept, .. } => *kept = u32::try_from(number(0, 0)?).ok()?,
        Command::Cut { from, to, both_ways: false } => {
            *to = node(0)?;
            if text(1)? == "in" {
                std::mem::swap(from, to);
            }
        }
        Command::DropNext { from, to, kind: api, response } => {
            (*to, *api, *response) = (node(0)?, kind(1)?, text(2)? == "answer");
            if *response {
                std::mem::swap(from, to);
            }
        }
        Command::DelayNext { to, kind: api, by, .. } => (*to, *api, *by) = (node(0)?, kind(1)?, millis(2, 1)?),
        Command::Seek { to: SeekTo::Offset(offset), .. } => *offset = number(0, 0)? as u64,
        Command::Seek { to: SeekTo::Time(at), .. } => *at = number(0, 0)? as u64,
        Command::DeleteRecords { offset, .. } | Command::Corrupt { offset, .. } => *offset = Offset(number(0, 0)?),
        Command::Tombstone { key, .. } => *key = text(0).filter(|key| !key.is_empty())?.to_owned(),
        Command::Latency { latency, jitter } => (*latency, *jitter) = (millis(0, 0)?, millis(1, 0)?),
        Command::Processing { takes, .. } => *takes = millis(0, 0)?,
        Command::Workload { every, count, keys, .. } => {
            *every = millis(0, 1)?;
            *count = match text(1)? {
                "" => None,
                some => Some(some.parse().ok()?),
            };
            *keys = text(2)?.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        _ => {}
    }
    Some(command)
}

/// Whom a process talks to.
pub fn peers(run: &Run, node: NodeId) -> Vec<NodeId> {
    let directory = run.simulation().directory();
    let kind = directory.node_kind(node);
    let talks = |other: NodeKind| match kind {
        Some(NodeKind::Broker(_)) => matches!(other, NodeKind::Broker(_) | NodeKind::Controller),
        Some(NodeKind::Controller | NodeKind::Consumer(_)) => matches!(other, NodeKind::Broker(_)),
        Some(NodeKind::Producer) => matches!(other, NodeKind::Broker(_) | NodeKind::QueueBroker(_)),
        Some(NodeKind::Worker(_)) => matches!(other, NodeKind::QueueBroker(_)),
        _ => false,
    };
    // The first node of a cluster without a controller of its own is its ZooKeeper.
    let keeper = |node: NodeId| node.0 == 0 && directory.node_kind(node) == Some(NodeKind::ZooKeeper);
    let reaches = |other: NodeId, of: NodeKind| match (kind, of) {
        (Some(NodeKind::Broker(_)), _) if keeper(other) => true,
        (_, NodeKind::Broker(_)) if keeper(node) => true,
        _ => talks(of),
    };
    directory.nodes().filter(|(other, kind)| *other != node && reaches(*other, *kind)).map(|(other, _)| other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::scenario::Scenario;

    #[test]
    fn what_a_form_proposes_is_the_command_itself() {
        let text = "scenario t seed=3\nbrokers 3\ntopic orders partitions=1 replication-factor=3\n\
                    producer p1 topic=orders\ngroup billing topic=orders { consumer c1 }\n";
        let run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        let (node, to) = (NodeId(1), NodeId(2));
        let tp = highwater_engine::ids::TopicPartition::new(highwater_engine::ids::TopicId(1), 0);
        let group = highwater_engine::ids::GroupId(0);
        let span = Duration::from_millis(7);
        for command in [
            Command::PowerCut { node, kept: 3, torn: true },
            Command::Cut { from: node, to, both_ways: false },
            Command::DropNext { from: node, to, kind: MessageKind::Fetch, response: false },
            Command::DelayNext { from: node, to, kind: MessageKind::Fetch, by: span },
            Command::Seek { group, to: SeekTo::Offset(7) },
            Command::Seek { group, to: SeekTo::Time(9) },
            Command::DeleteRecords { tp, offset: Offset(4) },
            Command::Corrupt { node, tp, offset: Offset(4) },
            Command::Tombstone { producer: node, key: "k".into() },
            Command::Latency { latency: span, jitter: Duration::ZERO },
            Command::Processing { node, takes: span },
            Command::Workload { producer: node, every: span, count: None, keys: "a b".into() },
            Command::Workload { producer: node, every: span, count: Some(2), keys: String::new() },
        ] {
            let fields = fields(&command, &run, Locale::en);
            assert!(!fields.is_empty());
            let written: Vec<String> = fields.into_iter().map(|field| field.value).collect();
            assert_eq!(fill(&command, &written), Some(command));
        }
    }

    #[test]
    fn what_does_not_fit_is_not_taken() {
        let takes = Command::Processing { node: NodeId(1), takes: Duration::ZERO };
        for written in ["", "-1", "x", "1.5", "99999999999999999999"] {
            assert_eq!(fill(&takes, &[written.to_owned()]), None, "{written}");
        }
        let drop = Command::DropNext { from: NodeId(1), to: NodeId(2), kind: MessageKind::Fetch, response: false };
        let answer = fill(&drop, &["3".to_owned(), "Produce".to_owned(), "answer".to_owned()]);
        let wanted = Command::DropNext { from: NodeId(3), to: NodeId(1), kind: MessageKind::Produce, response: true };
        assert_eq!(answer, Some(wanted), "an answer comes from the other side");
        assert_eq!(fill(&drop, &["3".to_owned(), "Gossip".to_owned(), "answer".to_owned()]), None);
    }
}
