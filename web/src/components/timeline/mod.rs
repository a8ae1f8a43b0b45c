//! Time at a glance, under the stage: who led, how many were in sync, what had no answer yet.

mod lanes;

use super::moments;
use super::scrub::move_to;
use super::stage::watch_size;
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::scene::{TextStyle, number, percent};
use crate::session::words::Names;
use crate::session::{Run, Session};
use crate::theme::Theme;
use crate::tr;
use highwater_engine::event::StopKind;
use highwater_engine::ids::NodeId;
use highwater_engine::time::Instant;
use lanes::{FlagKind, Lanes, Reign, lanes};
pub(super) use lanes::{axis, end_of};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// While time passes, the lanes are drawn anew this often, in seconds.
const PERIOD: f64 = 0.25;

/// How wide the panel is taken to be before it is on the screen.
const WIDE: f64 = 800.0;
/// What labels and values take of it, at most.
const MARGINS: f64 = 190.0;

/// The timeline.
#[component]
pub fn Timeline(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let shown: RwSignal<Lanes> = RwSignal::new(Lanes::default());
    let drawn = StoredValue::new_local(None);
    let refresh = move |run: &Run| {
        let of = (run.cursor(), session.version.get_untracked(), session.selection.get_untracked());
        if drawn.get_value() != Some(of) {
            drawn.set_value(Some(of));
            shown.set(lanes(run, of.2));
        }
    };
    session.add_slow_painter(PERIOD, refresh);
    Effect::new(move || {
        session.selection.track();
        session.read(refresh);
    });
    let section = NodeRef::<leptos::html::Section>::new();
    let size = RwSignal::new((WIDE, 0.0));
    section.on_load(move |element| watch_size(element.into(), size));
    let room = Memo::new(move |_| size.get().0);
    let now = NodeRef::<leptos::html::Div>::new();
    now.on_load(move |element| {
        session.add_slow_painter(0.0, move |run| {
            let place = shown.with_untracked(|lanes| lanes.place(run.now()));
            move_to(&element, &format!("translateX({}cqw)", number(place)));
        });
    });
    view! {
        <section class="timeline" node_ref=section aria-label=tr!(page, timeline.title)>
            {move || {
                let locale = page.locale.get();
                let room = room.get();
                // In units of usual letters: the projector's are half as large again.
                let projected = page.theme.get() == Theme::Projector || page.present.get();
                let track = if projected { room / 1.5 - MARGINS } else { room - MARGINS };
                shown.with(|lanes| draw(lanes, track, session, locale))
            }}
            <div class="now-layer" aria-hidden="true"><div class="nowline" node_ref=now></div></div>
        </section>
    }
    .into_any()
}

fn draw(lanes: &Lanes, track: f64, session: Session, locale: Locale) -> AnyView {
    let partition = session.read(|run| lanes.partition.map(|tp| run.simulation().directory().tp_name(tp))).flatten();
    let leader = partition.as_ref().map(|name| say(td_string!(locale, page.timeline.leader), &[("partition", name)]));
    let isr = partition.as_ref().map(|name| say(td_string!(locale, page.timeline.isr), &[("partition", name)]));
    let open = match partition {
        Some(_) => td_string!(locale, page.timeline.unacknowledged),
        None => td_string!(locale, page.timeline.in_queue),
    };
    let future = lanes.place(lanes.now);
    let (signs, legend) = session.read(|run| moments::marks(run, lanes.end, locale)).unwrap_or_default();
    let last = |levels: &[(Instant, u64)]| levels.last().map_or(0, |level| level.1);
    view! {
        <div class="future" style:left=format!("calc(var(--lane-label) + (100% - var(--lane-label) - var(--lane-end)) * {} / 100)", number(future))></div>
        <div class="lane flags"><span></span><div class="lane-track">{flags(lanes, track, session, locale)}</div></div>
        <div class="lane moments">
            <span></span>
            <div class="lane-track" inner_html=signs on:click=move |event| go_to_mark(session, &event)></div>
        </div>
        {leader.map(|word| view! {
            <div class="lane"><span>{word}</span><div class="lane-track">{lanes.reigns.iter().map(|it| reign(it, lanes, locale)).collect_view()}</div></div>
        })}
        {isr.map(|word| view! {
            <div class="lane">
                <span>{word}</span>
                <div class="lane-track">{spark(&lanes.isr, lanes, false)}</div>
                <b class="lane-value">{last(&lanes.isr)}</b>
            </div>
        })}
        <div class="lane tall">
            <span>{open}</span>
            <div class="lane-track">{spark(&lanes.open, lanes, true)}</div>
            <b class="lane-value">{last(&lanes.open)}</b>
        </div>
        <div class="lane axis-lane">
            <span></span>
            <div class="lane-track">
                {axis(lanes.end)
                    .into_iter()
                    .map(|second| view! {
                        <i style:left=percent(lanes.place(Instant(second * 1_000_000)))>{second}</i>
                    })
                    .collect_view()}
                <em>"s"</em>
            </div>
        </div>
        <p class="moment-legend" inner_html=legend></p>
    }
    .into_any()
}

