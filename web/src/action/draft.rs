//! The forms of what is added: a name, how many, how safe. What they propose is what one click on the button adds.

use super::build::{MEMBERS_MOST, Wish, free};
use super::{Action, Field, FieldKind};
use crate::i18n::{Locale, td_string};
use crate::scene::Target;
use crate::session::Run;
use highwater_engine::sim::NodeKind;
use highwater_engine::time::Duration;

/// What of the added things has a form.
pub const DRAFTED: [Action; 4] = [Action::AddTopic, Action::AddProducer, Action::AddGroup, Action::AddQueue];

fn choice(label: &str, words: &[&str], value: &str) -> Field {
    let all = words.iter().map(|word| ((*word).to_owned(), (*word).to_owned())).collect();
    Field { label: label.to_owned(), kind: FieldKind::Choice(all), value: value.to_owned() }
}

/// The fields of something that is to be added.
pub fn draft(action: Action, run: &Run, selected: Option<Target>, locale: Locale) -> Vec<Field> {
    macro_rules! t {
        ($key:ident) => {
            td_string!(locale, page.form.$key).to_owned()
        };
    }
    let spec = &run.recording().spec;
    let alive = run.view().brokers.iter().filter(|broker| broker.process.is_running()).count().max(1);
    let name = |stem: &str| Field { label: t!(name), kind: FieldKind::Text, value: free(spec, stem) };
    let whole = |label: String, value: i64, least: i64, most: i64| Field {
        label,
        kind: FieldKind::Whole { least, most },
        value: value.to_string(),
    };
    let topics: Vec<&str> = spec.topics.iter().map(|topic| topic.name.as_str()).collect();
    let queues: Vec<&str> = spec.queues.iter().map(|queue| queue.name.as_str()).collect();
    let directory = run.simulation().directory();
    let here = match selected {
        Some(Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _)) => {
            Some(directory.topic_name(tp.topic))
        }
        Some(Target::Queue(queue)) => Some(directory.queue_name(queue)),
        Some(Target::Node(node)) => match directory.node_kind(node) {
            Some(NodeKind::QueueBroker(queue) | NodeKind::Worker(queue)) => Some(directory.queue_name(queue)),
            _ => None,
        },
        _ => None,
    };
    match action {
        Action::AddTopic => {
            let first = if spec.topics.is_empty() { "orders".to_owned() } else { free(spec, "topic-") };
            let factor = alive.clamp(1, 3) as i64;
            vec![
                Field { value: first, ..name("topic-") },
                whole(t!(partitions), 3, 1, 100),
                whole(t!(factor), factor, 1, alive as i64),
                whole("min.insync.replicas".to_owned(), 1, 1, i64::from(i32::MAX)),
            ]
        }
        Action::AddProducer => {
            let subjects: Vec<&str> = topics.into_iter().chain(queues).collect();
            let subject = here.or(subjects.first().copied()).unwrap_or_default();
            vec![
                name("p"),
                choice(&t!(writes_to), &subjects, subject),
                choice("acks", &["all", "1", "0"], "all"),
                whole(t!(every), 400, 1, 3_600_000),
                Field { label: t!(keys), kind: FieldKind::Text, value: "a b c d e f".to_owned() },
            ]
        }
        Action::AddGroup => {
            let subject = here.filter(|name| topics.contains(name)).or(topics.first().copied()).unwrap_or_default();
            vec![
                name("group-"),
                choice(&t!(reads), &topics, subject),
                whole(t!(members), 1, 1, MEMBERS_MOST.into()),
                choice("group.protocol", &["classic", "consumer"], "classic"),
            ]
        }
        Action::AddQueue => {
            vec![name("queue-"), whole(t!(workers), 1, 1, MEMBERS_MOST.into()), whole(t!(every), 400, 1, 3_600_000)]
        }
        _ => Vec::new(),
    }
}

/// What was wished for; none when something does not fit its field.
pub fn wish(action: Action, fields: &[Field], written: &[String]) -> Option<Wish> {
    let text = |index: usize| Some(written.get(index)?.trim().to_owned());
    let number = |index: usize| {
        let FieldKind::Whole { least, most } = fields.get(index)?.kind else { return None };
        text(index)?.parse::<i64>().ok().filter(|number| (least..=most).contains(number))
    };
    let count = |index| number(index).map(|number| number as u32);
    let every = |index| number(index).map(|number| Duration::from_millis(number as u64));
    let name = Some(text(0)?).filter(|name| !name.is_empty());
    let setting = |name: &str, value: String| (name.to_owned(), value);
    Some(match action {
        Action::AddTopic => Wish {
            name,
            count: Some(count(1)?),
            factor: Some(number(2)? as i16),
            // The default needs no setting.
            settings: Some(number(3)?)
                .filter(|least| *least > 1)
                .map(|least| setting("min.insync.replicas", least.to_string()))
                .into_iter()
                .collect(),
            ..Wish::default()
        },
        Action::AddProducer => Wish {
            name,
            subject: Some(text(1)?),
            settings: vec![setting("acks", text(2)?)],
            every: Some(every(3)?),
            keys: Some(text(4)?.split_whitespace().map(str::to_owned).collect()),
            ..Wish::default()
        },
        Action::AddGroup => Wish {
            name,
            subject: Some(text(1)?),
            count: Some(count(2)?),
            settings: Some(text(3)?)
                .filter(|word| word != "classic")
                .map(|word| setting("group.protocol", word))
                .into_iter()
                .collect(),
            ..Wish::default()
        },
        Action::AddQueue => Wish { name, count: Some(count(1)?), every: Some(every(2)?), ..Wish::default() },
        _ => return None,
    })
}
