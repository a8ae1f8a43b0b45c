//! The ledger, record by record: sent, acknowledged, stored, and what each group made of it. The answer to "was it lost
//! or doubled?".

use super::drawn_panel::Drawn;
use super::inspector::escape;
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::Run;
use crate::session::words::Names;
use highwater_engine::audit::{Fate, Ledger, Verdict};
use highwater_engine::ids::{NodeId, RecordId};
use highwater_engine::view::StageView;
use std::fmt::Write as _;

/// The panel.
pub const RECORDS: Drawn = Drawn {
    class: "tables",
    name: |locale| td_string!(locale, page.panel.records),
    period: 0.5,
    draw: |run, selection, locale| records(run, selection, locale),
};

/// Records listed of all producers together.
const MOST: usize = 120;

/// The newest records, those of a selected producer alone.
fn newest(view: &StageView, selection: Option<Target>) -> Vec<RecordId> {
    let is_wanted = |node: NodeId| match selection {
        Some(Target::Node(chosen)) if view.producers.iter().any(|producer| producer.node == chosen) => chosen == node,
        _ => true,
    };
    let producers: Vec<_> = view.producers.iter().filter(|producer| is_wanted(producer.node)).collect();
    let each = MOST / producers.len().max(1);
    let of = |last: RecordId| {
        let first = last.number().saturating_sub(each as u32) + 1;
        (first..=last.number()).rev().map(move |number| RecordId::new(last.producer(), number))
    };
    producers.into_iter().filter_map(|producer| producer.last_record).flat_map(of).collect()
}

fn records(run: &Run, selection: Option<Target>, locale: Locale) -> String {
    let view = run.view();
    let names = Names { directory: run.simulation().directory(), locale };
    let ledger = run.simulation().ledger();
    let readers: Vec<(u32, &str)> = view
        .groups
        .iter()
        .map(|group| (group.id.0, group.name.as_str()))
        .chain(view.queues.iter().map(|queue| (Ledger::queue_reader(queue.id), queue.name.as_str())))
        .collect();
    let rows: Vec<(RecordId, &Fate)> =
        newest(&view, selection).into_iter().filter_map(|record| Some((record, ledger.fate(record)?))).collect();
    if rows.is_empty() {
        return format!("<p class=\"quiet\">{}</p>", td_string!(locale, page.tables.no_record));
    }
    let mut out = String::new();
    let heads = [
        td_string!(locale, page.tables.record),
        td_string!(locale, page.tables.acked),
        td_string!(locale, page.tables.stored),
    ];
    out.push_str("<div class=\"wide\"><table class=\"files\"><thead><tr>");
    for head in heads.into_iter().map(str::to_owned).chain(readers.iter().map(|(_, name)| escape(name))) {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    let _ = write!(out, "<th scope=\"col\">{}</th></tr></thead><tbody>", td_string!(locale, page.tables.verdict));
    for (record, fate) in rows {
        let place = fate.copies.first().zip(fate.tp).map(|((broker, offset), tp)| Target::Record(*broker, tp, *offset));
        let name = escape(&names.record(record));
        let name = match place {
            Some(place) => format!("<button data-target=\"{}\">{name}</button>", place.format()),
            None => name,
        };
        let acked = match (fate.acked, fate.failed) {
            (Some(offset), _) => fate.tp.map_or_else(|| "✓".to_owned(), |tp| format!("{} @ {offset}", names.tp(tp))),
            (None, true) => td_string!(locale, page.tables.failed).to_owned(),
            (None, false) => "–".to_owned(),
        };
        let brokers: Vec<String> = fate.copies.iter().map(|(broker, _)| broker.to_string()).collect();
        let stored = match (brokers.is_empty(), fate.queued, fate.deleted) {
            (false, ..) => brokers.join(", "),
            (true, true, _) => td_string!(locale, page.yes).to_owned(),
            (true, false, true) => td_string!(locale, page.tables.deleted).to_owned(),
            (true, false, false) => "–".to_owned(),
        };
        let _ = write!(out, "<tr><th scope=\"row\">{name}</th><td>{acked}</td><td>{stored}</td>");
        for (reader, _) in &readers {
            let processed =
                || fate.readings.iter().find(|reading| reading.reader == *reader).map_or(0, |it| it.processed);
            let cell = match Verdict::of(fate, *reader) {
                Verdict::Once | Verdict::Reordered => "✓".to_owned(),
                Verdict::Duplicated => say(td_string!(locale, page.tables.times), &[("count", &processed())]),
                Verdict::Skipped => td_string!(locale, page.tables.skipped).to_owned(),
                Verdict::Open => td_string!(locale, page.tables.open).to_owned(),
                Verdict::Lost | Verdict::Deleted | Verdict::NotWritten => "–".to_owned(),
            };
            let _ = write!(out, "<td>{cell}</td>");
        }
        let verdict = match fate {
            Fate { lost: true, .. } => td_string!(locale, page.tables.lost),
            Fate { stored_twice: true, .. } => td_string!(locale, page.tables.twice),
            Fate { reordered: true, .. } => td_string!(locale, page.tables.reordered),
            _ => "",
        };
        let badge = match (verdict.is_empty(), fate.sealed_by) {
            (true, _) => String::new(),
            (false, 0) => format!("<b class=\"badge\">{verdict}</b>"),
            // The event that sealed it.
            (false, n) => format!("<button data-n=\"{n}\"><b class=\"badge\">{verdict}</b></button>"),
        };
        let _ = write!(out, "<td>{badge}</td></tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::scenario::Scenario;
    use highwater_engine::time::Instant;

    #[test]
    fn a_row_says_what_became_of_its_record() {
        let text = "scenario t seed=7\nbrokers 1\ntopic orders partitions=1 replication-factor=1\n\
                    producer p1 topic=orders start=\"5s\" every=\"100ms\" count=60 acks=1\n\
                    group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\" }\n\
                    at \"8s\" { power-off \"broker 1\" }\nat \"10s\" { start \"broker 1\" }\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        run.seek_time(Instant(7_500_000));
        let before = records(&run, None, Locale::en);
        assert!(before.contains("✓") && !before.contains("badge"), "{before}");
        run.seek_time(Instant(5_110_000));
        let early = records(&run, None, Locale::en);
        assert!(early.contains("<td>still open</td>"), "{early}");
        run.seek_time(Instant(30_000_000));
        let after = records(&run, None, Locale::en);
        assert!(after.contains("<b class=\"badge\">lost</b></button>"), "what it was is one click away: {after}");
    }
}
