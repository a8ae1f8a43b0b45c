//! A question before the answer: choose, then watch. Nobody is judged and nothing is blocked.

use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::lessons::{Question, Source, fill};
use crate::session::Session;
use crate::tr;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// A question in one language, filled with the run's values.
pub(super) fn question_of(source: Source, key: &str, bindings: &BTreeMap<String, String>, locale: Locale) -> Question {
    let question = source.prose(locale).questions.get(key).cloned().unwrap_or_default();
    Question {
        text: fill(&question.text, bindings),
        options: question.options.iter().map(|option| fill(option, bindings)).collect(),
        explanation: fill(&question.explanation, bindings),
    }
}

/// The sentence that compares what was expected with what happens.
pub(super) fn comparison(question: &Question, choice: Option<u32>, answer: u32, locale: Locale) -> String {
    let option =
        |n: u32| n.checked_sub(1).and_then(|index| question.options.get(index as usize)).cloned().unwrap_or_default();
    match choice {
        Some(choice) if choice == answer => {
            say(td_string!(locale, page.predict.as_expected), &[("answer", &option(answer))])
        }
        Some(choice) => {
            say(td_string!(locale, page.predict.otherwise), &[("choice", &option(choice)), ("answer", &option(answer))])
        }
        None => say(td_string!(locale, page.predict.not_chosen), &[("answer", &option(answer))]),
    }
}

/// The card of an open question, and its answer once asked for.
#[component]
pub fn Prediction(
    /// The run.
    session: Session,
    /// The lesson.
    source: Source,
    /// The question's key.
    key: String,
    /// The right option, from 1.
    answer: u32,
    /// The run's values.
    bindings: BTreeMap<String, String>,
) -> impl IntoView {
    let page = Page::here();
    let key = StoredValue::new(key);
    let bindings = StoredValue::new(bindings);
    let mine = Memo::new(move |_| {
        session.answers.with(|answers| key.with_value(|key| answers.get(key).copied().unwrap_or_default()))
    });
    let question = move || {
        key.with_value(|key| bindings.with_value(|bindings| question_of(source, key, bindings, page.locale.get())))
    };
    let set = move |change: &dyn Fn(&mut crate::session::Answer)| {
        session.answers.update(|answers| change(answers.entry(key.get_value()).or_default()));
    };
    let show = move |_| {
        set(&|answer| answer.shown = true);
        session.play();
    };
    let skip = move |_| session.play();
    view! {
        <form class="card" on:submit=move |event| event.prevent_default()>
            <p class="kind">{tr!(page, predict.title)}</p>
            <fieldset>
                <legend inner_html=move || question().text></legend>
                {move || {
                    let mine = mine.get();
                    let options = question().options.into_iter().enumerate().map(|(index, option)| {
                        let n = index as u32 + 1;
                        let is_answer = mine.shown && n == answer;
                        view! {
                            <label class="opt" class:right=is_answer>
                                <input
                                    type="radio"
                                    name="prediction"
                                    prop:checked=mine.choice == Some(n)
                                    disabled=mine.shown
                                    on:change=move |_| set(&|answer| answer.choice = Some(n))
                                />
                                <span inner_html=option></span>
                                {if is_answer {
                                    view! { <b class="tick-word">{td_string!(page.locale.get(), page.predict.happens)}</b> }.into_any()
                                } else {
                                    view! { <kbd aria-hidden="true">{n}</kbd> }.into_any()
                                }}
                            </label>
                        }
                    });
                    options.collect_view()
                }}
            </fieldset>
            {move || {
                let mine = mine.get();
                if mine.shown {
                    let question = question();
                    let compared = comparison(&question, mine.choice, answer, page.locale.get());
                    let reveal = NodeRef::<leptos::html::Div>::new();
                    reveal.on_load(|element| into_view(&element));
                    view! {
                        <div class="reveal" node_ref=reveal>
                            <p class="compared" inner_html=compared></p>
                            <div class="prose" inner_html=question.explanation></div>
                        </div>
                    }
                    .into_any()
                } else {
                    view! {
                        <div class="do">
                            <button type="button" class="btn-ink" on:click=show>{tr!(page, predict.show_me)}</button>
                            <button type="button" on:click=skip>{tr!(page, predict.skip)}</button>
                        </div>
                    }
                    .into_any()
                }
            }}
        </form>
    }
    .into_any()
}

/// At the beat after: what was expected, folded up.
#[component]
pub fn Verdict(
    /// The run.
    session: Session,
    /// The lesson.
    source: Source,
    /// The question's key.
    key: String,
    /// The right option, from 1.
    answer: u32,
) -> impl IntoView {
    let page = Page::here();
    move || {
        let mine = session.answers.with(|answers| answers.get(&key).copied()).filter(|answer| answer.shown)?;
        let locale = page.locale.get();
        let bindings = session.read(|run| {
            let beats = run.beats().iter();
            let mut asked = beats.filter(|beat| beat.predict.as_ref().is_some_and(|predict| predict.key == key));
            asked.next().map(|beat| beat.bindings.clone()).unwrap_or_default()
        });
        let question = question_of(source, &key, &bindings.unwrap_or_default(), locale);
        let compared = comparison(&question, mine.choice, answer, locale);
        Some(view! {
            <details class="card verdict-card">
                <summary inner_html=compared></summary>
                <div class="prose" inner_html=question.explanation></div>
            </details>
        })
    }
}

/// What was asked for must be seen, even where the column is short.
fn into_view(element: &web_sys::Element) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}
