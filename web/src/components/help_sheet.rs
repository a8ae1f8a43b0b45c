//! The keys, made from the table of actions.

use super::icon::{Icon, icon};
use super::narrator::Narration;
use crate::action::{Action, Entry, Scope, TABLE, label};
use crate::app::Page;
use crate::i18n::{Locale, td_string};
use crate::tr;
use leptos::prelude::*;

/// The sheet: a dialog that Escape closes.
#[component]
pub fn HelpSheet() -> impl IntoView {
    let page = Page::here();
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if page.help.get() {
            if !dialog.open() {
                // Fails only when the dialog is open without being modal, which it never is.
                let _ = dialog.show_modal();
            }
        } else if dialog.open() {
            dialog.close();
        }
    });
    let wanted = RwSignal::new(String::new());
    let sections = move || {
        let locale = page.locale.get();
        let wanted = wanted.get().to_lowercase();
        [Scope::Run, Scope::Menu].map(|scope| section(scope, locale, &wanted)).collect_view()
    };
    view! {
        <dialog
            node_ref=dialog
            class="sheet"
            aria-labelledby="help-title"
            on:close=move |_| page.help.set(false)
            on:click=move |event| {
                // A click on the backdrop has the dialog itself for its target.
                if event.target() == event.current_target() {
                    page.help.set(false);
                }
            }
        >
            <div class="sheet-in">
                <header>
                    <h2 id="help-title">{tr!(page, help.title)}</h2>
                    <button on:click=move |_| page.help.set(false) aria-label=tr!(page, close)>{icon(Icon::Close)}</button>
                </header>
                <p class="quiet">{tr!(page, help.lead)}</p>
                <input
                    class="help-find"
                    type="search"
                    aria-label=tr!(page, help.find)
                    placeholder=tr!(page, help.find)
                    autocomplete="off"
                    on:input=move |event| wanted.set(event_target_value(&event))
                />
                <div class="keys">{sections}</div>
                <label class="letters">
                    <input
                        type="checkbox"
                        prop:checked=move || page.letters.get()
                        on:change=move |event| page.set_letters(event_target_checked(&event))
                    />
                    {tr!(page, help.letters)}
                </label>
                <label class="letters">
                    {tr!(page, narration.title)}
                    <select on:change=move |event| {
                        if let Some(narration) = Narration::named(&event_target_value(&event)) {
                            narration.remember();
                            page.narration.set(narration);
                        }
                    }>
                        {Narration::ALL.map(|narration| view! {
                            <option value=narration.name() selected=move || page.narration.get() == narration>
                                {move || narration.words(page.locale.get())}
                            </option>
                        }).collect_view()}
                    </select>
                </label>
                <p class="quiet">{tr!(page, help.honest)}</p>
            </div>
        </dialog>
    }
}

/// The rows that hold every word that is looked for, in either language.
fn section(scope: Scope, locale: Locale, wanted: &str) -> Option<impl IntoView + use<>> {
    let in_menu = scope == Scope::Menu;
    let title = if in_menu { td_string!(locale, page.help.menu) } else { td_string!(locale, page.help.page) };
    let entries = TABLE.iter().filter(|entry| (entry.scope == Scope::Menu) == in_menu && !entry.keys.is_empty());
    // Of the numbers one line is enough.
    let entries = entries.filter(|entry| !matches!(entry.action, Action::Number(2..) | Action::NumberToggle(2..)));
    let holds = |entry: &&Entry| {
        let caps: Vec<String> = entry.keys.iter().map(|chord| chord.cap()).collect();
        let text = format!("{} {} {}", label(entry.action, locale), entry.name, caps.join(" ")).to_lowercase();
        wanted.split_whitespace().all(|word| text.contains(word))
    };
    let found: Vec<&Entry> = entries.filter(holds).collect();
    if found.is_empty() {
        return None;
    }
    let row = |entry: &Entry| {
        let caps = entry.keys.iter().map(|chord| view! { <kbd>{chord.cap()}</kbd> }).collect_view();
        let more = matches!(entry.action, Action::Number(_) | Action::NumberToggle(_)).then_some("…");
        view! { <div><dt>{label(entry.action, locale)}{more}</dt><dd>{caps}{more}</dd></div> }
    };
    Some(view! { <section><h3>{title}</h3><dl>{found.into_iter().map(row).collect_view()}</dl></section> })
}
