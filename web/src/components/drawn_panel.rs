//! The frame of a panel that is drawn as markup: anew when the run changed, now and then while time passes, and at once
//! when the reader selects something or turns to another language.

use crate::app::Page;
use crate::i18n::Locale;
use crate::scene::Target;
use crate::session::{Run, Session};
use highwater_engine::time::Instant;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// What a panel needs of its content. All content is text: one frame serves every panel.
#[derive(Clone, Copy)]
pub struct Drawn {
    /// Its style.
    pub class: &'static str,
    /// Its name.
    pub name: fn(Locale) -> &'static str,
    /// While time passes, it is drawn anew this often, in seconds.
    pub period: f64,
    /// Draws it.
    pub draw: fn(&Run, Option<Target>, Locale) -> String,
}

/// The panel. What carries `data-target` in it is selected by a click, what carries `data-n` leads to its step, and
/// a curve over a run of `data-span` microseconds to the moment under the pointer.
#[component]
pub fn DrawnPanel(
    /// The run.
    session: Session,
    /// The content.
    drawn: Drawn,
) -> impl IntoView {
    let page = Page::here();
    let markup = RwSignal::new(String::new());
    let last = StoredValue::new_local(None);
    let refresh = move |run: &Run| {
        let (selection, locale) = (session.selection.get_untracked(), page.locale.get_untracked());
        let of = (run.cursor(), session.version.get_untracked(), selection, locale);
        if last.get_value() != Some(of) {
            last.set_value(Some(of));
            markup.set((drawn.draw)(run, selection, locale));
        }
    };
    session.add_slow_painter(drawn.period, refresh);
    Effect::new(move || {
        page.locale.track();
        session.selection.track();
        session.read(refresh);
    });
    let on_click = move |event: web_sys::MouseEvent| {
        let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let Some(named) =
            element.and_then(|element| element.closest("[data-target],[data-n],[data-span]").ok().flatten())
        else {
            return;
        };
        if let Some(target) = named.get_attribute("data-target").and_then(|text| Target::parse(&text)) {
            session.selection.set(Some(target));
        } else if let Some(n) = named.get_attribute("data-n").and_then(|text| text.parse().ok()) {
            session.seek_event(n);
        } else if let Some(span) = named.get_attribute("data-span").and_then(|text| text.parse::<u64>().ok()) {
            let rect = named.get_bounding_client_rect();
            let part = ((f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0)).clamp(0.0, 1.0);
            session.seek_time(Instant((span as f64 * part) as u64));
        }
    };
    view! {
        <section
            class=drawn.class
            tabindex="0"
            aria-label=move || (drawn.name)(page.locale.get())
            on:click=on_click
            inner_html=move || markup.get()
        ></section>
    }
    .into_any()
}
