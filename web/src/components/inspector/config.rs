//! The settings of a thing under Kafka's names: value, default, range. What differs from the default comes first.

use super::markup::escape;
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::{Refused, Run};
use highwater_engine::command::Command;
use highwater_engine::config::{
    BrokerConfig, ConfigError, ConfigKey, ConsumerConfig, ControllerConfig, ProducerConfig, TopicConfig,
};
use highwater_engine::ids::{GroupId, NodeId, TopicId};
use highwater_engine::protocol::AdminRequest;
use highwater_engine::sim::{Actor, Directory, NodeKind, Spec, SpecError};
use std::fmt::Write as _;

/// Whose settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// All brokers and the controller share theirs.
    Brokers,
    /// A topic, by its place in the world's description.
    Topic(usize),
    /// A producer.
    Producer(usize),
    /// A group's consumers.
    Group(usize),
}

/// A setting with its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The setting.
    pub key: ConfigKey,
    /// Its value now.
    pub value: String,
}

impl Row {
    fn is_changed(&self) -> bool {
        self.value != self.key.default
    }
}

/// Whose settings a target has, if any.
pub fn owner(target: Target, run: &Run) -> Option<Owner> {
    let spec = &run.recording().spec;
    let directory = run.simulation().directory();
    let topic = |topic: TopicId| {
        let name = directory.topic_name(topic);
        spec.topics.iter().position(|spec| spec.name == name).map(Owner::Topic)
    };
    let group = |group: GroupId| {
        let name = directory.group_name(group);
        spec.groups.iter().position(|spec| spec.name == name).map(Owner::Group)
    };
    match target {
        Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _) => topic(tp.topic),
        Target::Group(id) => group(id),
        Target::Node(node) => of_node(node, directory, spec, group),
        Target::Queue(_) | Target::Envelope(_) | Target::Lost(_) => None,
    }
}

fn of_node(
    node: NodeId,
    directory: &Directory,
    spec: &Spec,
    group: impl Fn(GroupId) -> Option<Owner>,
) -> Option<Owner> {
    match directory.node_kind(node)? {
        NodeKind::Broker(_) | NodeKind::Controller => Some(Owner::Brokers),
        NodeKind::Producer => {
            let name = directory.node_name(node);
            let found = spec.producers.iter().position(|producer| producer.name == name)?;
            matches!(spec.producers[found].target, highwater_engine::sim::Target::Topic(_))
                .then_some(Owner::Producer(found))
        }
        NodeKind::Consumer(id) => group(id),
        _ => None,
    }
}

/// The settings with the values that hold now, what differs from its default first.
pub fn rows(owner: Owner, target: Target, run: &Run) -> Vec<Row> {
    let (spec, simulation) = (&run.recording().spec, run.simulation());
    let directory = simulation.directory();
    let with = |keys: Vec<ConfigKey>, get: &dyn Fn(&str) -> Option<String>| -> Vec<Row> {
        keys.into_iter().filter_map(|key| Some(Row { value: get(key.name)?, key })).collect()
    };
    let actor = |name: &str| directory.find_node(name).and_then(|node| simulation.actor(node));
    let mut rows = match owner {
        Owner::Brokers => {
            let Ok((described, controller)) = spec.broker_configs() else { return Vec::new() };
            let running = match target {
                Target::Node(node) => match simulation.actor(node) {
                    Some(Actor::Broker(broker)) => Some(&broker.config),
                    _ => None,
                },
                _ => None,
            };
            let broker = running.unwrap_or(&described);
            let mut rows = with(BrokerConfig::keys(), &|name| broker.get(name));
            rows.extend(with(ControllerConfig::keys(), &|name| controller.get(name)));
            rows
        }
        Owner::Topic(index) => {
            let Some(topic) = spec.topics.get(index) else { return Vec::new() };
            let id = directory.find_topic(&topic.name);
            let known = simulation
                .active_controller()
                .and_then(|(_, controller)| controller.image.topics.get(&id?).map(|topic| (*topic.config).clone()));
            match known.map_or_else(|| spec.topic_config(topic), Ok) {
                Ok(config) => with(TopicConfig::keys(), &|name| config.get(name)),
                Err(_) => Vec::new(),
            }
        }
        Owner::Producer(index) => match spec.producers.get(index).and_then(|producer| actor(&producer.name)) {
            Some(Actor::Producer(producer)) => with(ProducerConfig::keys(), &|name| producer.config.get(name)),
            _ => Vec::new(),
        },
        Owner::Group(index) => {
            let own = match target {
                Target::Node(node) => simulation.actor(node),
                _ => spec.groups.get(index).and_then(|group| actor(&group.consumers.first()?.name)),
            };
            match own {
                Some(Actor::Consumer(consumer)) => with(ConsumerConfig::keys(), &|name| consumer.config.get(name)),
                _ => Vec::new(),
            }
        }
    };
    rows.sort_by_key(|row| !row.is_changed());
    rows
}

