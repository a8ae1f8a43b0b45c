//! Reading a whole scenario: the world, the commands at fixed times, the story.

use super::command::{COMMANDS, read_command};
use super::document::{Line, Source};
use super::error::ScenarioError;
use super::guard::LINES_MAX;
use super::node::Node;
use super::step::{Step, Timed, read_story};
use crate::app::{TransactionWorkload, Workload};
use crate::client::{CommitMode, OnFailure};
use crate::sim::{
    ConsumerSpec, DatabaseSpec, Directory, GroupSpec, ProcessorSpec, ProducerSpec, QueueSpec, Spec, Target, TopicSpec,
    WorkerSpec,
};
use crate::time::{Duration, Instant};

const DIRECTIVES: &[&str] = &[
    "scenario",
    "controllers",
    "brokers",
    "features",
    "network",
    "disk",
    "topic",
    "producer",
    "group",
    "share-group",
    "queue",
    "database",
    "zookeeper",
    "at",
    "story",
    "twin",
    "panel",
];

/// What an application can do with a record it cannot process.
const FAILURES: [(&str, OnFailure); 3] =
    [("retry", OnFailure::Retry), ("skip", OnFailure::Skip), ("hang", OnFailure::Hang)];
const SHARE_FAILURES: [(&str, OnFailure); 4] = [
    ("release", OnFailure::Release),
    ("reject", OnFailure::Reject),
    ("skip", OnFailure::Skip),
    ("hang", OnFailure::Hang),
];

/// What may lie open under the stage.
const PANELS: &[&str] = &["timeline", "sequence", "charts", "group"];

/// A world, commands at fixed times, and a story about them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// The seed it is told with.
    pub seed: u64,
    /// The world.
    pub spec: Spec,
    /// Commands at fixed times.
    pub timed: Vec<Timed>,
    /// The story's steps.
    pub steps: Vec<Step>,
    /// A scenario that differs in one thing and is worth comparing with.
    pub twin: Option<String>,
    /// The panel that shows best what the story is about: `timeline`, `sequence`, `charts` or `group`.
    pub panel: Option<String>,
}

impl Scenario {
    /// Reads a scenario. With any mistake nothing is taken, and all mistakes that could be found are returned.
    pub fn parse(text: &str) -> Result<Scenario, Vec<ScenarioError>> {
        let mut source = Source::new(text);
        let Some(nodes) = source.document() else { return Err(source.errors) };
        Scenario::of(&nodes, source)
    }

    /// The same from an outline: lines of fields, as the page's first scenario comes with it.
    pub fn outlined(outline: &str) -> Result<Scenario, Vec<ScenarioError>> {
        // An outline's places are lines: among nothing but lines the one is the other.
        Scenario::of(&Node::outlined(outline), Source::new(&"\n".repeat(LINES_MAX)))
    }

    fn of(nodes: &[Node], mut source: Source<'_>) -> Result<Scenario, Vec<ScenarioError>> {
        let mut scenario = Scenario { seed: 1, ..Scenario::default() };
        for node in nodes {
            read_directive(node, &mut scenario, &mut source);
        }
        if source.errors.is_empty()
            && let Err(error) = scenario.spec.validate()
        {
            let line = nodes.iter().find(|node| mentions(node, &error.to_string()));
            let offset = line.map_or(0, |node| node.offset);
            source.error_at(offset, error.to_string(), "correct this line; nothing was changed".to_owned());
        }
        if source.errors.is_empty() {
            let directory = Directory::of(&scenario.spec);
            for node in nodes {
                read_actions(node, &mut scenario, &directory, &mut source);
            }
            // A run gives its commands in the order of their places.
            scenario.timed.sort_by_key(|timed| timed.after);
        }
        if source.errors.is_empty() { Ok(scenario) } else { Err(source.errors) }
    }
}

