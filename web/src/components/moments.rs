//! The marks of time lines: one sign for each kind of moment, the same on the slider, the timeline and in its legend.

use crate::i18n::{Locale, td_string};
use crate::session::{Moment, Run};
use highwater_engine::time::Instant;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A sign's class and its path round its own middle, at most 10 wide and high.
pub(super) fn sign(what: Moment) -> (&'static str, &'static str) {
    match what {
        Moment::Fault => ("flag", "M-3 -5H-1.8V-4.6H5L2.8 -1.8L5 1H-1.8V5H-3z"),
        Moment::Repair => ("moment-line", "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0"),
        Moment::Election => ("elect-head", "M0 -5L5 0L0 5L-5 0z"),
        Moment::Isr => ("moment-fill", "M-5 -3.5H5L0 4.5z"),
        Moment::Rebalance => ("moment-line", "M-4.5 -2.5H4M1.5 -5L4 -2.5L1.5 0M4.5 3H-4M-1.5 .5L-4 3L-1.5 5.5"),
        Moment::Loss => ("cut", "M-4 -4L4 4M-4 4L4 -4"),
        Moment::Branch => ("moment-line", "M-3 5V-5M-3 2C-3 -1 3 0 3 -5M1 -3L3 -5L5 -3"),
    }
}

fn word(what: Moment, locale: Locale) -> &'static str {
    match what {
        Moment::Fault => td_string!(locale, page.moment.fault),
        Moment::Repair => td_string!(locale, page.moment.repair),
        Moment::Election => td_string!(locale, page.moment.election),
        Moment::Isr => td_string!(locale, page.moment.isr),
        Moment::Rebalance => td_string!(locale, page.moment.rebalance),
        Moment::Loss => td_string!(locale, page.moment.loss),
        Moment::Branch => td_string!(locale, page.moment.branch),
    }
}

/// The marks up to now as markup, each with its step in `data-n`; and the legend of the kinds among them.
pub(super) fn marks(run: &Run, end: Instant, locale: Locale) -> (String, String) {
    let (mut out, mut kinds) = (String::new(), BTreeSet::new());
    let place = |at: Instant| at.0.min(end.0) as f64 * 100.0 / end.0.max(1) as f64;
    for beat in run.beats() {
        let title = td_string!(locale, page.moment.beat);
        let at = place(beat.at);
        let _ = write!(
            out,
            "<svg data-n=\"{}\" style=\"left:{at:.2}%\" viewBox=\"-6 -6 12 12\"><title>{title}</title><path class=\"tickmark\" d=\"M0 -5V5\"/></svg>",
            beat.event
        );
    }
    let now = run.now();
    let mut last: [f64; Moment::ALL.len()] = [-9.0; Moment::ALL.len()];
    let departures = run.departures();
    for mark in run.tally().marks.iter().take_while(|mark| mark.at <= now).chain(&departures) {
        kinds.insert(mark.what);
        let at = place(mark.at);
        // Signs of one kind closer than they are wide are one sign.
        if at - last[mark.what as usize] < 0.8 {
            continue;
        }
        last[mark.what as usize] = at;
        let (class, d) = sign(mark.what);
        let title = word(mark.what, locale);
        let _ = write!(
            out,
            "<svg data-n=\"{}\" style=\"left:{at:.2}%\" viewBox=\"-6 -6 12 12\"><title>{title} · {}</title><path class=\"{class}\" d=\"{d}\"/></svg>",
            mark.n, mark.at
        );
    }
    let mut legend = String::new();
    for what in kinds {
        let (class, d) = sign(what);
        let _ = write!(
            legend,
            "<span><svg viewBox=\"-6 -6 12 12\" aria-hidden=\"true\"><path class=\"{class}\" d=\"{d}\"/></svg>{}</span>",
            word(what, locale)
        );
    }
    (out, legend)
}
