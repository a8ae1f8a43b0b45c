//! Writing a run as a scenario: the file a person saves, and the text inside a link.
//!
//! What is written reads back to the same recording, so telling it ends in the same state. Commands of a run stand in `at`
//! blocks; `after` says how many events had happened when one was given, because time alone cannot order it among the
//! events of the same microsecond.
//! Absent: the prose and the questions of the story the run began as; they stay with the lesson.

use crate::client::{CommitMode, OnFailure};
use crate::command::{Command, DiskFault};
use crate::effect::SeekTo;
use crate::event::StopKind;
use crate::history::Recording;
use crate::ids::{NodeId, TopicId, TopicPartition};
use crate::protocol::AdminRequest;
use crate::sim::{ConsumerSpec, Directory, GroupSpec, ProducerSpec, QueueSpec, Spec, Target, TopicSpec};
use crate::time::{Duration, Instant};
use thiserror::Error;

/// Why a recording cannot be written: it names what its world does not have.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("command {number} of the recording names something its world does not have")]
pub struct Unwritable {
    /// The command, from 1.
    pub number: usize,
}

/// A recording as a scenario that is told until `end`.
///
/// # Errors
/// When a command names something that the world does not have.
pub fn print(name: &str, recording: &Recording, end: Instant) -> Result<String, Unwritable> {
    let mut text = Text(String::new());
    text.word("scenario").value(name).property("seed", &recording.seed.to_string()).end();
    text.world(&recording.spec);
    let directory = Directory::of(&recording.spec);
    let mut number = 0;
    for block in recording.commands.chunk_by(|one, next| (one.at, one.after) == (next.at, next.after)) {
        if number == 0 {
            text.line();
        }
        text.word("at").value(&span(block[0].at.since(Instant::ZERO)));
        if block[0].after > 0 {
            text.property("after", &block[0].after.to_string());
        }
        // A command alone stands on its line: a long run has hundreds of them.
        if let [alone] = block {
            number += 1;
            text.word("{");
            text.command(&alone.command, &directory).ok_or(Unwritable { number })?;
            text.0.push(';');
            text.word("}").end();
            continue;
        }
        text.open();
        for recorded in block {
            number += 1;
            text.0.push_str("    ");
            text.command(&recorded.command, &directory).ok_or(Unwritable { number })?;
            text.end();
        }
        text.close();
    }
    text.line();
    text.word("story").open();
    text.0.push_str("    ");
    text.word("run").value(&span(end.since(Instant::ZERO))).end();
    text.close();
    Ok(text.0)
}

/// A span as it is read back, exactly.
fn span(span: Duration) -> String {
    match span.0 {
        micros if micros % 1_000_000 == 0 => format!("{}s", micros / 1_000_000),
        micros if micros % 1_000 == 0 => format!("{}ms", micros / 1_000),
        micros => format!("{micros}us"),
    }
}

/// The text so far.
struct Text(String);

impl Text {
    /// A bare word, after a space unless the line begins here.
    fn word(&mut self, word: &str) -> &mut Text {
        if !self.0.is_empty() && !self.0.ends_with(['\n', ' ']) {
            self.0.push(' ');
        }
        self.0.push_str(word);
        self
    }

    /// A word or number as it is where KDL allows that, else a text in quotation marks.
    fn value(&mut self, value: &str) -> &mut Text {
        self.word("");
        self.quoted(value);
        self
    }

    fn property(&mut self, name: &str, value: &str) -> &mut Text {
        self.word(name).0.push('=');
        self.quoted(value);
        self
    }

