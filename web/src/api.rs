//! `window.highwater`: the page's own actions for tests and frames around it.
//!
//! | call | does |
//! |---|---|
//! | `load(kdl)` | opens a scenario in the sandbox; a list of `"line 3, column 7: …"`, or `null` when all is well |
//! | `play()`, `pause()` | time passes, or not |
//! | `step(n)` | so many engine events forward, or back when negative |
//! | `seek(us)` | to a moment in simulated microseconds |
//! | `beat(n)` | to beat `n` from 1; without `n` the number of the present one, 0 before the first |
//! | `do(json)` | a command such as `{"do":"stop","node":1,"how":"Crash"}`; `null`, or why it was refused |
//! | `act(name)` | an action of the table by its name, such as `"toggle-play"`; whether there was anything to do |
//! | `stats()` | `{events, time, inFlight, frames, playing, beats, end}` |
//! | `stateHash()` | the simulation's state as 16 hexadecimal digits |
//!
//! Every call without a run on the page answers `null`.

use crate::action::{TABLE, perform};
use crate::app::Page;
use crate::components::open_text;
use crate::session::{Run, Session};
use highwater_engine::command::Command;
use highwater_engine::time::Instant;
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
        let errors = open_text(page, "", &text.as_string().unwrap_or_default()).err().unwrap_or_default();
        if errors.is_empty() {
            return JsValue::NULL;
        }
        errors
            .iter()
            .map(|error| JsValue::from(format!("line {}, column {}: {}", error.line, error.column, error.message)))
            .collect::<js_sys::Array>()
            .into()
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
        let command = serde_json::from_str::<Command>(&json.as_string().unwrap_or_default());
        match command.map_err(|error| error.to_string()).and_then(|it| session.act(it).map_err(|why| why.to_string())) {
            Ok(()) => JsValue::NULL,
            Err(why) => JsValue::from(why),
        }
    });
    add(&api, "act", move |name| {
        let name = name.as_string().unwrap_or_default();
        let action = TABLE.iter().find(|entry| entry.name == name).map(|entry| entry.action);
        JsValue::from(action.is_some_and(|action| perform(action, page)))
    });
    add(&api, "stats", move |_| session().map_or(JsValue::NULL, stats));
    add(&api, "stateHash", move |_| {
        let hash = session().and_then(|session| session.read(|run| run.simulation().state_hash()));
        hash.map_or(JsValue::NULL, |hash| JsValue::from(format!("{hash:016x}")))
    });
    if let Some(window) = web_sys::window() {
        let _ = js_sys::Reflect::set(&window, &"highwater".into(), &api);
    }
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
    set("playing", JsValue::from(session.playing.get_untracked()));
    out.into()
}

fn add(api: &js_sys::Object, name: &str, call: impl Fn(JsValue) -> JsValue + 'static) {
    let call = Closure::<dyn Fn(JsValue) -> JsValue>::new(call).into_js_value();
    let _ = js_sys::Reflect::set(api, &name.into(), &call);
}
