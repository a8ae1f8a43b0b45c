//! Changing who is there while it runs: brokers, topics, programs. What happened before stays as it was.

use super::Action;
use crate::app::Page;
use crate::scene::Target;
use crate::session::{Joining, Purpose, Refused, Run, Session};
use highwater_engine::app::Workload;
use highwater_engine::command::Command;
use highwater_engine::ids::{BrokerId, NodeId};
use highwater_engine::protocol::AdminRequest;
use highwater_engine::sim::{
    ConsumerSpec, Directory, GroupSpec, NodeKind, ProducerSpec, QueueSpec, Spec, Target as Feeds, TopicSpec, WorkerSpec,
};
use highwater_engine::time::Duration;
use leptos::prelude::*;

/// What can be added, in the order of the buttons.
pub const ADDITIONS: [Action; 7] = [
    Action::AddBroker,
    Action::AddTopic,
    Action::AddPartition,
    Action::AddProducer,
    Action::AddGroup,
    Action::AddConsumer,
    Action::AddQueue,
];

/// A client's pause between records, and how long a consumer takes for one.
const EVERY: Duration = Duration::from_millis(400);
const TAKES: Duration = Duration::from_millis(20);

/// Members or workers that join at once, at most.
pub const MEMBERS_MOST: u32 = 24;

/// What somebody wants the new thing to be; what is not said is chosen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wish {
    /// Its name.
    pub name: Option<String>,
    /// A topic's partitions, a group's members, a queue's workers.
    pub count: Option<u32>,
    /// A topic's replication factor.
    pub factor: Option<i16>,
    /// The topic or queue that is written to, the topic that is read.
    pub subject: Option<String>,
    /// The pause between two records of a producer.
    pub every: Option<Duration>,
    /// A producer's keys.
    pub keys: Option<Vec<String>>,
    /// Settings by Kafka's names.
    pub settings: Vec<(String, String)>,
}

/// Does it in a sandbox; whether there was anything to do.
pub fn build(action: Action, page: Page, session: Session) -> bool {
    build_as(action, &Wish::default(), page, session)
}

