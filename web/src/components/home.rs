//! The first screen: one sentence, one button, a cluster already at work, three ways on.

use super::ledger::Ledger;
use super::stage::Stage;
use super::top_bar::TopBar;
use super::transport::{Clock, PlayButton};
use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::lessons::{Chapter, Source, Theme};
use crate::notice::Notice;
use crate::session::{Purpose, Run, Session};
use crate::{theme, tr};
use highwater_engine::command::Command;
use highwater_engine::event::{Event, StopKind};
use highwater_engine::ids::{BrokerId, NodeId, TopicPartition};
use leptos::prelude::*;

/// How far the reader has got on this screen; all of it is read from the run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Phase {
    /// Everybody works; this broker leads.
    Whole { leader: i32, partition: String },
    /// The leader is dead and nobody has noticed, or nobody has taken its place.
    Leaderless { dead: i32, partition: String },
    /// Another one leads.
    Elected { dead: i32, leader: i32, partition: String },
    /// There is no cluster to show.
    #[default]
    Nothing,
}

/// The first partition of the first topic: the one the screen talks about.
fn star(run: &Run) -> Option<(TopicPartition, String, BrokerId)> {
    let view = run.view();
    let partition = view.partitions.first()?;
    Some((partition.tp, partition.name.clone(), partition.leader))
}

fn phase(run: &Run) -> Phase {
    let Some((tp, partition, leader)) = star(run) else { return Phase::Nothing };
    let view = run.view();
    let down = view.brokers.iter().find(|broker| !broker.process.is_running()).map(|broker| broker.id.0);
    let elected = run.past().iter().rev().find_map(|emitted| match &emitted.event {
        Event::LeaderElected { tp: elected, from, leader, .. } if *elected == tp => Some((from.0, leader.0)),
        _ => None,
    });
    match (down, elected) {
        (None, _) => Phase::Whole { leader: leader.0, partition },
        (Some(dead), Some((from, leader))) if from == dead => Phase::Elected { dead, leader, partition },
        (Some(dead), _) => Phase::Leaderless { dead, partition },
    }
}

/// The screen.
#[component]
pub fn Home() -> impl IntoView {
    let page = Page::here();
    let run = Source::home().map(|source| source.scenario());
    let session = match run {
        Some(Ok(scenario)) => Run::of_scenario(scenario).ok().map(|run| Session::new(run, Purpose::Home)),
        Some(Err(errors)) => {
            page.notice.set(Some(Notice::BadScenario { file: String::new(), errors }));
            None
        }
        None => None,
    };
    page.session.set(session);
    on_cleanup(move || page.session.set(None));
    let contents_ref = NodeRef::<leptos::html::Nav>::new();
    if let Some(session) = session {
        session.to_start();
        if !theme::reduced_motion() {
            session.play();
        }
    }
    view! {
        <div class="first">
            <TopBar crumb="" />
            <main id="main" tabindex="-1">
                <section class="hero">
                    {session.map(|session| view! { <Say session /> })}
                    {session.map(|session| view! {
                        <div class="hero-figure">
                            <Stage session />
                            <div class="under" data-first="">
                                <Ledger session />
                                <Clock session />
                                <PlayButton session worded=true />
                            </div>
                        </div>
                    })}
                </section>
                <section class="cards" aria-label=tr!(page, home.lessons)>
                    {move || Theme::First.chapters().iter().map(|chapter| card(chapter, page.locale.get())).collect_view()}
                </section>
                <button class="to-contents" on:click=move |_| {
                    if let Some(contents) = contents_ref.get() {
                        contents.scroll_into_view();
                    }
                }>{tr!(page, home.more)}</button>
            </main>
            <nav class="contents" aria-label=tr!(page, home.more) node_ref=contents_ref>
                {move || Theme::LISTED.into_iter().filter_map(|theme| listed(theme, page.locale.get())).collect_view()}
            </nav>
        </div>
    }
    .into_any()
}

