//! The inspector: what a thing is, how it is set, why it is so, what Kafka's tools say of it, and what happened to it.
//!
//! Each tab is a function from a target and a run to markup; a button with `data-n` in it leads to that step.

mod bytes;
mod cli;
mod concerns;
mod config;
mod facts;
mod film;
mod gone;
mod log;
mod lookup;
mod markup;
mod why;

use super::icon::{Icon, icon};
use crate::action::Action;
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::notice::Notice;
use crate::scene::Target;
use crate::session::{Run, Session};
use crate::tr;
pub use concerns::concerns;
use facts::{Sheet, sheet};
use leptos::prelude::*;
pub use markup::escape;
use wasm_bindgen::JsCast;

/// Facts that are always shown.
const FACTS: usize = 5;

/// What of the thing is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tab {
    State,
    Config,
    Why,
    Bytes,
    Cli,
    Log,
}

const TABS: [Tab; 6] = [Tab::State, Tab::Config, Tab::Why, Tab::Bytes, Tab::Cli, Tab::Log];

impl Tab {
    fn id(self) -> &'static str {
        match self {
            Tab::State => "tab-state",
            Tab::Config => "tab-config",
            Tab::Why => "tab-why",
            Tab::Bytes => "tab-bytes",
            Tab::Cli => "tab-cli",
            Tab::Log => "tab-log",
        }
    }

    fn word(self, locale: Locale) -> &'static str {
        match self {
            Tab::State => td_string!(locale, page.inspector.state),
            Tab::Config => td_string!(locale, page.inspector.config),
            Tab::Why => td_string!(locale, page.inspector.why),
            Tab::Bytes => td_string!(locale, page.inspector.bytes),
            Tab::Cli => td_string!(locale, page.inspector.cli),
            Tab::Log => td_string!(locale, page.inspector.log),
        }
    }

    /// What the tab shows under the facts.
    fn body(self, target: Target, run: &Run, locale: Locale) -> String {
        match self {
            Tab::State => String::new(),
            Tab::Config => config::config(target, run, locale),
            Tab::Why => why::chain(target, run, locale),
            Tab::Bytes => bytes::bytes(target, run, locale),
            Tab::Cli => cli::cli(target, run, locale),
            Tab::Log => log::log(target, run, locale),
        }
    }
}

/// The panel.
#[component]
pub fn Inspector(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let tab = RwSignal::new(Tab::Why);
    let target = Memo::new(move |_| {
        session.selection.get().or_else(|| session.follow(|run| Some(default_target(run))).flatten())
    });
    let found = Memo::new(move |_| {
        let locale = page.locale.get();
        target.get().and_then(|target| session.follow(|run| sheet(target, run, locale)))
    });
    let body = Memo::new(move |_| {
        let (locale, tab) = (page.locale.get(), tab.get());
        let Some(target) = target.get() else { return String::new() };
        session.follow(|run| tab.body(target, run, locale))
    });
    let film = Memo::new(move |_| {
        let locale = page.locale.get();
        target.get().map(|target| session.follow(|run| film::film(target, run, locale))).unwrap_or_default()
    });
    let has_film = Memo::new(move |_| film.with(|(strip, _)| !strip.is_empty()));
    let frame = Memo::new(move |_| film.with(|(_, here)| *here));
    let strip = NodeRef::<leptos::html::Div>::new();
    // A frame that was pressed keeps the keyboard when the strip is drawn anew.
    let pressed = StoredValue::new(false);
    Effect::new(move |_| {
        frame.track();
        let pressed = pressed.try_update_value(std::mem::take).unwrap_or(false);
        request_animation_frame(move || {
            if let Some(strip) = strip.try_get_untracked().flatten() {
                film::bring_into_view(&strip, pressed);
            }
        });
    });
    let on_change = move |event: web_sys::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        let (Some(input), Some(target)) = (input, target.get_untracked()) else { return };
        let Some(key) = input.get_attribute("data-key") else { return };
        let value = input.value();
        let owner = session.read(|run| config::owner(target, run)).flatten();
        let Some(owner) = owner else { return };
        if !page.rework(session, |run| config::set(owner, target, &key, &value, run)) {
            // Refused: the field says again what holds.
            input.set_value(&input.default_value());
        } else if config::is_read_only(owner, target, &key) {
            page.notice.set(Some(Notice::ToldAgain { name: key, value }));
        }
    };
    view! {
        <aside class="side inspect" class:open=move || page.inspector.get() class:broad=move || matches!(tab.get(), Tab::Config | Tab::Bytes | Tab::Cli | Tab::Log) aria-label=tr!(page, inspector.title)>
            <button class="close not-wide" on:click=move |_| page.inspector.set(false) aria-label=tr!(page, close)>
                {icon(Icon::Close)}
            </button>
            <div class="inspect-head">
            {move || match found.get() {
                Some(sheet) => head(sheet, page.locale.get(), tab.get() == Tab::State).into_any(),
                None => view! { <p class="quiet">{tr!(page, inspector.nothing)}</p> }.into_any(),
            }}
                <MenuButton target />
            </div>
            {move || has_film.get().then(|| view! {
                <div
                    class="film"
                    role="group"
                    aria-label=tr!(page, life.title)
                    node_ref=strip
                    on:click=move |event| {
                        pressed.set_value(true);
                        follow_link(session, &event);
                    }
                    inner_html=move || film.with(|(strip, _)| strip.clone())
                ></div>
            })}
            <Tabs tab />
            <div
                class="panel"
                role="tabpanel"
                tabindex="0"
                aria-labelledby=move || tab.get().id()
                on:click=move |event| follow_link(session, &event)
                on:change=on_change
                on:mouseover=move |event| light(event.target())
                on:focusin=move |event| light(event.target())
                inner_html=move || body.get()
            ></div>
            <button class="quiet-button" on:click=page.asks(Action::Describe)>{tr!(page, inspector.describe)}</button>
        </aside>
    }
    .into_any()
}

