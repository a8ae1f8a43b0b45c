//! The story beside the stage: which beat, its words, its question, and the way out into the sandbox.

use super::empty_state::EmptyState;
use super::form_sheet::{Asked, Deed};
use super::open_file::open_text;
use super::prediction::{Prediction, Verdict, comparison, question_of};
use super::presets::{PRESETS, Preset};
use super::twin::Twin;
use crate::action::{ADDITIONS, Action, DRAFTED, label};
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::lessons::{BeatProse, Chapter, Prose, Source, after, fill};
use crate::session::{Run, Session};
use crate::tr;
use highwater_engine::link::{BROKERS_MAX, PARTITIONS_MAX, PROGRAMS_MAX};
use highwater_engine::time::Instant;
use leptos::prelude::*;
use std::collections::BTreeMap;
use wasm_bindgen::JsCast;

/// Where the story stands: enough to tell its words, and nothing that changes with every event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Standing {
    /// The last beat reached, from 0.
    pub beat: Option<usize>,
    /// How many there are.
    pub beats: usize,
    /// Whose words are shown.
    pub keys: Vec<String>,
    /// The run's values for its words.
    pub bindings: BTreeMap<String, String>,
    /// Its question and the right answer.
    pub question: Option<(String, u32)>,
    /// The question of the beat before.
    pub earlier: Option<(String, u32)>,
    /// Whether the story is over.
    pub over: bool,
}

/// Where a run's story stands.
pub(super) fn standing(run: &Run) -> Standing {
    let beats = run.beats();
    let here = run.beat();
    let question = |index: usize| {
        let predict = beats.get(index)?.predict.as_ref()?;
        Some((predict.key.clone(), predict.answer))
    };
    Standing {
        beat: here,
        beats: beats.len(),
        keys: here.map_or_else(Vec::new, |index| beats[index].keys.clone()),
        bindings: here.map_or_else(BTreeMap::new, |index| beats[index].bindings.clone()),
        question: here.and_then(question),
        earlier: here.and_then(|index| index.checked_sub(1)).and_then(question),
        over: run.has_story() && run.cursor() >= run.end(),
    }
}

/// A beat's words, filled.
pub(super) fn words(prose: &Prose, standing: &Standing) -> BeatProse {
    let mut all = standing.keys.iter().filter_map(|key| prose.beats.get(key));
    let Some(first) = all.next() else { return BeatProse::default() };
    let body = all.fold(first.body.clone(), |body, beat| format!("{body}{}", beat.body));
    BeatProse { heading: fill(&first.heading, &standing.bindings), body: fill(&body, &standing.bindings) }
}

/// The column.
#[component]
pub fn Story(
    /// The run.
    session: Session,
    /// The lesson; none in the sandbox.
    source: Option<Source>,
) -> impl IntoView {
    let page = Page::here();
    let Some(source) = source else { return view! { <Free session /> }.into_any() };
    let now = Memo::new(move |_| session.follow(standing));
    let prose = Memo::new(move |_| source.prose(page.locale.get()));
    let count = move || {
        let now = now.get();
        let n = now.beat.map_or(0, |beat| beat + 1);
        say(td_string!(page.locale.get(), page.story.beat_of), &[("n", &n), ("all", &now.beats)])
    };
    let text = Memo::new(move |_| prose.with(|prose| now.with(|now| words(prose, now))));
    let question = Memo::new(move |_| now.with(|now| (now.question.clone(), now.bindings.clone())));
    let earlier = Memo::new(move |_| now.with(|now| now.earlier.clone()));
    view! {
        <section class="side story" aria-label=tr!(page, story.title)>
            <div class="story-scroll" tabindex="0">
                <div class="step"><span>{count}</span><Ticks session now /></div>
                <h1 inner_html=move || text.with(|text| text.heading.clone())></h1>
                <div class="prose" inner_html=move || text.with(|text| text.body.clone())></div>
                {move || {
                    let (question, bindings) = question.get();
                    question.map(|(key, answer)| view! { <Prediction session source key answer bindings /> })
                }}
                <Continue session now />
                {move || earlier.get().map(|(key, answer)| view! { <Verdict session source key answer /> })}
                {move || now.with(|now| now.over).then(|| view! { <Twin source /><Onward source /> })}
            </div>
            <div class="foot">
                <button class="btn-line" on:click=page.asks(Action::TakeControls)>
                    {tr!(page, action.take_controls)}
                </button>
            </div>
        </section>
    }
    .into_any()
}

