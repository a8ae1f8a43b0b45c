//! The bar below: play, step, the clock, the slider, the speed.

use super::icon::{Icon, icon};
use super::scrub::Scrub;
use crate::action::{Action, entry, label};
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::playback::{PaceWords, Speed};
use crate::route::Route;
use crate::session::{Repeat, Session};
use crate::tr;
use highwater_engine::time::Instant;
use leptos::prelude::*;

/// The bar.
#[component]
pub fn Transport(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    view! {
        <footer class="bar" aria-label=tr!(page, transport.title)>
            <div class="set">
                <Press action=Action::ToStart picture=Icon::Start optional=true />
                <Press action=Action::BeatBack picture=Icon::BeatBack />
                <Press action=Action::EventBack picture=Icon::Back />
                <PlayButton session worded=false />
                <Press action=Action::EventForward picture=Icon::Forward />
                <Press action=Action::BeatForward picture=Icon::BeatForward />
                <Press action=Action::ToEnd picture=Icon::End optional=true />
            </div>
            <Clock session ends=true />
            <Scrub session />
            <Loop session />
            <div class="speed" role="group" aria-label=tr!(page, transport.speed)>
                {Speed::ALL
                    .map(|speed| view! {
                        <button
                            aria-pressed=move || (session.speed.get() == speed).to_string()
                            on:click=move |_| session.set_speed(speed)
                        >
                            {speed.label()}
                        </button>
                    })
                    .collect_view()}
            </div>
            <button
                class="speed-one"
                aria-label=tr!(page, transport.speed)
                on:click=move |_| session.speed.update(|speed| {
                    *speed = if *speed == Speed::Ten { Speed::Quarter } else { speed.faster() };
                })
            >
                {move || session.speed.get().label()}
            </button>
            <span class="lbl pace">{move || pace(session, page.locale.get())}</span>
            // In a frame: the same moment in a page of its own.
            <a class="quiet-link whole" href="./" target="_blank" rel="noopener" on:click=open_whole>{tr!(page, open_whole)}</a>
        </footer>
    }
    .into_any()
}

/// The ends of the loop: two letters, and a cross while there is one.
#[component]
fn Loop(session: Session) -> impl IntoView {
    let page = Page::here();
    let end = move |action: Action, letter: &'static str, is_set: fn(Repeat) -> bool| {
        view! {
            <button
                aria-pressed=move || is_set(session.repeat.get()).to_string()
                aria-label=move || label(action, page.locale.get())
                title=move || hint(action, page.locale.get())
                on:click=page.asks(action)
            >
                {letter}
            </button>
        }
    };
    view! {
        <div class="loop" role="group" aria-label=tr!(page, transport.repeat)>
            {end(Action::LoopStart, "A", |repeat| repeat.from.is_some())}
            {end(Action::LoopEnd, "B", |repeat| repeat.to.is_some())}
            {move || (session.repeat.get() != Repeat::default()).then(|| view! { <Press action=Action::LoopClear picture=Icon::Close /> })}
        </div>
    }
}

/// Gives the link to the whole page the address of this moment, just before it is followed.
fn open_whole(event: web_sys::MouseEvent) {
    use wasm_bindgen::JsCast;
    let link = event.current_target().and_then(|link| link.dyn_into::<web_sys::Element>().ok());
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    if let (Some(link), Some(hash)) = (link, hash) {
        let mut route = Route::parse(&hash);
        (route.embed, route.no_keys) = (false, false);
        let _ = link.set_attribute("href", &route.fragment());
    }
}

/// How fast time passes, while it does.
fn pace(session: Session, locale: Locale) -> String {
    if !session.playing.get() {
        return String::new();
    }
    match session.pace_words.get() {
        PaceWords::Slow(times) => say(td_string!(locale, page.transport.slow), &[("times", &times)]),
        PaceWords::Real => td_string!(locale, page.transport.real).to_owned(),
        PaceWords::Fast(times) => say(td_string!(locale, page.transport.fast), &[("times", &times)]),
    }
}

/// An action's label with its first key.
fn hint(action: Action, locale: Locale) -> String {
    let label = label(action, locale);
    match entry(action).and_then(|entry| entry.keys.first()) {
        Some(chord) => format!("{label} ({})", chord.cap()),
        None => label,
    }
}

/// A button with a picture.
#[component]
fn Press(
    action: Action,
    picture: Icon,
    /// Left out where there is little room.
    #[prop(optional)]
    optional: bool,
) -> impl IntoView {
    let page = Page::here();
    view! {
        <button
            class:optional=optional
            aria-label=move || label(action, page.locale.get())
            title=move || hint(action, page.locale.get())
            on:click=page.asks(action)
        >
            {icon(picture)}
        </button>
    }
}

/// Play or pause.
#[component]
pub fn PlayButton(
    /// The run.
    session: Session,
    /// With a word beside the picture.
    worded: bool,
) -> impl IntoView {
    let page = Page::here();
    let word = move || {
        let locale = page.locale.get();
        if session.playing.get() {
            td_string!(locale, page.transport.pause)
        } else {
            td_string!(locale, page.transport.play)
        }
    };
    view! {
        <button
            class=if worded { "btn-line play-word" } else { "play" }
            aria-label=word
            title=move || format!("{} (Space)", word())
            on:click=move |_| session.toggle()
        >
            {move || icon(if session.playing.get() { Icon::Pause } else { Icon::Play })}
            {worded.then(|| view! { <span>{word}</span> })}
        </button>
    }
    .into_any()
}

/// Minutes, seconds and milliseconds: `0:13.206`.
pub fn clock(at: Instant) -> String {
    let millis = at.as_millis();
    format!("{}:{:02}.{:03}", millis / 60_000, millis / 1_000 % 60, millis % 1_000)
}

/// Minutes, seconds and tenths, for the end.
fn clock_short(at: Instant) -> String {
    let millis = at.as_millis();
    format!("{}:{:02}.{}", millis / 60_000, millis / 1_000 % 60, millis / 100 % 10)
}

/// The moment shown. It is written past the signals.
#[component]
pub fn Clock(
    /// The run.
    session: Session,
    /// With the end beside it.
    #[prop(optional)]
    ends: bool,
) -> impl IntoView {
    let page = Page::here();
    let now = NodeRef::<leptos::html::Span>::new();
    now.on_load(move |element| {
        session.add_slow_painter(0.0, move |run| element.set_text_content(Some(&clock(run.now()))));
    });
    // A free run has no end to show.
    let end = Memo::new(move |_| session.follow(|run| run.has_story().then(|| clock_short(run.end_at()))));
    view! {
        <span class="clock">
            <span node_ref=now></span>
            {ends.then(|| view! { <small>{move || end.get().map(|end| format!("/ {end}"))}</small> })}
            {move || session.leap.get().map(|seconds| view! {
                <span class="leap">{say(td_string!(page.locale.get(), page.transport.leap), &[("seconds", &seconds)])}</span>
            })}
        </span>
        {(!ends).then(|| view! { <span class="lbl pace">{move || pace(session, page.locale.get())}</span> })}
    }
    .into_any()
}
