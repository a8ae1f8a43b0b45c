//! The space-time diagram: who sent what to whom, and when it arrived.

use super::stage::watch_size;
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::paint::{Focus, SpaceTime};
use crate::scene::Target;
use crate::sequence::{Arrow, Diagram, Fate, Hit, Window, diagram};
use crate::session::words::{Names, event_sentence};
use crate::session::{Run, Session};
use crate::tr;
use highwater_engine::ids::NodeId;
use highwater_engine::sim::NodeKind;
use highwater_engine::time::Instant;
use highwater_engine::view::PacketKind;
use leptos::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How near a pointer must be to a line.
const REACH: f64 = 7.0;
/// A hand that moves less than this has clicked.
const STILL: f64 = 4.0;

/// Which messages the reader wants to see, beside the switches of the legend.
#[derive(Clone, Copy)]
struct Wish {
    /// Only those of the process that is selected.
    only: RwSignal<bool>,
    /// Only those whose API has this in its name.
    query: RwSignal<String>,
}

/// What a diagram is of: with the same, there is nothing to gather anew.
#[derive(Clone, PartialEq, Debug)]
struct Gathered {
    step: (u64, usize),
    now: Instant,
    window: Window,
    hidden: BTreeSet<PacketKind>,
    only: Option<NodeId>,
    query: String,
}

/// What is on the canvas now.
struct Shown {
    gathered: Option<Gathered>,
    painter: SpaceTime,
    diagram: Diagram,
    window: Window,
    focus: Focus,
    now: Instant,
    /// Where a hand took hold of time, and the window then.
    held: Option<(f64, Window, bool)>,
}

type Slot = StoredValue<Option<Rc<RefCell<Shown>>>, LocalStorage>;

