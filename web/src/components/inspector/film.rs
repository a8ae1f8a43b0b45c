//! The film strip: a record's life in frames, each a link to its moment.

use super::markup::escape;
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::words::{Names, event_sentence};
use crate::session::{Frame, Run, Scene, life, record_at};
use highwater_engine::event::Event;
use highwater_engine::ids::{BrokerId, TopicPartition};
use std::fmt::Write as _;
use wasm_bindgen::JsCast;

/// Most frames: of a record that is read again and again the first.
const MOST: usize = 60;

/// The strip of the record that is selected, and which of its frames shows the present; nothing for anything else.
pub fn film(target: Target, run: &Run, locale: Locale) -> (String, Option<usize>) {
    let mut out = String::new();
    let found = match target {
        Target::Record(broker, tp, offset) => record_at(run, broker, tp, offset).map(|record| (record, tp)),
        Target::Lost(record) => match run.loss_of(record).map(|lost| lost.event) {
            Some(Event::AckedRecordLost { tp, .. }) => Some((record, tp)),
            _ => None,
        },
        _ => None,
    };
    let Some((record, tp)) = found else { return (out, None) };
    let names = Names { directory: run.simulation().directory(), locale };
    let frames = life(run, record);
    let Some(first) = frames.first().map(|frame| frame.at) else { return (out, None) };
    let brokers = replicas(run, tp, &frames);
    let cursor = run.cursor();
    let here = frames.iter().take(MOST).rposition(|frame| frame.n <= cursor);
    out.push_str("<ol>");
    for (index, frame) in frames.iter().take(MOST).enumerate() {
        let (word, who) = words(frame.scene, &names);
        let sentence = match frame.event {
            Some(event) => event_sentence(event, &names),
            None => say(td_string!(locale, page.life.leaves_sentence), &[("record", &names.record(record))]),
        };
        let class = match here {
            Some(here) if index == here => "film-here",
            Some(here) if index < here => "film-seen",
            _ => "film-later",
        };
        let current = if class == "film-here" { " aria-current=\"step\"" } else { "" };
        let _ = write!(
            out,
            "<li class=\"{class}\"><button data-n=\"{}\"{current} title=\"{}\">",
            frame.n,
            escape(&sentence)
        );
        picture(&mut out, frame, &brokers);
        let _ = write!(
            out,
            "<b>{}</b><i>{}</i><span>+{}</span></button></li>",
            escape(word),
            escape(&who),
            names.span(frame.at.since(first))
        );
    }
    out.push_str("</ol>");
    (out, here)
}

/// The present frame is brought into view; with `focus` it keeps the keyboard, as its button was drawn anew.
pub fn bring_into_view(strip: &web_sys::HtmlElement, focus: bool) {
    let here = strip.query_selector(".film-here button").ok().flatten();
    let Some(button) = here.and_then(|here| here.dyn_into::<web_sys::HtmlElement>().ok()) else { return };
    strip.set_scroll_left(button.offset_left() - (strip.client_width() - button.offset_width()) / 2);
    if focus {
        let _ = button.focus();
    }
}