/// One tick a beat; a click goes there.
#[component]
fn Ticks(session: Session, now: Memo<Standing>) -> impl IntoView {
    // A picture that also answers to the mouse; keys and screen readers have the beats' own buttons.
    let go = move |event: web_sys::MouseEvent| {
        let Some(ticks) = event.current_target().and_then(|it| it.dyn_into::<web_sys::Element>().ok()) else { return };
        let rect = ticks.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
        let all = now.with_untracked(|now| now.beats);
        session.to_beat(((share * all as f64) as usize).min(all.saturating_sub(1)));
    };
    let ticks = move || {
        let (here, all) = now.with(|now| (now.beat, now.beats));
        let tick = |index: usize| {
            let class = match here {
                Some(here) if index == here => "on",
                Some(here) if index < here => "past",
                _ => "",
            };
            view! { <i class=class></i> }
        };
        (0..all).map(tick).collect_view()
    };
    view! { <span class="ticks" aria-hidden="true" on:click=go>{ticks}</span> }
}

/// The plain way on, for whoever does not know the keys.
#[component]
fn Continue(session: Session, now: Memo<Standing>) -> impl IntoView {
    let page = Page::here();
    let is_asked = Memo::new(move |_| {
        let question = now.with(|now| now.question.as_ref().map(|(key, _)| key.clone()));
        question.is_some_and(|key| session.answers.with(|answers| answers.get(&key).is_none_or(|answer| !answer.shown)))
    });
    let is_here = move || !is_asked.get() && !now.with(|now| now.over);
    view! {
        <Show when=is_here>
            <p class="go-on" class:gone=move || session.playing.get()>
                <button class="btn-ink" on:click=page.asks(Action::BeatForward)>{tr!(page, story.go_on)}</button>
                <kbd>{tr!(page, story.space)}</kbd>
            </p>
        </Show>
    }
}

/// After the last beat: the next story, or the first screen.
#[component]
fn Onward(source: Source) -> impl IntoView {
    let page = Page::here();
    move || {
        let locale = page.locale.get();
        let siblings = Chapter::of(source.name).map(|chapter| chapter.stories).unwrap_or_default();
        let next = after(source.name);
        let link = |story: Source, class: &'static str| {
            let title = story.title(locale);
            view! { <a class=class href=format!("#/s/{}", story.name)>{title}</a> }
        };
        let others: Vec<_> = siblings.into_iter().filter(|story| Some(*story) != next && *story != source).collect();
        view! {
            <nav class="onward" aria-label=td_string!(locale, page.story.onward)>
                <p class="kind">{td_string!(locale, page.story.onward)}</p>
                {next.map(|next| link(next, "btn btn-line"))}
                {others.into_iter().map(|story| link(story, "quiet-link")).collect_view()}
                <a class="quiet-link" href="#/">{td_string!(locale, page.to_home)}</a>
            </nav>
        }
    }
}

/// Under the heading "Add" the thing alone says enough.
fn short(action: Action, locale: Locale) -> String {
    let said = label(action, locale);
    let word = td_string!(locale, page.sandbox.add);
    let rest = said.strip_prefix(word).unwrap_or(&said).trim();
    let rest = rest.strip_prefix("a ").unwrap_or(rest);
    format!("+ {rest}")
}

/// The small button beside another: the same, and first asked how.
fn how(page: Page, action: Action) -> impl IntoView {
    let words = move || {
        let locale = page.locale.get();
        say(td_string!(locale, page.form.how), &[("what", &label(action, locale))])
    };
    let ask = move |_| {
        let title = label(action, page.locale.get_untracked());
        page.asked.set(Some(Asked { title, deed: Deed::Add(action) }));
    };
    view! { <button class="btn-line how" aria-haspopup="dialog" aria-label=words title=words on:click=ask>"…"</button> }
}

/// What a link or a file may hold.
fn limits(locale: Locale) -> String {
    let parts: [(&str, &dyn std::fmt::Display); 3] =
        [("brokers", &BROKERS_MAX), ("partitions", &PARTITIONS_MAX), ("programs", &PROGRAMS_MAX)];
    say(td_string!(locale, page.sandbox.limits), &parts)
}