/// The diagram with its controls.
#[component]
pub fn Sequence(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let shown: Slot = StoredValue::new_local(None);
    let room: RwSignal<(f64, f64)> = RwSignal::new((0.0, 0.0));
    let words = RwSignal::new(String::new());
    let wish = Wish { only: RwSignal::new(false), query: RwSignal::new(String::new()) };
    canvas.on_load(move |element| {
        watch_size(element.clone().into(), room);
        let painter = SpaceTime::new(element);
        let (window, now) = (Window::default(), Instant::NEVER);
        let kept = Shown {
            gathered: None,
            painter,
            diagram: Diagram::default(),
            window,
            focus: Focus::default(),
            now,
            held: None,
        };
        shown.set_value(Some(Rc::new(RefCell::new(kept))));
        session.add_painter(move |run| redraw(shown, page, session, (wish, words), run));
    });
    Effect::new(move || {
        room.track();
        page.hidden.track();
        page.locale.track();
        page.theme.track();
        page.present.track();
        session.selection.track();
        wish.only.track();
        wish.query.track();
        if let Some(shown) = shown.get_value() {
            shown.borrow_mut().painter.theme_changed();
        }
        session.read(|run| redraw(shown, page, session, (wish, words), run));
    });
    let change = move |change: fn(&mut Shown)| {
        if let Some(shown) = shown.get_value() {
            change(&mut shown.borrow_mut());
        }
        session.read(|run| redraw(shown, page, session, (wish, words), run));
    };
    let on_move = move |event: web_sys::PointerEvent| {
        let Some(slot) = shown.get_value() else { return };
        let at = (f64::from(event.client_x()), f64::from(event.client_y()));
        {
            let Shown { painter, diagram, window, focus, held, .. } = &mut *slot.borrow_mut();
            let (x, y) = painter.point(at.0, at.1);
            if let Some((from, before, moved)) = held {
                *moved |= (at.0 - *from).abs() > STILL;
                if *moved {
                    *window = before.moved((*from - at.0) / painter.width());
                }
            } else {
                let hover = diagram.hit(x, y, *window, painter.width(), painter.pitch(), REACH);
                if hover == focus.hover {
                    return;
                }
                focus.hover = hover;
            }
        }
        session.read(|run| redraw(shown, page, session, (wish, words), run));
    };
    let on_up = move |event: web_sys::PointerEvent| {
        let Some(slot) = shown.get_value() else { return };
        let (x, y) = slot.borrow().painter.point(f64::from(event.client_x()), f64::from(event.client_y()));
        let held = slot.borrow_mut().held.take();
        if matches!(held, Some((_, _, false))) {
            click(&slot, session, x, y);
        }
    };
    let on_down = move |event: web_sys::PointerEvent| {
        if let (Some(slot), 0) = (shown.get_value(), event.button()) {
            let mut shown = slot.borrow_mut();
            shown.held = Some((f64::from(event.client_x()), shown.window, false));
        }
    };
    let on_wheel = move |event: web_sys::WheelEvent| {
        let Some(slot) = shown.get_value() else { return };
        event.prevent_default();
        {
            let shown = &mut *slot.borrow_mut();
            let (x, _) = shown.painter.point(f64::from(event.client_x()), 0.0);
            let around = shown.window.at(x.max(0.0), shown.painter.width());
            shown.window = if event.delta_x().abs() > event.delta_y().abs() {
                shown.window.moved(event.delta_x() / shown.painter.width())
            } else {
                shown.window.zoomed(if event.delta_y() > 0.0 { 1.25 } else { 0.8 }, around)
            };
        }
        session.read(|run| redraw(shown, page, session, (wish, words), run));
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        // As in the tools that people know: W and S zoom, A and D move.
        match event.key().as_str() {
            "w" | "W" => change(nearer),
            "s" | "S" => change(farther),
            "a" | "A" => change(|shown| shown.window = shown.window.moved(-0.2)),
            "d" | "D" => change(|shown| shown.window = shown.window.moved(0.2)),
            // And Q and E go from message to message.
            "q" | "Q" => change(|shown| walk(shown, false)),
            "e" | "E" => change(|shown| walk(shown, true)),
            "Enter" => {
                let hover = shown.get_value().and_then(|slot| slot.borrow().focus.hover);
                if let (Some(slot), Some(hit)) = (shown.get_value(), hover) {
                    let hit = with_ends(&slot.borrow().diagram, hit);
                    follow(hit, session);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let leave = move |_: web_sys::PointerEvent| {
        change(|shown| {
            shown.focus.hover = None;
            shown.held = None;
        });
    };
    view! {
        <section class="sequence" aria-label=tr!(page, sequence.title)>
            <div class="sequence-bar">
                <span>{move || words.get()}</span>
                <input
                    type="search"
                    aria-label=tr!(page, sequence.search)
                    placeholder=tr!(page, sequence.search)
                    on:input=move |event| wish.query.set(event_target_value(&event))
                />
                <button class="choice" aria-pressed=move || wish.only.get().to_string() on:click=move |_| wish.only.update(|only| *only = !*only)>
                    {tr!(page, sequence.only)}
                </button>
                <button aria-label=tr!(page, sequence.out) title=tr!(page, sequence.out) on:click=move |_| change(farther)>"−"</button>
                <button aria-label=tr!(page, sequence.near) title=tr!(page, sequence.near) on:click=move |_| change(nearer)>"+"</button>
            </div>
            <canvas
                node_ref=canvas
                tabindex="0"
                role="img"
                aria-label=move || words.get()
                on:pointerdown=on_down
                on:pointermove=on_move
                on:pointerup=on_up
                on:pointerleave=leave
                on:wheel=on_wheel
                on:keydown=on_key
            ></canvas>
        </section>
    }
    .into_any()
}

fn nearer(shown: &mut Shown) {
    zoom(shown, 0.5);
}

fn farther(shown: &mut Shown) {
    zoom(shown, 2.0);
}

/// Round the moment shown where it is in sight, else round the middle.
fn zoom(shown: &mut Shown, factor: f64) {
    let Window { from, span } = shown.window;
    let in_sight = shown.now >= from && shown.now <= shown.window.to();
    let around = if in_sight { shown.now } else { Instant(from.0 + span.0 / 2) };
    shown.window = shown.window.zoomed(factor, around);
}

/// To the message sent after the one that is marked, or before it; the window follows.
fn walk(shown: &mut Shown, forward: bool) {
    let here = match &shown.focus.hover {
        Some(Hit::Arrow(arrow)) => Some(*arrow),
        _ => None,
    };
    if let Some(next) = shown.diagram.next_to(here.as_ref(), shown.now, forward) {
        shown.focus.hover = Some(Hit::Arrow(next));
    }
}

fn redraw(slot: Slot, page: Page, session: Session, (wish, words): (Wish, RwSignal<String>), run: &Run) {
    let Some(slot) = slot.try_get_value().flatten() else { return };
    let shown = &mut *slot.borrow_mut();
    let now = run.now();
    let in_sight = now >= shown.window.from && now <= shown.window.to();
    if now != shown.now && shown.held.is_none() && (!in_sight || session.playing.get_untracked()) {
        shown.window = shown.window.following(now);
    }
    shown.now = now;
    let selected = node_of(session.selection.get_untracked(), run);
    let gathered = Gathered {
        step: (run.cursor(), run.events().len()),
        now,
        window: shown.window,
        hidden: page.hidden.get_untracked(),
        only: selected.filter(|_| wish.only.get_untracked()),
        query: wish.query.get_untracked().trim().to_lowercase(),
    };
    if shown.gathered.as_ref() != Some(&gathered) {
        shown.diagram = diagram(run, shown.window, |passing| {
            gathered.hidden.contains(&passing.packet)
                || gathered.only.is_some_and(|only| passing.from != only && passing.to != only)
                || !gathered.query.is_empty() && !passing.message.name().to_lowercase().contains(&gathered.query)
        });
        shown.gathered = Some(gathered);
    }
    let locale = page.locale.get_untracked();
    let names = Names { directory: run.simulation().directory(), locale };
    let focus = &mut shown.focus;
    focus.names = shown.diagram.lanes.iter().map(|lane| names.sentence(names.node(lane.node))).collect();
    let selection = session.selection.get_untracked();
    focus.envelope = match selection {
        Some(Target::Envelope(id)) => Some(id),
        _ => None,
    };
    focus.node = node_of(selection, run);
    let producers = run.simulation().directory().nodes().filter(|(_, kind)| *kind == NodeKind::Producer);
    focus.producers = producers.map(|(node, _)| node).collect();
    shown.painter.draw(&shown.diagram, shown.window, now, &shown.focus);
    // While time passes the words would change with every frame; nobody could read them.
    if shown.focus.hover.is_some() || !session.playing.get_untracked() {
        let text = describe(shown, run, &names);
        if words.with_untracked(|known| *known != text) {
            words.set(text);
        }
    }
}

/// The process that a selection belongs to.
fn node_of(selection: Option<Target>, run: &Run) -> Option<NodeId> {
    let directory = run.simulation().directory();
    match selection? {
        Target::Node(node) => Some(node),
        Target::Replica(broker, _) | Target::Record(broker, ..) => {
            directory.nodes().find(|(_, kind)| *kind == NodeKind::Broker(broker)).map(|(node, _)| node)
        }
        Target::Queue(queue) => {
            directory.nodes().find(|(_, kind)| *kind == NodeKind::QueueBroker(queue)).map(|(node, _)| node)
        }
        _ => None,
    }
}

/// What is under the pointer, or else what is shown at all.
fn describe(shown: &Shown, run: &Run, names: &Names<'_>) -> String {
    let locale = names.locale;
    match shown.focus.hover {
        Some(Hit::Arrow(arrow)) => arrow_words(&arrow, &shown.diagram, names),
        Some(Hit::Sign(sign)) => {
            let events = run.history().events_between(sign.n, sign.n).iter();
            let told = events.filter(|emitted| crate::session::is_decisive(&emitted.event));
            told.map(|emitted| event_sentence(&emitted.event, names)).collect::<Vec<_>>().join(" ")
        }
        None => overview(shown, locale, names),
    }
}

fn overview(shown: &Shown, locale: Locale, names: &Names<'_>) -> String {
    let diagram = &shown.diagram;
    let span = names.span(shown.window.span);
    let (messages, left_out) = (diagram.messages.max(diagram.arrows.len()), diagram.left_out);
    let sentence = if diagram.busy.is_empty() {
        td_string!(locale, page.sequence.shown)
    } else {
        td_string!(locale, page.sequence.busy)
    };
    let mut text = say(sentence, &[("messages", &messages), ("span", &span)]);
    if left_out > 0 {
        text.push(' ');
        text.push_str(&say(td_string!(locale, page.sequence.left_out), &[("count", &left_out)]));
    }
    text
}

fn arrow_words(arrow: &Arrow, diagram: &Diagram, names: &Names<'_>) -> String {
    let locale = names.locale;
    let node = |lane: usize| diagram.lanes.get(lane).map_or(String::new(), |lane| names.node(lane.node));
    let (from, to, kind) = (node(arrow.from), node(arrow.to), arrow.message.name());
    let took = names.span(arrow.ends_at.since(arrow.sent_at));
    let sentence = match (arrow.fate, arrow.is_response) {
        (Fate::Dropped(_), _) => td_string!(locale, page.sequence.lost),
        (_, true) => td_string!(locale, page.sequence.answer),
        (_, false) => td_string!(locale, page.sequence.message),
    };
    say(sentence, &[("kind", &kind), ("from", &from), ("to", &to), ("took", &took)])
}

/// What was hit, with the ends of a message.
type Followed = (Hit, Option<(NodeId, NodeId)>);

fn with_ends(diagram: &Diagram, hit: Hit) -> Followed {
    let ends = |arrow: &Arrow| Some((diagram.lanes.get(arrow.from)?.node, diagram.lanes.get(arrow.to)?.node));
    let between = if let Hit::Arrow(arrow) = &hit { ends(arrow) } else { None };
    (hit, between)
}

/// To the moment a message was sent, with the message selected; or to a sign.
fn follow((hit, ends): Followed, session: Session) {
    match hit {
        Hit::Arrow(arrow) => match arrow.fate {
            Fate::Flying(id) => session.selection.set(Some(Target::Envelope(id))),
            Fate::Dropped(n) => session.seek_event(n),
            Fate::Arrived(n) => {
                session.seek_event(if arrow.sent_in > 0 { arrow.sent_in } else { n });
                let flight = session.read(|run| {
                    let same = |flight: &highwater_engine::view::FlightView| {
                        Some((flight.from, flight.to)) == ends
                            && (flight.message, flight.arrives_at) == (arrow.message, arrow.ends_at)
                    };
                    run.flights().into_iter().find(same).map(|flight| flight.id)
                });
                session.selection.set(flight.flatten().map(Target::Envelope));
            }
        },
        Hit::Sign(sign) => session.seek_event(sign.n),
    }
}

/// To what was hit, to a lane's process, or to the moment clicked.
fn click(slot: &RefCell<Shown>, session: Session, x: f64, y: f64) {
    let (hit, at, lane) = {
        let Shown { painter, diagram, window, .. } = &*slot.borrow();
        let hit = diagram.hit(x, y, *window, painter.width(), painter.pitch(), REACH);
        let lane = diagram.lanes.get((y / painter.pitch()).max(0.0) as usize).map(|lane| lane.node);
        (hit.map(|hit| with_ends(diagram, hit)), window.at(x, painter.width()), lane)
    };
    match hit {
        Some(hit) => follow(hit, session),
        None if x < 0.0 => session.selection.set(lane.map(Target::Node)),
        None => session.seek_time(at),
    }
}
