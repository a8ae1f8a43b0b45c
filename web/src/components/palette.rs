//! The command palette: everything that can be asked, by name, in either language.

use super::inspector::escape;
use crate::action::{Scope, TABLE, items, label, partition_items, perform};
use crate::app::Page;
use crate::files;
use crate::i18n::{Locale, say, td_string};
use crate::lessons::Chapter;
use crate::scene::Target;
use crate::session::words::Names;
use crate::session::{Purpose, Run};
use crate::tr;
use highwater_engine::command::Command;
use highwater_engine::sim::NodeKind;
use leptos::prelude::*;
use std::fmt::Write as _;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

/// The other language's words may still have to be fetched; once they are here, they are found too.
fn with_other_words(page: Page, all: StoredValue<Vec<Line>, LocalStorage>, typed: RwSignal<String>) {
    let needed = files::needed(other(page.locale.get_untracked()), None);
    if needed.is_empty() {
        return;
    }
    spawn_local(async move {
        // Without them the palette is found by this language alone.
        if files::fetch(needed).await.is_ok() && page.palette.try_get_untracked() == Some(true) {
            all.try_update_value(|all| *all = lines(page));
            typed.try_update(|_| ());
        }
    });
}

fn other(locale: Locale) -> Locale {
    if locale == Locale::en { Locale::zh_CN } else { Locale::en }
}

/// What an entry does.
#[derive(Clone, Debug)]
enum Deed {
    Action(crate::action::Action),
    /// A command, and whether it asks first.
    Command(Command, bool),
    Go(String),
}

/// One line.
#[derive(Clone, Debug)]
struct Line {
    label: String,
    key: String,
    /// Lower case, in both languages: what is searched.
    text: String,
    deed: Deed,
}

/// Lines shown at most.
const MOST: usize = 14;

/// Partitions whose commands are listed.
const PARTITIONS: usize = 48;

/// Everything that can be asked now.
fn lines(page: Page) -> Vec<Line> {
    let locale = page.locale.get_untracked();
    let other = other(locale);
    let session = page.session.get_untracked();
    let purpose = session.map(|session| session.purpose);
    let mut lines = Vec::new();
    for entry in TABLE {
        let applies = match entry.scope {
            Scope::Everywhere => true,
            Scope::Run => purpose.is_some(),
            Scope::Workbench => purpose.is_some_and(|purpose| purpose != Purpose::Home),
            Scope::Sandbox => purpose == Some(Purpose::Sandbox),
            Scope::Menu => false,
        };
        if applies && entry.action != crate::action::Action::Palette {
            let key = entry.keys.first().map(|chord| chord.cap()).unwrap_or_default();
            let said = label(entry.action, locale);
            let text = format!("{said} {} {}", label(entry.action, other), entry.name).to_lowercase();
            lines.push(Line { label: said, key, text, deed: Deed::Action(entry.action) });
        }
    }
    if let Some(session) = session.filter(|session| session.purpose != Purpose::Home) {
        session.read(|run| commands(run, locale, other, &mut lines));
    }
    for story in Chapter::all().into_iter().flat_map(|chapter| chapter.stories) {
        let (said, also) = (story.title(locale).to_owned(), story.title(other).to_owned());
        let label = say(td_string!(locale, page.palette.story), &[("title", &said)]);
        let text = format!("{label} {also} {}", story.name).to_lowercase();
        lines.push(Line { label, key: String::new(), text, deed: Deed::Go(format!("#/s/{}", story.name)) });
    }
    lines
}

/// What can be done to everything on the stage.
fn commands(run: &Run, locale: Locale, other: Locale, lines: &mut Vec<Line>) {
    let directory = run.simulation().directory();
    let has_brokers = run.recording().spec.brokers > 0;
    let nodes = directory.nodes().filter(|(_, kind)| has_brokers || *kind != NodeKind::Controller);
    let mut targets: Vec<Target> = nodes.map(|(node, _)| Target::Node(node)).collect();
    targets
        .extend((0..directory.group_names().len() as u32).map(|id| Target::Group(highwater_engine::ids::GroupId(id))));
    targets.extend(run.view().partitions.iter().take(PARTITIONS).map(|partition| Target::Partition(partition.tp)));
    for target in targets {
        let name = |locale| {
            let names = Names { directory, locale };
            match target {
                Target::Node(node) => names.sentence(names.node(node)),
                Target::Group(group) => names.group(group).to_owned(),
                Target::Partition(tp) => names.tp(tp),
                _ => String::new(),
            }
        };
        let (said, also) = (name(locale), name(other));
        // A partition's leader stands in the list itself.
        let of = |locale| match target {
            Target::Partition(tp) => partition_items(tp, run, locale),
            target => items(target, run, locale),
        };
        for (item, same) in of(locale).into_iter().zip(of(other)) {
            let Ok(command) = item.command else { continue };
            let label = format!("{said} · {}", item.label);
            let text = format!("{label} {also} {}", same.label).to_lowercase();
            lines.push(Line { label, key: String::new(), text, deed: Deed::Command(command, item.form) });
        }
    }
}