/// What stands beside the stage, and the button.
#[component]
fn Say(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let now = Memo::new(move |_| session.follow(phase));
    let leader = move || session.read(leader_node).flatten();
    let kill = move |_| {
        let Some(node) = leader() else { return };
        session.free();
        page.act(session, Command::Stop { node, how: StopKind::Crash });
        session.selection.set(None);
        session.play();
    };
    let restart = move |_| {
        if let Some(node) = session.read(dead_node).flatten() {
            page.act(session, Command::Start { node });
            session.play();
        }
    };
    let words = move || {
        let locale = page.locale.get();
        match now.get() {
            Phase::Whole { leader, partition } => {
                say(td_string!(locale, page.home.whole), &[("leader", &leader), ("partition", &partition)])
            }
            Phase::Leaderless { dead, partition } => {
                say(td_string!(locale, page.home.leaderless), &[("dead", &dead), ("partition", &partition)])
            }
            Phase::Elected { dead, leader, partition } => say(
                td_string!(locale, page.home.elected),
                &[("dead", &dead), ("leader", &leader), ("partition", &partition)],
            ),
            Phase::Nothing => String::new(),
        }
    };
    let is_whole = move || matches!(now.get(), Phase::Whole { .. });
    view! {
        <div class="say">
            <h1>{tr!(page, home.headline)}</h1>
            <p>{tr!(page, home.lead)}</p>
            <p class="phase" aria-live="polite">{words}</p>
            {move || if is_whole() {
                view! { <button class="btn-ink btn-big" data-first="" on:click=kill>{tr!(page, home.kill)}</button> }.into_any()
            } else {
                view! { <button class="btn-ink btn-big" data-first="" on:click=restart>{tr!(page, home.restart)}</button> }.into_any()
            }}
            <p class="fine">
                {move || if is_whole() {
                    view! { <span>{tr!(page, home.honest)}</span> }.into_any()
                } else {
                    let next = Chapter::story("02-leader-failover");
                    next.map(|next| view! { <a href=format!("#/s/{}", next.name)>{tr!(page, home.step_by_step)}</a> }).into_any()
                }}
            </p>
        </div>
    }
    .into_any()
}

fn leader_node(run: &Run) -> Option<NodeId> {
    let (_, _, leader) = star(run)?;
    let view = run.view();
    let running = view.brokers.iter().filter(|broker| broker.process.is_running());
    running.clone().find(|broker| broker.id == leader).or(running.clone().next()).map(|broker| broker.node)
}

fn dead_node(run: &Run) -> Option<NodeId> {
    run.view().brokers.iter().find(|broker| !broker.process.is_running()).map(|broker| broker.node)
}

/// One of the three ways on.
fn card(chapter: &Chapter, locale: Locale) -> impl IntoView + use<> {
    let front = chapter.front;
    let beats: usize = chapter.stories.iter().map(|story| story.beats).sum();
    let link = chapter.stories.first().map_or(chapter.front.name, |story| story.name);
    let size = if chapter.stories.len() > 1 {
        say(td_string!(locale, page.home.stories), &[("stories", &chapter.stories.len()), ("beats", &beats)])
    } else {
        say(td_string!(locale, page.home.beats), &[("beats", &beats)])
    };
    view! {
        <a href=format!("#/s/{link}")>
            <svg class="card-picture" viewBox="0 0 260 72" aria-hidden="true" inner_html=picture(chapter.front.name)></svg>
            <h2>{front.title(locale)}</h2>
            <div class="card-lead" inner_html=front.lead(locale)></div>
            <span>{size}</span>
        </a>
    }
}

/// A theme's stories, one line each; none when there are none.
fn listed(theme: Theme, locale: Locale) -> Option<impl IntoView + use<>> {
    let chapters = theme.chapters();
    if chapters.is_empty() {
        return None;
    }
    let heading = match theme {
        Theme::First => td_string!(locale, page.home.lessons),
        Theme::Storage => td_string!(locale, page.home.storage),
        Theme::Producers => td_string!(locale, page.home.producers),
        Theme::Consumers => td_string!(locale, page.home.consumers),
    };
    let line = |story: &Source| view! { <a href=format!("#/s/{}", story.name)>{story.title(locale)}</a> };
    let lines = chapters.into_iter().map(|chapter| {
        let front = chapter.front;
        let alone = chapter.stories.len() == 1;
        let stories = (!alone).then(|| {
            let inner = chapter.stories.iter().map(|story| view! { <li>{line(story)}</li> }).collect_view();
            view! { <ul>{inner}</ul> }
        });
        let title = match chapter.stories.first().filter(|_| alone) {
            Some(story) => line(story).into_any(),
            None => view! { <h3>{front.title(locale)}</h3> }.into_any(),
        };
        view! {
            <li>
                {title}
                <div class="card-lead" inner_html=front.lead(locale)></div>
                {stories}
            </li>
        }
    });
    Some(view! {
        <section>
            <h2>{heading}</h2>
            <ul>{lines.collect_view()}</ul>
        </section>
    })
}

/// A card's picture, in the stage's own grammar. A lesson without one of its own gets the last.
fn picture(name: &str) -> &'static str {
    match name.get(..2) {
        Some("01") => include_str!("pictures/queue_or_topic.svg.part"),
        Some("02") => include_str!("pictures/failover.svg.part"),
        _ => include_str!("pictures/commit.svg.part"),
    }
}
