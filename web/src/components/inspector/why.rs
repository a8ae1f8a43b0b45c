//! Why: from the last thing that changed back to a person, a timer, or the start.

use super::concerns::concerns;
use super::markup::{escape, moment};
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::words::{Names, cause_sentence, event_sentence};
use crate::session::{Run, is_decisive};
use highwater_engine::event::{Event, LeaveReason, TruncationReason};
use highwater_engine::history::{Cause, CauseKind};
use highwater_engine::ids::{BrokerId, NodeId};
use highwater_engine::sim::{Emitted, NodeKind};

/// One link of the chain, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// When.
    pub at: String,
    /// The event, to go there.
    pub n: u64,
    /// What.
    pub sentence: String,
    /// What it is drawn with.
    pub sign: Sign,
}

/// The picture before a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// An election.
    Star,
    /// A person.
    Flag,
    /// Loss.
    Cross,
    /// Anything else.
    Dot,
}

/// Links shown at most; what lies between is counted.
const SHOWN: usize = 9;

/// What happened at the same moment, at most.
const TOGETHER: usize = 3;

/// A chain does not turn for ever.
const TURNS: usize = 4;

/// The chain for a target: of the last decisive event about it, or else of the last one about it.
fn why(target: Target, run: &Run, locale: Locale) -> Vec<Link> {
    let about = |emitted: &&Emitted| concerns(&emitted.event, target, run);
    let decisive = last_turn(run, |emitted| is_decisive(&emitted.event) && about(&emitted));
    let Some(effect) = decisive.or_else(|| run.past().iter().rev().find(about).cloned()) else { return Vec::new() };
    let names = Names { directory: run.simulation().directory(), locale };
    let together = run.history().events_between(effect.n, effect.n).iter().rev();
    let mut together: Vec<&Emitted> = together
        .filter(|emitted| **emitted == effect || is_decisive(&emitted.event) && concerns(&emitted.event, target, run))
        .collect();
    together.sort_by_key(|emitted| rank(&emitted.event));
    let shown = together.iter().take(TOGETHER);
    let mut links: Vec<Link> = shown.map(|emitted| event_link(emitted, &names)).collect();
    if links.is_empty() {
        // The history has forgotten what else happened then.
        links.push(event_link(&effect, &names));
    }
    let mut from = effect.n;
    for _ in 0..TURNS {
        // Some things have no message that caused them: a silence, an election that is only heard of later.
        let Some(behind) = follow(from, run, &names, &mut links) else { break };
        push(&mut links, event_link(&behind, &names));
        from = behind.n;
    }
    shorten(links, locale)
}

/// The tab: the chain as markup.
pub fn chain(target: Target, run: &Run, locale: Locale) -> String {
    let links = why(target, run, locale);
    if links.is_empty() {
        return format!("<p class=\"quiet\">{}</p>", td_string!(locale, page.inspector.no_cause));
    }
    let mut out = String::from("<ol class=\"why\">");
    for link in links {
        out.push_str("<li><svg class=\"node\" viewBox=\"0 0 15 16\" aria-hidden=\"true\">");
        out.push_str(picture(link.sign));
        out.push_str("</svg>");
        if !link.at.is_empty() {
            moment(&mut out, link.n, &link.at);
        }
        out.push_str("<p>");
        out.push_str(&escape(&link.sentence));
        out.push_str("</p></li>");
    }
    out.push_str("</ol>");
    out
}

fn picture(sign: Sign) -> &'static str {
    match sign {
        Sign::Star => {
            r#"<polygon class="star" points="7.5,0.5 9.4,5.5 14.6,5.7 10.5,9 11.9,14.1 7.5,11.2 3.1,14.1 4.5,9 .4,5.7 5.6,5.5"/>"#
        }
        Sign::Flag => r#"<path class="flag-pole" d="M3 1.5V15"/><path class="flag" d="M3 1.5h10l-3 3.5l3 3.5h-10z"/>"#,
        Sign::Cross => r#"<path class="cut" d="M3 4l9 9M12 4l-9 9"/>"#,
        Sign::Dot => r#"<circle class="why-dot" cx="7.5" cy="8" r="4"/>"#,
    }
}

/// Follows the causes of an event until they end, or until an event that another one lies behind.
fn follow(from: u64, run: &Run, names: &Names<'_>, links: &mut Vec<Link>) -> Option<Emitted> {
    let mut told: Vec<CauseKind> = Vec::new();
    for cause in run.history().why(from) {
        // A chain may go back through thousands of fetches that are all alike.
        let events = turns_of(run, cause.n);
        if events.is_empty() && told.contains(&cause.what) {
            continue;
        }
        let turn = events.iter().find_map(|emitted| Some((emitted, behind(emitted, run)?)));
        if let Some((emitted, behind)) = turn {
            push(links, event_link(emitted, names));
            return Some(behind);
        }
        push(links, cause_link(&cause, cause.n == from, &events, names));
        told.push(cause.what);
    }
    None
}