/// Whether an error is about this node: the message names its first argument.
fn mentions(node: &Node, message: &str) -> bool {
    let mut line = Line::new(node);
    let name = line.name();
    match line.argument() {
        Some(argument) if name != "brokers" => {
            message.contains(&format!("{name} {argument}")) || message.starts_with(&argument)
        }
        _ => message.starts_with(name),
    }
}

fn read_directive(node: &Node, scenario: &mut Scenario, source: &mut Source<'_>) {
    let mut line = Line::new(node);
    let spec = &mut scenario.spec;
    match line.name() {
        "scenario" => {
            scenario.name = line.required("a name", source);
            scenario.seed = line.number("seed", source).unwrap_or(1);
            line.finish(&["seed"], source);
        }
        "twin" => {
            scenario.twin = Some(line.required("a scenario", source));
            line.finish(&[], source);
        }
        "panel" => {
            let panel = line.required("a panel", source);
            if !PANELS.contains(&panel.as_str()) {
                source.unknown(node, "panel", &panel, PANELS);
            }
            scenario.panel = Some(panel);
            line.finish(&[], source);
        }
        "brokers" => {
            let count = line.required("a number", source);
            match count.parse() {
                Ok(count) => spec.brokers = count,
                Err(_) => source.error(node, format!("\"{count}\" is not a number of brokers"), "write: brokers 3"),
            }
            spec.brokers_stopped = line.number("stopped", source).unwrap_or(0);
            if let Some(racks) = line.property("racks") {
                spec.racks = racks.split(',').map(|rack| rack.trim().to_owned()).collect();
            }
            spec.broker_settings = line.settings();
            line.finish(&["stopped", "racks"], source);
        }
        "controllers" => {
            let count = line.required("a number", source);
            match count.parse() {
                Ok(count @ (1 | 3 | 5)) => spec.controllers = count,
                _ => source.error(node, format!("\"{count}\" is not 1, 3 or 5 controllers"), "write: controllers 3"),
            }
            line.finish(&[], source);
        }
        "features" => {
            spec.features = line.settings();
            line.finish(&[], source);
        }
        "network" => {
            let network = &mut spec.network;
            network.latency = line.duration("latency", source).unwrap_or(network.latency);
            network.jitter = line.duration("jitter", source).unwrap_or(network.jitter);
            network.loss_per_million = line.number("loss-per-million", source).unwrap_or(0);
            line.finish(&["latency", "jitter", "loss-per-million"], source);
        }
        "disk" => {
            spec.fsync = line.duration("fsync", source);
            line.finish(&["fsync"], source);
        }
        "topic" => spec.topics.push(read_topic(&mut line, source)),
        "producer" => spec.producers.push(read_producer(&mut line, source)),
        "group" | "share-group" => spec.groups.push(read_group(&mut line, source)),
        "queue" => spec.queues.push(read_queue(&mut line, source)),
        "database" => {
            spec.databases.push(DatabaseSpec { name: line.required("a name", source) });
            line.finish(&[], source);
        }
        "zookeeper" => {
            spec.zookeeper = true;
            line.finish(&[], source);
        }
        "at" | "story" => {}
        other => source.unknown(node, "directive", other, DIRECTIVES),
    }
}

fn read_topic(line: &mut Line<'_>, source: &mut Source<'_>) -> TopicSpec {
    let mut topic = TopicSpec {
        name: line.required("a name", source),
        partitions: line.number("partitions", source).unwrap_or(1),
        replication_factor: line.number("replication-factor", source).unwrap_or(1),
        ..TopicSpec::default()
    };
    topic.late = line.flag("late", source);
    topic.settings = line.settings();
    for child in line.children() {
        let mut replicas = Line::new(child);
        if replicas.name() != "replicas" {
            source.unknown(child, "line of a topic", replicas.name(), &["replicas"]);
            continue;
        }
        let mut list = Vec::new();
        while let Some(id) = replicas.argument() {
            match id.parse() {
                Ok(id) => list.push(id),
                Err(_) => source.error(child, format!("\"{id}\" is not a broker id"), "write: replicas 1 2 3"),
            }
        }
        topic.assignment.push(list);
    }
    line.finish(&["partitions", "replication-factor", "late"], source);
    topic
}

