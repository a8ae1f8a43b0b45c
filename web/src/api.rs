//! `window.highwater`: the page's own actions for tests and frames around it.
//!
//! | call | does |
//! |---|---|
//! | `load(kdlOrLink)` | opens a scenario in the sandbox, or follows a link of this page; a list of what is wrong, such as `"line 3, column 7: …"`, or `null` when all is well |
//! | `link()` | the address that shows this run at this moment anywhere: a lesson's own, or the whole run |
//! | `scenario()` | the run as a scenario that `load` takes |
//! | `play()`, `pause()` | time passes, or not |
//! | `step(n)` | so many engine events forward, or back when negative |
//! | `seek(us)` | to a moment in simulated microseconds |
//! | `forward(us)` | so much time passes as fast as possible, in short tasks; `stats().hurrying` until it has |
//! | `beat(n)` | to beat `n` from 1; without `n` the number of the present one, 0 before the first |
//! | `do(command)` | a command such as `{"do":"stop","node":1,"how":"Crash"}`, as an object or as text; `null`, or why it was refused |
//! | `act(name)` | an action of the table by its name, such as `"toggle-play"`; whether there was anything to do |
//! | `until(goal)` | runs on until `"loss"`, `"election"`, `"rebalance"`, `"isr"`, `"breach"` or `"lag>100"`, at most a simulated hour; whether it knows the word |
//! | `branches()` | what was tried: for each branch `{id, name, parent, from, end, shown}`, its moments in microseconds |
//! | `branch(id)` | turns to a branch at the same moment; whether there is such a one that was not shown |
//! | `stats()` | `{events, time, inFlight, frames, frameCost, memory, playing, hurrying, beats, end}`; the cost of a frame in milliseconds, memory in bytes |
//! | `trace(level)` | the recording's trace as JSON lines, up to the end of what is known; level 2 has every message |
//! | `stateHash()` | the simulation's state as 16 hexadecimal digits |
//!
//! Every call without a run on the page answers `null`.
//!
//! With `embed=1` in its address the page takes the same verbs from the page around it, as messages
//! `{highwater: 1, call: "seek", arg: 8000000, id: 7}`, and answers `{highwater: 1, id: 7, result}`. It also says
//! `{highwater: 1, event: "ready"}` once, and `{highwater: 1, event: "state", time, playing, beat}` when time stops or starts.
//! Whoever sends may only do what a reader may do.

