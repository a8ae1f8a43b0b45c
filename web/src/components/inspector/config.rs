//! The settings of a thing under Kafka's names: value, default, range. What differs from the default comes first.

use super::markup::escape;
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::Run;
use highwater_engine::config::{
    BrokerConfig, ConfigKey, ConsumerConfig, ControllerConfig, ProducerConfig, TopicConfig,
};
use highwater_engine::ids::{GroupId, NodeId, TopicId};
use highwater_engine::sim::{Directory, NodeKind, Spec};
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
        Target::Queue(_) | Target::Envelope(_) => None,
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

/// The settings with their values, what differs from its default first.
pub fn rows(owner: Owner, spec: &Spec) -> Vec<Row> {
    let with = |keys: Vec<ConfigKey>, get: &dyn Fn(&str) -> Option<String>| -> Vec<Row> {
        keys.into_iter().filter_map(|key| Some(Row { value: get(key.name)?, key })).collect()
    };
    let mut rows = match owner {
        Owner::Brokers => {
            let Ok((broker, controller)) = spec.broker_configs() else { return Vec::new() };
            let mut rows = with(BrokerConfig::keys(), &|name| broker.get(name));
            rows.extend(with(ControllerConfig::keys(), &|name| controller.get(name)));
            rows
        }
        Owner::Topic(index) => match spec.topics.get(index).map(|topic| spec.topic_config(topic)) {
            Some(Ok(config)) => with(TopicConfig::keys(), &|name| config.get(name)),
            _ => Vec::new(),
        },
        Owner::Producer(index) => match spec.producers.get(index).map(|producer| producer.config()) {
            Some(Ok(config)) => with(ProducerConfig::keys(), &|name| config.get(name)),
            _ => Vec::new(),
        },
        Owner::Group(index) => match spec.groups.get(index).map(|group| group.config()) {
            Some(Ok(config)) => with(ConsumerConfig::keys(), &|name| config.get(name)),
            _ => Vec::new(),
        },
    };
    rows.sort_by_key(|row| !row.is_changed());
    rows
}

/// Writes a value down in the world's description.
pub fn set(owner: Owner, spec: &mut Spec, name: &str, value: &str) {
    let settings: Option<&mut Vec<(String, String)>> = match owner {
        Owner::Brokers => Some(&mut spec.broker_settings),
        Owner::Topic(index) => spec.topics.get_mut(index).map(|topic| &mut topic.settings),
        Owner::Producer(index) => spec.producers.get_mut(index).map(|producer| &mut producer.settings),
        Owner::Group(index) => spec.groups.get_mut(index).map(|group| &mut group.settings),
    };
    let Some(settings) = settings else { return };
    settings.retain(|(known, _)| known != name);
    settings.push((name.to_owned(), value.trim().to_owned()));
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
    let mut out =
        format!("<p class=\"quiet\">{whose} {}</p><ul class=\"config\">", td_string!(locale, page.config.lead));
    for Row { key, value } in rows(owner, &run.recording().spec) {
        let changed = if value == key.default { "" } else { " class=\"changed\"" };
        let mut note = say(td_string!(locale, page.config.default), &[("value", &short(&key.default))]);
        if let Some((least, most)) = key.valid {
            let _ = write!(note, " · {}…{}", short(&least.to_string()), short(&most.to_string()));
        }
        if !key.unit.is_empty() {
            let _ = write!(note, " {}", key.unit);
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

/// The largest numbers as Java calls them.
fn short(number: &str) -> &str {
    match number {
        "9223372036854775807" => "Long.MAX",
        "2147483647" => "Int.MAX",
        "32767" => "Short.MAX",
        other => other,
    }
}
