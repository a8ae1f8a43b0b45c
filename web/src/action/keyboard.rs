//! Keys become actions here, and nowhere else. None fires while somebody types or composes a word.

use super::{Action, Chord, Scope, TABLE, perform};
use crate::app::Page;
use crate::session::Purpose;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Listens to the whole window until the owner is gone.
pub fn listen(page: Page) {
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if event.default_prevented() || event.is_composing() || is_typing(&event) || page.menu.get_untracked().is_some()
        {
            return;
        }
        if page.route.with_untracked(|route| route.no_keys) {
            return;
        }
        let (ctrl, shift, alt) = (event.ctrl_key() || event.meta_key(), event.shift_key(), event.alt_key());
        let key = if alt { digit(&event).unwrap_or_else(|| event.key()) } else { event.key() };
        let Some(action) = action_of(page, &key, ctrl, shift, alt) else { return };
        if belongs_to_control(&event, action) {
            return;
        }
        if perform(action, page) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

fn action_of(page: Page, key: &str, ctrl: bool, shift: bool, alt: bool) -> Option<Action> {
    let purpose = page.session.get_untracked().map(|session| session.purpose);
    let applies = |scope| match scope {
        Scope::Everywhere => true,
        Scope::Run => purpose.is_some(),
        Scope::Workbench => purpose.is_some_and(|purpose| purpose != Purpose::Home),
        Scope::Sandbox => purpose == Some(Purpose::Sandbox),
        Scope::Menu => false,
    };
    let mut entries = TABLE.iter().filter(|entry| applies(entry.scope));
    let letters = page.letters.get_untracked();
    let pressed = |chord: &&Chord| (letters || !chord.is_single_sign()) && chord.matches(key, ctrl, shift, alt);
    entries.find(|entry| entry.keys.iter().find(pressed).is_some()).map(|entry| entry.action)
}

/// On some keyboards Alt changes the sign of a digit's key; the key itself stays the same.
fn digit(event: &web_sys::KeyboardEvent) -> Option<String> {
    event.code().strip_prefix("Digit").map(str::to_owned)
}

fn target(event: &web_sys::KeyboardEvent) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

/// Whether the focus is where text is entered.
fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let typing = "textarea, select, [contenteditable], input:not([type=radio]):not([type=checkbox]):not([type=range])";
    target(event).is_some_and(|element| element.matches(typing).unwrap_or(false))
}

/// Keys that the focused control needs for itself: a button its space bar, radio buttons and tabs their arrows.
fn belongs_to_control(event: &web_sys::KeyboardEvent, action: Action) -> bool {
    let needs = match action {
        Action::TogglePlay if event.key() == " " => "button, a, summary, input, [role=button]",
        Action::EventForward | Action::EventBack | Action::TenForward | Action::TenBack => {
            "input[type=radio], [role=tab], [role=menuitem], .stage-figure *"
        }
        Action::ToStart | Action::ToEnd => "input[type=radio], [role=tab], .stage-figure *",
        _ => return false,
    };
    target(event).is_some_and(|element| element.matches(needs).unwrap_or(false))
}