/// Opens a world at a moment when everybody has started.
fn begin_with(page: Page, session: Session, text: &str) {
    if open_text(page, "", text).is_ok() {
        session.seek_time(Instant(SETTLED));
        // What is missing there is said at the top of the column.
        let column = web_sys::window().and_then(|it| it.document()?.query_selector(".story-scroll").ok()?);
        column.inspect(|column| column.set_scroll_top(0));
    }
}

/// By then leaders are elected and groups are stable, in simulated microseconds.
const SETTLED: u64 = 6_000_000;

/// The sandbox has no story: what can be done here.
#[component]
fn Free(session: Session) -> impl IntoView {
    let page = Page::here();
    let can = Memo::new(move |_| session.follow(Run::can_undo_redo));
    let lead = move || {
        let prose = Source::sandbox().map(|source| source.prose(page.locale.get())).unwrap_or_default();
        prose.beats.into_values().next().map(|beat| beat.body)
    };
    let adds = ADDITIONS
        .map(|action| view! {
            <span class="add">
                <button class="btn-line" on:click=page.asks(action)>{move || short(action, page.locale.get())}</button>
                {DRAFTED.contains(&action).then(|| how(page, action))}
            </span>
        })
        .collect_view();
    let preset = |(word, text): Preset| view! { <button class="preset" on:click=move |_| begin_with(page, session, text)>{move || word(page.locale.get())}</button> };
    let presets = PRESETS.map(preset).collect_view();
    view! {
        <section class="side story" aria-label=tr!(page, sandbox.title)>
            <div class="story-scroll" tabindex="0">
                <h1>{tr!(page, sandbox.title)}</h1>
                <EmptyState session />
                <div class="prose" inner_html=lead></div>
                <h2>{tr!(page, sandbox.add)}</h2>
                <div class="adds">{adds}</div>
                <p class="quiet">{tr!(page, sandbox.build)}</p>
                <h2>{tr!(page, sandbox.presets)}</h2>
                <div class="presets">{presets}</div>
                <p class="quiet">{move || limits(page.locale.get())}</p>
                {(!crate::theme::can_keep()).then(|| view! { <p class="quiet">{tr!(page, sandbox.cannot_keep)}</p> })}
            </div>
            <div class="foot">
                <button class="btn-line" disabled=move || !can.get().0 on:click=page.asks(Action::Undo)>
                    {tr!(page, action.undo)}
                </button>
                <button class="btn-line" disabled=move || !can.get().1 on:click=page.asks(Action::Redo)>
                    {tr!(page, action.redo)}
                </button>
                {page.origin.get_untracked().map(|origin| view! {
                    <a class="quiet-link" href=origin.fragment()>{tr!(page, story.back)}</a>
                })}
            </div>
        </section>
    }
}

/// The beat's sentence under the stage, when the stage stands alone.
#[component]
pub fn Caption(
    /// The run.
    session: Session,
    /// The lesson.
    source: Option<Source>,
) -> impl IntoView {
    let page = Page::here();
    let Some(source) = source else { return ().into_any() };
    let now = Memo::new(move |_| session.follow(standing));
    let text = move || {
        let locale = page.locale.get();
        let prose = source.prose(locale);
        now.with(|now| match asked(source, session, now, locale) {
            Some((question, options)) => view! { <p inner_html=question></p><ol>{options}</ol> }.into_any(),
            None => view! { <p inner_html=words(&prose, now).heading></p> }.into_any(),
        })
    };
    view! {
        <section class="caption" aria-hidden=move || (!page.present.get()).to_string()>
            <div>{text}</div>
            <div class="step">
                <span>{move || now.with(|now| format!("{} / {}", now.beat.map_or(0, |beat| beat + 1), now.beats))}</span>
            </div>
        </section>
    }
    .into_any()
}

/// The open question with its options, for the back row; once shown, what happens instead.
fn asked(source: Source, session: Session, now: &Standing, locale: Locale) -> Option<(String, Vec<AnyView>)> {
    let (key, answer) = now.question.as_ref()?;
    let question = question_of(source, key, &now.bindings, locale);
    let mine = session.answers.with(|answers| answers.get(key).copied().unwrap_or_default());
    if mine.shown {
        return Some((comparison(&question, mine.choice, *answer, locale), Vec::new()));
    }
    let option = |(index, option): (usize, String)| {
        let class = if mine.choice == Some(index as u32 + 1) { "chosen" } else { "" };
        view! { <li class=class inner_html=option></li> }.into_any()
    };
    Some((question.text, question.options.into_iter().enumerate().map(option).collect()))
}
