//! A producer opened, under the stage: its memory, each batch that waits or is under way with its clock, and its
//! transaction as the coordinator and the partitions see it.

use super::drawn_panel::Drawn;
use super::inspector::escape;
use crate::i18n::{Locale, say, td_string};
use crate::scene::{Target, number};
use crate::session::Run;
use crate::session::words::Names;
use highwater_engine::event::TransactionState;
use highwater_engine::ids::NodeId;
use highwater_engine::protocol::ErrorCode;
use highwater_engine::time::Instant;
use highwater_engine::view::*;
use std::fmt::Write as _;

/// The panel.
pub const PRODUCER: Drawn =
    Drawn { class: "group-panel", name: |locale| td_string!(locale, page.panel.producer), period: 0.1, draw: panel };

/// Everything that produces to Kafka: producers, and programs that read and write.
fn producers(view: &StageView) -> Vec<(NodeId, &str, Option<&ProducerInside>)> {
    let alone = view.producers.iter().filter(|producer| producer.queue.is_none());
    let alone = alone.map(|producer| (producer.node, producer.name.as_str(), producer.inside.as_deref()));
    let members = view.groups.iter().flat_map(|group| &group.members).filter(|member| member.inside.is_some());
    alone.chain(members.map(|member| (member.node, member.name.as_str(), member.inside.as_deref()))).collect()
}

fn panel(run: &Run, selection: Option<Target>, locale: Locale) -> String {
    let view = run.view();
    let all = producers(&view);
    let focus = || {
        let focus = run.beats().get(run.beat()?)?.focus.clone()?;
        run.simulation().directory().find_node(&focus)
    };
    let selected = match selection {
        Some(Target::Node(node)) => Some(node),
        _ => None,
    };
    let of = |node: Option<NodeId>| all.iter().find(|(known, ..)| Some(*known) == node);
    let Some((node, _, inside)) = of(selected).or_else(|| of(focus())).or_else(|| all.first()).copied() else {
        return format!("<p class=\"quiet\">{}</p>", td_string!(locale, page.producer.none));
    };
    let names = Names { directory: run.simulation().directory(), locale };
    let mut out = String::from("<p class=\"group-head\">");
    for (other, name, _) in &all {
        let mark = if *other == node { " aria-current=\"true\"" } else { "" };
        let _ =
            write!(out, "<button data-target=\"{}\"{mark}>{}</button>", Target::Node(*other).format(), escape(name));
    }
    let Some(inside) = inside else {
        let _ = write!(out, "</p><p class=\"quiet\">{}</p>", td_string!(locale, page.producer.down));
        return out;
    };
    if let Some((id, epoch)) = inside.producer_id {
        let _ = write!(out, "<span>producer id <b>{id}</b> · epoch <b>{epoch}</b></span>");
    }
    let parts: [(&str, &dyn std::fmt::Display); 2] = [("free", &inside.free_memory), ("all", &inside.buffer_memory)];
    let _ = write!(out, "<span>{}</span>", say(td_string!(locale, page.producer.memory), &parts));
    if let Some(record) = inside.blocked {
        let text = say(td_string!(locale, page.producer.blocked), &[("record", &names.record(record))]);
        let _ = write!(out, "<span><b>{}</b></span>", escape(&text));
    }
    out.push_str("</p>");
    batches(inside, &names, run.now(), &mut out);
    if let Some(id) = inside.transactional {
        let known = transactions(run.simulation()).into_iter().find(|known| known.id == id);
        transaction(inside, known.as_ref(), &names, run.now(), &mut out);
    }
    out
}