/// A click on a sign leads to its moment.
fn go_to_mark(session: Session, event: &web_sys::MouseEvent) {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let mark = element.and_then(|element| element.closest("[data-n]").ok().flatten());
    if let Some(n) = mark.and_then(|mark| mark.get_attribute("data-n")?.parse().ok()) {
        session.seek_event(n);
    }
}

fn reign(reign: &Reign, lanes: &Lanes, locale: Locale) -> impl IntoView + use<> {
    let (from, to) = (lanes.place(reign.from), lanes.place(reign.to));
    let class = if reign.leader.is_some() { "reign" } else { "reign nobody" };
    // A name needs some room; the bar's colour and the stage say it too.
    let wide = to - from > 9.0;
    let word = match reign.leader {
        Some(leader) if wide => say(td_string!(locale, page.timeline.broker), &[("id", &leader)]),
        None if to - from > 22.0 => {
            let tenths = (reign.to.since(reign.from).0 + 50_000) / 100_000;
            let seconds = format!("{}.{}", tenths / 10, tenths % 10);
            say(td_string!(locale, page.timeline.no_leader), &[("seconds", &seconds)])
        }
        _ => String::new(),
    };
    view! { <div class=class style:left=percent(from) style:width=percent((to - from).max(0.2))><span>{word}</span></div> }
}

/// A staircase up to now.
fn spark(levels: &[(Instant, u64)], lanes: &Lanes, filled: bool) -> impl IntoView + use<> {
    const HEIGHT: f64 = 20.0;
    let top = levels.iter().map(|level| level.1).max().unwrap_or(0).max(if filled { 4 } else { 3 }) as f64;
    let y = |level: u64| HEIGHT - 1.0 - level as f64 * (HEIGHT - 3.0) / top;
    let x = |at: Instant| lanes.place(at) * 10.0;
    let mut line = String::new();
    for (index, (at, level)) in levels.iter().enumerate() {
        if index == 0 {
            line.push_str(&format!("M{} {}", number(x(*at)), number(y(if filled { 0 } else { *level }))));
        }
        line.push_str(&format!("H{}V{}", number(x(*at)), number(y(*level))));
    }
    if !line.is_empty() {
        line.push_str(&format!("H{}", number(x(lanes.now))));
    }
    let area = (filled && !line.is_empty()).then(|| format!("{line}V{}H{}Z", number(y(0)), number(x(levels[0].0))));
    view! {
        <svg class="spark-line" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">
            {area.map(|d| view! { <path class="spark-fill" d=d></path> })}
            <path class="spark" d=line></path>
        </svg>
    }
}

/// Where a flag's words stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Right,
    Left,
    /// There is no room: the flag alone, its words for the pointer.
    Nowhere,
}