/// Whether a running broker does not take another value of a setting (KIP-226).
pub fn is_read_only(owner: Owner, target: Target, name: &str) -> bool {
    owner == Owner::Brokers
        && !(matches!(target, Target::Node(node) if node.0 > 0) && BrokerConfig::DYNAMIC.contains(&name))
}

/// Gives a setting another value: the running cluster or client is asked to take it. What is read-only is changed in
/// the world's description, and the run told again.
pub fn set(owner: Owner, target: Target, name: &str, value: &str, run: &mut Run) -> Result<(), Refused> {
    let value = value.trim();
    let directory = run.simulation().directory();
    let (name_, value_) = (name.to_owned(), value.to_owned());
    let configure = |node| Command::Configure { node, name: name_.clone(), value: value_.clone() };
    let commands = match owner {
        Owner::Brokers if is_read_only(owner, target, name) => {
            return run.rework(|spec| {
                spec.broker_settings.retain(|(known, _)| known != name);
                spec.broker_settings.push((name.to_owned(), value.to_owned()));
            });
        }
        Owner::Brokers => {
            let Target::Node(node) = target else { return Ok(()) };
            let Some(NodeKind::Broker(broker)) = directory.node_kind(node) else { return Ok(()) };
            // The controller answers INVALID_CONFIG; what is wrong with it is said here.
            check(BrokerConfig::default().set(name, value), "brokers")?;
            vec![Command::Admin { request: AdminRequest::AlterBrokerConfig { broker, name: name_, value: value_ } }]
        }
        Owner::Topic(index) => {
            let topic = run.recording().spec.topics.get(index).and_then(|topic| directory.find_topic(&topic.name));
            let Some(topic) = topic else { return Ok(()) };
            check(TopicConfig::default().set(name, value), directory.topic_name(topic))?;
            vec![Command::Admin { request: AdminRequest::AlterTopicConfig { topic, name: name_, value: value_ } }]
        }
        Owner::Producer(_) => {
            let Target::Node(node) = target else { return Ok(()) };
            vec![configure(node)]
        }
        Owner::Group(index) => match target {
            Target::Node(node) => vec![configure(node)],
            _ => {
                let group = run.recording().spec.groups.get(index);
                let members = group.into_iter().flat_map(|group| &group.consumers);
                let nodes = members.filter_map(|member| directory.find_node(&member.name));
                nodes.filter(|node| !run.simulation().is_removed(*node)).map(configure).collect()
            }
        },
    };
    run.act_together(commands).map_err(Refused::Command)
}

fn check(set: Result<(), ConfigError>, owner: &str) -> Result<(), Refused> {
    set.map_err(|error| Refused::World(SpecError::Config { owner: owner.to_owned(), error }))
}

