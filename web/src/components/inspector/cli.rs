//! The commands that would show a thing on a real cluster, with what they would print now.

use super::markup::escape;
use crate::i18n::{Locale, td_string};
use crate::kafka;
use crate::scene::Target;
use crate::session::Run;
use highwater_engine::ids::TopicId;
use highwater_engine::sim::{NodeKind, Target as Feeds};
use std::fmt::Write as _;

/// A command with its output.
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
        Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _) => vec![topic(run, Some(tp.topic))],
        Target::Node(node) => match directory.node_kind(node) {
            Some(NodeKind::Broker(_)) => vec![topic(run, None), quorum(run)],
            Some(NodeKind::Controller) => vec![quorum(run)],
            Some(NodeKind::Producer) => {
                let name = directory.node_name(node);
                let spec = run.recording().spec.producers.iter().find(|producer| producer.name == name);
                let written = spec.and_then(|producer| match &producer.target {
                    Feeds::Topic(topic) => directory.find_topic(topic),
                    Feeds::Queue(_) => None,
                });
                written.map(|written| topic(run, Some(written))).into_iter().collect()
            }
            _ => Vec::new(),
        },
        Target::Group(_) | Target::Queue(_) | Target::Envelope(_) => Vec::new(),
    }
}

fn topic(run: &Run, only: Option<TopicId>) -> Shown {
    let directory = run.simulation().directory();
    let name = only.map(|only| format!(" --topic {}", directory.topic_name(only))).unwrap_or_default();
    Shown {
        command: format!("kafka-topics.sh --bootstrap-server broker1:9092 --describe{name}"),
        output: kafka::describe_topics(&run.view(), run.recording(), directory, only),
    }
}

fn quorum(run: &Run) -> Shown {
    Shown {
        command: "kafka-metadata-quorum.sh --bootstrap-server broker1:9092 describe --status".to_owned(),
        output: kafka::describe_quorum(&run.view(), run.recording()),
    }
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
