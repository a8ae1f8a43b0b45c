//! Worlds that a sandbox can begin with.

use crate::i18n::{Locale, td_string};

/// The words of a world, and the world.
pub type Preset = (fn(Locale) -> &'static str, &'static str);

/// All of them, in the order of the list.
pub const PRESETS: [Preset; 10] = [
    (|locale| td_string!(locale, page.sandbox.preset_default), include_str!("../../lessons/00-sandbox/script.kdl")),
    (
        |locale| td_string!(locale, page.sandbox.preset_three),
        "scenario three seed=1\nbrokers 3\nnetwork latency=\"8ms\" jitter=\"3ms\"\n\
         topic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
         producer p1 topic=orders start=\"4s\" every=\"400ms\" acks=all { keys a b c d e f; }\n\
         group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\"; }\n",
    ),
    (
        |locale| td_string!(locale, page.sandbox.preset_one),
        "scenario one seed=1\nbrokers 3\nnetwork latency=\"8ms\" jitter=\"3ms\"\n\
         topic orders partitions=3 replication-factor=1\n\
         producer p1 topic=orders start=\"4s\" every=\"400ms\" acks=1 { keys a b c d e f; }\n\
         group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\"; }\n",
    ),
    (
        |locale| td_string!(locale, page.sandbox.preset_acks),
        "scenario acks seed=1\nbrokers 3\nnetwork latency=\"8ms\" jitter=\"3ms\"\n\
         topic orders partitions=3 replication-factor=3 min.insync.replicas=2\n\
         producer acks-0 topic=orders start=\"4s\" every=\"400ms\" acks=0 { keys a b c d e f; }\n\
         producer acks-1 topic=orders start=\"4s\" every=\"400ms\" acks=1 { keys a b c d e f; }\n\
         producer acks-all topic=orders start=\"4s\" every=\"400ms\" acks=all { keys a b c d e f; }\n\
         group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\"; }\n",
    ),
    (
        |locale| td_string!(locale, page.sandbox.preset_share),
        "scenario two-of-three seed=1\nbrokers 3\nnetwork latency=\"8ms\" jitter=\"3ms\"\n\
         topic orders partitions=3 replication-factor=3 min.insync.replicas=2\n\
         producer p1 topic=orders start=\"4s\" every=\"400ms\" acks=all { keys a b c d e f; }\n\
         group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\"; consumer c2 processing=\"20ms\"; }\n",
    ),
    (
        |locale| td_string!(locale, page.sandbox.preset_groups),
        "scenario groups seed=1\nbrokers 3\nnetwork latency=\"8ms\" jitter=\"3ms\"\n\
         topic orders partitions=6 replication-factor=3 min.insync.replicas=2\n\
         producer p1 topic=orders start=\"4s\" every=\"400ms\" acks=all { keys a b c d e f; }\n\
         producer p2 topic=orders start=\"4s\" every=\"400ms\" acks=all { keys a b c d e f; }\n\
         group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\"; consumer c2 processing=\"20ms\"; }\n\
         group audit topic=orders auto.offset.reset=earliest { consumer a1 processing=\"60ms\"; }\n",
    ),
    (
        |locale| td_string!(locale, page.sandbox.preset_assignors),
        "scenario assignors seed=1\nbrokers 3\nnetwork latency=\"8ms\" jitter=\"3ms\"\n\
         topic orders partitions=4 replication-factor=3 min.insync.replicas=2\n\
         producer p1 topic=orders start=\"4s\" every=\"400ms\" acks=all { keys a b c d e f; }\n\
         group eager topic=orders auto.offset.reset=earliest partition.assignment.strategy=range {\n\
           consumer e1 processing=\"20ms\"; consumer e2 processing=\"20ms\"; consumer e3 processing=\"20ms\" stopped=#true\n\
         }\n\
         group cooperative topic=orders auto.offset.reset=earliest partition.assignment.strategy=cooperative-sticky {\n\
           consumer s1 processing=\"20ms\"; consumer s2 processing=\"20ms\"; consumer s3 processing=\"20ms\" stopped=#true\n\
         }\n",
    ),
    (
        |locale| td_string!(locale, page.sandbox.preset_exactly),
        "scenario exactly-once seed=1\nbrokers 3 transaction.version=2\nnetwork latency=\"8ms\" jitter=\"3ms\"\n\
         topic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
         topic invoices partitions=1 replication-factor=3 min.insync.replicas=2\n\
         producer p1 topic=orders start=\"4s\" every=\"400ms\" acks=all\n\
         group billing topic=orders auto.offset.reset=earliest isolation.level=read_committed session.timeout.ms=6000 heartbeat.interval.ms=1000 {\n\
           processor bill to=invoices processing=\"100ms\" max.poll.records=3 commit=after { producer linger.ms=0 transactional.id=bill; }\n\
         }\n\
         group readers topic=invoices auto.offset.reset=earliest isolation.level=read_committed { consumer reader processing=\"10ms\"; }\n",
    ),
    (
        |locale| td_string!(locale, page.sandbox.preset_queue),
        "scenario queue seed=1\nnetwork latency=\"8ms\" jitter=\"3ms\"\n\
         queue tasks persistent=#true { worker w1 prefetch=1 processing=\"120ms\"; worker w2 prefetch=1 processing=\"120ms\"; }\n\
         producer p1 queue=tasks start=\"2s\" every=\"150ms\"\n",
    ),
    (|locale| td_string!(locale, page.sandbox.preset_empty), "scenario empty seed=1\nbrokers 3\n"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Run;
    use highwater_engine::scenario::Scenario;
    use highwater_engine::time::Instant;
    use highwater_engine::view::ledger;

    #[test]
    fn every_world_runs_and_every_group_in_it_reads() {
        for (word, text) in PRESETS {
            let name = word(Locale::en);
            // The first of them has a story, which ends early.
            let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap().freed();
            run.seek_time(Instant(30_000_000));
            let view = run.view();
            assert!(view.producers.iter().all(|producer| producer.last_record.is_some()), "{name}");
            if !view.producers.is_empty() {
                assert!(ledger(run.simulation()).processed > 0, "{name}");
            }
            for group in &view.groups {
                let committed = group.offsets.iter().any(|it| it.committed.is_some_and(|offset| offset.0 > 0));
                assert!(committed, "{name}: {}", group.name);
            }
        }
    }
}
