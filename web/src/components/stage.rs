//! The stage: the drawing, its packets, and the hand on it.

use super::context_menu::MenuAt;
use super::zoom::Zoom;
use crate::action::{Action, ask};
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::paint::{Direction, PacketFilter, StagePainter};
use crate::playback::now_seconds;
use crate::scene::{ColourBy, Depth, Layout, Scene, StageInput, Target, approach, compose, number};
use crate::session::{Purpose, Run, Session};
use crate::tr;
use gloo_timers::callback::Timeout;
use highwater_engine::ids::TopicPartition;
use highwater_engine::time::Instant;
use highwater_engine::view::{FlightView, StageView, inside};
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

/// Up to this width one partition is shown at a time.
const PHONE: f64 = 600.0;

/// A finger that stays this long asks for the menu.
const LONG_PRESS: u32 = 500;

/// So far a wheel turns for one step nearer or farther, in CSS pixels.
const NOTCH: f64 = 90.0;

/// While time passes the drawing is renewed at most this often, in seconds.
const DRAWN: f64 = 0.06;

/// What a drawing is of: with the same, there is nothing to draw anew.
struct Drawing {
    view: Rc<StageView>,
    ghost: Option<Instant>,
    selection: Option<Target>,
    depth: Depth,
    layout: Layout,
    locale: Locale,
    colour_by: ColourBy,
}

impl PartialEq for Drawing {
    fn eq(&self, other: &Drawing) -> bool {
        let rest =
            |drawing: &Drawing| (drawing.ghost, drawing.selection, drawing.depth, drawing.layout, drawing.locale);
        Rc::ptr_eq(&self.view, &other.view) && rest(self) == rest(other) && self.colour_by == other.colour_by
    }
}

/// What is on the screen now.
struct Shown {
    painter: StagePainter,
    scene: Scene,
    drawing: Option<Drawing>,
    /// When it was drawn, in wall seconds.
    drawn_at: f64,
    height: String,
}

type Slot = StoredValue<Option<Rc<RefCell<Shown>>>, LocalStorage>;

/// The drawing. It answers to pointer, finger and keys.
#[component]
pub fn Stage(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let figure = NodeRef::<leptos::html::Figure>::new();
    let svg = NodeRef::<leptos::svg::Svg>::new();
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let room: RwSignal<(f64, f64)> = RwSignal::new((0.0, 0.0));
    let shown: Slot = StoredValue::new_local(None);
    figure.on_load(move |element| watch_size(element.into(), room));
    // The drawing follows the engine, the selection, the language and the room; packets follow the frames.
    let paint = move |run: &Run| {
        let Some(shown) = shown.try_get_value().flatten() else { return };
        let shown = &mut *shown.borrow_mut();
        let size = room.get_untracked();
        if let Some(layout) = layout(size, session.partition.get_untracked()) {
            shown.painter.set_room(size);
            if draw(shown, session, run, layout, page) {
                // One under the other, brokers need the height they need; side by side they take what there is.
                let height = match layout {
                    Layout::Phone { width, .. } => {
                        format!("{}px", number((width * shown.scene.height / shown.scene.width.max(1.0)).round()))
                    }
                    Layout::Wide { .. } => String::new(),
                };
                if height != shown.height
                    && let Some(figure) = figure.get_untracked()
                {
                    let _ = web_sys::HtmlElement::style(&figure).set_property("height", &height);
                    shown.height = height;
                }
            }
        }
        packets(shown, page, run);
    };
    Effect::new(move || {
        let (Some(svg), Some(canvas)) = (svg.get(), canvas.get()) else { return };
        let painter = StagePainter::new(svg.unchecked_into(), canvas);
        let blank =
            Shown { painter, scene: Scene::default(), drawing: None, drawn_at: f64::MIN, height: String::new() };
        shown.set_value(Some(Rc::new(RefCell::new(blank))));
        session.add_painter(paint);
    });
    Effect::new(move || {
        session.selection.track();
        session.depth.track();
        session.partition.track();
        page.colour_by.track();
        page.locale.track();
        room.track();
        session.read(paint);
    });
    Effect::new(move || {
        page.theme.track();
        page.present.track();
        page.hidden.track();
        if let Some(shown) = shown.get_value() {
            shown.borrow_mut().painter.theme_changed();
            session.read(|run| packets(&mut shown.borrow_mut(), page, run));
        }
    });
    let press: StoredValue<Option<Timeout>, LocalStorage> = StoredValue::new_local(None);
    let on_click = move |event: web_sys::MouseEvent| {
        session.selection.set(target_at(shown, &event));
    };
    let on_double_click = move |event: web_sys::MouseEvent| {
        if let Some(target) = target_at(shown, &event) {
            session.selection.set(Some(target));
            ask(Action::ZoomIn, page);
        }
    };
    let turned = StoredValue::new(0.0);
    let on_wheel = move |event: web_sys::WheelEvent| {
        // The first page scrolls on; a phone's stage has one depth.
        let scrolls = session.purpose == Purpose::Home && !event.ctrl_key();
        if scrolls || room.get_untracked().0 <= PHONE {
            return;
        }
        event.prevent_default();
        // A wheel's notch is a step; a touchpad's many small ones add up to it.
        let far = turned.get_value() + event.delta_y() * if event.delta_mode() == 0 { 1.0 } else { 30.0 };
        turned.set_value(if far.abs() < NOTCH { far } else { 0.0 });
        if far <= -NOTCH {
            if let Some(target) = target_at(shown, &event) {
                session.selection.set(Some(target));
            }
            ask(Action::ZoomIn, page);
        } else if far >= NOTCH {
            ask(Action::ZoomOut, page);
        }
    };
    let on_menu = move |event: web_sys::MouseEvent| {
        if let Some(target) = target_at(shown, &event) {
            event.prevent_default();
            open_menu(page, session, target, f64::from(event.client_x()), f64::from(event.client_y()));
        }
    };
    let on_down = move |event: web_sys::PointerEvent| {
        if event.pointer_type() == "touch" {
            let at = event.clone();
            let wait = Timeout::new(LONG_PRESS, move || {
                if let Some(target) = target_at(shown, &at) {
                    open_menu(page, session, target, f64::from(at.client_x()), f64::from(at.client_y()));
                }
            });
            press.set_value(Some(wait));
        }
    };
    let on_move = move |event: web_sys::PointerEvent| {
        // A finger is never quite still.
        if event.movement_x().abs() + event.movement_y().abs() > 4 {
            press.set_value(None);
        }
    };
    let cancel_press = move |_: web_sys::PointerEvent| press.set_value(None);
    let count = Memo::new(move |_| session.follow(|run| run.view().partitions.len()));
    view! {
        <div class="stage-box">
            <Turn session count narrow=Signal::derive(move || { let (width, _) = room.get(); width > 0.0 && width <= PHONE }) />
            <Zoom session wide=Signal::derive(move || { let (width, _) = room.get(); width > PHONE }) />
            <figure
                class=move || format!("stage-figure {}", page.colour_by.get().word())
                node_ref=figure
                on:click=on_click
                on:dblclick=on_double_click
                on:wheel=on_wheel
                on:contextmenu=on_menu
                on:pointerdown=on_down
                on:pointerup=cancel_press
                on:pointermove=on_move
                on:pointercancel=cancel_press
                on:keydown=move |event| on_key(shown, page, session, &event)
            >
                <svg class="stage" node_ref=svg role="group" aria-label=tr!(page, stage_label)></svg>
                <canvas class="packets" node_ref=canvas aria-hidden="true"></canvas>
            </figure>
        </div>
    }
    .into_any()
}

