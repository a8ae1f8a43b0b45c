//! What is promised, under the stage: kept so far, given up with the reason, or broken; each leads to its first breach.

use super::drawn_panel::Drawn;
use super::inspector::escape;
use crate::i18n::{Locale, say, td_string};
use crate::session::Run;
use crate::session::words::{Names, guarantee_words, promise_words, reasons_words};
use highwater_engine::audit::{Guarantee, Promise, Standing};
use std::fmt::Write as _;

/// The panel.
pub const PROMISES: Drawn = Drawn {
    class: "promises",
    name: |locale| td_string!(locale, page.panel.promises),
    period: 0.25,
    draw: |run, _, locale| table(run, locale),
};

/// Both tables as markup: what clients are promised, and what the protocol promises itself.
fn table(run: &Run, locale: Locale) -> String {
    let standings = run.simulation().standings();
    let names = Names { directory: run.simulation().directory(), locale };
    let mut out = String::new();
    begin(&mut out, td_string!(locale, page.promise.to_clients));
    for guarantee in Guarantee::ALL.iter().copied() {
        let standing = &standings.guarantee(guarantee);
        let why = (standing.times > 0).then(|| reasons_words(standing.because, &names));
        row(&mut out, guarantee_words(guarantee, locale), guarantee.name(), standing, why.as_deref(), locale);
    }
    begin(&mut out, td_string!(locale, page.promise.of_protocol));
    for promise in Promise::ALL {
        let standing = &standings.promise(*promise);
        row(&mut out, promise_words(*promise, locale), promise.name(), standing, None, locale);
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
fn row(out: &mut String, words: &str, name: &str, standing: &Standing, why: Option<&str>, locale: Locale) {
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
    let at = standing.first_at.to_string();
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
