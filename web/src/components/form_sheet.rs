//! A small form: what something asks before it is done. What it proposes is taken with one key.

use super::icon::{Icon, icon};
use crate::action::{Action, Field, FieldKind, build_as, draft, fields, fill, wish};
use crate::app::Page;
use crate::i18n::{Locale, td_string};
use crate::session::Session;
use crate::tr;
use highwater_engine::command::Command;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// What is asked: the words of the thing that is to be done, and its command with what is proposed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// As it stands in the menu.
    pub title: String,
    /// What is to be done.
    pub deed: Deed,
}

/// What is done when the form is filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A command, with what is proposed.
    Command(Command),
    /// Something is added to the sandbox.
    Add(Action),
}

/// The fields of what is asked.
fn fields_of(deed: &Deed, session: Session, locale: Locale) -> Vec<Field> {
    let selected = session.selection.get_untracked();
    let fields = session.read(|run| match deed {
        Deed::Command(command) => fields(command, run, locale),
        Deed::Add(action) => draft(*action, run, selected, locale),
    });
    fields.unwrap_or_default()
}

/// Does it; whether what was written fits. A refusal is another thing: a notice says why.
fn carry_out(deed: &Deed, written: &[String], page: Page, session: Session) -> bool {
    match deed {
        Deed::Command(command) => match fill(command, written) {
            Some(command) => page.act(session, command),
            None => return false,
        },
        Deed::Add(action) => match wish(*action, &fields_of(deed, session, page.locale.get_untracked()), written) {
            Some(wish) => drop(build_as(*action, &wish, page, session)),
            None => return false,
        },
    }
    true
}

/// The form, while something is asked.
#[component]
pub fn FormSheet() -> impl IntoView {
    let page = Page::here();
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let wrong = RwSignal::new(false);
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        wrong.set(false);
        if page.asked.get().is_some() {
            if !dialog.open() {
                let _ = dialog.show_modal();
            }
            // One begins to write at once.
            request_animation_frame(move || {
                let first = dialog.query_selector("[data-field]").ok().flatten();
                if let Some(field) = first.and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
                    let _ = field.focus();
                }
            });
        } else if dialog.open() {
            dialog.close();
        }
    });
    let done = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let (Some(asked), Some(form)) = (page.asked.get_untracked(), form) else { return };
        let Some(session) = page.session.get_untracked() else { return };
        if carry_out(&asked.deed, &written(&form), page, session) {
            page.asked.set(None);
        } else {
            wrong.set(true);
        }
    };
    let body = move || {
        let asked = page.asked.get()?;
        let locale = page.locale.get();
        let session = page.session.get_untracked()?;
        let fields = fields_of(&asked.deed, session, locale);
        Some(view! {
            <form class="sheet-in form" on:submit=done novalidate>
                <header>
                    <h2 id="form-title">{asked.title.trim_end_matches('…').to_owned()}</h2>
                    <button type="button" on:click=move |_| page.asked.set(None) aria-label=tr!(page, close)>{icon(Icon::Close)}</button>
                </header>
                {fields.into_iter().enumerate().map(|(index, field)| row(index, field)).collect_view()}
                <p role="alert" class="wrong">{move || wrong.get().then(|| td_string!(page.locale.get(), page.form.wrong))}</p>
                <div class="do">
                    <button type="submit" class="btn-ink">{tr!(page, form.done)}</button>
                    <button type="button" class="btn-line" on:click=move |_| page.asked.set(None)>{tr!(page, form.cancel)}</button>
                </div>
            </form>
        })
    };
    view! {
        <dialog
            node_ref=dialog
            class="sheet ask"
            aria-labelledby="form-title"
            on:close=move |_| page.asked.set(None)
            on:click=move |event| {
                if event.target() == event.current_target() {
                    page.asked.set(None);
                }
            }
        >
            {body}
        </dialog>
    }
    .into_any()
}

fn row(index: usize, field: Field) -> AnyView {
    let id = format!("form-{index}");
    let control = match field.kind {
        FieldKind::Choice(options) => {
            let option = |(value, words): (String, String)| {
                let chosen = value == field.value;
                view! { <option value=value selected=chosen>{words}</option> }
            };
            view! { <select id=id.clone() data-field="">{options.into_iter().map(option).collect_view()}</select> }
                .into_any()
        }
        FieldKind::Text => {
            view! { <input id=id.clone() data-field="" value=field.value spellcheck="false" autocomplete="off" /> }
                .into_any()
        }
        FieldKind::Whole { .. } | FieldKind::Optional { .. } => {
            view! { <input id=id.clone() data-field="" inputmode="numeric" value=field.value autocomplete="off" /> }
                .into_any()
        }
    };
    view! { <p class="form-row"><label for=id>{field.label}</label>{control}</p> }.into_any()
}

/// What stands in the fields, in order.
fn written(form: &web_sys::Element) -> Vec<String> {
    let Ok(found) = form.query_selector_all("[data-field]") else { return Vec::new() };
    let value = |index| {
        let element = found.item(index)?;
        if let Some(input) = element.dyn_ref::<web_sys::HtmlInputElement>() {
            return Some(input.value());
        }
        element.dyn_ref::<web_sys::HtmlSelectElement>().map(web_sys::HtmlSelectElement::value)
    };
    (0..found.length()).filter_map(value).collect()
}