/// Everything that can be done to a thing, for whoever has no right button and no long press.
#[component]
pub fn MenuButton(
    /// Whose menu; nothing is shown while there is nothing.
    #[prop(into)]
    target: Signal<Option<Target>>,
) -> impl IntoView {
    let page = Page::here();
    let open = move |event: web_sys::MouseEvent| {
        let button = event.current_target().and_then(|button| button.dyn_into::<web_sys::Element>().ok());
        if let Some(target) = target.get_untracked() {
            page.open_menu(target, button);
        }
    };
    move || {
        target.get().map(|_| view! {
            <button class="menu-button" aria-haspopup="menu" aria-label=tr!(page, menu.title) title=tr!(page, menu.title) on:click=open>
                {icon(Icon::More)}
            </button>
        })
    }
}

/// The bytes of the field under the pointer or in focus are marked, and its name with them.
fn light(target: Option<web_sys::EventTarget>) {
    let element = target.and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(field) = element.and_then(|element| element.closest("[data-f]").ok().flatten()) else { return };
    let (Some(number), Ok(Some(panel))) = (field.get_attribute("data-f"), field.closest(".panel")) else { return };
    let all = |selector: &str| panel.query_selector_all(selector).ok();
    let each = |selector: &str, change: &dyn Fn(&web_sys::Element)| {
        let found = all(selector);
        for element in found.iter().flat_map(|found| (0..found.length()).filter_map(|index| found.get(index))) {
            if let Some(element) = element.dyn_ref::<web_sys::Element>() {
                change(element);
            }
        }
    };
    each(".lit", &|element| drop(element.class_list().remove_1("lit")));
    each(&format!("[data-f=\"{number}\"]"), &|element| drop(element.class_list().add_1("lit")));
}

/// A button that names a step leads there, one that names a thing selects it.
fn follow_link(session: Session, event: &web_sys::MouseEvent) {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let link = element.and_then(|element| element.closest("[data-n], [data-target]").ok().flatten());
    let target = link.as_ref().and_then(|link| Target::parse(&link.get_attribute("data-target")?));
    if target.is_some() {
        session.selection.set(target);
    }
    if let Some(n) = link.and_then(|link| link.get_attribute("data-n")?.parse().ok()) {
        session.seek_event(n);
    }
}

/// With nothing selected: what the beat is about, or else the first partition or queue.
fn default_target(run: &Run) -> Option<Target> {
    let directory = run.simulation().directory();
    let focus = run.beat().and_then(|beat| run.beats()[beat].focus.clone());
    let named = focus.and_then(|focus| {
        let partition = directory.find_tp(&focus).map(Target::Partition);
        let group = directory.find_group(&focus).map(Target::Group);
        let queue = directory.find_queue(&focus).map(Target::Queue);
        partition.or(group).or(queue).or_else(|| directory.find_node(&focus).map(Target::Node))
    });
    let view = run.view();
    let partition = view.partitions.first().map(|partition| Target::Partition(partition.tp));
    named.or(partition).or(view.queues.first().map(|queue| Target::Queue(queue.id)))
}

/// Name, kind and the first facts; all of them on their own tab.
fn head(sheet: Sheet, locale: Locale, all: bool) -> impl IntoView {
    let shown = if all { sheet.facts.len() } else { FACTS };
    let mut rows = String::new();
    for fact in sheet.facts.into_iter().take(shown) {
        rows.push_str("<dt>");
        rows.push_str(&escape(&fact.term));
        rows.push_str("</dt><dd>");
        rows.push_str(&escape(&fact.value));
        if let Some(was) = fact.was {
            rows.push_str("<s>");
            rows.push_str(&escape(&say(td_string!(locale, page.fact.was), &[("value", &was)])));
            rows.push_str("</s>");
        }
        rows.push_str("</dd>");
    }
    view! {
        <h2>{sheet.title}</h2>
        <p class="sub">{sheet.subtitle}</p>
        <dl class="facts" inner_html=rows></dl>
    }
}

#[component]
fn Tabs(tab: RwSignal<Tab>) -> impl IntoView {
    let page = Page::here();
    let on_key = move |event: web_sys::KeyboardEvent| {
        let here = TABS.iter().position(|known| *known == tab.get_untracked()).unwrap_or(0);
        let there = match event.key().as_str() {
            "ArrowRight" => (here + 1) % TABS.len(),
            "ArrowLeft" => (here + TABS.len() - 1) % TABS.len(),
            _ => return,
        };
        event.prevent_default();
        tab.set(TABS[there]);
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(element) = document.and_then(|document| document.get_element_by_id(TABS[there].id()))
            && let Ok(element) = element.dyn_into::<web_sys::HtmlElement>()
        {
            let _ = element.focus();
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=tr!(page, inspector.title) on:keydown=on_key>
            {TABS
                .map(|this| view! {
                    <button
                        role="tab"
                        id=this.id()
                        aria-selected=move || (tab.get() == this).to_string()
                        tabindex=move || if tab.get() == this { "0" } else { "-1" }
                        on:click=move |_| tab.set(this)
                    >
                        {move || this.word(page.locale.get())}
                    </button>
                })
                .collect_view()}
        </div>
    }
}