/// The brokers that have a place in the pictures: the partition's replicas, and all that ever hold the record.
fn replicas(run: &Run, tp: TopicPartition, frames: &[Frame<'_>]) -> Vec<BrokerId> {
    let view = run.view();
    let partition = view.partitions.iter().find(|partition| partition.tp == tp);
    let mut brokers = partition.map(|partition| partition.assignment.clone()).unwrap_or_default();
    brokers.extend(frames.iter().flat_map(|frame| frame.place.brokers.iter().copied()));
    brokers.sort_unstable();
    brokers.dedup();
    brokers.truncate(5);
    brokers
}

/// What the frame is called, and who acts in it.
fn words(scene: Scene, names: &Names<'_>) -> (&'static str, String) {
    let locale = names.locale;
    let none = String::new;
    match scene {
        Scene::Sent => ("send()", none()),
        Scene::Blocked => (td_string!(locale, page.life.blocked), none()),
        Scene::Leaves => (td_string!(locale, page.life.leaves), none()),
        Scene::Appended(broker) => (td_string!(locale, page.life.appended), names.broker(broker)),
        Scene::Recognised(broker) => (td_string!(locale, page.life.recognised), names.broker(broker)),
        Scene::Copied(broker) => (td_string!(locale, page.life.copied), names.broker(broker)),
        Scene::Committed => (td_string!(locale, page.life.committed), none()),
        Scene::Acked => (td_string!(locale, page.life.acked), none()),
        Scene::Failed => (td_string!(locale, page.life.failed), none()),
        Scene::Marker(true) => ("COMMIT", none()),
        Scene::Marker(false) => ("ABORT", none()),
        Scene::Polled(client) => ("poll()", names.node(client)),
        Scene::Processed(client) => (td_string!(locale, page.life.processed), names.node(client)),
        Scene::OffsetCommitted(group) => (td_string!(locale, page.life.offset), names.group(group).to_owned()),
        Scene::Derived(record) => (td_string!(locale, page.life.derived), names.record(record)),
        Scene::Skipped(group) => (td_string!(locale, page.life.skipped), names.group(group).to_owned()),
        Scene::Cut(broker) => (td_string!(locale, page.life.cut), names.broker(broker)),
        Scene::Deleted(broker) => (td_string!(locale, page.life.deleted), names.broker(broker)),
        Scene::Lost => (td_string!(locale, page.life.lost), none()),
        Scene::Effect(database) => (td_string!(locale, page.life.effect), names.node(database)),
    }
}

/// Where the record is: its producer, the replicas, its readers, from left to right. Hollow is not committed, or not
/// processed yet.
fn picture(out: &mut String, frame: &Frame<'_>, brokers: &[BrokerId]) {
    let place = &frame.place;
    out.push_str("<svg viewBox=\"0 0 64 30\" aria-hidden=\"true\">");
    let pending = if place.pending { "film-pending" } else { "film-empty" };
    let _ = write!(out, "<rect class=\"{pending}\" x=\"2\" y=\"10\" width=\"10\" height=\"10\"/>");
    let height = 26 / brokers.len().max(1);
    for (index, broker) in brokers.iter().enumerate() {
        let class = match (place.brokers.contains(broker), *broker == place.leader) {
            (false, _) => "film-empty",
            (true, true) => "film-leader",
            (true, false) => "film-follower",
        };
        let hollow = if place.committed { "" } else { " film-hollow" };
        let _ = write!(
            out,
            "<rect class=\"{class}{hollow}\" x=\"25\" y=\"{}\" width=\"14\" height=\"{}\"/>",
            2 + index * height,
            (height - 2).min(8)
        );
    }
    for (index, (_, processed)) in place.readers.iter().take(2).enumerate() {
        let class = if *processed { "film-read" } else { "film-read film-hollow" };
        let y = if place.readers.len() == 1 { 15 } else { 8 + 14 * index };
        let _ = write!(out, "<circle class=\"{class}\" cx=\"56\" cy=\"{y}\" r=\"4.5\"/>");
    }
    if place.readers.is_empty() {
        out.push_str("<circle class=\"film-empty\" cx=\"56\" cy=\"15\" r=\"4.5\"/>");
    }
    if place.done {
        out.push_str("<path class=\"film-done\" d=\"M49 28h14\"/>");
    }
    match frame.scene {
        Scene::Leaves | Scene::Recognised(_) => {
            out.push_str("<path class=\"film-move\" d=\"M14 15h8m-3-3l3 3l-3 3\"/>")
        }
        Scene::Acked => out.push_str("<path class=\"film-move\" d=\"M22 15h-8m3-3l-3 3l3 3\"/>"),
        Scene::Polled(_) => out.push_str("<path class=\"film-move\" d=\"M41 15h8m-3-3l3 3l-3 3\"/>"),
        Scene::Failed => out.push_str("<path class=\"cut\" d=\"M3 11l8 8M11 11l-8 8\"/>"),
        Scene::Lost | Scene::Cut(_) | Scene::Deleted(_) => {
            out.push_str("<path class=\"cut\" d=\"M26 9l12 12M38 9l-12 12\"/>");
        }
        _ => {}
    }
    out.push_str("</svg>");
}
