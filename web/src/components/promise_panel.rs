//! What is promised, under the stage: kept so far, given up with the reason, or broken; each leads to its first breach.

use super::drawn_panel::Drawn;
use super::inspector::escape;
use crate::i18n::{Locale, say, td_string};
use crate::session::Run;
use crate::session::words::{Names, guarantee_words, promise_words, reasons_words};
use highwater_engine::audit::{Guarantee, Promise, Reasons};
use highwater_engine::event::Event;
use std::fmt::Write as _;

/// How one promise stands at the moment shown.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// How often it was not kept.
    times: u32,
    /// The event of the first time.
    first: u64,
    /// Why it may be given up.
    because: Reasons,
}

/// The panel.
pub const PROMISES: Drawn = Drawn {
    class: "promises",
    name: |locale| td_string!(locale, page.panel.promises),
    period: 0.25,
    draw: |run, _, locale| table(run, locale),
};

/// Both tables as markup: what clients are promised, and what the protocol promises itself.
fn table(run: &Run, locale: Locale) -> String {
    let mut promises = vec![Standing::default(); Promise::ALL.len()];
    let mut guarantees = vec![Standing::default(); Guarantee::ALL.len()];
    let note = |standing: Option<&mut Standing>, n: u64, because: Reasons| {
        let Some(standing) = standing else { return };
        if standing.times == 0 {
            standing.first = n;
        }
        standing.times += 1;
        because.iter().for_each(|reason| standing.because.add(reason));
    };
    for emitted in run.past() {
        match &emitted.event {
            Event::PromiseBroken { promise, .. } => {
                note(promises.get_mut(*promise as usize), emitted.n, Reasons::default());
            }
            Event::GuaranteeGivenUp { guarantee, back: false, because, .. } => {
                note(guarantees.get_mut(*guarantee as usize), emitted.n, *because);
            }
            _ => {}
        }
    }
    let names = Names { directory: run.simulation().directory(), locale };
    let mut out = String::new();
    begin(&mut out, td_string!(locale, page.promise.to_clients));
    for guarantee in Guarantee::WATCHED {
        let standing = &guarantees[guarantee as usize];
        let why = (standing.times > 0).then(|| reasons_words(standing.because, &names));
        row(&mut out, guarantee_words(guarantee, locale), guarantee.name(), standing, why.as_deref(), run, locale);
    }
    begin(&mut out, td_string!(locale, page.promise.of_protocol));
    for (promise, standing) in Promise::ALL.iter().zip(&promises) {
        row(&mut out, promise_words(*promise, locale), promise.name(), standing, None, run, locale);
    }
    out.push_str("</ul>");
    out
}

fn begin(out: &mut String, title: &str) {
    if !out.is_empty() {
        out.push_str("</ul>");
    }
    let _ = write!(out, "<h2>{title}</h2><ul>");
}

/// One line: the state by sign and word, never by colour alone.
fn row(out: &mut String, words: &str, name: &str, standing: &Standing, why: Option<&str>, run: &Run, locale: Locale) {
    let (class, sign, state) = match (standing.times, why) {
        (0, _) => ("kept", "✓", td_string!(locale, page.promise.kept)),
        (_, Some(_)) => ("given-up", "◇", td_string!(locale, page.promise.given_up)),
        (_, None) => ("broken", "✕", td_string!(locale, page.promise.is_broken)),
    };
    let _ = write!(
        out,
        "<li class=\"{class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span><span><b>{words}</b> \
         <code lang=\"en\">{name}</code>"
    );
    if standing.times == 0 {
        let _ = write!(out, "<span class=\"state\">{state}</span></span></li>");
        return;
    }
    let at = run.history().at(standing.first).to_string();
    let first = say(td_string!(locale, page.promise.first), &[("at", &at)]);
    let times = say(td_string!(locale, page.promise.times), &[("count", &standing.times)]);
    let why = escape(why.unwrap_or_default());
    let _ = write!(
        out,
        "<span class=\"state\">{state} {times} {why}</span></span>\
         <button class=\"btn-line\" data-n=\"{}\">{first}</button></li>",
        standing.first
    );
}
