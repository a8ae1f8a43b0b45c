//! The working screen: story, stage, inspector, time. A lesson and the sandbox share it.

use super::inspector::{Inspector, MenuButton};
use super::legend::Legend;
use super::open_file::{open_text, read_file};
use super::panels::{Panel, Panels};
use super::stage::Stage;
use super::story::{Caption, Story};
use super::top_bar::TopBar;
use super::transport::Transport;
use crate::app::{Page, replace_address};
use crate::autosave;
use crate::i18n::{say, td_string};
use crate::lessons::{Chapter, Source};
use crate::notice::{self, Notice};
use crate::route::{Moment, Route, Screen};
use crate::session::{Purpose, Refused, Run, Session};
use crate::sharing::{address_of, go_to, route_of};
use crate::tr;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// The address follows a pause after this many milliseconds.
const SETTLE: u32 = 500;

/// While time passes, what somebody did is kept after this many milliseconds.
const MEANWHILE: u32 = 2_000;

/// The screen of a lesson or of the sandbox.
#[component]
pub fn Workbench(
    /// Which.
    screen: Screen,
) -> impl IntoView {
    let page = Page::here();
    let story = match &screen {
        Screen::Lesson(name) => Chapter::story(name),
        _ => None,
    };
    if let (Screen::Lesson(name), None) = (&screen, story) {
        page.notice.set(Some(Notice::NoSuchLesson { name: name.clone() }));
    }
    let (run, purpose) = match story {
        Some(source) => (run_of(page, source), Purpose::Lesson),
        None => {
            let carried = page.carried.try_update_value(Option::take).flatten();
            let arrived = carried.is_some();
            let run = carried.or_else(|| autosave::restore(page)).or_else(|| {
                autosave::begin(page, None);
                preset(page)
            });
            if !arrived {
                page.link.set_value(String::new());
            }
            (run, Purpose::Sandbox)
        }
    };
    let Some(run) = run else {
        return view! { <TopBar crumb="" /><main id="main" class="empty"><a class="btn btn-line" href="#/">{tr!(page, to_home)}</a></main> }
            .into_any();
    };
    let session = Session::new(run, purpose);
    page.session.set(Some(session));
    on_cleanup(move || page.session.set(None));
    begin(page, session);
    // A narrow screen has no room for more than the stage and the story.
    if purpose == Purpose::Lesson && is_wide() {
        let wanted = session.read(|run| run.scenario()?.panel.as_deref().and_then(Panel::named)).flatten();
        page.panel.set(wanted.unwrap_or_default());
    }
    let (speed, panel) = page.route.with_untracked(|route| (route.speed, route.panel));
    if let Some(speed) = speed {
        session.set_speed(speed);
    }
    if let Some(panel) = panel {
        page.panel.set(panel);
    }
    follow_address(page, session, screen.clone());
    let crumb = Signal::derive(move || {
        let locale = page.locale.get();
        story.map_or_else(|| td_string!(locale, page.sandbox.title).to_owned(), |story| story.title(locale).to_owned())
    });
    let drop_file = move |event: web_sys::DragEvent| {
        let file = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0));
        if let Some(file) = file {
            event.prevent_default();
            read_file(page, file);
        }
    };
    listen_to_paste(page);
    let leaving = window_event_listener_untyped("pagehide", move |_| autosave::keep(page, session));
    on_cleanup(move || {
        leaving.remove();
        autosave::keep(page, session);
    });
    view! {
        <div class="app" class:no-story=story.is_none() class:play-only=move || page.route.with(|route| route.play_only) on:dragover=move |event| event.prevent_default() on:drop=drop_file>
            <TopBar crumb workbench=true story=story.map_or("", |story| story.name) />
            <Story session source=story />
            <main class="centre" class:tall-panel=move || page.panel.get() != Panel::Timeline id="main" tabindex="-1">
                <Stage session />
                <div class="selected-menu not-wide"><MenuButton target=session.selection /></div>
                {move || session.leap.get().map(|seconds| view! {
                    <p class="later" aria-hidden="true">{say(td_string!(page.locale.get(), page.later), &[("seconds", &seconds)])}</p>
                })}
                <Legend session />
                <Panels session />
            </main>
            <Inspector session />
            <Transport session />
            <Caption session source=story />
        </div>
    }
    .into_any()
}

