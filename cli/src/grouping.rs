//! What the first rebalance of a large group takes: every join, the assignment, every answer.

use highwater_engine::assignor::{Assignor, ServerAssignor};
use highwater_engine::event::{Event, GroupState};
use highwater_engine::history::Recording;
use highwater_engine::sim::{ConsumerSpec, GroupSpec, Observe, Spec, SpecError, TopicSpec};
use std::collections::BTreeSet;
use std::time::Instant as Clock;

const MEMBERS: usize = 1_000;
const PARTITIONS: i32 = 10_000;

/// A group of 1,000 members on 10,000 partitions, from the first join to the moment when all have partitions and the
/// coordinator calls the group stable: seconds of this machine, per assignor.
pub fn grouping() -> Result<Vec<(String, f64)>, String> {
    let classic = Assignor::ALL.map(|it| (it.name(), "classic", "partition.assignment.strategy"));
    let modern = [ServerAssignor::Uniform, ServerAssignor::Range];
    let modern = modern.map(|it| (it.name(), "consumer", "group.remote.assignor"));
    let mut figures = Vec::new();
    for (assignor, protocol, key) in classic.into_iter().chain(modern) {
        let seconds = settle(&world(protocol, key, assignor)).map_err(|error| error.to_string())?;
        figures.push((format!("rebalance {protocol} {assignor}"), seconds));
    }
    Ok(figures)
}

fn world(protocol: &str, key: &str, assignor: &str) -> Spec {
    let topic = TopicSpec { name: "t".into(), partitions: PARTITIONS, replication_factor: 1, ..TopicSpec::default() };
    let member = |number| ConsumerSpec { name: format!("c{number}"), ..ConsumerSpec::default() };
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let group = GroupSpec {
        name: "g".into(),
        topics: vec!["t".into()],
        consumers: (0..MEMBERS).map(member).collect(),
        settings: vec![set("group.protocol", protocol), set(key, assignor)],
        ..GroupSpec::default()
    };
    Spec { brokers: 3, topics: vec![topic], groups: vec![group], ..Spec::default() }
}

fn settle(spec: &Spec) -> Result<f64, SpecError> {
    let recording = Recording { seed: 1, spec: spec.clone(), commands: Vec::new() };
    let mut simulation = recording.begin(Observe { promises: false, ..Observe::ALL })?;
    let (mut began, mut state, mut served) = (None, GroupState::Empty, BTreeSet::new());
    while simulation.step().is_some() {
        for emitted in simulation.take_emitted() {
            match emitted.event {
                Event::GroupStateChanged { state: now, .. } => {
                    state = now;
                    began.get_or_insert_with(Clock::now);
                }
                Event::PartitionsAssigned { client, .. } => drop(served.insert(client)),
                _ => {}
            }
        }
        if state == GroupState::Stable && served.len() == MEMBERS {
            break;
        }
    }
    Ok(began.map_or(f64::NAN, |clock| clock.elapsed().as_secs_f64()))
}
