//! Doing what was asked.

use super::build::build;
use super::zoom::zoom;
use super::{Action, process_of};
use crate::app::Page;
use crate::autosave;
use crate::components::{Panel, describe, preset};
use crate::i18n::Locale;
use crate::notice::Notice;
use crate::route::{Moment, Route, Screen};
use crate::save::save;
use crate::scene::Target;
use crate::session::{Purpose, Run, Session};
use crate::sharing::copy_link;
use crate::theme;
use highwater_engine::command::Command;
use highwater_engine::event::StopKind;
use highwater_engine::history::Goal;
use highwater_engine::ids::NodeId;
use highwater_engine::time::Duration;
use highwater_engine::view::ProcessView;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// Does it, for a control that need not know whether there was anything to do.
pub fn ask(action: Action, page: Page) {
    perform(action, page);
}

/// Does it; whether there was anything to do.
pub fn perform(action: Action, page: Page) -> bool {
    match action {
        Action::Language => {
            let next = if page.locale.get_untracked() == Locale::en { Locale::zh_CN } else { Locale::en };
            page.set_locale(next);
        }
        Action::Theme => page.set_theme(page.theme.get_untracked().next()),
        Action::FullScreen => full_screen(),
        Action::Help => page.help.update(|open| *open = !*open),
        Action::OpenHome => page.go(Route::to(Screen::Home)),
        Action::OpenSandbox => page.go(Route::to(Screen::Sandbox)),
        Action::LetterKeys => page.set_letters(!page.letters.get_untracked()),
        Action::OpenScenario => page.choose_file(),
        Action::Escape => return escape(page),
        Action::Present => page.set_present(!page.present.get_untracked()),
        Action::Black => page.black.update(|black| *black = !*black),
        Action::Inspector => page.inspector.update(|open| *open = !*open),
        Action::Palette => page.palette.update(|open| *open = !*open),
        Action::Sequence => turn_to(page, Panel::Sequence),
        Action::Charts => turn_to(page, Panel::Charts),
        Action::GroupPanel => turn_to(page, Panel::Group),
        Action::ProducerPanel => turn_to(page, Panel::Producer),
        Action::EventPanel => turn_to(page, Panel::Events),
        Action::TablePanel => turn_to(page, Panel::Tables),
        Action::RecordPanel => turn_to(page, Panel::Records),
        Action::Promises => turn_to(page, Panel::Promises),
        Action::Branches => turn_to(page, Panel::Branches),
        _ => {
            let Some(session) = page.session.get_untracked() else { return false };
            return perform_on(action, page, session);
        }
    }
    true
}

fn perform_on(action: Action, page: Page, session: Session) -> bool {
    match action {
        Action::TogglePlay => {
            show_choice(session);
            session.toggle();
        }
        Action::EventForward => session.step(1),
        Action::EventBack => session.step(-1),
        Action::TenForward => session.step(10),
        Action::TenBack => session.step(-10),
        Action::BeatForward => {
            show_choice(session);
            session.beat_forward(theme::reduced_motion());
        }
        Action::BeatBack => session.beat_back(),
        Action::ToStart => session.to_start(),
        Action::ToEnd => session.to_end(),
        Action::HourForward => session.fast_forward(Duration::from_secs(3_600)),
        Action::Slower => session.set_speed(session.speed.get_untracked().slower()),
        Action::Faster => session.set_speed(session.speed.get_untracked().faster()),
        Action::LoopStart => session.set_repeat(true),
        Action::LoopEnd => session.set_repeat(false),
        Action::LoopClear => return session.clear_repeat(),
        Action::Undo => session.undo(false),
        Action::Redo => session.undo(true),
        Action::DownloadTrace => {
            let trace = session.read(|run| (run.name().to_owned(), run.trace(1)));
            return trace.is_some_and(|(name, text)| save(&format!("{name}.jsonl"), &text));
        }
        Action::OtherBranch => return other_branch(session).is_some_and(|other| session.turn_to(other, None)),
        Action::CompareBranches => {
            let Some(other) = other_branch(session) else { return false };
            page.panel.set(Panel::Branches);
            session.compare(other);
        }
        Action::Until(goal) => run_until(page, session, goal),
        Action::DownloadScenario => {
            let text = session.read(|run| Some((run.name().to_owned(), run.text()?))).flatten();
            return text.is_some_and(|(name, text)| save(&format!("{name}.kdl"), &text));
        }
        Action::CopyLink => return copy_link(page, session),
        Action::StartAfresh => return start_afresh(page, session),
        Action::EarlierSandbox => return earlier_sandbox(page, session),
        Action::TakeControls => take_controls(page, session),
        Action::Describe => {
            page.say(session.read(|run| describe(run, page.locale.get_untracked())).unwrap_or_default())
        }
        Action::Number(n) => return choose(session, n),
        Action::NumberToggle(n) => return toggle_broker(page, session, n),
        Action::ZoomIn | Action::ZoomOut | Action::ZoomFit => return zoom(action, session),
        Action::Menu => return page.open_menu_at_focus(session),
        Action::AddBroker
        | Action::AddTopic
        | Action::AddPartition
        | Action::AddProducer
        | Action::AddGroup
        | Action::AddConsumer
        | Action::AddQueue
        | Action::Remove => return build(action, page, session),
        _ => return false,
    }
    true
}

