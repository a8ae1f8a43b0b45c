//! Changing who is there: brokers, topics, programs. The world is told again with them, to the same moment.

use super::Action;
use crate::app::Page;
use crate::scene::Target;
use crate::session::{Purpose, Run, Session};
use highwater_engine::app::Workload;
use highwater_engine::sim::{
    ConsumerSpec, Directory, GroupSpec, NodeKind, ProducerSpec, QueueSpec, Spec, Target as Feeds, TopicSpec, WorkerSpec,
};
use highwater_engine::time::Duration;
use leptos::prelude::*;

/// A client's pause between records, and how long a consumer takes for one.
const EVERY: Duration = Duration::from_millis(400);
const TAKES: Duration = Duration::from_millis(20);

/// Does it in a sandbox; whether there was anything to do.
pub fn build(action: Action, page: Page, session: Session) -> bool {
    if session.purpose != Purpose::Sandbox {
        return false;
    }
    let selected = session.selection.get_untracked();
    if action == Action::Remove {
        let Some(target) = selected else { return false };
        let done = page.rework(session, |run| {
            let directory = Directory::of(&run.recording().spec);
            run.rework(|spec| remove(spec, &directory, target))
        });
        if done {
            session.selection.set(None);
        }
        return done;
    }
    page.rework(session, |run| {
        let directory = Directory::of(&run.recording().spec);
        let place = Place::of(selected, &directory, run);
        let now = Duration(run.now().0);
        run.rework_starting(|spec| add(action, spec, &place, now))
    })
}

/// What the reader has selected, in names: where something new belongs.
#[derive(Default)]
struct Place {
    topic: Option<String>,
    group: Option<String>,
    queue: Option<String>,
}

impl Place {
    fn of(selected: Option<Target>, directory: &Directory, run: &Run) -> Place {
        let mut place = Place::default();
        match selected {
            Some(Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _)) => {
                place.topic = Some(directory.topic_name(tp.topic).to_owned());
            }
            Some(Target::Group(group)) => place.group = Some(directory.group_name(group).to_owned()),
            Some(Target::Queue(queue)) => place.queue = Some(directory.queue_name(queue).to_owned()),
            Some(Target::Node(node)) => match directory.node_kind(node) {
                Some(NodeKind::Consumer(group)) => place.group = Some(directory.group_name(group).to_owned()),
                Some(NodeKind::QueueBroker(queue) | NodeKind::Worker(queue)) => {
                    place.queue = Some(directory.queue_name(queue).to_owned());
                }
                _ => {}
            },
            _ => {}
        }
        let spec = &run.recording().spec;
        if place.topic.is_none() && place.queue.is_none() {
            place.topic = spec.topics.first().map(|topic| topic.name.clone());
        }
        place.group = place.group.or_else(|| spec.groups.first().map(|group| group.name.clone()));
        place
    }
}

/// The first free name of a series: `p1`, `p2` …
fn free(spec: &Spec, stem: &str) -> String {
    let taken = |name: &String| {
        spec.topics.iter().any(|it| it.name == *name)
            || spec.queues.iter().any(|it| it.name == *name || it.workers.iter().any(|it| it.name == *name))
            || spec.producers.iter().any(|it| it.name == *name)
            || spec.databases.iter().any(|it| it.name == *name)
            || spec.groups.iter().any(|it| it.name == *name || it.consumers.iter().any(|it| it.name == *name))
    };
    (1u32..).map(|number| format!("{stem}{number}")).find(|name| !taken(name)).unwrap_or_default()
}

