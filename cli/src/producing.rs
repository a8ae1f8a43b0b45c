//! How fast one producer gets records into a replicated log, and whether a longer log makes each of them dearer.

use highwater_engine::app::Workload;
use highwater_engine::ids::{NodeId, TopicId, TopicPartition};
use highwater_engine::sim::{Actor, Observe, ProducerSpec, Simulation, Spec, Target, TopicSpec};
use highwater_engine::time::Duration;
use std::time::Instant as Clock;

/// The length of the log at each figure, in records.
const MARKS: [i64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// One figure: the length of the log, and what one of its newest records costs.
pub struct Cost {
    /// Records in the log.
    pub records: i64,
    /// Nanoseconds for each of the latter half of them.
    pub nanoseconds: f64,
}

/// So often everything is measured. Of each figure the quickest counts: what another program took from this machine is
/// no property of the engine.
const ROUNDS: u32 = 5;

/// The cost of a record at each length of the log.
pub fn producing() -> Result<Vec<Cost>, String> {
    let mut best = round()?;
    for _ in 1..ROUNDS {
        for (best, cost) in best.iter_mut().zip(round()?) {
            best.nanoseconds = best.nanoseconds.min(cost.nanoseconds);
        }
    }
    Ok(best)
}

/// One producer, `acks=all`, three replicas; each record counts when the high watermark has passed it.
fn round() -> Result<Vec<Cost>, String> {
    let topic = TopicSpec { name: "t".to_owned(), partitions: 1, replication_factor: 3, ..TopicSpec::default() };
    let producer = ProducerSpec {
        name: "p".to_owned(),
        target: Target::Topic("t".to_owned()),
        workload: Workload { every: Duration(100), ..Workload::default() },
        ..ProducerSpec::default()
    };
    let spec = Spec { brokers: 3, topics: vec![topic], producers: vec![producer], ..Spec::default() };
    let mut simulation = Simulation::new(&spec, 1, Observe::NOTHING).map_err(|error| error.to_string())?;
    let (mut costs, mut from) = (Vec::new(), (0, Clock::now()));
    let mut halves = MARKS.iter().flat_map(|mark| [mark / 2, *mark]);
    let mut next = halves.next();
    while let Some(mark) = next {
        for _ in 0..64 {
            simulation.step();
        }
        let committed = committed(&simulation);
        if committed < mark {
            continue;
        }
        if MARKS.contains(&mark) {
            let spent = from.1.elapsed().as_nanos() as f64;
            costs.push(Cost { records: mark, nanoseconds: spent / (committed - from.0) as f64 });
        }
        from = (committed, Clock::now());
        next = halves.next();
    }
    Ok(costs)
}

/// The largest high watermark any broker knows.
fn committed(simulation: &Simulation) -> i64 {
    let tp = TopicPartition::new(TopicId(1), 0);
    let known = (1..=3).filter_map(|node| match simulation.actor(NodeId(node))? {
        Actor::Broker(broker) => Some(broker.replicas().get(&tp)?.high_watermark.0),
        _ => None,
    });
    known.max().unwrap_or(0)
}
