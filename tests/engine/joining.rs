//! A world changes while it runs: what was absent joins, what is there gets other settings, and what goes is gone.

use crate::saved::check_saved;
use crate::test;
use highwater_engine::command::Command;
use highwater_engine::event::Event;
use highwater_engine::history::History;
use highwater_engine::ids::NodeId;
use highwater_engine::scenario::{Scenario, Story};
use highwater_engine::sim::Actor;
use highwater_engine::time::{Duration, Instant};
use highwater_engine::view;

const WORLD: &str = r#"
scenario joining seed=5
brokers 4 stopped=1
topic orders partitions=2 replication-factor=3 min.insync.replicas=2
topic audit partitions=3 replication-factor=1 late=#true
producer p1 topic=orders start="1s" every="100ms" acks=1 enable.idempotence=#false
producer p2 topic=audit start="1s" every="100ms" stopped=#true
group billing topic=orders auto.offset.reset=earliest { consumer c1; consumer c2 }
"#;

fn told(story: &str) -> (Scenario, History) {
    let text = format!("{WORLD}\nstory {{\n{story}\n}}\n");
    let scenario = Scenario::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}"));
    let story = Story::tell(&scenario, scenario.seed).unwrap();
    assert_eq!(story.left_script, None);
    let mut history = History::new(story.recording.clone()).unwrap();
    history.seek_event(story.end);
    (scenario, history)
}

#[test]
fn a_late_topic_is_there_from_the_moment_somebody_creates_it() {
    let (scenario, history) = told("run \"5s\"\ncreate-topic audit\nrun \"2s\"\nstart p2\nrun \"5s\"");
    let audit = history.simulation().directory().find_topic("audit").unwrap();
    let created =
        history.events().iter().find(|it| matches!(it.event, Event::TopicCreated { topic, .. } if topic == audit));
    assert!(created.unwrap().at >= Instant::ZERO + Duration::from_secs(5));
    let partitions = view::stage(history.simulation(), &view::Lens::default()).partitions;
    let high =
        partitions.iter().filter(|it| it.tp.topic == audit).flat_map(|it| &it.replicas).map(|it| it.high_watermark.0);
    assert!(high.sum::<i64>() > 20, "p2 writes to it");
    assert!(history.simulation().check(&Command::CreateTopic { topic: audit }).is_err(), "only once");
    check_saved(&scenario);
}

#[test]
fn a_client_reads_another_setting_by_stopping_in_order_and_starting_again() {
    let (scenario, mut history) = told("run \"5s\"\nconfigure p1 acks=all\nrun \"5s\"");
    let p1 = history.simulation().directory().find_node("p1").unwrap();
    let Some(Actor::Producer(producer)) = history.simulation().actor(p1) else { panic!() };
    assert_eq!(producer.config.get("acks").as_deref(), Some("all"));
    let lives: Vec<&Event> = history
        .events()
        .iter()
        .map(|it| &it.event)
        .filter(|event| matches!(event, Event::NodeStarted { node } | Event::NodeStopped { node, .. } if *node == p1))
        .collect();
    assert_eq!(lives.len(), 3, "started, stopped, started: {lives:?}");
    // From now on it waits for the whole ISR: a dead leader loses nothing that was acknowledged.
    assert_eq!(view::ledger(history.simulation()).lost, 0);
    let refused = history.act(Command::Configure { node: p1, name: "acks".into(), value: "perhaps".into() });
    assert!(refused.unwrap_err().to_string().contains("acks"));
    check_saved(&scenario);
}

#[test]
fn what_is_removed_is_gone_from_the_picture_and_does_not_come_back() {
    let (scenario, mut history) = told("run \"5s\"\nremove c2\nrun \"5s\"");
    let c2 = history.simulation().directory().find_node("c2").unwrap();
    let stage = view::stage(history.simulation(), &view::Lens::default());
    assert_eq!(stage.groups[0].members.len(), 1);
    assert_eq!(stage.groups[0].members[0].positions.len(), 2, "the other one reads everything");
    assert!(history.act(Command::Start { node: c2 }).is_err());
    assert!(history.act(Command::Remove { node: NodeId(0) }).is_err(), "the controller stays");
    check_saved(&scenario);
}