/// The lines that hold every word that was typed.
fn found(lines: &[Line], typed: &str) -> Vec<usize> {
    let typed = typed.to_lowercase();
    let words: Vec<&str> = typed.split_whitespace().collect();
    let holds = |line: &Line| words.iter().all(|word| line.text.contains(word));
    lines.iter().enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index).take(MOST).collect()
}

/// The palette: a dialog with a field and a list.
#[component]
pub fn Palette() -> impl IntoView {
    let page = Page::here();
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let input = NodeRef::<leptos::html::Input>::new();
    let all: StoredValue<Vec<Line>, LocalStorage> = StoredValue::new_local(Vec::new());
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(0usize);
    let shown = Memo::new(move |_| {
        page.palette.track();
        typed.with(|typed| all.with_value(|all| found(all, typed)))
    });
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if page.palette.get() {
            if !dialog.open() {
                let _ = dialog.show_modal();
                if let Some(input) = input.get_untracked() {
                    input.set_value("");
                    let _ = input.focus();
                }
            }
        } else if dialog.open() {
            dialog.close();
        }
    });
    // The list is made when the palette opens; before anything reads it.
    let opened = Memo::new(move |_| {
        let open = page.palette.get();
        all.set_value(if open { lines(page) } else { Vec::new() });
        if open {
            with_other_words(page, all, typed);
        }
        typed.set(String::new());
        chosen.set(0);
        open
    });
    let list = move || {
        // Not merely tracked: it is what makes the list, also when the palette begins open.
        opened.get();
        let (shown, chosen) = (shown.get(), chosen.get());
        let mut out = String::new();
        all.with_value(|all| {
            for (place, index) in shown.iter().enumerate() {
                let Some(line) = all.get(*index) else { continue };
                let _ = write!(
                    out,
                    "<li role=\"option\" id=\"palette-{place}\" data-i=\"{index}\" aria-selected=\"{}\"><span>{}</span><kbd>{}</kbd></li>",
                    place == chosen,
                    escape(&line.label),
                    escape(&line.key),
                );
            }
        });
        out
    };
    let run = move |index: usize| {
        let Some(line) = all.with_value(|all| all.get(index).cloned()) else { return };
        page.palette.set(false);
        match line.deed {
            Deed::Action(action) => drop(perform(action, page)),
            Deed::Command(command, form) => {
                if let Some(session) = page.session.get_untracked() {
                    page.ask_or_act(session, &line.label, form, command);
                }
            }
            Deed::Go(fragment) => {
                if let Some(window) = web_sys::window() {
                    let _ = window.location().set_hash(&fragment);
                }
            }
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let count = shown.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|place| *place = (*place + 1) % count),
            "ArrowUp" => chosen.update(|place| *place = (*place + count - 1) % count),
            "Enter" if !event.is_composing() => {
                let index = shown.with_untracked(|shown| shown.get(chosen.get_untracked()).copied());
                if let Some(index) = index {
                    run(index);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let on_click = move |event: web_sys::MouseEvent| {
        if event.target() == event.current_target() {
            page.palette.set(false);
            return;
        }
        let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let line = element.and_then(|element| element.closest("[data-i]").ok().flatten());
        if let Some(index) = line.and_then(|line| line.get_attribute("data-i")?.parse().ok()) {
            run(index);
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class="sheet palette"
            aria-label=tr!(page, palette.title)
            on:close=move |_| page.palette.set(false)
            on:click=on_click
        >
            <input
                node_ref=input
                type="text"
                role="combobox"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || format!("palette-{}", chosen.get())
                aria-label=tr!(page, palette.title)
                placeholder=move || td_string!(page.locale.get(), page.palette.hint)
                spellcheck="false"
                autocomplete="off"
                on:input=move |event| {
                    chosen.set(0);
                    typed.set(event_target_value(&event));
                }
                on:keydown=on_key
            />
            <ul id="palette-list" role="listbox" aria-label=tr!(page, palette.title) inner_html=list></ul>
        </dialog>
    }
    .into_any()
}