/// The accumulator and what is under way: one line for each batch.
fn batches(inside: &ProducerInside, names: &Names<'_>, now: Instant, out: &mut String) {
    let locale = names.locale;
    if inside.batches.is_empty() {
        let _ = write!(out, "<p class=\"quiet\">{}</p>", td_string!(locale, page.producer.empty));
        return;
    }
    let _ = write!(
        out,
        "<table class=\"group-table\"><thead><tr><th scope=\"col\">PARTITION</th><th scope=\"col\" class=\"wide-cell\">{} (batch.size={})</th><th scope=\"col\" class=\"figure-cell\">RECORDS</th><th scope=\"col\" class=\"figure-cell\">SEQUENCE</th><th scope=\"col\"></th></tr></thead><tbody>",
        td_string!(locale, page.producer.filled),
        inside.batch_size,
    );
    for batch in inside.batches.iter().take(12) {
        let full = (f64::from(batch.bytes) * 100.0 / f64::from(inside.batch_size.max(1))).min(100.0);
        let left = names.span(batch.due.since(now));
        let error = batch.last_error.name();
        let parts: [(&str, &dyn std::fmt::Display); 3] =
            [("left", &left), ("error", &error), ("attempts", &batch.attempts)];
        let text = match (batch.in_flight, batch.due > now) {
            (true, _) => td_string!(locale, page.producer.in_flight),
            (false, true) if batch.last_error != ErrorCode::None => td_string!(locale, page.producer.backs_off),
            (false, true) => td_string!(locale, page.producer.lingers),
            (false, false) => td_string!(locale, page.producer.ready),
        };
        let sequence = batch.sequence.map_or_else(
            || "-".to_owned(),
            |first| match first.saturating_add(batch.records as i32 - 1) {
                last if last > first => format!("{first}–{last}"),
                _ => first.to_string(),
            },
        );
        let class = if batch.in_flight { "reader" } else { "phase stable" };
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td><div class=\"read-lane\"><i class=\"{class}\" style=\"left:0;width:{}%\"></i></div></td><td class=\"figure-cell\">{}</td><td class=\"figure-cell\">{sequence}</td><td>{}</td></tr>",
            escape(&names.tp(batch.tp)),
            number(full.max(0.5)),
            batch.records,
            escape(&say(text, &parts)),
        );
    }
    out.push_str("</tbody></table>");
}

/// The life of its transaction: the states it passes through, the coordinator, the partitions and their markers.
fn transaction(
    inside: &ProducerInside,
    known: Option<&TransactionView>,
    names: &Names<'_>,
    now: Instant,
    out: &mut String,
) {
    use TransactionState as S;
    let locale = names.locale;
    let _ = write!(out, "<p class=\"group-head\"><span>{}</span>", td_string!(locale, page.producer.transaction));
    let state = known.map_or(S::Empty, |known| known.state);
    let aborts = matches!(state, S::PrepareAbort | S::CompleteAbort);
    let way = if aborts {
        [S::Empty, S::Ongoing, S::PrepareAbort, S::CompleteAbort]
    } else {
        [S::Empty, S::Ongoing, S::PrepareCommit, S::CompleteCommit]
    };
    out.push_str("<span class=\"tx-way\">");
    for step in way {
        let mark = if step == state { " class=\"here\"" } else { "" };
        let _ = write!(out, "<code{mark}>{}</code>", step.name());
    }
    out.push_str("</span>");
    if let Some(known) = known {
        let coordinator = names.broker(known.coordinator);
        let _ = write!(out, "<span>{} {coordinator}</span>", td_string!(locale, page.fact.coordinator));
        if let Some(started) = known.started {
            let (span, timeout) = (names.span(now.since(started)), names.span(known.timeout));
            let parts: [(&str, &dyn std::fmt::Display); 2] = [("span", &span), ("timeout", &timeout)];
            let _ = write!(out, "<span>{}</span>", say(td_string!(locale, page.producer.open_for), &parts));
        }
    }
    if let Some((count, state, _)) = inside.transaction {
        let state = format!("{state:?}");
        let parts: [(&str, &dyn std::fmt::Display); 2] = [("number", &count), ("state", &state)];
        let _ = write!(out, "<span>{}</span>", say(td_string!(locale, page.producer.client), &parts));
    }
    out.push_str("</p>");
    let Some(known) = known.filter(|known| !known.partitions.is_empty()) else { return };
    out.push_str("<table class=\"group-table\"><tbody>");
    for (tp, marked) in &known.partitions {
        let word = if *marked {
            td_string!(locale, page.producer.marker_done)
        } else {
            td_string!(locale, page.producer.marker_open)
        };
        let _ = write!(out, "<tr><th scope=\"row\">{}</th><td>{word}</td></tr>", escape(&names.tp(*tp)));
    }
    out.push_str("</tbody></table>");
}