use crate::action::{Action, TABLE, perform};
use crate::app::{Page, replace_address};
use crate::components::open_text;
use crate::i18n::{Locale, td_string};
use crate::notice;
use crate::route::{Route, Screen};
use crate::session::{Purpose, Run, Session};
use crate::sharing::{address_of, arrive, route_of};
use highwater_engine::command::Command;
use highwater_engine::field::Field;
use highwater_engine::history::{Branch, Goal, TurnId};
use highwater_engine::time::{Duration, Instant};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// Puts the object on the window. It stays for the life of the page.
pub fn install(page: Page) {
    let api = js_sys::Object::new();
    let session = move || page.session.get_untracked();
    let with = move |act: fn(Session)| {
        move |_: JsValue| {
            session().map(act);
            JsValue::NULL
        }
    };
    add(&api, "play", with(Session::play));
    add(&api, "pause", with(Session::pause));
    add(&api, "load", move |text| {
        let text = text.as_string().unwrap_or_default();
        let errors = match fragment_of(&text) {
            Some(fragment) => follow(page, Route::parse(fragment)),
            None => open_text(page, "", &text),
        };
        match errors {
            Ok(()) => JsValue::NULL,
            Err(errors) => errors.into_iter().map(JsValue::from).collect::<js_sys::Array>().into(),
        }
    });
    add(&api, "link", move |_| {
        let route = session().and_then(|session| route_of(page, session).ok());
        route.map_or(JsValue::NULL, |route| JsValue::from(address_of(&route)))
    });
    add(&api, "scenario", move |_| {
        session().and_then(|session| session.read(Run::text).flatten()).map_or(JsValue::NULL, JsValue::from)
    });
    add(&api, "step", move |n| {
        let n = n.as_f64().unwrap_or(1.0) as i32;
        session().inspect(|session| session.step(n));
        JsValue::NULL
    });
    add(&api, "seek", move |micros| {
        let at = Instant(micros.as_f64().unwrap_or(0.0) as u64);
        session().inspect(|session| session.seek_time(at));
        JsValue::NULL
    });
    add(&api, "forward", move |micros| {
        let span = Duration(micros.as_f64().unwrap_or(0.0) as u64);
        session().inspect(|session| session.fast_forward(span));
        JsValue::NULL
    });
    add(&api, "beat", move |n| {
        let Some(session) = session() else { return JsValue::NULL };
        if let Some(n) = n.as_f64() {
            session.to_beat((n as usize).saturating_sub(1));
        }
        let beat = session.read(|run| run.beat().map_or(0, |beat| beat + 1)).unwrap_or(0);
        JsValue::from(beat as u32)
    });
    add(&api, "do", move |json| {
        let Some(session) = session() else { return JsValue::NULL };
        if page.is_play_only() {
            return JsValue::from(td_string!(page.locale.get_untracked(), page.notice.play_only));
        }
        let text = json.as_string().or_else(|| js_sys::JSON::stringify(&json).ok()?.as_string());
        let command = read_command(&text.unwrap_or_default());
        match command.and_then(|it| session.act(it).map_err(|why| why.to_string())) {
            Ok(()) => JsValue::NULL,
            Err(why) => JsValue::from(why),
        }
    });
    add(&api, "until", move |goal| {
        let goal = goal.as_string().and_then(|text| Goal::parse(&text));
        JsValue::from(goal.is_some_and(|goal| perform(Action::Until(goal), page)))
    });
    add(&api, "branches", move |_| {
        let list = session().and_then(|session| session.read(Run::branch_list));
        list.map_or(JsValue::NULL, |list| {
            list.iter().map(|branch| branch_value(branch, &list)).collect::<js_sys::Array>().into()
        })
    });
    add(&api, "branch", move |id| {
        let turn = id.as_f64().map(|id| TurnId(id as u32));
        JsValue::from(session().zip(turn).is_some_and(|(session, turn)| session.turn_to_branch_of(turn, None)))
    });
    add(&api, "act", move |name| {
        let name = name.as_string().unwrap_or_default();
        let action = TABLE.iter().find(|entry| entry.name == name).map(|entry| entry.action);
        JsValue::from(action.is_some_and(|action| perform(action, page)))
    });
    // What `static/crash.js` calls when a script broke and the program did not.
    add(&api, "broken", move |what| {
        let what = what.as_string().unwrap_or_default();
        // What `static/later.js` says when the second part of the program cannot be had and something cannot wait.
        match what.split_once("not loaded: ") {
            Some((_, file)) => notice::show_incomplete_card(file),
            None => drop(notice::show_crash_card(&what)),
        }
        JsValue::NULL
    });
    add(&api, "stats", move |_| session().map_or(JsValue::NULL, stats));
    add(&api, "stateHash", move |_| {
        let hash = session().and_then(|session| session.read(|run| run.simulation().state_hash()));
        hash.map_or(JsValue::NULL, |hash| JsValue::from(format!("{hash:016x}")))
    });
    add(&api, "trace", move |level| {
        let level = level.as_f64().unwrap_or(1.0) as u8;
        session().and_then(|session| session.read(|run| run.trace(level))).map_or(JsValue::NULL, JsValue::from)
    });
    if let Some(window) = web_sys::window() {
        let _ = js_sys::Reflect::set(&window, &"highwater".into(), &api);
    }
    if page.route.with_untracked(|route| route.embed) {
        take_messages(page, api);
    }
}

/// Follows a link: one that brings a run is opened at once, or refused.
fn follow(page: Page, route: Route) -> Result<(), Vec<String>> {
    let fragment = route.fragment();
    let shared = matches!(route.screen, Screen::Shared(_));
    let in_sandbox = page.session.get_untracked().is_some_and(|session| session.purpose == Purpose::Sandbox);
    let Some(screen) = arrive(page, route.clone()) else {
        let why = page.notice.with_untracked(|notice| notice.as_ref().map(|notice| notice.title(Locale::en)));
        return Err(why.into_iter().collect());
    };
    if shared && in_sandbox {
        page.route.set(screen);
        replace_address(&fragment);
    } else {
        page.go(route);
    }
    Ok(())
}

/// The fragment of a link of this page: an address with `#/`, or the fragment alone.
fn fragment_of(text: &str) -> Option<&str> {
    let text = text.trim();
    let link = (text.starts_with("#/") || text.starts_with("http")) && !text.contains('\n');
    text.find("#/").filter(|_| link).map(|start| &text[start..])
}

