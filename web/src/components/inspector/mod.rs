//! The inspector: what a thing is, why it is so, and what happened to it.

mod concerns;
mod facts;
mod why;

use super::icon::{Icon, icon};
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::words::{Names, event_sentence};
use crate::session::{Run, Session};
use crate::tr;
use facts::{Sheet, sheet};
use leptos::prelude::*;
use why::{Link, Sign, why};

/// Facts that are always shown.
const FACTS: usize = 5;

/// Events shown in the log.
const LOG: usize = 40;

/// What of the thing is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tab {
    State,
    Why,
    Log,
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
    view! {
        <aside class="side inspect" class:open=move || page.inspector.get() aria-label=tr!(page, inspector.title)>
            <button class="close not-wide" on:click=move |_| page.inspector.set(false) aria-label=tr!(page, close)>
                {icon(Icon::Close)}
            </button>
            {move || match found.get() {
                Some(sheet) => head(sheet, page.locale.get(), tab.get() == Tab::State).into_any(),
                None => view! { <p class="quiet">{tr!(page, inspector.nothing)}</p> }.into_any(),
            }}
            <Tabs tab />
            <div class="panel" role="tabpanel" tabindex="0" aria-labelledby=move || tab_id(tab.get())>
                {move || {
                    let target = target.get()?;
                    Some(match tab.get() {
                        Tab::State => ().into_any(),
                        Tab::Why => view! { <Chain session target /> }.into_any(),
                        Tab::Log => view! { <Log session target /> }.into_any(),
                    })
                }}
            </div>
        </aside>
    }
    .into_any()
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
    let rows = sheet.facts.into_iter().take(shown).map(move |fact| {
        let was = fact.was.map(|was| say(td_string!(locale, page.fact.was), &[("value", &was)]));
        view! { <dt>{fact.term}</dt><dd>{fact.value}{was.map(|was| view! { <s>{was}</s> })}</dd> }
    });
    view! {
        <h2>{sheet.title}</h2>
        <p class="sub">{sheet.subtitle}</p>
        <dl class="facts">{rows.collect_view()}</dl>
    }
}

fn tab_id(tab: Tab) -> &'static str {
    match tab {
        Tab::State => "tab-state",
        Tab::Why => "tab-why",
        Tab::Log => "tab-log",
    }
}

#[component]
fn Tabs(tab: RwSignal<Tab>) -> impl IntoView {
    let page = Page::here();
    let all = [Tab::State, Tab::Why, Tab::Log];
    let word = move |tab| {
        let locale = page.locale.get();
        match tab {
            Tab::State => td_string!(locale, page.inspector.state),
            Tab::Why => td_string!(locale, page.inspector.why),
            Tab::Log => td_string!(locale, page.inspector.log),
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let here = all.iter().position(|known| *known == tab.get_untracked()).unwrap_or(0);
        let there = match event.key().as_str() {
            "ArrowRight" => (here + 1) % all.len(),
            "ArrowLeft" => (here + all.len() - 1) % all.len(),
            _ => return,
        };
        event.prevent_default();
        tab.set(all[there]);
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(element) = document.and_then(|document| document.get_element_by_id(tab_id(all[there]))) {
            use wasm_bindgen::JsCast;
            if let Ok(element) = element.dyn_into::<web_sys::HtmlElement>() {
                let _ = element.focus();
            }
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=tr!(page, inspector.title) on:keydown=on_key>
            {all
                .map(|this| view! {
                    <button
                        role="tab"
                        id=tab_id(this)
                        aria-selected=move || (tab.get() == this).to_string()
                        tabindex=move || if tab.get() == this { "0" } else { "-1" }
                        on:click=move |_| tab.set(this)
                    >
                        {move || word(this)}
                    </button>
                })
                .collect_view()}
        </div>
    }
}

/// The chain of causes.
#[component]
fn Chain(session: Session, target: Target) -> impl IntoView {
    let page = Page::here();
    let links = Memo::new(move |_| {
        let locale = page.locale.get();
        session.follow(|run| why(target, run, locale))
    });
    move || {
        let links = links.get();
        if links.is_empty() {
            return view! { <p class="quiet">{tr!(page, inspector.no_cause)}</p> }.into_any();
        }
        let row = |link: Link| {
            view! {
                <li>
                    <svg class="node" viewBox="0 0 15 16" aria-hidden="true" inner_html=picture(link.sign)></svg>
                    {(!link.at.is_empty()).then(|| view! {
                        <button class="at" on:click=move |_| session.seek_event(link.n)>{link.at}</button>
                    })}
                    <p>{link.sentence}</p>
                </li>
            }
        };
        view! { <ol class="why">{links.into_iter().map(row).collect_view()}</ol> }.into_any()
    }
}

fn picture(sign: Sign) -> &'static str {
    match sign {
        Sign::Star => {
            r#"<polygon class="star" points="7.5,0.5 9.4,5.5 14.6,5.7 10.5,9 11.9,14.1 7.5,11.2 3.1,14.1 4.5,9 .4,5.7 5.6,5.5"/>"#
        }
        Sign::Flag => r#"<path class="flag-pole" d="M3 1.5V15"/><path class="flag" d="M3 1.5h10l-3 3.5l3 3.5h-10z"/>"#,
        Sign::Cross => r#"<path class="cut" d="M3 4l9 9M12 4l-9 9"/>"#,
        Sign::Dot => r#"<circle class="why-dot" cx="7.5" cy="8" r="4"/>"#,
    }
}

/// What happened to the thing, newest first.
#[component]
fn Log(session: Session, target: Target) -> impl IntoView {
    let page = Page::here();
    let lines = Memo::new(move |_| {
        let locale = page.locale.get();
        session.follow(|run| {
            let names = Names { directory: run.simulation().directory(), locale };
            let about = run.past().iter().rev().filter(|emitted| concerns::concerns(&emitted.event, target, run));
            about
                .take(LOG)
                .map(|emitted| (emitted.n, emitted.at.to_string(), event_sentence(&emitted.event, &names)))
                .collect::<Vec<_>>()
        })
    });
    move || {
        let lines = lines.get();
        if lines.is_empty() {
            return view! { <p class="quiet">{tr!(page, inspector.no_event)}</p> }.into_any();
        }
        let row = |(n, at, sentence): (u64, String, String)| {
            view! { <li><button class="at" on:click=move |_| session.seek_event(n)>{at}</button><p>{sentence}</p></li> }
        };
        view! { <ol class="log">{lines.into_iter().map(row).collect_view()}</ol> }.into_any()
    }
}
