//! What went wrong, as a card one can close.

use super::icon::{Icon, icon};
use crate::action::{Action, label};
use crate::app::Page;
use crate::i18n::td_string;
use crate::notice::{Notice, place_of};
use crate::route::Route;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// A link is there to be copied.
fn select_all(event: web_sys::FocusEvent) {
    let field = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
    field.inspect(|field| field.select());
}

/// The card; nothing while all is well.
#[component]
pub fn NoticeCard() -> impl IntoView {
    let page = Page::here();
    move || {
        let notice = page.notice.get()?;
        let locale = page.locale.get();
        let errors = match &notice {
            Notice::Link { url, .. } => {
                let label = td_string!(locale, page.notice.link_field);
                view! { <input class="notice-link" readonly aria-label=label value=url.clone() on:focus=select_all /> }
                    .into_any()
            }
            notice if !notice.mistakes().is_empty() => {
                let mistakes = notice.mistakes().iter().map(|error| {
                    view! {
                        <li>
                            <b>{place_of(error, locale)}</b>
                            <span lang="en">{error.message.clone()}</span>
                            <span lang="en" class="quiet">{error.help.clone()}</span>
                        </li>
                    }
                });
                view! { <ul>{mistakes.collect_view()}</ul> }.into_any()
            }
            Notice::PlayOnly => {
                let free = page.route.with_untracked(|route| Route { play_only: false, ..route.clone() });
                let words = td_string!(locale, page.notice.play_freely);
                let close = move |_| page.notice.set(None);
                view! { <a class="btn btn-line" href=free.fragment() on:click=close>{words}</a> }.into_any()
            }
            Notice::Restored => {
                let afresh = label(Action::StartAfresh, locale);
                view! { <button class="btn btn-line" on:click=page.asks(Action::StartAfresh)>{afresh}</button> }
                    .into_any()
            }
            _ => ().into_any(),
        };
        // Good news does not interrupt.
        let role = if notice.is_good() { "status" } else { "alert" };
        Some(view! {
            <section class="notice" class:good=notice.is_good() role=role>
                <p class="notice-title">{notice.title(locale)}</p>
                {errors}
                <p class="quiet">{notice.advice(locale)}</p>
                <button class="close" on:click=move |_| page.notice.set(None) aria-label=td_string!(locale, page.close)>
                    {icon(Icon::Close)}
                </button>
            </section>
        })
    }
}
