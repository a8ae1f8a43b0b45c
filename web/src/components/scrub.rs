//! The slider through time: a real range input under a drawn track.

use super::moments::sign;
use crate::app::Page;
use crate::i18n::td_string;
use crate::scene::{number, percent};
use crate::session::{Moment, Run, Session};
use crate::tr;
use highwater_engine::time::Instant;
use leptos::prelude::*;

/// While time passes the range input follows this often, in seconds.
const SLOW: f64 = 0.2;

/// What stands on the track.
#[derive(Clone, PartialEq, Debug)]
struct Tick {
    /// Per mille of the run.
    at: f64,
    class: &'static str,
    d: &'static str,
    /// Over the track, rather than under it.
    over: bool,
}

/// The track's marks: beats below, what happened above. The future keeps its surprises: only beats are known, and where
/// the reader's own branches begin.
fn ticks(run: &Run) -> Vec<Tick> {
    let end = run.end_at().0.max(1) as f64;
    let at = |moment: Instant| moment.0 as f64 * 1_000.0 / end;
    let mut ticks: Vec<Tick> =
        run.beats().iter().map(|beat| Tick { at: at(beat.at), class: "tickmark", d: "M0 0v5", over: false }).collect();
    let now = run.now();
    let mut last = [-99.0; Moment::ALL.len()];
    let departures = run.departures();
    for mark in run.tally().marks.iter().take_while(|mark| mark.at <= now).chain(&departures) {
        let place = at(mark.at);
        // What hardly shows apart is one mark.
        if place - last[mark.what as usize] < 6.0 {
            continue;
        }
        last[mark.what as usize] = place;
        let (class, d) = sign(mark.what);
        ticks.push(Tick { at: place, class, d, over: true });
    }
    ticks
}

/// Places an element by its transform, which the browser composes without laying out the page.
pub(super) fn move_to(element: &web_sys::HtmlElement, transform: &str) {
    let _ = web_sys::HtmlElement::style(element).set_property("transform", transform);
}

/// The slider.
#[component]
pub fn Scrub(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let input = NodeRef::<leptos::html::Input>::new();
    let done = NodeRef::<leptos::html::Div>::new();
    let thumb = NodeRef::<leptos::html::Div>::new();
    Effect::new(move || {
        let (Some(input), Some(done), Some(thumb)) = (input.get(), done.get(), thumb.get()) else { return };
        // What the eye follows lays nothing out; what is read aloud takes its time.
        session.add_slow_painter(0.0, move |run| {
            let share = number((run.now().0 as f64 / run.end_at().0.max(1) as f64).min(1.0) * 100.0);
            move_to(&done, &format!("scaleX(calc({share} / 100))"));
            move_to(&thumb, &format!("translateX({share}cqw)"));
        });
        session.add_slow_painter(SLOW, move |run| {
            let _ = input.set_attribute("max", &(run.end_at().0.max(1) / 1_000).to_string());
            input.set_value(&(run.now().0 / 1_000).to_string());
        });
    });
    let marks = Memo::new(move |_| session.follow(ticks));
    let text = move || session.follow(|run| super::transport::clock(run.now()));
    view! {
        <div class="scrub">
            <div class="track"><div class="track-on" node_ref=done></div></div>
            {move || {
                let (from, to) = session.repeat.get().ends()?;
                let place = |at: Instant| session.follow(|run| (at.0 as f64 * 100.0 / run.end_at().0.max(1) as f64).min(100.0));
                let (left, right) = (place(from), 100.0 - place(to));
                Some(view! { <div class="loop-span" style:left=percent(left) style:right=percent(right)></div> })
            }}
            <div class="ticks-layer" aria-hidden="true">
                {move || {
                    let mark = |tick: Tick| view! {
                        <svg width="20" height="32" viewBox="-10 0 20 32" style:left=percent(tick.at / 10.0)>
                            <path class=tick.class d=tick.d transform=if tick.over { "translate(0 7)" } else { "translate(0 23)" }></path>
                        </svg>
                    };
                    marks.get().into_iter().map(mark).collect_view()
                }}
            </div>
            <div class="thumb-dot" node_ref=thumb></div>
            <input
                node_ref=input
                type="range"
                min="0"
                max="1"
                step="1"
                aria-label=tr!(page, transport.time)
                aria-valuetext=text
                title=move || td_string!(page.locale.get(), page.transport.time)
                on:input=move |event| {
                    if let Ok(millis) = event_target_value(&event).parse::<u64>() {
                        session.seek_time(Instant(millis.saturating_mul(1_000)));
                    }
                }
                on:keydown=move |event| {
                    // The arrows are events here too, as everywhere on the page.
                    if event.key().starts_with("Arrow") || event.key().starts_with("Page") {
                        event.prevent_default();
                        let action = match event.key().as_str() {
                            "ArrowRight" | "ArrowUp" => crate::action::Action::EventForward,
                            "ArrowLeft" | "ArrowDown" => crate::action::Action::EventBack,
                            "PageDown" => crate::action::Action::BeatForward,
                            _ => crate::action::Action::BeatBack,
                        };
                        crate::action::perform(action, page);
                    }
                }
            />
        </div>
    }
    .into_any()
}