/// Adds it; the name of a process that is to start now.
fn add(action: Action, spec: &mut Spec, place: &Place, now: Duration) -> Option<String> {
    match action {
        Action::AddBroker => {
            spec.brokers += 1;
            None
        }
        Action::AddTopic => {
            let name = free(spec, "topic-");
            spec.brokers = spec.brokers.max(1);
            let replication_factor = spec.brokers.min(3) as i16;
            spec.topics.push(TopicSpec { name, partitions: 3, replication_factor, ..TopicSpec::default() });
            None
        }
        Action::AddPartition => {
            let topic = spec.topics.iter_mut().find(|topic| Some(&topic.name) == place.topic.as_ref())?;
            topic.partitions += 1;
            topic.assignment.clear();
            None
        }
        Action::AddProducer => {
            let target = match (&place.queue, &place.topic) {
                (Some(queue), _) => Feeds::Queue(queue.clone()),
                (None, Some(topic)) => Feeds::Topic(topic.clone()),
                (None, None) => Feeds::Topic(String::new()),
            };
            let keys = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
            let workload = Workload { start: now, every: EVERY, keys, ..Workload::default() };
            spec.producers.push(ProducerSpec { name: free(spec, "p"), target, workload, ..ProducerSpec::default() });
            None
        }
        Action::AddGroup => {
            let name = free(spec, "group-");
            let consumer = consumer(free(spec, "c"));
            let started = consumer.name.clone();
            let settings = vec![("auto.offset.reset".to_owned(), "earliest".to_owned())];
            let topics = place.topic.iter().cloned().collect();
            spec.groups.push(GroupSpec { name, share: false, topics, consumers: vec![consumer], settings });
            Some(started)
        }
        Action::AddConsumer => {
            if let Some(queue) = spec.queues.iter().position(|queue| Some(&queue.name) == place.queue.as_ref()) {
                let name = free(spec, "w");
                let worker =
                    WorkerSpec { name: name.clone(), prefetch: 1, processing: TAKES, stopped: true, nack_every: 0 };
                spec.queues[queue].workers.push(worker);
                return Some(name);
            }
            let name = free(spec, "c");
            let group = spec.groups.iter_mut().find(|group| Some(&group.name) == place.group.as_ref())?;
            group.consumers.push(consumer(name.clone()));
            Some(name)
        }
        Action::AddQueue => {
            let name = free(spec, "queue-");
            let worker = WorkerSpec {
                name: free(spec, "w"),
                prefetch: 1,
                processing: Duration::from_millis(120),
                ..WorkerSpec::default()
            };
            let workload = Workload { start: now, every: EVERY, ..Workload::default() };
            let target = Feeds::Queue(name.clone());
            spec.producers.push(ProducerSpec { name: free(spec, "p"), target, workload, ..ProducerSpec::default() });
            spec.queues.push(QueueSpec { name, persistent: true, workers: vec![worker] });
            None
        }
        _ => None,
    }
}

/// A consumer that starts when it is told to.
fn consumer(name: String) -> ConsumerSpec {
    ConsumerSpec { name, processing: TAKES, stopped: true, ..ConsumerSpec::default() }
}

/// Takes it out of the world, with what cannot be without it.
fn remove(spec: &mut Spec, directory: &Directory, target: Target) {
    match target {
        Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _) => {
            let name = directory.topic_name(tp.topic).to_owned();
            spec.topics.retain(|topic| topic.name != name);
            spec.producers.retain(|producer| producer.target != Feeds::Topic(name.clone()));
            spec.groups.iter_mut().for_each(|group| group.topics.retain(|topic| *topic != name));
        }
        Target::Group(group) => {
            let name = directory.group_name(group);
            spec.groups.retain(|group| group.name != name);
        }
        Target::Queue(queue) => remove_queue(spec, directory.queue_name(queue)),
        Target::Node(node) => {
            let name = directory.node_name(node).to_owned();
            match directory.node_kind(node) {
                // Brokers count from 1: the one with the highest number goes.
                Some(NodeKind::Broker(_)) => {
                    spec.brokers = spec.brokers.saturating_sub(1);
                    for topic in &mut spec.topics {
                        topic.assignment.clear();
                        topic.replication_factor = topic.replication_factor.min(spec.brokers.max(1) as i16);
                    }
                }
                Some(NodeKind::Producer) => spec.producers.retain(|producer| producer.name != name),
                Some(NodeKind::Consumer(_)) => {
                    spec.groups.iter_mut().for_each(|group| group.consumers.retain(|consumer| consumer.name != name));
                }
                Some(NodeKind::Worker(_)) => {
                    spec.queues.iter_mut().for_each(|queue| queue.workers.retain(|worker| worker.name != name));
                }
                Some(NodeKind::QueueBroker(queue)) => remove_queue(spec, directory.queue_name(queue)),
                Some(NodeKind::Database | NodeKind::Controller) | None => {}
            }
        }
        Target::Envelope(_) => {}
    }
}