/// The same, as somebody wishes it.
pub fn build_as(action: Action, wish: &Wish, page: Page, session: Session) -> bool {
    if session.purpose != Purpose::Sandbox {
        return false;
    }
    let selected = session.selection.get_untracked();
    if action == Action::Remove {
        let commands = selected.map(|target| session.read(|run| remove(run, target)).unwrap_or_default());
        let Some(commands) = commands.filter(|commands| !commands.is_empty()) else { return false };
        let done = page.rework(session, |run| run.act_together(commands).map_err(Refused::Command));
        if done {
            session.selection.set(None);
        }
        return done;
    }
    page.rework(session, |run| add(action, wish, run, selected))
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
pub(super) fn free(spec: &Spec, stem: &str) -> String {
    (1u32..).map(|number| format!("{stem}{number}")).find(|name| !is_taken(spec, name)).unwrap_or_default()
}

fn is_taken(spec: &Spec, name: &str) -> bool {
    spec.topics.iter().any(|it| it.name == name)
        || spec.queues.iter().any(|it| it.name == name || it.workers.iter().any(|it| it.name == name))
        || spec.producers.iter().any(|it| it.name == name)
        || spec.databases.iter().any(|it| it.name == name)
        || spec.groups.iter().any(|it| it.name == name || it.consumers.iter().any(|it| it.name == name))
}

/// Adds it to the running world.
fn add(action: Action, wish: &Wish, run: &mut Run, selected: Option<Target>) -> Result<(), Refused> {
    let directory = Directory::of(&run.recording().spec);
    let mut place = Place::of(selected, &directory, run);
    let now = Duration(run.now().0);
    let view = run.view();
    if action == Action::AddPartition {
        let topic = place.topic.as_ref().and_then(|name| directory.find_topic(name));
        let Some(topic) = topic else { return Ok(()) };
        let count = 1 + view.partitions.iter().filter(|known| known.tp.topic == topic).count() as i32;
        let request = AdminRequest::CreatePartitions { topic, count };
        return run.act(Command::Admin { request }).map_err(Refused::Command);
    }
    if run.recording().spec.brokers == 0 && matches!(action, Action::AddBroker | Action::AddTopic) {
        // The first broker founds the cluster: there is no past of it to keep.
        run.rework(|spec| spec.brokers = 1)?;
        return if action == Action::AddBroker { Ok(()) } else { add(action, wish, run, selected) };
    }
    let alive = view.brokers.iter().filter(|broker| broker.process.is_running()).count();
    if let Some(subject) = &wish.subject {
        place.queue = directory.find_queue(subject).map(|_| subject.clone());
        place.topic = place.queue.is_none().then(|| subject.clone());
    }
    run.join(|spec| describe(action, wish, spec, &place, now, alive))
}

/// Describes it as absent, and says what joins.
fn describe(action: Action, wish: &Wish, spec: &mut Spec, place: &Place, now: Duration, alive: usize) -> Vec<Joining> {
    let process = |name: String| vec![Joining::Process(name)];
    let named = |spec: &Spec, stem: &str| wish.name.clone().unwrap_or_else(|| free(spec, stem));
    match action {
        Action::AddBroker => {
            spec.brokers += 1;
            spec.brokers_stopped += 1;
            if let Some(rack) = spec.racks.last().cloned() {
                spec.racks.push(rack);
            }
            process(format!("broker {}", spec.brokers))
        }
        Action::AddTopic => {
            // The first topic is the one that all lessons speak of.
            let name = if spec.topics.is_empty() && wish.name.is_none() && !is_taken(spec, "orders") {
                "orders".to_owned()
            } else {
                named(spec, "topic-")
            };
            let replication_factor = wish.factor.unwrap_or(alive.clamp(1, 3) as i16);
            let partitions = wish.count.unwrap_or(3).min(i32::MAX as u32) as i32;
            let (late, settings) = (true, wish.settings.clone());
            let topic = TopicSpec {
                name: name.clone(),
                partitions,
                replication_factor,
                late,
                settings,
                ..TopicSpec::default()
            };
            spec.topics.push(topic);
            vec![Joining::Topic(name)]
        }
        Action::AddProducer => {
            let target = match (&place.queue, &place.topic) {
                (Some(queue), _) => Feeds::Queue(queue.clone()),
                (None, Some(topic)) => Feeds::Topic(topic.clone()),
                (None, None) => Feeds::Topic(String::new()),
            };
            let keys = wish.keys.clone().unwrap_or_else(|| ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec());
            let workload = Workload { start: now, every: wish.every.unwrap_or(EVERY), keys, ..Workload::default() };
            let name = named(spec, "p");
            // A queue's publisher has none of Kafka's settings.
            let settings = if matches!(target, Feeds::Topic(_)) { wish.settings.clone() } else { Vec::new() };
            let stopped = true;
            let producer =
                ProducerSpec { name: name.clone(), target, workload, settings, stopped, ..ProducerSpec::default() };
            spec.producers.push(producer);
            process(name)
        }
        Action::AddGroup => {
            let name = named(spec, "group-");
            let mut settings = vec![("auto.offset.reset".to_owned(), "earliest".to_owned())];
            settings.extend(wish.settings.iter().cloned());
            let topics = place.topic.iter().cloned().collect();
            let group = spec.groups.len();
            spec.groups.push(GroupSpec { name, share: false, topics, consumers: Vec::new(), settings });
            let members = 0..wish.count.unwrap_or(1).min(MEMBERS_MOST);
            let joins = members.map(|_| {
                let name = free(spec, "c");
                spec.groups[group].consumers.push(consumer(name.clone()));
                Joining::Process(name)
            });
            joins.collect()
        }
        Action::AddConsumer => {
            if let Some(queue) = spec.queues.iter().position(|queue| Some(&queue.name) == place.queue.as_ref()) {
                let worker = worker(free(spec, "w"), TAKES);
                let name = worker.name.clone();
                spec.queues[queue].workers.push(worker);
                return process(name);
            }
            let name = free(spec, "c");
            let Some(group) = spec.groups.iter_mut().find(|group| Some(&group.name) == place.group.as_ref()) else {
                return Vec::new();
            };
            group.consumers.push(consumer(name.clone()));
            process(name)
        }
        Action::AddQueue => {
            let name = named(spec, "queue-");
            let queue = spec.queues.len();
            spec.queues.push(QueueSpec { name: name.clone(), persistent: true, stopped: true, workers: Vec::new() });
            let mut joining = vec![Joining::Process(name.clone())];
            for _ in 0..wish.count.unwrap_or(1).min(MEMBERS_MOST) {
                let name = free(spec, "w");
                spec.queues[queue].workers.push(worker(name.clone(), Duration::from_millis(120)));
                joining.push(Joining::Process(name));
            }
            let workload = Workload { start: now, every: wish.every.unwrap_or(EVERY), ..Workload::default() };
            let target = Feeds::Queue(name);
            let publisher = free(spec, "p");
            joining.push(Joining::Process(publisher.clone()));
            let producer = ProducerSpec { name: publisher, target, workload, stopped: true, ..ProducerSpec::default() };
            spec.producers.push(producer);
            joining
        }
        _ => Vec::new(),
    }
}

/// A worker that starts when it is told to.
fn worker(name: String, processing: Duration) -> WorkerSpec {
    WorkerSpec { name, prefetch: 1, processing, stopped: true, nack_every: 0 }
}

/// A consumer that starts when it is told to.
fn consumer(name: String) -> ConsumerSpec {
    ConsumerSpec { name, processing: TAKES, stopped: true, ..ConsumerSpec::default() }
}

/// Takes it out of the running world, as an administrator would.
fn remove(run: &Run, target: Target) -> Vec<Command> {
    let directory = run.simulation().directory();
    let all = |wanted: &dyn Fn(NodeKind) -> bool| -> Vec<Command> {
        let nodes = directory.nodes().filter(|(node, kind)| wanted(*kind) && !run.simulation().is_removed(*node));
        nodes.map(|(node, _)| Command::Remove { node }).collect()
    };
    match target {
        Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _) => {
            vec![Command::Admin { request: AdminRequest::DeleteTopic { topic: tp.topic } }]
        }
        Target::Group(group) => all(&|kind| kind == NodeKind::Consumer(group)),
        Target::Queue(queue) => all(&|kind| kind == NodeKind::QueueBroker(queue) || kind == NodeKind::Worker(queue)),
        Target::Node(node) => match directory.node_kind(node) {
            Some(NodeKind::Broker(broker)) => drain(run, broker, node),
            Some(NodeKind::QueueBroker(queue)) => remove(run, Target::Queue(queue)),
            Some(NodeKind::Controller) | None => Vec::new(),
            // A cluster that has it needs it.
            Some(NodeKind::ZooKeeper) if node.0 == 0 => Vec::new(),
            Some(_) => vec![Command::Remove { node }],
        },
        Target::Envelope(_) | Target::Lost(_) => Vec::new(),
    }
}

