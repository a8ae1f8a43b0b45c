//! Every event so far, newest first: filtered by words and by what is selected; a click leads to its moment.

use super::inspector::{concerns, escape};
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::words::{Names, event_sentence};
use crate::session::{Run, Session};
use crate::tr;
use leptos::prelude::*;
use std::fmt::Write as _;
use wasm_bindgen::JsCast;

/// Lines shown.
const MOST: usize = 150;

/// So many events are looked through for them.
const SEARCHED: usize = 20_000;

/// While time passes, the list is made anew this often, in seconds.
const PERIOD: f64 = 0.5;

/// The panel.
#[component]
pub fn EventPanel(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let (words, only) = (RwSignal::new(String::new()), RwSignal::new(false));
    let list = RwSignal::new(String::new());
    let refresh = move |run: &Run| {
        let target = session.selection.get_untracked().filter(|_| only.get_untracked());
        let locale = page.locale.get_untracked();
        list.set(words.with_untracked(|words| lines(run, words, target, locale)));
    };
    session.add_slow_painter(PERIOD, refresh);
    Effect::new(move || {
        page.locale.track();
        session.selection.track();
        words.track();
        only.track();
        session.read(refresh);
    });
    let jump = move |event: web_sys::MouseEvent| {
        let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let line = element.and_then(|element| element.closest("[data-n]").ok().flatten());
        if let Some(n) = line.and_then(|line| line.get_attribute("data-n")?.parse().ok()) {
            session.seek_event(n);
        }
    };
    view! {
        <section class="tables events" aria-label=tr!(page, panel.events)>
            <div class="events-head">
                <input
                    class="help-find"
                    type="search"
                    aria-label=tr!(page, tables.find)
                    placeholder=tr!(page, tables.find)
                    autocomplete="off"
                    on:input=move |event| words.set(event_target_value(&event))
                />
                <label class="letters">
                    <input type="checkbox" prop:checked=move || only.get() on:change=move |event| only.set(event_target_checked(&event)) />
                    {tr!(page, tables.only)}
                </label>
            </div>
            <ol class="log" tabindex="0" on:click=jump inner_html=move || list.get()></ol>
        </section>
    }
    .into_any()
}

/// The lines that hold every word, newest first.
fn lines(run: &Run, words: &str, target: Option<Target>, locale: Locale) -> String {
    let names = Names { directory: run.simulation().directory(), locale };
    let words = words.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut out = String::new();
    let mut shown = 0;
    for emitted in run.past().iter().rev().take(SEARCHED) {
        if target.is_some_and(|target| !concerns(&emitted.event, target, run)) {
            continue;
        }
        let sentence = event_sentence(&emitted.event, &names);
        // Either the words of the sentence, or the event's own name.
        let text = format!("{} {}", sentence, emitted.event.name()).to_lowercase();
        if !words.iter().all(|word| text.contains(word)) {
            continue;
        }
        let (n, at) = (emitted.n, emitted.at);
        let _ = write!(out, "<li><button data-n=\"{n}\"><time>{at}</time> {}</button></li>", escape(&sentence));
        shown += 1;
        if shown == MOST {
            let _ = write!(
                out,
                "<li class=\"quiet\">{}</li>",
                say(td_string!(locale, page.tables.most), &[("count", &MOST)])
            );
            break;
        }
    }
    if out.is_empty() {
        return format!("<li class=\"quiet\">{}</li>", td_string!(locale, page.tables.none_found));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::ids::NodeId;
    use highwater_engine::scenario::Scenario;
    use highwater_engine::time::Instant;

    #[test]
    fn events_are_found_by_word_by_name_and_by_thing() {
        let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3\n\
                    producer p1 topic=orders start=\"5s\" every=\"200ms\" acks=all\n\
                    at \"8s\" { kill \"broker 1\" }\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        run.seek_time(Instant(25_000_000));
        let count = |words: &str, target| lines(&run, words, target, Locale::en).matches("data-n").count();
        assert_eq!(
            count("LeaderElected", None),
            run.past().iter().filter(|it| it.event.name() == "LeaderElected").count()
        );
        assert_eq!(count("broker 1 stopped-nobody", None), 0);
        assert!(count("", Some(Target::Node(NodeId(1)))) > 0);
        assert!(lines(&run, "zzz", None, Locale::zh_CN).contains("quiet"));
        assert_eq!(count("", None), MOST.min(run.past().iter().count()));
    }
}
