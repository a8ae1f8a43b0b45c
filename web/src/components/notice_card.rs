//! What went wrong, as a card one can close.

use super::icon::{Icon, icon};
use crate::app::Page;
use crate::i18n::td_string;
use crate::notice::{Notice, place_of};
use leptos::prelude::*;

/// The card; nothing while all is well.
#[component]
pub fn NoticeCard() -> impl IntoView {
    let page = Page::here();
    move || {
        let notice = page.notice.get()?;
        let locale = page.locale.get();
        let errors = match &notice {
            Notice::BadScenario { errors, .. } => errors
                .iter()
                .map(|error| {
                    view! {
                        <li>
                            <b>{place_of(error, locale)}</b>
                            <span lang="en">{error.message.clone()}</span>
                            <span lang="en" class="quiet">{error.help.clone()}</span>
                        </li>
                    }
                })
                .collect_view()
                .into_any(),
            _ => ().into_any(),
        };
        Some(view! {
            <section class="notice" role="alert">
                <p class="notice-title">{notice.title(locale)}</p>
                <ul>{errors}</ul>
                <p class="quiet">{notice.advice(locale)}</p>
                <button class="close" on:click=move |_| page.notice.set(None) aria-label=td_string!(locale, page.close)>
                    {icon(Icon::Close)}
                </button>
            </section>
        })
    }
}
