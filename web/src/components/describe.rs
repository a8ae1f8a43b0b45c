//! The stage in words, for whoever asks.

use crate::i18n::{Locale, say, td_string};
use crate::session::Run;
use crate::session::words::Names;
use highwater_engine::view;

/// The whole state in a few sentences, each of them true by itself.
pub fn describe(run: &Run, locale: Locale) -> String {
    let names = Names { directory: run.simulation().directory(), locale };
    let stage = run.view();
    let ledger = view::ledger(run.simulation());
    let mut sentences = vec![say(td_string!(locale, page.describe.time), &[("time", &run.now())])];
    let down: Vec<String> = stage
        .brokers
        .iter()
        .filter(|broker| !broker.process.is_running())
        .map(|broker| names.broker(broker.id))
        .collect();
    if !stage.brokers.is_empty() {
        let up = stage.brokers.len() - down.len();
        sentences.push(say(td_string!(locale, page.describe.brokers), &[("up", &up), ("all", &stage.brokers.len())]));
    }
    for partition in &stage.partitions {
        let leader = partition.replicas.iter().find(|replica| replica.broker == partition.leader);
        let (leo, hw) = leader.map_or((0, 0), |replica| (replica.log_end_offset.0, replica.high_watermark.0));
        sentences.push(say(
            td_string!(locale, page.describe.partition),
            &[
                ("partition", &partition.name),
                ("leader", &names.broker(partition.leader)),
                ("isr", &names.brokers(&partition.isr)),
                ("leo", &leo),
                ("hw", &hw),
            ],
        ));
    }
    for group in &stage.groups {
        let lag: i64 = group.offsets.iter().map(|offset| offset.lag).sum();
        let words = [("group", &group.name as &dyn std::fmt::Display), ("state", &group.state.name()), ("lag", &lag)];
        sentences.push(say(td_string!(locale, page.describe.group), &words));
    }
    for queue in &stage.queues {
        let held = queue.cells.iter().filter(|cell| cell.state != view::QueueCellState::Removed).count();
        sentences.push(say(td_string!(locale, page.describe.queue), &[("queue", &queue.name), ("held", &held)]));
    }
    sentences.push(say(
        td_string!(locale, page.describe.ledger),
        &[("sent", &ledger.sent), ("acked", &ledger.acked), ("lost", &ledger.lost)],
    ));
    sentences.join(" ")
}