    fn quoted(&mut self, value: &str) {
        if is_number(value) || is_word(value) {
            return self.0.push_str(value);
        }
        self.0.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => {
                    self.0.push('\\');
                    self.0.push(c);
                }
                '\n' => self.0.push_str("\\n"),
                c if c.is_control() || !is_allowed(c) => self.0.push_str(&format!("\\u{{{:x}}}", c as u32)),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    fn span(&mut self, name: &str, value: Duration) -> &mut Text {
        self.property(name, &span(value))
    }

    fn flag(&mut self, name: &str, flag: bool) -> &mut Text {
        if flag {
            self.word(name).0.push_str("=#true");
        }
        self
    }

    fn settings(&mut self, settings: &[(String, String)]) -> &mut Text {
        for (name, value) in settings {
            self.property(name, value);
        }
        self
    }

    fn line(&mut self) {
        self.0.push('\n');
    }

    fn end(&mut self) {
        self.line();
    }

    fn open(&mut self) {
        self.0.push_str(" {\n");
    }

    fn close(&mut self) {
        self.0.push_str("}\n");
    }

    fn world(&mut self, spec: &Spec) {
        if spec.controllers > 0 {
            self.word("controllers").value(&spec.controllers.to_string()).end();
        }
        self.word("brokers").value(&spec.brokers.to_string());
        if spec.brokers_stopped > 0 {
            self.property("stopped", &spec.brokers_stopped.to_string());
        }
        if !spec.racks.is_empty() {
            self.property("racks", &spec.racks.join(","));
        }
        self.settings(&spec.broker_settings).end();
        if !spec.features.is_empty() {
            self.word("features").settings(&spec.features).end();
        }
        let network = &spec.network;
        self.word("network").span("latency", network.latency).span("jitter", network.jitter);
        if network.loss_per_million > 0 {
            self.property("loss-per-million", &network.loss_per_million.to_string());
        }
        self.end();
        if let Some(fsync) = spec.fsync {
            self.word("disk").span("fsync", fsync).end();
        }
        self.line();
        spec.topics.iter().for_each(|topic| self.topic(topic));
        spec.queues.iter().for_each(|queue| self.queue(queue));
        for database in &spec.databases {
            self.word("database").value(&database.name).end();
        }
        if spec.zookeeper {
            self.word("zookeeper").end();
        }
        spec.producers.iter().for_each(|producer| self.producer(producer));
        spec.groups.iter().for_each(|group| self.group(group));
    }

    fn topic(&mut self, topic: &TopicSpec) {
        self.word("topic").value(&topic.name).property("partitions", &topic.partitions.to_string());
        self.property("replication-factor", &topic.replication_factor.to_string());
        self.flag("late", topic.late).settings(&topic.settings);
        self.block(&topic.assignment, |text, replicas| {
            text.word("replicas");
            for id in replicas {
                text.value(&id.to_string());
            }
        });
    }

    fn producer(&mut self, producer: &ProducerSpec) {
        self.word("producer").value(&producer.name);
        match &producer.target {
            Target::Topic(topic) => self.property("topic", topic),
            Target::Queue(queue) => self.property("queue", queue),
        };
        let workload = &producer.workload;
        self.span("start", workload.start).span("every", workload.every);
        if let Some(count) = workload.count {
            self.property("count", &count.to_string());
        }
        self.property("size", &workload.size.to_string());
        if let Some(partition) = workload.partition {
            self.property("partition", &partition.to_string());
        }
        self.flag("sync", workload.sync);
        if let Some(every) = workload.flush_every {
            self.property("flush-every", &every.to_string());
        }
        let transaction = workload.transaction;
        let plain = crate::app::TransactionWorkload::default();
        if transaction.records != plain.records {
            self.property("transaction-records", &transaction.records.to_string());
        }
        if transaction.abort_every != plain.abort_every {
            self.property("abort-every", &transaction.abort_every.to_string());
        }
        if transaction.hold != plain.hold {
            self.span("hold", transaction.hold);
        }
        if !producer.defaults.is_empty() {
            self.property("defaults", &producer.defaults);
        }
        self.flag("stopped", producer.stopped).settings(&producer.settings);
        let keys = (!workload.keys.is_empty()).then_some(&workload.keys);
        self.block(keys.as_slice(), |text, keys| {
            text.word("keys");
            for key in *keys {
                text.value(key);
            }
        });
    }

    fn group(&mut self, group: &GroupSpec) {
        self.word(if group.share { "share-group" } else { "group" })
            .value(&group.name)
            .property("topic", &group.topics.join(","))
            .settings(&group.settings);
        self.block(&group.consumers, |text, consumer| text.consumer(consumer));
    }

    fn consumer(&mut self, consumer: &ConsumerSpec) {
        let verb = if consumer.processor.is_some() { "processor" } else { "consumer" };
        self.word(verb).value(&consumer.name).span("processing", consumer.processing);
        let commit = match consumer.commit {
            CommitMode::Auto => "auto",
            CommitMode::Before => "before",
            CommitMode::After => "after",
            CommitMode::Each => "each",
            CommitMode::Async => "async",
            CommitMode::AsyncRetry => "async-retry",
        };
        self.property("commit", commit);
        if let Some(database) = &consumer.database {
            self.property("database", database);
        }
        if !consumer.fails_on.is_empty() {
            self.property("fails-on", &consumer.fails_on.join(","));
        }
        if let Some(on_failure) = consumer.on_failure {
            let word = match on_failure {
                OnFailure::Retry => "retry",
                OnFailure::Skip => "skip",
                OnFailure::Release => "release",
                OnFailure::Reject => "reject",
                OnFailure::Hang => "hang",
            };
            self.property("on-failure", word);
        }
        if let Some(renew) = consumer.renew {
            self.span("renew", renew);
        }
        self.flag("dedupe", consumer.dedupe).flag("stopped", consumer.stopped).settings(&consumer.settings);
        if let Some(processor) = &consumer.processor {
            self.property("to", &processor.topic).word("{ producer");
            if !processor.defaults.is_empty() {
                self.property("defaults", &processor.defaults);
            }
            self.settings(&processor.settings).word("}");
        }
    }

    fn queue(&mut self, queue: &QueueSpec) {
        self.word("queue").value(&queue.name).flag("persistent", queue.persistent);
        self.flag("stopped", queue.stopped);
        self.block(&queue.workers, |text, worker| {
            text.word("worker").value(&worker.name).property("prefetch", &worker.prefetch.to_string());
            text.span("processing", worker.processing);
            if worker.nack_every > 0 {
                text.property("nack-every", &worker.nack_every.to_string());
            }
            text.flag("stopped", worker.stopped);
        });
    }

    /// The lines inside a directive's braces, if there are any.
    fn block<T>(&mut self, lines: &[T], mut write: impl FnMut(&mut Text, &T)) {
        if lines.is_empty() {
            return self.end();
        }
        self.open();
        for line in lines {
            self.0.push_str("    ");
            write(self, line);
            self.end();
        }
        self.close();
    }

    /// None when it names something unknown.
    fn command(&mut self, command: &Command, directory: &Directory) -> Option<()> {
        match command {
            Command::Stop { node, how } => {
                let verb = match how {
                    StopKind::Crash => "kill",
                    StopKind::Power => "power-off",
                    StopKind::Graceful => "stop",
                };
                self.word(verb).node(*node, directory)?;
            }
            Command::Start { node } => self.word("start").node(*node, directory)?,
            Command::Pause { node } => self.word("pause").node(*node, directory)?,
            Command::Resume { node } => self.word("resume").node(*node, directory)?,
            Command::PausePartitions { node, paused } => {
                let verb = if *paused { "pause-partitions" } else { "resume-partitions" };
                self.word(verb).node(*node, directory)?;
            }
            Command::Isolate { node } => self.word("isolate").node(*node, directory)?,
            Command::Cut { from, to, both_ways } => {
                self.word("cut").node(*from, directory)?;
                self.node(*to, directory)?;
                self.flag("one-way", !both_ways);
            }
            Command::Heal { fault } => {
                self.word("heal").value(&fault.0.to_string());
            }
            Command::HealAll => {
                self.word("heal");
            }
            Command::Configure { node, name, value } => {
                self.word("configure").node(*node, directory)?;
                self.property(name, value);
            }
            Command::Remove { node } => self.word("remove").node(*node, directory)?,
            Command::CreateTopic { topic } => self.word("create-topic").topic_name(*topic, directory)?,
            Command::Drop { envelope } => {
                self.word("drop").value(&envelope.0.to_string());
            }
            Command::DropNext { from, to, kind, response } => {
                self.word("drop-next").value(kind.name()).node(*from, directory)?;
                self.node(*to, directory)?;
                self.flag("response", *response);
            }
            Command::DelayNext { from, to, kind, by } => {
                self.word("delay-next").value(kind.name()).node(*from, directory)?;
                self.node(*to, directory)?;
                self.value(&span(*by));
            }
            Command::Send { producer, count } => {
                self.word("send").node(*producer, directory)?;
                self.value(&count.to_string());
            }
            Command::Workload { producer, every, count, keys } => {
                self.word("workload").node(*producer, directory)?;
                self.value(&span(*every));
                for key in keys.split_whitespace() {
                    self.value(key);
                }
                if let Some(count) = count {
                    self.property("count", &count.to_string());
                }
            }
            Command::Seek { group, to } => {
                let name = directory.group_name(*group);
                self.word("seek").known(name)?;
                match to {
                    SeekTo::Beginning => self.word("beginning"),
                    SeekTo::End => self.word("end"),
                    SeekTo::Offset(offset) => self.value(&offset.to_string()),
                    SeekTo::Time(at) => self.value(&format!("{at}ms")),
                };
            }
            Command::Processing { node, takes } => {
                self.word("processing").node(*node, directory)?;
                self.value(&span(*takes));
            }
            Command::Latency { latency, jitter } => {
                self.word("latency").value(&span(*latency));
                if *jitter > Duration::ZERO {
                    self.span("jitter", *jitter);
                }
            }
            Command::Admin { request } => self.admin(request, directory)?,
            Command::PowerCut { node, kept, torn } => {
                self.word("power-off").node(*node, directory)?;
                self.property("kept", &kept.to_string()).flag("torn", *torn);
            }
            Command::Corrupt { node, tp, offset } => {
                self.word("corrupt").node(*node, directory)?;
                self.tp(*tp, directory)?;
                self.value(&offset.0.to_string());
            }
            Command::Disk { node, what } => {
                let verb = match what {
                    DiskFault::Full => "disk-full",
                    DiskFault::Freed => "disk-freed",
                    DiskFault::Lost => "disk-lost",
                };
                self.word(verb).node(*node, directory)?;
            }
            Command::DeleteRecords { tp, offset } => {
                self.word("delete-records").tp(*tp, directory)?;
                self.value(&offset.0.to_string());
            }
            Command::Tombstone { producer, key } => {
                self.word("tombstone").node(*producer, directory)?;
                self.value(key);
            }
        }
        Some(())
    }

    fn admin(&mut self, request: &AdminRequest, directory: &Directory) -> Option<()> {
        match request {
            AdminRequest::ElectLeader { tp, unclean } => {
                self.word("elect-leader").tp(*tp, directory)?;
                self.flag("unclean", *unclean);
            }
            AdminRequest::AlterPartitionReassignments { tp, replicas } => {
                self.word("reassign").tp(*tp, directory)?;
                for id in replicas {
                    self.value(&id.to_string());
                }
            }
            AdminRequest::CreatePartitions { topic, count } => {
                self.word("create-partitions").topic_name(*topic, directory)?;
                self.value(&count.to_string());
            }
            AdminRequest::DeleteTopic { topic } => self.word("delete-topic").topic_name(*topic, directory)?,
            AdminRequest::AlterTopicConfig { topic, name, value } => {
                self.word("alter-config").topic_name(*topic, directory)?;
                self.property(name, value);
            }
            AdminRequest::AlterBrokerConfig { broker, name, value } => {
                self.word("alter-config").value(&broker.0.to_string()).property(name, value);
            }
        }
        Some(())
    }

    fn node(&mut self, node: NodeId, directory: &Directory) -> Option<()> {
        let name = directory.node_name(node);
        // A broker is shortest by its number, unless a program is called so.
        let short = name.strip_prefix("broker ").unwrap_or(name);
        let name = if directory.find_node(short) == Some(node) { short } else { name };
        self.known(name).filter(|()| directory.find_node(name) == Some(node))
    }

    fn tp(&mut self, tp: TopicPartition, directory: &Directory) -> Option<()> {
        self.known(&directory.tp_name(tp))
    }

    fn topic_name(&mut self, topic: TopicId, directory: &Directory) -> Option<()> {
        self.known(directory.topic_name(topic))
    }

    fn known(&mut self, name: &str) -> Option<()> {
        (!name.is_empty()).then(|| {
            self.value(name);
        })
    }
}

/// Whether a text reads back as the same number: no sign in front of nothing, no leading zeros.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain && text != "-0" && (digits == "0" || !digits.starts_with('0'))
}

/// Whether a text may stand without quotation marks.
fn is_word(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(allowed)
        && !matches!(text, "true" | "false" | "null" | "inf" | "nan")
}

/// Characters KDL takes as they are: no marks of direction or byte order, which could hide what a text says.
fn is_allowed(c: char) -> bool {
    !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
}