/// Answers messages of the page around the frame, and tells it when time stops and starts.
fn take_messages(page: Page, api: js_sys::Object) {
    let listener = window_event_listener_untyped("message", move |event| {
        let Some(event) = event.dyn_ref::<web_sys::MessageEvent>() else { return };
        let data = event.data();
        let field = |name: &str| js_sys::Reflect::get(&data, &name.into()).unwrap_or(JsValue::UNDEFINED);
        let (mark, Some(call)) = (field("highwater"), field("call").as_string()) else { return };
        if mark.as_f64() != Some(1.0) {
            return;
        }
        let verb =
            js_sys::Reflect::get(&api, &call.into()).ok().and_then(|verb| verb.dyn_into::<js_sys::Function>().ok());
        let result = verb.and_then(|verb| verb.call1(&JsValue::NULL, &field("arg")).ok()).unwrap_or(JsValue::NULL);
        post(&[("id", field("id")), ("result", result)]);
    });
    on_cleanup(move || listener.remove());
    post(&[("event", "ready".into())]);
    Effect::new(move || {
        let Some(session) = page.session.get() else { return };
        let playing = session.playing.get();
        let said = session.read(|run| (run.now().0 as f64, run.beat().map_or(0, |beat| beat + 1) as f64));
        let (time, beat) = said.unwrap_or_default();
        post(&[("event", "state".into()), ("time", time.into()), ("playing", playing.into()), ("beat", beat.into())]);
    });
}

/// A message to the page around the frame.
fn post(fields: &[(&str, JsValue)]) {
    let message = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&message, &"highwater".into(), &JsValue::from(1));
    for (name, value) in fields {
        let _ = js_sys::Reflect::set(&message, &(*name).into(), value);
    }
    let parent = web_sys::window().and_then(|window| window.parent().ok().flatten());
    if let Some(parent) = parent {
        // There is nothing in it that the page around could not see anyway.
        let _ = parent.post_message(&message, "*");
    }
}

/// A command from JSON. The browser's own parser is one that need not be downloaded.
fn read_command(json: &str) -> Result<Command, String> {
    let object = js_sys::JSON::parse(json).map_err(|error| String::from(js_sys::Error::from(error).message()))?;
    Command::read(&|name| {
        let value = js_sys::Reflect::get(&object, &name.into()).ok()?;
        let number = value.as_f64().map(|number| Field::Number(number as i64));
        number.or_else(|| value.as_string().map(Field::Text)).or_else(|| value.as_bool().map(Field::Flag))
    })
}

/// A branch for a script: its id is the number of its first turn.
fn branch_value(branch: &Branch, list: &[Branch]) -> JsValue {
    let out = js_sys::Object::new();
    let set = |name: &str, value: JsValue| drop(js_sys::Reflect::set(&out, &name.into(), &value));
    let parent = branch.parent.and_then(|parent| list.get(parent));
    set("id", branch.first.0.into());
    set("name", branch.name.as_str().into());
    set("parent", parent.map_or(JsValue::NULL, |parent| parent.first.0.into()));
    set("from", JsValue::from(branch.from.at.0 as f64));
    set("end", JsValue::from(branch.known.at.0 as f64));
    set("shown", branch.shown.into());
    out.into()
}

fn stats(session: Session) -> JsValue {
    let out = js_sys::Object::new();
    let set = |name: &str, value: JsValue| drop(js_sys::Reflect::set(&out, &name.into(), &value));
    session.read(|run: &Run| {
        set("events", JsValue::from(run.cursor() as f64));
        set("time", JsValue::from(run.now().0 as f64));
        set("inFlight", JsValue::from(run.flights().len() as f64));
        set("beats", JsValue::from(run.beats().len() as f64));
        set("end", JsValue::from(run.end() as f64));
    });
    set("frames", JsValue::from(session.frames() as f64));
    set("frameCost", JsValue::from(session.frame_cost()));
    let memory = wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>().buffer();
    set("memory", JsValue::from(memory.unchecked_into::<js_sys::ArrayBuffer>().byte_length()));
    set("hurrying", JsValue::from(session.hurrying.get_untracked().is_some()));
    set("playing", JsValue::from(session.playing.get_untracked()));
    out.into()
}

fn add(api: &js_sys::Object, name: &str, call: impl Fn(JsValue) -> JsValue + 'static) {
    let call = Closure::<dyn Fn(JsValue) -> JsValue>::new(call).into_js_value();
    let _ = js_sys::Reflect::set(api, &name.into(), &call);
}

#[cfg(test)]
mod tests {
    use super::fragment_of;

    #[test]
    fn a_link_is_told_from_a_scenario() {
        assert_eq!(fragment_of("https://x.example/h/#/s/a-1?beat=4"), Some("#/s/a-1?beat=4"));
        assert_eq!(fragment_of("#/sandbox"), Some("#/sandbox"));
        assert_eq!(fragment_of("scenario t seed=1\n# #/s/a\n"), None);
        assert_eq!(fragment_of("#/x/<img src=x>"), Some("#/x/<img src=x>"), "a hostile link is one too");
        assert_eq!(fragment_of("brokers"), None);
    }
}
