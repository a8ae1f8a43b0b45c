//! A scenario from a file, from the clipboard, or dropped on the page.

use crate::app::Page;
use crate::notice::Notice;
use crate::route::{Route, Screen};
use crate::session::Run;
use crate::sharing;
use highwater_engine::link::{self, LinkError};
use highwater_engine::scenario::Scenario;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

/// A scenario's file is text of a few kilobytes; a larger one is a mistake.
const LARGEST: f64 = 1_000_000.0;

/// Opens a scenario's text in the sandbox, or says what is wrong with it and leaves everything as it is.
pub fn open_text(page: Page, file: &str, text: &str) -> Result<(), Vec<String>> {
    let scenario = match Scenario::parse(text) {
        Ok(scenario) => scenario,
        Err(errors) => {
            let said =
                errors.iter().map(|error| format!("line {}, column {}: {}", error.line, error.column, error.message));
            let said = said.collect();
            page.notice.set(Some(Notice::BadScenario { file: file.to_owned(), errors }));
            return Err(said);
        }
    };
    let told = link::tell(&scenario, link::FILE_EVENTS_MAX);
    let opened =
        told.and_then(|story| Run::of_story(scenario, story).map_err(|error| LinkError::World(Box::new(error))));
    let run = match opened {
        Ok(run) => run,
        Err(error) => {
            let said = vec![error.to_string()];
            page.notice.set(Some(Notice::BadLink { error }));
            return Err(said);
        }
    };
    page.notice.set(None);
    sharing::show(page, run, None, "");
    page.go(Route::to(Screen::Sandbox));
    Ok(())
}

/// Lets the reader choose a file.
pub fn open_file(page: Page) {
    let document = web_sys::window().and_then(|window| window.document());
    let Some(input) = document.and_then(|document| document.create_element("input").ok()) else { return };
    let Ok(input) = input.dyn_into::<web_sys::HtmlInputElement>() else { return };
    input.set_type("file");
    let _ = input.set_attribute("accept", ".kdl,text/plain");
    let chosen = input.clone();
    let on_change = Closure::once_into_js(move || {
        if let Some(file) = chosen.files().and_then(|files| files.get(0)) {
            read_file(page, file);
        }
    });
    input.set_onchange(Some(on_change.unchecked_ref()));
    input.click();
}

/// Reads a file and opens what it says.
pub fn read_file(page: Page, file: web_sys::File) {
    let name = file.name();
    let unreadable = Notice::UnreadableFile { file: name.clone() };
    let reader = web_sys::FileReader::new().ok().filter(|_| file.size() <= LARGEST);
    let Some(reader) = reader else {
        page.notice.set(Some(unreadable));
        return;
    };
    let done = reader.clone();
    let on_load = Closure::once_into_js(move || match done.result().ok().and_then(|text| text.as_string()) {
        Some(text) => drop(open_text(page, &name, &text)),
        None => page.notice.set(Some(unreadable)),
    });
    reader.set_onloadend(Some(on_load.unchecked_ref()));
    let _ = reader.read_as_text(&file);
}