/// The branch that was shown before this one, by its place in the list.
fn other_branch(session: Session) -> Option<usize> {
    session.read(|run| run.branches().other(&run.branch_list())).flatten()
}

/// Opens a panel, or goes back to the timeline.
fn turn_to(page: Page, panel: Panel) {
    let here = page.panel.get_untracked();
    page.panel.set(if here == panel { Panel::Timeline } else { panel });
}

/// Closes the topmost thing that is open; with nothing open, selects nothing.
fn escape(page: Page) -> bool {
    let open = [page.help, page.black];
    if let Some(open) = open.into_iter().find(|open| open.get_untracked()) {
        open.set(false);
    } else if page.notice.get_untracked().is_some() {
        page.notice.set(None);
    } else if page.present.get_untracked() {
        page.set_present(false);
    } else if let Some(session) =
        page.session.get_untracked().filter(|session| session.selection.get_untracked().is_some())
    {
        session.selection.set(None);
    } else {
        return page.route.with_untracked(|route| route.embed) && leave_frame();
    }
    true
}

/// Gives the keyboard back to the page around the frame: slides need it to go on.
fn leave_frame() -> bool {
    let Some(window) = web_sys::window() else { return false };
    let Some(parent) = window.parent().ok().flatten().filter(|parent| *parent != window) else { return false };
    let focused = window.document().and_then(|document| document.active_element());
    if let Some(element) = focused.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.blur();
    }
    let _ = parent.focus();
    true
}

/// On to the next thing of a kind, in slices that leave the page alive; a notice when there is none.
fn run_until(page: Page, session: Session, goal: Goal) {
    session.pause();
    page.notice.set(None);
    session.search(goal, move || page.notice.set(Some(Notice::NotFound)));
}

/// A sandbox as on a first visit. The one before is kept.
fn start_afresh(page: Page, session: Session) -> bool {
    let Some(run) = (session.purpose == Purpose::Sandbox).then(|| preset(page)).flatten() else { return false };
    autosave::keep(page, session);
    session.replace(run);
    autosave::mark_afresh(page);
    page.link.set_value(String::new());
    page.notice.set(None);
    true
}

/// The sandbox before this one. This one is kept.
fn earlier_sandbox(page: Page, session: Session) -> bool {
    if session.purpose != Purpose::Sandbox {
        return false;
    }
    autosave::keep(page, session);
    let Some(run) = autosave::restore_earlier(page) else {
        if page.notice.with_untracked(Option::is_none) {
            page.notice.set(Some(Notice::NothingKept));
        }
        return false;
    };
    session.replace(run);
    true
}

/// The same moment without its story.
fn take_controls(page: Page, session: Session) {
    if session.purpose == Purpose::Sandbox || page.is_play_only() {
        return;
    }
    session.pause();
    let screen = page.route.with_untracked(|route| route.screen.clone());
    let moment = session.read(|run| Moment::Event(run.cursor()));
    page.origin.set(Some(Route { screen, moment, ..Route::default() }));
    page.carried.set_value(session.read(Run::freed));
    page.link.set_value(String::new());
    autosave::begin(page, None);
    page.go(Route::to(Screen::Sandbox));
}

/// A number is an answer while a question is open, and else a broker.
fn choose(session: Session, number: u8) -> bool {
    if let Some((key, options)) = session.read(open_question).flatten() {
        let open = session.answers.with_untracked(|answers| answers.get(&key).is_none_or(|answer| !answer.shown));
        if open && u32::from(number) <= options {
            session.answers.update(|answers| answers.entry(key).or_default().choice = Some(number.into()));
            return true;
        }
    }
    let Some(node) = session.read(|run| broker(run, number)).flatten() else { return false };
    session.selection.set(Some(Target::Node(node)));
    true
}

/// Whoever has chosen an answer and goes on wants to see it.
fn show_choice(session: Session) {
    let Some((key, _)) = session.read(open_question).flatten() else { return };
    let chosen = session.answers.with_untracked(|answers| answers.get(&key).is_some_and(|it| it.choice.is_some()));
    if chosen && !session.playing.get_untracked() {
        session.answers.update(|answers| answers.entry(key).or_default().shown = true);
    }
}

fn open_question(run: &Run) -> Option<(String, u32)> {
    let predict = run.beats().get(run.beat()?)?.predict.as_ref()?;
    Some((predict.key.clone(), predict.options))
}

fn toggle_broker(page: Page, session: Session, number: u8) -> bool {
    let command = session.read(|run| {
        let node = broker(run, number)?;
        Some(match process_of(&run.view(), node) {
            ProcessView::Down(_) => Command::Start { node },
            _ => Command::Stop { node, how: StopKind::Crash },
        })
    });
    let Some(command) = command.flatten() else { return false };
    page.act(session, command);
    true
}

fn broker(run: &Run, number: u8) -> Option<NodeId> {
    run.view().brokers.iter().find(|broker| broker.id.0 == i32::from(number)).map(|broker| broker.node)
}

fn full_screen() {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    if document.fullscreen_element().is_some() {
        document.exit_fullscreen();
    } else if let Some(root) = document.document_element() {
        // Refused in some frames; then nothing happens, which is what the browser shows too.
        let _ = root.request_fullscreen();
    }
}