fn read_producer(line: &mut Line<'_>, source: &mut Source<'_>) -> ProducerSpec {
    let name = line.required("a name", source);
    let target = match (line.property("topic"), line.property("queue")) {
        (Some(topic), None) => Target::Topic(topic),
        (None, Some(queue)) => Target::Queue(queue),
        _ => {
            source.error(
                line.node,
                format!("producer {name} needs a topic or a queue, and only one"),
                "write: producer p1 topic=orders",
            );
            Target::default()
        }
    };
    let defaults = Workload::default();
    let mut workload = Workload {
        start: line.duration("start", source).unwrap_or(defaults.start),
        every: line.duration("every", source).unwrap_or(defaults.every),
        count: line.number("count", source),
        size: line.number("size", source).unwrap_or(defaults.size),
        keys: Vec::new(),
        partition: line.number("partition", source),
        sync: line.flag("sync", source),
        flush_every: line.number("flush-every", source),
        transaction: TransactionWorkload {
            records: line.number("transaction-records", source).unwrap_or(3),
            abort_every: line.number("abort-every", source).unwrap_or(0),
            hold: line.duration("hold", source).unwrap_or(Duration::ZERO),
        },
    };
    let defaults = line.property("defaults").unwrap_or_default();
    let stopped = line.flag("stopped", source);
    let settings = line.settings();
    for child in line.children() {
        let mut keys = Line::new(child);
        if keys.name() != "keys" {
            source.unknown(child, "line of a producer", keys.name(), &["keys"]);
            continue;
        }
        while let Some(key) = keys.argument() {
            workload.keys.push(key);
        }
    }
    let known = [
        "topic",
        "queue",
        "start",
        "every",
        "count",
        "size",
        "partition",
        "sync",
        "flush-every",
        "defaults",
        "transaction-records",
        "abort-every",
        "hold",
        "stopped",
    ];
    line.finish(&known, source);
    ProducerSpec { name, target, workload, defaults, settings, stopped }
}

fn read_group(line: &mut Line<'_>, source: &mut Source<'_>) -> GroupSpec {
    let share = line.name() == "share-group";
    let mut group = GroupSpec { name: line.required("a name", source), share, ..GroupSpec::default() };
    match line.property("topic") {
        Some(topics) => {
            let topics = topics.split(',').map(str::trim).filter(|topic| !topic.is_empty());
            group.topics = topics.map(str::to_owned).collect();
        }
        None => {
            let word = line.name();
            let message = format!("{word} {} needs a topic", group.name);
            source.error(line.node, message, format!("write: {word} billing topic=orders"))
        }
    }
    group.settings = line.settings();
    for child in line.children() {
        let mut consumer = Line::new(child);
        let processes = consumer.name() == "processor";
        if share && consumer.name() != "consumer" {
            source.unknown(child, "line of a share group", consumer.name(), &["consumer"]);
            continue;
        }
        if consumer.name() != "consumer" && !processes {
            source.unknown(child, "line of a group", consumer.name(), &["consumer", "processor"]);
            continue;
        }
        let commit = match consumer.property("commit").as_deref() {
            None | Some("auto") => CommitMode::Auto,
            Some("before") => CommitMode::Before,
            Some("after") => CommitMode::After,
            Some("each") => CommitMode::Each,
            Some("async") => CommitMode::Async,
            Some("async-retry") if !share => CommitMode::AsyncRetry,
            Some(other) => {
                let known = &["auto", "before", "after", "each", "async", "async-retry"];
                source.unknown(child, "commit mode", other, if share { &known[..5] } else { known });
                CommitMode::Auto
            }
        };
        let failures: &[(&str, OnFailure)] = if share { &SHARE_FAILURES } else { &FAILURES };
        let on_failure = consumer.property("on-failure").and_then(|word| {
            let known = failures.iter().find(|(name, _)| *name == word).map(|(_, what)| *what);
            if known.is_none() {
                let words: Vec<&str> = failures.iter().map(|(name, _)| *name).collect();
                source.unknown(child, "way to go on after a failure", &word, &words);
            }
            known
        });
        let fails_on = consumer.property("fails-on").map(|keys| {
            keys.split(',').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect::<Vec<String>>()
        });
        let renew = if share { consumer.duration("renew", source) } else { None };
        let processor = processes.then(|| read_processor(&mut consumer, source));
        group.consumers.push(ConsumerSpec {
            name: consumer.required("a name", source),
            processing: consumer.duration("processing", source).unwrap_or(Duration::ZERO),
            commit,
            database: consumer.property("database"),
            dedupe: consumer.flag("dedupe", source),
            stopped: consumer.flag("stopped", source),
            settings: consumer.settings(),
            processor,
            fails_on: fails_on.unwrap_or_default(),
            on_failure,
            renew,
        });
        let known: &[&str] = if processes {
            &["to", "processing", "commit", "stopped"]
        } else if share {
            &["processing", "commit", "stopped", "fails-on", "on-failure", "renew"]
        } else {
            &["processing", "commit", "database", "dedupe", "stopped", "fails-on", "on-failure"]
        };
        consumer.finish(known, source);
    }
    line.finish(&["topic"], source);
    group
}

