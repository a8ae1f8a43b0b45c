//! What a screen reader hears: events, not frames, and never more often than one can listen to.

use crate::app::Page;
use crate::session::words::{Names, event_sentence};
use crate::session::{Session, is_decisive};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;

/// Milliseconds between two announcements.
const PAUSE: u32 = 1_500;

/// Most sentences in one of them; more is counted by the stage itself.
const SENTENCES: usize = 4;

/// The polite region.
#[component]
pub fn Narrator() -> impl IntoView {
    let page = Page::here();
    let told = StoredValue::new_local(0u64);
    let waiting: StoredValue<Option<Timeout>, LocalStorage> = StoredValue::new_local(None);
    Effect::new(move || {
        let Some(session) = page.session.get() else { return };
        session.version.track();
        let cursor = session.read(|run| run.cursor()).unwrap_or(0);
        let before = told.get_value();
        if cursor <= before {
            // A jump back is told by where one lands, not by what is undone.
            told.set_value(cursor);
            return;
        }
        if waiting.with_value(Option::is_none) {
            let timeout = Timeout::new(PAUSE, move || {
                waiting.set_value(None);
                if page.session.get_untracked().is_some() {
                    tell(page, session, told);
                }
            });
            waiting.set_value(Some(timeout));
        }
    });
    view! { <div class="sr" role="status" aria-live="polite" id="narrator">{move || page.spoken.get()}</div> }
}

fn tell(page: Page, session: Session, told: StoredValue<u64, LocalStorage>) {
    let locale = page.locale.get_untracked();
    let stepping = !session.playing.try_get_untracked().unwrap_or(false);
    let text = session.read(|run| {
        let names = Names { directory: run.simulation().directory(), locale };
        let (from, to) = (told.get_value() + 1, run.cursor());
        told.set_value(to);
        // Whoever steps wants to hear every event; whoever watches, the decisive ones.
        let close = stepping && to.saturating_sub(from) < SENTENCES as u64;
        let events = run.history().events_between(from, to).iter();
        let sentences: Vec<String> = events
            .filter(|emitted| close || is_decisive(&emitted.event))
            .map(|emitted| event_sentence(&emitted.event, &names))
            .collect();
        let skipped = sentences.len().saturating_sub(SENTENCES);
        sentences[skipped..].join(" ")
    });
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        page.say(text);
    }
}