/// A broker's replicas are assigned to others, as far as there are others, and it is shut down.
fn drain(run: &Run, leaving: BrokerId, node: NodeId) -> Vec<Command> {
    let view = run.view();
    let others = || view.brokers.iter().filter(|broker| broker.id != leaving && broker.process.is_running());
    let mut commands = Vec::new();
    for partition in view.partitions.iter().filter(|partition| partition.assignment.contains(&leaving)) {
        let mut replicas = partition.assignment.clone();
        let spare = others().map(|broker| broker.id).find(|id| !replicas.contains(id));
        match (spare, replicas.iter().position(|replica| *replica == leaving)) {
            (Some(spare), Some(place)) => replicas[place] = spare,
            (None, Some(place)) if replicas.len() > 1 => drop(replicas.remove(place)),
            _ => continue,
        }
        let request = AdminRequest::AlterPartitionReassignments { tp: partition.tp, replicas };
        commands.push(Command::Admin { request });
    }
    commands.push(Command::Remove { node });
    commands
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
        add(action, &Wish::default(), run, None).unwrap();
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
        for action in ADDITIONS {
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
    fn what_is_added_is_what_was_wished_for() {
        let mut run = sandbox();
        let setting = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let topic = Wish {
            name: Some("payments".to_owned()),
            count: Some(2),
            factor: Some(1),
            settings: setting("min.insync.replicas", "1"),
            ..Wish::default()
        };
        add(Action::AddTopic, &topic, &mut run, None).unwrap();
        let subject = Some("payments".to_owned());
        let (every, keys) = (Some(Duration::from_millis(50)), Some(vec!["k".to_owned()]));
        let producer =
            Wish { subject: subject.clone(), every, keys, settings: setting("acks", "0"), ..Wish::default() };
        add(Action::AddProducer, &producer, &mut run, None).unwrap();
        let group = Wish { name: Some("audit".to_owned()), count: Some(2), subject, ..Wish::default() };
        add(Action::AddGroup, &group, &mut run, None).unwrap();
        run.seek_time(Instant(20_000_000));
        let view = run.view();
        let added: Vec<_> = view.partitions.iter().filter(|partition| partition.name.starts_with("payments")).collect();
        assert_eq!(
            added.iter().map(|it| (it.assignment.len(), it.min_insync_replicas)).collect::<Vec<_>>(),
            [(1, 1); 2]
        );
        assert!(view.producers[1].last_record.is_some_and(|record| record.number() > 100), "{:?}", view.producers[1]);
        assert!(view.groups[1].members.len() == 2 && view.groups[1].members.iter().all(|it| !it.positions.is_empty()));
        let double = Wish { name: Some("payments".to_owned()), ..Wish::default() };
        assert!(add(Action::AddTopic, &double, &mut run, None).is_err(), "a name is given once");
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

    /// Everything up to here in words that do not depend on how processes are numbered.
    fn past(run: &Run) -> Vec<String> {
        let names =
            crate::session::words::Names { directory: run.simulation().directory(), locale: crate::i18n::Locale::en };
        let told = |it: &highwater_engine::sim::Emitted| {
            format!("{} {} {} {}", it.n, it.at, it.cause, crate::session::words::event_sentence(&it.event, &names))
        };
        run.past().iter().map(told).collect()
    }

    #[test]
    fn whatever_joins_nothing_before_that_moment_changes() {
        let mut run = sandbox();
        for action in ADDITIONS {
            let (before, cursor) = (past(&run), run.cursor());
            built(&mut run, action);
            let after = past(&run);
            let differs = before.iter().zip(&after).find(|(before, after)| before != after);
            assert_eq!(differs, None, "{action:?}");
            assert!(run.cursor() > cursor, "{action:?} is an event of its own");
            run.undo();
            assert!(past(&run) == before, "undo of {action:?}");
            run.redo();
            let later = highwater_engine::time::Instant(run.now().0 + 1_500_000);
            run.seek_time(later);
        }
    }

    #[test]
    fn a_topic_cannot_be_created_while_nobody_decides() {
        let mut run = sandbox();
        let kill = highwater_engine::event::StopKind::Crash;
        run.act(Command::Stop { node: NodeId(0), how: kill }).unwrap();
        let before = run.simulation().state_hash();
        assert!(matches!(add(Action::AddTopic, &Wish::default(), &mut run, None), Err(Refused::Command(_))));
        assert_eq!(run.simulation().state_hash(), before);
    }

    #[test]
    fn a_broker_that_is_removed_hands_its_replicas_over_and_goes() {
        let mut run = sandbox();
        built(&mut run, Action::AddBroker);
        run.seek_time(Instant(16_000_000));
        let commands = remove(&run, Target::Node(NodeId(1)));
        run.act_together(commands).unwrap();
        run.seek_time(Instant(40_000_000));
        let view = run.view();
        assert_eq!(view.brokers.iter().map(|broker| broker.id.0).collect::<Vec<_>>(), [2, 3, 4]);
        assert!(view.partitions.iter().all(|partition| partition.isr.len() == 3), "every replica has a new home");
        assert_eq!(highwater_engine::view::ledger(run.simulation()).lost, 0);
        run.undo();
        assert_eq!(run.view().brokers.len(), 4, "one step for undo");
    }

    #[test]
    fn clients_and_topics_are_removed_while_the_rest_goes_on() {
        let mut run = sandbox();
        let (tp, group) = (run.view().partitions[0].tp, run.view().groups[0].id);
        for target in [Target::Group(group), Target::Node(run.view().producers[0].node), Target::Partition(tp)] {
            let commands = remove(&run, target);
            run.act_together(commands).unwrap();
            let later = Instant(run.now().0 + 2_000_000);
            run.seek_time(later);
        }
        let view = run.view();
        assert!(view.partitions.is_empty() && view.producers.is_empty() && view.groups.is_empty());
        assert!(view.brokers.iter().all(|broker| broker.process.is_running()));
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