/// The writing half of a program that reads and writes: `processor copy to=out { producer transactional.id=copy }`.
fn read_processor(line: &mut Line<'_>, source: &mut Source<'_>) -> ProcessorSpec {
    let mut processor = ProcessorSpec::default();
    match line.property("to") {
        Some(topic) => processor.topic = topic,
        None => {
            source.error(line.node, "a processor needs a topic to write to".to_owned(), "write: processor copy to=out")
        }
    }
    for child in line.children() {
        let mut producer = Line::new(child);
        if producer.name() != "producer" {
            source.unknown(child, "line of a processor", producer.name(), &["producer"]);
            continue;
        }
        processor.defaults = producer.property("defaults").unwrap_or_default();
        processor.settings = producer.settings();
        producer.finish(&["defaults"], source);
    }
    processor
}

fn read_queue(line: &mut Line<'_>, source: &mut Source<'_>) -> QueueSpec {
    let mut queue = QueueSpec {
        name: line.required("a name", source),
        persistent: line.flag("persistent", source),
        stopped: line.flag("stopped", source),
        workers: Vec::new(),
    };
    for child in line.children() {
        let mut worker = Line::new(child);
        if worker.name() != "worker" {
            source.unknown(child, "line of a queue", worker.name(), &["worker"]);
            continue;
        }
        queue.workers.push(WorkerSpec {
            name: worker.required("a name", source),
            prefetch: worker.number("prefetch", source).unwrap_or(1),
            processing: worker.duration("processing", source).unwrap_or(Duration::ZERO),
            nack_every: worker.number("nack-every", source).unwrap_or(0),
            stopped: worker.flag("stopped", source),
        });
        worker.finish(&["prefetch", "processing", "nack-every", "stopped"], source);
    }
    line.finish(&["persistent", "stopped"], source);
    queue
}

fn read_actions(node: &Node, scenario: &mut Scenario, directory: &Directory, source: &mut Source<'_>) {
    let mut line = Line::new(node);
    match line.name() {
        "at" => {
            let time = line.required("a time", source);
            let Some(span) = line.read_duration("at", &time, source) else { return };
            let at = Instant::ZERO + span;
            let after = line.number("after", source).unwrap_or(0);
            for child in line.children() {
                let mut inner = Line::new(child);
                match read_command(&mut inner, directory, source) {
                    Some(command) => scenario.timed.push(Timed { after, at, command }),
                    None => source.unknown(child, "command", inner.name(), COMMANDS),
                }
            }
            line.finish(&["after"], source);
        }
        "story" => scenario.steps.extend(read_story(&line, directory, source)),
        _ => {}
    }
}
