//! What a thing's processes would have written to their logs, and what happened to it; newest first.

use super::concerns::concerns;
use super::markup::{escape, moment};
use crate::i18n::{Locale, td_string};
use crate::kafka::{self, Wanted, server_log};
use crate::scene::Target;
use crate::session::Run;
use crate::session::words::{Names, event_sentence};
use highwater_engine::ids::GroupId;
use highwater_engine::sim::NodeKind;
use std::fmt::Write as _;

/// Lines and events shown.
const MOST: usize = 40;

/// The tab.
pub fn log(target: Target, run: &Run, locale: Locale) -> String {
    let directory = run.simulation().directory();
    let wanted = match target {
        Target::Partition(tp) | Target::Replica(_, tp) | Target::Record(_, tp, _) => Some(Wanted::Partition(tp)),
        Target::Group(group) => Some(Wanted::Group(group)),
        Target::Node(node) => match directory.node_kind(node) {
            Some(NodeKind::Broker(_) | NodeKind::Controller) => Some(Wanted::By(node)),
            _ => None,
        },
        Target::Queue(_) | Target::Envelope(_) | Target::Lost(_) => None,
    };
    let lines = wanted.map(|wanted| server_log(run.past(), directory, wanted, MOST)).unwrap_or_default();
    let mut out = String::new();
    if !lines.is_empty() {
        out.push_str("<h3>server.log</h3><ol class=\"server-log\">");
        for line in lines {
            let _ = write!(out, "<li><button data-n=\"{}\">{}</button></li>", line.n, escape(&line.text));
        }
        out.push_str("</ol>");
    }
    if let Target::Group(group) = target {
        offsets_records(run, group, &mut out);
    }
    let names = Names { directory, locale };
    let about = run.past().iter().rev().filter(|emitted| concerns(&emitted.event, target, run));
    let mut any = false;
    let _ = write!(out, "<h3>{}</h3><ol class=\"log\">", td_string!(locale, page.inspector.events));
    for emitted in about.take(MOST) {
        any = true;
        out.push_str("<li>");
        moment(&mut out, emitted.n, &emitted.at.to_string());
        let _ = write!(out, "<p>{}</p></li>", escape(&event_sentence(&emitted.event, &names)));
    }
    out.push_str("</ol>");
    if !any {
        return format!("<p class=\"quiet\">{}</p>", td_string!(locale, page.inspector.no_event));
    }
    out
}

/// What the coordinator has written down about a group, newest first, keys and values as Kafka's formatters print them.
fn offsets_records(run: &Run, group: GroupId, out: &mut String) {
    let Some(tp) = kafka::offsets_partition(run.simulation(), group) else { return };
    let records = kafka::offsets_records(run.simulation(), run.recording(), group, MOST);
    if records.is_empty() {
        return;
    }
    let _ = write!(out, "<h3>__consumer_offsets-{}</h3><ol class=\"server-log dump\">", tp.partition);
    for record in records.iter().rev() {
        let (key, value) = (escape(&record.key), escape(&record.value));
        let _ = write!(out, "<li><b>{}</b> {key} <i>→</i> {value}</li>", record.offset);
    }
    out.push_str("</ol>");
}