/// Whether panels lie beside and under the stage all the time.
fn is_wide() -> bool {
    let width = web_sys::window().and_then(|window| window.inner_width().ok()?.as_f64());
    width.is_none_or(|width| width > 1100.0)
}

fn run_of(page: Page, source: Source) -> Option<Run> {
    let why = match source.scenario() {
        Ok(scenario) => match Run::of_scenario(scenario) {
            Ok(run) => return Some(run),
            Err(error) => Notice::Refused { why: Refused::World(error) },
        },
        Err(errors) => Notice::BadScenario { file: source.name.to_owned(), errors },
    };
    page.notice.set(Some(why));
    None
}

/// A small world at the moment its story ends its preparations, freed of the story.
pub fn preset(page: Page) -> Option<Run> {
    let mut run = run_of(page, Source::sandbox()?)?;
    let start = run.beats().first().map_or(0, |beat| beat.event);
    run.seek_event(start);
    Some(run.freed())
}

/// To the moment of the address, or to where the story begins.
fn begin(page: Page, session: Session) {
    match page.route.with_untracked(|route| route.moment) {
        Some(moment) => go_to(session, moment),
        None if session.purpose == Purpose::Lesson => session.to_start(),
        None => {}
    }
}

/// The address says where a lesson stands, when it stands; and a changed address moves the lesson.
fn follow_address(page: Page, session: Session, screen: Screen) {
    let written: StoredValue<Option<Moment>, LocalStorage> =
        StoredValue::new_local(page.route.with_untracked(|route| route.moment));
    let waiting: StoredValue<Option<Timeout>, LocalStorage> = StoredValue::new_local(None);
    let asked = screen.clone();
    Effect::new(move || {
        let route = page.route.get();
        if route.screen == asked && route.moment.is_some() && route.moment != written.get_value() {
            written.set_value(route.moment);
            if let Some(moment) = route.moment {
                go_to(session, moment);
            }
        }
    });
    let is_lesson = session.purpose == Purpose::Lesson;
    Effect::new(move || {
        session.version.track();
        let playing = session.playing.get();
        // While time passes the run is kept now and then; the address waits until it stops.
        if playing && waiting.with_value(Option::is_some) {
            return;
        }
        let screen = screen.clone();
        let write = Timeout::new(if playing { MEANWHILE } else { SETTLE }, move || {
            waiting.try_set_value(None);
            if let Ok(kept) = route_of(page, session) {
                notice::remember_before(&kept.fragment(), &address_of(&kept));
            }
            autosave::keep(page, session);
            if !is_lesson || session.playing.get_untracked() {
                return;
            }
            // What the reader did is not in the address, so the address must not claim the moment.
            let here = session.read(|run| (!run.can_undo_redo().0).then(|| Moment::Event(run.cursor()))).flatten();
            let Some(moment) = here else { return };
            let mut route = page.route.get_untracked();
            route.lang = route.lang.map(|_| page.locale.get_untracked());
            route.theme = route.theme.map(|_| page.theme.get_untracked());
            let route = Route { screen, moment: Some(moment), ..route };
            written.set_value(Some(moment));
            replace_address(&route.fragment());
        });
        waiting.set_value(Some(write));
    });
}

/// A scenario pasted anywhere but into a field is opened.
fn listen_to_paste(page: Page) {
    let listener = window_event_listener_untyped("paste", move |event| {
        let Some(event) = event.dyn_ref::<web_sys::ClipboardEvent>() else { return };
        let text = event.clipboard_data().and_then(|data| data.get_data("text").ok()).unwrap_or_default();
        if text.contains('\n') {
            let _ = open_text(page, "", &text);
        }
    });
    on_cleanup(move || listener.remove());
}
