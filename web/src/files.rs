//! The texts beside the page: words of the other language, prose and scripts of lessons. They are fetched when they
//! are needed and kept for the life of the page. Natively all of them are part of the program.

use crate::i18n::Locale;
use crate::lessons::Source;
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

mod generated {
    include!(concat!(env!("OUT_DIR"), "/files.rs"));
}

pub use generated::{ALWAYS, HOME, LANGUAGES, LESSONS, SOURCES, WORD_FILES, WORDS};

thread_local! {
    static KEPT: RefCell<Vec<(String, &'static str)>> = const { RefCell::new(Vec::new()) };
}

/// Stands among the files for the second part of the program (`static/later.js`), which a first visit does without.
const PROGRAM: &str = "later.wasm";

/// The second part on its way, unless it is here or the program is whole.
fn program() -> Option<js_sys::Promise> {
    let window = web_sys::window()?;
    let fetch = js_sys::Reflect::get(&window, &"highwaterLater".into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
    fetch.call0(&JsValue::NULL).ok()?.dyn_into().ok()
}

/// A file's text, unless it still has to be fetched.
pub fn text(name: &str) -> Option<&'static str> {
    let inside = generated::INSIDE.iter().find(|file| file.0 == name).map(|file| file.1);
    inside.or_else(|| KEPT.with_borrow(|kept| kept.iter().find(|file| file.0 == name).map(|file| file.1)))
}

/// The words of a language; for a lesson what is told and run, and the program's second part.
pub fn needed(locale: Locale, lesson: Option<Source>) -> Vec<String> {
    let mut names = vec![WORD_FILES[locale as usize].to_owned()];
    if let Some(lesson) = lesson {
        names.extend(lesson.script_file());
        names.extend(lesson.prose_file(locale));
    }
    names.retain(|name| text(name).is_none());
    if lesson.is_some() && program().is_some() {
        names.push(PROGRAM.to_owned());
    }
    names
}

/// Fetches files, all at once; the name of the first that cannot be had.
pub async fn fetch(names: Vec<String>) -> Result<(), String> {
    let Some(window) = web_sys::window() else { return Ok(()) };
    // Relative to the page, so that it works in any folder.
    let ask = |name: &str| if name == PROGRAM { program() } else { Some(window.fetch_with_str(name)) };
    let begin = |name: String| {
        let answer = JsFuture::from(ask(&name)?);
        Some((name, answer))
    };
    let asked: Vec<_> = names.into_iter().filter_map(begin).collect();
    for (name, answer) in asked {
        if name == PROGRAM {
            answer.await.map_err(|_| name)?;
            continue;
        }
        let Some(text) = read(answer).await.ok().flatten() else { return Err(name) };
        KEPT.with_borrow_mut(|kept| kept.push((name, text.leak())));
    }
    Ok(())
}

async fn read(answer: JsFuture) -> Result<Option<String>, JsValue> {
    let answer: web_sys::Response = answer.await?.dyn_into()?;
    if !answer.ok() {
        return Ok(None);
    }
    Ok(JsFuture::from(answer.text()?).await?.as_string())
}