fn remove_queue(spec: &mut Spec, name: &str) {
    spec.queues.retain(|queue| queue.name != name);
    spec.producers.retain(|producer| producer.target != Feeds::Queue(name.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::command::Command;
    use highwater_engine::scenario::Scenario;
    use highwater_engine::time::Instant;

    fn sandbox() -> Run {
        let text = "scenario t seed=3\nbrokers 3\ntopic orders partitions=3 replication-factor=3\n\
                    producer p1 topic=orders start=\"2s\" every=\"200ms\" acks=all\n\
                    group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\" }\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        run.seek_time(Instant(12_000_000));
        run
    }

    fn built(run: &mut Run, action: Action) {
        let directory = Directory::of(&run.recording().spec);
        let place = Place::of(None, &directory, run);
        let now = Duration(run.now().0);
        run.rework_starting(|spec| add(action, spec, &place, now)).unwrap();
    }

    #[test]
    fn a_consumer_that_is_added_joins_now_and_gets_its_share() {
        let mut run = sandbox();
        built(&mut run, Action::AddConsumer);
        assert_eq!(run.now(), Instant(12_000_000), "the moment stays");
        assert_eq!(run.view().groups[0].members.len(), 2);
        run.seek_time(Instant(20_000_000));
        let shares: Vec<usize> = run.view().groups[0].members.iter().map(|member| member.positions.len()).collect();
        assert_eq!(shares.iter().sum::<usize>(), 3);
        assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
        run.undo();
        assert_eq!(run.view().groups[0].members.len(), 1);
        run.redo();
        assert_eq!(run.view().groups[0].members.len(), 2);
    }

    #[test]
    fn everything_can_be_added_to_a_world_that_goes_on() {
        let mut run = sandbox();
        let all = [
            Action::AddBroker,
            Action::AddTopic,
            Action::AddPartition,
            Action::AddProducer,
            Action::AddGroup,
            Action::AddConsumer,
            Action::AddQueue,
        ];
        for action in all {
            built(&mut run, action);
        }
        let view = run.view();
        assert_eq!((view.brokers.len(), view.partitions.len(), view.queues.len()), (4, 7, 1));
        assert_eq!((view.producers.len(), view.groups.len()), (3, 2));
        run.seek_time(Instant(25_000_000));
        let ledger = highwater_engine::view::ledger(run.simulation());
        assert!(ledger.lost == 0 && ledger.processed > 60, "{ledger:?}");
    }

    #[test]
    fn commands_given_before_a_change_are_given_again() {
        let mut run = sandbox();
        let kill = highwater_engine::event::StopKind::Crash;
        run.act(Command::Stop { node: highwater_engine::ids::NodeId(1), how: kill }).unwrap();
        run.seek_time(Instant(14_000_000));
        built(&mut run, Action::AddProducer);
        assert!(!run.view().brokers[0].process.is_running());
    }

    #[test]
    fn what_is_removed_takes_along_what_needs_it() {
        let mut run = sandbox();
        let directory = Directory::of(&run.recording().spec);
        let tp = run.view().partitions[0].tp;
        run.rework(|spec| remove(spec, &directory, Target::Partition(tp))).unwrap();
        let view = run.view();
        assert!(view.partitions.is_empty() && view.producers.is_empty());
        assert_eq!(view.groups.len(), 1);
    }

    #[test]
    fn a_world_that_cannot_be_is_refused_as_a_whole() {
        let mut run = sandbox();
        let before = run.simulation().state_hash();
        assert!(run.rework(|spec| spec.topics[0].replication_factor = 9).is_err());
        assert_eq!(run.simulation().state_hash(), before);
        assert!(!run.can_undo_redo().0);
    }
}