/// Which side each flag's words take, given where the flags stand and how wide the words are, in pixels: never over
/// another flag or its words.
fn sides(flags: &[(f64, f64)], track: f64) -> Vec<Side> {
    // A flag flies to the right of its pole; the words begin behind it.
    const POLE: f64 = 3.0;
    const FLAG: f64 = 14.0;
    let mut taken: Vec<(f64, f64)> = flags.iter().map(|(at, _)| (at - POLE, at + FLAG - 2.0)).collect();
    let choose = |(index, (at, wide)): (usize, &(f64, f64))| {
        let right = (at + FLAG, at + FLAG + wide);
        let left = (at - 10.0 - wide, at - 10.0);
        let is_free = |(from, to): (f64, f64)| {
            let free = |(other, (begin, end)): (usize, &(f64, f64))| other == index || to < *begin || from > *end;
            from >= 0.0 && to <= track && taken.iter().enumerate().all(free)
        };
        let (side, place) = if is_free(right) {
            (Side::Right, right)
        } else if is_free(left) {
            (Side::Left, left)
        } else {
            return Side::Nowhere;
        };
        taken.push(place);
        side
    };
    flags.iter().enumerate().map(choose).collect()
}

fn flags(lanes: &Lanes, track: f64, session: Session, locale: Locale) -> impl IntoView + use<> {
    let mut words: Vec<(f64, &'static str, String)> = Vec::new();
    session.read(|run| {
        let names = Names { directory: run.simulation().directory(), locale };
        for flag in &lanes.flags {
            let (class, word) = flag_words(flag.what, &names);
            let place = lanes.place(flag.at);
            if words.last().is_none_or(|(last, ..)| (place - last).abs() > 0.05) {
                words.push((place, class, word));
            }
        }
    });
    let places: Vec<(f64, f64)> =
        words.iter().map(|(place, _, word)| (place * track / 100.0, TextStyle::LabelStrong.width(word))).collect();
    let flag = |((place, class, word), side): ((f64, &'static str, String), Side)| {
        let side_class = if side == Side::Left { "flag-mark left" } else { "flag-mark" };
        let shown = if side == Side::Nowhere { String::new() } else { word.clone() };
        view! {
            <div class=format!("{side_class} {class}") style:left=percent(place) title=word><i></i><span>{shown}</span></div>
        }
    };
    words.into_iter().zip(sides(&places, track)).map(flag).collect_view()
}

fn flag_words(what: FlagKind, names: &Names<'_>) -> (&'static str, String) {
    let locale = names.locale;
    let node = |sentence: &str, node: NodeId| say(sentence, &[("node", &names.node(node))]);
    match what {
        FlagKind::Down(id, StopKind::Crash) => ("fault", node(td_string!(locale, page.timeline.killed), id)),
        FlagKind::Down(id, StopKind::Power) => ("fault", node(td_string!(locale, page.timeline.power), id)),
        FlagKind::Down(id, StopKind::Graceful) => ("fault", node(td_string!(locale, page.timeline.stopped), id)),
        FlagKind::Frozen(id) => ("fault", node(td_string!(locale, page.timeline.frozen), id)),
        FlagKind::Cut => ("fault", td_string!(locale, page.timeline.cut).to_owned()),
        FlagKind::Election => ("election", td_string!(locale, page.timeline.election).to_owned()),
        FlagKind::Loss => ("fault", td_string!(locale, page.timeline.loss).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_never_lie_on_a_flag_or_on_other_words() {
        // Alone: to the right. Near the end: to the left.
        assert_eq!(sides(&[(100.0, 80.0)], 500.0), [Side::Right]);
        assert_eq!(sides(&[(450.0, 80.0)], 500.0), [Side::Left]);
        // A second flag where the first one's words would be: they go to the other side, or keep silent.
        assert_eq!(sides(&[(100.0, 80.0), (150.0, 60.0)], 500.0), [Side::Left, Side::Right]);
        assert_eq!(sides(&[(20.0, 80.0), (60.0, 60.0)], 500.0), [Side::Nowhere, Side::Right]);
        assert_eq!(sides(&[(100.0, 80.0), (104.0, 60.0), (108.0, 60.0)], 500.0)[1], Side::Nowhere);
    }
}