/// The earlier event that really lies behind one: why somebody fell silent, which election a broker has heard of.
fn behind(emitted: &Emitted, run: &Run) -> Option<Emitted> {
    if let Some(nodes) = silent_in(&emitted.event, run) {
        return fell_silent(run, emitted.n, &nodes);
    }
    let tp = match &emitted.event {
        Event::AckedRecordLost { tp, .. }
        | Event::LeaderActivated { tp, .. }
        | Event::FollowerActivated { tp, .. }
        | Event::LogTruncated { tp, why: TruncationReason::DivergingEpoch, .. } => *tp,
        _ => return None,
    };
    let elects = |event: &Event| matches!(event, Event::LeaderElected { tp: elected, .. } if *elected == tp);
    last_turn(run, |known| known.n < emitted.n && elects(&known.event))
}

/// Of what happened at the same moment, the weightiest comes first.
fn rank(event: &Event) -> u8 {
    match sign_of(event) {
        Sign::Cross => 0,
        Sign::Star => 1,
        Sign::Flag => 2,
        Sign::Dot => 3,
    }
}

/// Routine that repeats itself is said once.
fn push(links: &mut Vec<Link>, link: Link) {
    if !links.iter().any(|known| known.sentence == link.sentence) {
        links.push(link);
    }
}

fn event_link(emitted: &Emitted, names: &Names<'_>) -> Link {
    Link {
        at: emitted.at.to_string(),
        n: emitted.n,
        sentence: event_sentence(&emitted.event, names),
        sign: sign_of(&emitted.event),
    }
}

/// A cause is told by what it brought about, when that says more than the message or timer itself.
fn cause_link(cause: &Cause, is_first: bool, events: &[Emitted], names: &Names<'_>) -> Link {
    if let CauseKind::Command(_) = cause.what {
        return Link {
            at: cause.at.to_string(),
            n: cause.n,
            sentence: cause_sentence(&cause.what, names),
            sign: Sign::Flag,
        };
    }
    let told = events.iter().find(|emitted| is_decisive(&emitted.event)).filter(|_| !is_first);
    match told {
        Some(emitted) => event_link(emitted, names),
        None => {
            Link { at: cause.at.to_string(), n: cause.n, sentence: cause_sentence(&cause.what, names), sign: Sign::Dot }
        }
    }
}

/// Whose silence an event is about.
fn silent_in(event: &Event, run: &Run) -> Option<Vec<NodeId>> {
    let directory = run.simulation().directory();
    let broker =
        |id: &BrokerId| directory.nodes().find(|(_, kind)| *kind == NodeKind::Broker(*id)).map(|(node, _)| node);
    match event {
        Event::BrokerFenced { broker: id, silent_for } if silent_for.0 > 0 => Some(broker(id).into_iter().collect()),
        Event::SessionExpired { node, .. } => Some(vec![*node]),
        Event::IsrShrinkProposed { out, .. } => Some(out.iter().filter_map(broker).collect()),
        Event::MemberLeft { client, why: LeaveReason::SessionTimeout, .. } => Some(vec![*client]),
        Event::RequestTimedOut { to, .. } => Some(vec![*to]),
        _ => None,
    }
}

/// What made one of them fall silent.
fn fell_silent(run: &Run, before: u64, nodes: &[NodeId]) -> Option<Emitted> {
    let ends = |event: &Event| match event {
        Event::NodeStopped { node, .. } | Event::NodePaused { node } => nodes.contains(node),
        Event::LinkCut { from, to, .. } => nodes.contains(from) || nodes.contains(to),
        _ => false,
    };
    last_turn(run, |emitted| emitted.n < before && ends(&emitted.event))
}

/// The turning points of one step.
fn turns_of(run: &Run, step: u64) -> Vec<Emitted> {
    let tally = run.tally();
    let known = tally.turns(step);
    known[known.partition_point(|emitted| emitted.n < step)..].to_vec()
}

/// The last turning point of a kind up to the moment shown.
fn last_turn(run: &Run, wanted: impl Fn(&Emitted) -> bool) -> Option<Emitted> {
    let tally = run.tally();
    tally.turns(run.cursor()).iter().rev().find(|emitted| wanted(emitted)).cloned()
}

fn sign_of(event: &Event) -> Sign {
    match event {
        Event::LeaderElected { .. } => Sign::Star,
        Event::AckedRecordLost { .. } | Event::RecordSkipped { .. } | Event::QueueLost { .. } => Sign::Cross,
        Event::NodeStopped { .. } | Event::NodePaused { .. } | Event::LinkCut { .. } => Sign::Flag,
        _ => Sign::Dot,
    }
}

/// Keeps the beginning and the end of a long chain.
fn shorten(links: Vec<Link>, locale: Locale) -> Vec<Link> {
    if links.len() <= SHOWN {
        return links;
    }
    let (head, tail) = (SHOWN - 3, 2);
    let left_out = links.len() - head - tail;
    let mut short: Vec<Link> = links[..head].to_vec();
    let sentence = say(td_string!(locale, page.cause.steps_between), &[("count", &left_out)]);
    short.push(Link { at: String::new(), n: links[head].n, sentence, sign: Sign::Dot });
    short.extend_from_slice(&links[links.len() - tail..]);
    short
}
