//! The commands that would show a thing on a real cluster, with what they would print now.

use super::markup::escape;
use crate::i18n::{Locale, td_string};
use crate::kafka::{self, Describe};
use crate::scene::Target;
use crate::session::Run;
use highwater_engine::ids::{BrokerId, GroupId, Offset, TopicId, TopicPartition};
use highwater_engine::sim::{Actor, NodeKind, Target as Feeds};
use highwater_engine::storage::Segment;
use std::fmt::Write as _;

/// Batches shown of a segment, the newest.
const BATCHES: usize = 30;

/// Commits shown.
const COMMITS: usize = 12;

/// A command with its output.
#[derive(Clone)]
pub struct Shown {
    /// As it is typed.
    pub command: String,
    /// What it prints.
    pub output: String,
}

/// The commands for a target.
pub fn commands(target: Target, run: &Run) -> Vec<Shown> {
    let directory = run.simulation().directory();
    match target {
        Target::Partition(tp) => vec![topic(run, Some(tp.topic))],
        Target::Replica(broker, tp) => {
            std::iter::once(topic(run, Some(tp.topic))).chain(dump(run, broker, tp, None)).collect()
        }
        Target::Record(broker, tp, offset) => dump(run, broker, tp, Some(offset)).into_iter().collect(),
        Target::Node(node) => match directory.node_kind(node) {
            Some(NodeKind::Broker(_)) => std::iter::once(topic(run, None)).chain(quorum(run)).collect(),
            Some(NodeKind::Controller) => quorum(run).to_vec(),
            Some(NodeKind::Producer) => {
                let name = directory.node_name(node);
                let spec = run.recording().spec.producers.iter().find(|producer| producer.name == name);
                let written = spec.and_then(|producer| match &producer.target {
                    Feeds::Topic(topic) => directory.find_topic(topic),
                    Feeds::Queue(_) => None,
                });
                written.map(|written| topic(run, Some(written))).into_iter().collect()
            }
            Some(NodeKind::Consumer(group)) => vec![group_of(run, group, Describe::Members)],
            _ => Vec::new(),
        },
        Target::Group(group) => {
            let mut all =
                [Describe::Offsets, Describe::Members, Describe::State].map(|what| group_of(run, group, what)).to_vec();
            if !run.view().groups.iter().any(|known| known.id == group && known.share) {
                all.extend(commits(run, group));
            }
            all
        }
        Target::Queue(_) | Target::Envelope(_) | Target::Lost(_) => Vec::new(),
    }
}

fn topic(run: &Run, only: Option<TopicId>) -> Shown {
    let directory = run.simulation().directory();
    let name = only.map(|only| format!(" --topic {}", directory.topic_name(only))).unwrap_or_default();
    Shown {
        command: format!("kafka-topics.sh --bootstrap-server broker1:9092 --describe{name}"),
        output: kafka::describe_topics(&run.view(), run.simulation(), run.recording(), only),
    }
}

fn group_of(run: &Run, id: GroupId, what: Describe) -> Shown {
    let directory = run.simulation().directory();
    let option = match what {
        Describe::Offsets => "",
        Describe::Members => " --members --verbose",
        Describe::State => " --state",
    };
    let name = directory.group_name(id);
    let view = run.view();
    let share = view.groups.iter().any(|group| group.id == id && group.share);
    let tool = if share { "kafka-share-groups.sh" } else { "kafka-consumer-groups.sh" };
    let output = view.groups.iter().find(|group| group.id == id).map(|group| {
        let describe = if group.share { kafka::describe_share_group } else { kafka::describe_group };
        let printed = describe(group, run.recording().seed, directory, what);
        printed.trim_end_matches('\n').to_owned()
    });
    Shown {
        command: format!("{tool} --bootstrap-server broker1:9092 --describe --group {name}{option}"),
        output: output.unwrap_or_default(),
    }
}

/// The newest commits of a group, as the console consumer reads them.
fn commits(run: &Run, group: GroupId) -> Option<Shown> {
    let partition = kafka::offsets_partition(run.simulation(), group)?.partition;
    let records = kafka::offsets_records(run.simulation(), run.recording(), group, COMMITS);
    let mut output = String::new();
    for record in records.iter().filter(|record| record.is_commit) {
        let _ = writeln!(output, "{{\"key\":{},\"value\":{}}}", record.key, record.value);
    }
    Some(Shown {
        command: format!(
            "kafka-console-consumer.sh --bootstrap-server broker1:9092 --topic __consumer_offsets --partition {partition} \\\n    \
             --formatter org.apache.kafka.tools.consumer.OffsetsMessageFormatter --from-beginning | tail -n {COMMITS}"
        ),
        output,
    })
}

/// The segment that holds an offset, or the active one.
fn dump(run: &Run, broker: BrokerId, tp: TopicPartition, offset: Option<Offset>) -> Option<Shown> {
    let directory = run.simulation().directory().tp_name(tp);
    let replica = run.simulation().actors().find_map(|(_, actor)| match actor {
        Actor::Broker(actor) if actor.id == broker => actor.replicas().get(&tp),
        _ => None,
    })?;
    let holds = |segment: &&Segment| offset.is_none_or(|offset| segment.base_offset() <= offset);
    let segment = replica.log.segments().rfind(holds)?;
    Some(Shown {
        command: format!("kafka-dump-log.sh --print-data-log --files {}", kafka::segment_path(&directory, segment)),
        output: kafka::dump_log(&directory, segment, BATCHES),
    })
}

fn quorum(run: &Run) -> [Shown; 2] {
    let shown = |option: &str, output: String| Shown {
        command: format!("kafka-metadata-quorum.sh --bootstrap-server broker1:9092 describe {option}"),
        output,
    };
    [
        shown("--status", kafka::describe_quorum(run.simulation(), run.recording())),
        shown("--replication", kafka::describe_replication(run.simulation(), run.recording())),
    ]
}

/// The tab.
pub fn cli(target: Target, run: &Run, locale: Locale) -> String {
    let mut out = String::new();
    for Shown { command, output } in commands(target, run) {
        let _ =
            write!(out, "<pre class=\"cli\" tabindex=\"0\"><b>$ {}</b>\n{}</pre>", escape(&command), escape(&output));
    }
    if out.is_empty() {
        let _ = write!(out, "<p class=\"quiet\">{}</p>", td_string!(locale, page.inspector.no_command));
    }
    out
}