/// The tab.
pub fn config(target: Target, run: &Run, locale: Locale) -> String {
    let Some(owner) = owner(target, run) else {
        return format!("<p class=\"quiet\">{}</p>", td_string!(locale, page.config.none));
    };
    let whose = match owner {
        Owner::Brokers => td_string!(locale, page.config.brokers),
        Owner::Topic(_) => td_string!(locale, page.config.topic),
        Owner::Producer(_) => td_string!(locale, page.config.producer),
        Owner::Group(_) => td_string!(locale, page.config.group),
    };
    let how = match owner {
        Owner::Brokers => td_string!(locale, page.config.lead),
        Owner::Topic(_) => td_string!(locale, page.config.live),
        Owner::Producer(_) | Owner::Group(_) => td_string!(locale, page.config.restarts),
    };
    let mut out = format!("<p class=\"quiet\">{whose} {how}</p><ul class=\"config\">");
    for Row { key, value } in rows(owner, target, run) {
        let changed = if value == key.default { "" } else { " class=\"changed\"" };
        let mut note = say(td_string!(locale, page.config.default), &[("value", &short(&key.default))]);
        if let Some((least, most)) = key.valid {
            let _ = write!(note, " · {}…{}", short(&least.to_string()), short(&most.to_string()));
        }
        if !key.unit.is_empty() {
            let _ = write!(note, " {}", key.unit);
        }
        if is_read_only(owner, target, key.name) {
            let _ = write!(note, " · {}", td_string!(locale, page.config.read_only));
        }
        let (name, value) = (key.name, escape(&value));
        let _ = write!(
            out,
            "<li{changed}><label><code>{name}</code><input data-key=\"{name}\" value=\"{value}\" spellcheck=\"false\" autocomplete=\"off\"></label><small>{note}</small></li>",
        );
    }
    out.push_str("</ul>");
    out
}

/// The largest and smallest numbers as Java calls them.
fn short(number: &str) -> &str {
    match number {
        "9223372036854775807" => "Long.MAX",
        "-9223372036854775808" => "Long.MIN",
        "-2147483648" => "Int.MIN",
        "2147483647" => "Int.MAX",
        "32767" => "Short.MAX",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::ids::TopicPartition;
    use highwater_engine::scenario::Scenario;
    use highwater_engine::time::Instant;

    fn run() -> Run {
        let text = "scenario t seed=3\nbrokers 3\ntopic orders partitions=1 replication-factor=3\n\
                    producer p1 topic=orders start=\"2s\" every=\"200ms\" acks=1\n\
                    group billing topic=orders { consumer c1 }\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        run.seek_time(Instant(6_000_000));
        run
    }

    fn value(target: Target, name: &str, run: &Run) -> String {
        let rows = rows(owner(target, run).unwrap(), target, run);
        rows.into_iter().find(|row| row.key.name == name).unwrap().value
    }

    /// Sets it, waits two seconds, and says what holds then; the past must stay as it was.
    fn after(target: Target, name: &str, to: &str, run: &mut Run) -> String {
        let before: Vec<_> = run.past().to_vec();
        set(owner(target, run).unwrap(), target, name, to, run).unwrap();
        assert!(run.past()[..before.len()] == before, "nothing before the change is told again");
        let later = Instant(run.now().0 + 2_000_000);
        run.seek_time(later);
        value(target, name, run)
    }

    #[test]
    fn a_running_cluster_is_asked_to_take_another_value() {
        let mut run = run();
        let tp = TopicPartition::new(run.simulation().directory().find_topic("orders").unwrap(), 0);
        assert_eq!(after(Target::Partition(tp), "min.insync.replicas", "2", &mut run), "2");
        let broker = Target::Node(NodeId(1));
        let name = BrokerConfig::DYNAMIC[0];
        let other = value(broker, name, &run).parse::<i64>().unwrap() - 1;
        assert_eq!(after(broker, name, &other.to_string(), &mut run), other.to_string());
        let client = |name| Target::Node(run.simulation().directory().find_node(name).unwrap());
        let (p1, c1) = (client("p1"), client("c1"));
        assert_eq!(after(p1, "acks", "all", &mut run), "all");
        assert_eq!(after(c1, "max.poll.records", "7", &mut run), "7");
        for _ in 0..4 {
            assert!(run.undo());
        }
        assert_eq!(value(p1, "acks", &run), "1");
    }

    #[test]
    fn a_wrong_value_is_refused_and_nothing_changes() {
        let mut run = run();
        let hash = run.simulation().state_hash();
        let tp = TopicPartition::new(run.simulation().directory().find_topic("orders").unwrap(), 0);
        for (target, name) in [
            (Target::Partition(tp), "min.insync.replicas"),
            (Target::Node(NodeId(1)), BrokerConfig::DYNAMIC[0]),
            (Target::Node(NodeId(1)), "replica.lag.time.max.ms"),
        ] {
            let owner = owner(target, &run).unwrap();
            assert!(set(owner, target, name, "many", &mut run).unwrap_err().to_string().contains(name), "{name}");
            assert_eq!(run.simulation().state_hash(), hash);
        }
    }
}
