//! A run as a link, and a link as a run.
//!
//! A lesson nobody has touched is its own short address; anything else is the whole run in the address
//! ([`highwater_engine::link`]). What a link brings is opened before anything on the page changes.

use crate::app::{Page, replace_address};
use crate::autosave;
use crate::notice::Notice;
use crate::route::{Moment, Route, Screen};
use crate::session::{Purpose, Run, Session};
use highwater_engine::link::{self, LinkError};
use highwater_engine::time::Instant;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// Events beyond what is known that an address may ask for: as many as a link may tell.
pub const BEYOND: u64 = link::EVENTS_MAX;

/// The address of the run at the moment shown.
///
/// # Errors
/// When the run is longer than a link.
pub fn route_of(page: Page, session: Session) -> Result<Route, LinkError> {
    let here = page.route.get_untracked();
    let (embed, no_keys, play_only) = (here.embed, here.no_keys, here.play_only);
    let embed = Route { embed, no_keys, play_only, ..Route::default() };
    let written = session.read(|run| {
        let moment = Some(Moment::Event(run.cursor()));
        if session.purpose == Purpose::Lesson && !run.is_touched() {
            return Ok(Route { screen: here.screen, moment, ..embed });
        }
        Ok(Route { screen: Screen::Shared(run.code()?), moment, ..embed })
    });
    written.unwrap_or(Err(LinkError::Empty))
}

/// The whole address of a route of this page.
pub fn address_of(route: &Route) -> String {
    let here = web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default();
    format!("{}{}", here.split('#').next().unwrap_or_default(), route.fragment())
}

/// Copies the run's link, and shows it.
pub fn copy_link(page: Page, session: Session) -> bool {
    let url = match route_of(page, session) {
        Ok(route) => address_of(&route),
        Err(error) => {
            page.notice.set(Some(Notice::BadLink { error }));
            return false;
        }
    };
    let copying = copy(&url);
    spawn_local(async move {
        let copied = match copying {
            Some(copying) => JsFuture::from(copying).await.is_ok(),
            None => false,
        };
        page.notice.set(Some(Notice::Link { url, copied }));
    });
    true
}

/// Puts a text on the clipboard, where the browser has one: not on insecure hosts, not in every frame.
fn copy(text: &str) -> Option<js_sys::Promise> {
    let navigator = web_sys::window()?.navigator();
    let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into()).ok()?;
    let write = js_sys::Reflect::get(&clipboard, &"writeText".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    write.call1(&clipboard, &JsValue::from(text)).ok()?.dyn_into().ok()
}

/// What a route brings is opened: the screen to show then, or none when its link is bad. A notice says why; nothing
/// else changes.
pub fn arrive(page: Page, route: Route) -> Option<Route> {
    let Screen::Shared(code) = &route.screen else { return Some(route) };
    let fragment = route.fragment();
    let screen = Route { screen: Screen::Sandbox, ..route.clone() };
    let waiting = page.carried.with_value(Option::is_some) && page.link.with_value(|link| *link == fragment);
    if waiting {
        return Some(screen);
    }
    match open(code) {
        Ok(run) => {
            page.notice.set(None);
            show(page, run, route.moment, &fragment);
            Some(screen)
        }
        Err(error) => {
            page.notice.set(Some(Notice::BadLink { error }));
            None
        }
    }
}

/// The run of a link's code, at its start, known to its end.
///
/// # Errors
/// What is wrong with the code.
pub fn open(code: &str) -> Result<Run, LinkError> {
    let (scenario, story) = link::open(code)?;
    Run::of_story(scenario, story).map_err(|error| LinkError::World(Box::new(error)))
}

/// Puts a run into the sandbox: in place of the one there, which is kept, or for the screen that comes.
/// `fragment` is its address as long as nobody touches it; empty when it has none.
pub fn show(page: Page, mut run: Run, moment: Option<Moment>, fragment: &str) {
    match page.session.get_untracked().filter(|session| session.purpose == Purpose::Sandbox) {
        Some(session) => {
            autosave::keep(page, session);
            session.replace(run);
            moment.inspect(|moment| go_to(session, *moment));
        }
        None => {
            if let Some(moment) = moment {
                move_to(&mut run, moment);
            }
            page.carried.set_value(Some(run));
        }
    }
    page.link.set_value(fragment.to_owned());
    autosave::begin(page, None);
}

/// The address that says what is on the page, when another one could not be followed.
pub fn stay(page: Page) {
    let link = page.link.get_value();
    let untouched = page.session.get_untracked().and_then(|session| session.read(|run| !run.is_touched()));
    let fragment = page.route.with_untracked(Route::fragment);
    replace_address(if link.is_empty() || untouched != Some(true) { &fragment } else { &link });
}

/// To the moment of an address. An address comes from anywhere: it cannot ask for more than a link may tell.
pub fn go_to(session: Session, moment: Moment) {
    session.pause();
    session.edit(|run| move_to(run, moment));
}

/// The same for a run that is not on the page yet.
pub(crate) fn move_to(run: &mut Run, moment: Moment) {
    let furthest = run.end().max(run.cursor()).saturating_add(BEYOND);
    match moment {
        Moment::Event(event) => run.seek_event(event.min(furthest)),
        Moment::Millis(millis) => run.seek_time_within(Instant(millis.saturating_mul(1_000)), furthest),
        Moment::Beat(beat) => {
            if let Some(event) = run.beats().get(beat.saturating_sub(1)).map(|beat| beat.event) {
                run.seek_event(event);
            }
        }
    }
}