fn layout((width, height): (f64, f64), partition_index: usize) -> Option<Layout> {
    match width {
        w if w <= 0.0 => None,
        w if w <= PHONE => Some(Layout::Phone { width, partition_index }),
        _ => Some(Layout::Wide { width, height }),
    }
}

/// Draws the state, unless it is what is drawn already; whether it was drawn.
fn draw(shown: &mut Shown, session: Session, run: &Run, layout: Layout, page: Page) -> bool {
    let (locale, colour_by) = (page.locale.get_untracked(), page.colour_by.get_untracked());
    let (selection, depth) = (session.selection.get_untracked(), session.depth.get_untracked());
    let ghost = run.ghost().map(|ghost| ghost.now);
    let wall = now_seconds();
    // While time passes a crowd of cells comes and goes fifteen times a second; what travels moves with every frame.
    let recent = session.is_between() && wall - shown.drawn_at < DRAWN;
    if recent && shown.drawing.as_ref().is_some_and(|drawing| drawing.ghost == ghost && drawing.layout == layout) {
        return false;
    }
    let drawing = Some(Drawing { view: run.view(), ghost, selection, depth, layout, locale, colour_by });
    if drawing == shown.drawing {
        return false;
    }
    shown.drawn_at = wall;
    let (view, marks, causes, vanished) = (run.view(), run.marks(), run.causes(), run.vanished());
    let opened = match depth {
        Depth::Inside(node) => inside(run.simulation(), node),
        _ => None,
    };
    let input = StageInput {
        view: &view,
        previous: run.ghost(),
        directory: run.simulation().directory(),
        selection,
        layout,
        depth,
        colour_by,
        inside: opened.as_ref(),
        causes: &causes,
        vanished: &vanished,
        marks: &marks,
    };
    let scene = compose(&input, locale);
    shown.painter.show(&scene);
    if shown.drawing.is_some()
        && let Some(way) = approach(&shown.scene, &scene)
    {
        shown.painter.come(way);
    }
    if session.extent.get_untracked() != scene.extent {
        session.extent.set(scene.extent);
    }
    shown.scene = scene;
    shown.drawing = drawing;
    true
}

fn packets(shown: &mut Shown, page: Page, run: &Run) {
    let mut flights = run.flights();
    page.hidden.with_untracked(|hidden| flights.retain(|flight| !hidden.contains(&flight.packet)));
    let (by, producers) = (page.colour_by.get_untracked(), &shown.scene.producers);
    let view = (by == ColourBy::Epoch).then(|| run.view());
    let epoch = |tp: &TopicPartition| {
        let found = view.as_ref()?.partitions.iter().find(|partition| partition.tp == *tp)?;
        Some(found.leader_epoch.0.unsigned_abs() as usize)
    };
    let colour = |flight: &FlightView| match by {
        ColourBy::Producer => flight.producer.and_then(|node| producers.iter().position(|known| *known == node)),
        ColourBy::Key => flight.key.map(|key| key as usize),
        ColourBy::Epoch => flight.partitions.first().filter(|_| flight.producer.is_some()).and_then(epoch),
    };
    shown.painter.packets(&shown.scene, &flights, run.now(), PacketFilter::default(), colour);
}

/// The figure's size, now and whenever it changes.
pub(super) fn watch_size(figure: web_sys::Element, room: RwSignal<(f64, f64)>) {
    let measure = move |element: &web_sys::Element| {
        let size = (f64::from(element.client_width()), f64::from(element.client_height()));
        if room.try_get_untracked().is_some_and(|known| known != size) {
            room.set(size);
        }
    };
    measure(&figure);
    let watched = figure.clone();
    // After the frame: what is drawn for the new size may change the size again, which an observer must not.
    let on_resize = Closure::<dyn FnMut()>::new(move || {
        let element = watched.clone();
        Timeout::new(0, move || measure(&element)).forget();
    });
    let Ok(observer) = web_sys::ResizeObserver::new(on_resize.as_ref().unchecked_ref()) else { return };
    observer.observe(&figure);
    let kept = StoredValue::new_local((observer, on_resize));
    on_cleanup(move || {
        kept.try_with_value(|(observer, _)| observer.disconnect());
    });
}

/// What lies under a pointer: a packet, or what is drawn there.
fn target_at(shown: Slot, event: &web_sys::MouseEvent) -> Option<Target> {
    let shown = shown.get_value()?;
    let shown = shown.borrow();
    shown.painter.target_at(&shown.scene, f64::from(event.client_x()), f64::from(event.client_y()))
}

fn open_menu(page: Page, session: Session, target: Target, x: f64, y: f64) {
    session.selection.set(Some(target));
    page.menu.set(Some(MenuAt { target, x, y }));
}

/// Arrows walk over the stage, Enter selects and opens the menu.
fn on_key(shown: Slot, page: Page, session: Session, event: &web_sys::KeyboardEvent) {
    let Some(element) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return };
    let Some(target) = element.get_attribute("data-target").and_then(|text| Target::parse(&text)) else { return };
    let direction = match event.key().as_str() {
        "ArrowRight" => Direction::Right,
        "ArrowLeft" => Direction::Left,
        "ArrowDown" => Direction::Down,
        "ArrowUp" => Direction::Up,
        " " => {
            session.selection.set(Some(target));
            event.prevent_default();
            return;
        }
        "Enter" => {
            let rect = element.get_bounding_client_rect();
            open_menu(page, session, target, rect.left() + 8.0, rect.top() + 24.0);
            event.prevent_default();
            return;
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(shown) = shown.get_value() {
        let Shown { painter, scene, .. } = &mut *shown.borrow_mut();
        painter.move_focus(scene, direction);
    }
}

/// On a narrow screen: which partition, and the way to the others.
#[component]
fn Turn(session: Session, count: Memo<usize>, narrow: Signal<bool>) -> impl IntoView {
    let page = Page::here();
    let turn = move |by: isize| {
        let all = count.get_untracked().max(1);
        session.partition.update(|index| *index = (*index + all).saturating_add_signed(by) % all);
    };
    move || {
        if !narrow.get() || count.get() < 2 {
            return None;
        }
        let locale = page.locale.get();
        let index = session.partition.get();
        let (name, isr) = session.follow(|run| {
            let view = run.view();
            let found = view.partitions.get(index).map(|partition| {
                let isr: Vec<String> = partition.isr.iter().map(ToString::to_string).collect();
                (partition.name.clone(), isr.join(", "))
            });
            found.unwrap_or_default()
        });
        let place =
            say(td_string!(locale, page.partition_of), &[("n", &(index + 1)), ("all", &count.get()), ("isr", &isr)]);
        Some(view! {
            <div class="turn">
                <button aria-label=td_string!(locale, page.partition_before) on:click=move |_| turn(-1)>"‹"</button>
                <span><b>{name}</b><small>{place}</small></span>
                <button aria-label=td_string!(locale, page.partition_after) on:click=move |_| turn(1)>"›"</button>
            </div>
        })
    }
}
