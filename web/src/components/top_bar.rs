//! The bar on top: where one is, and what concerns the whole page.

use super::icon::{Icon, icon, mark};
use crate::action::Action;
use crate::app::Page;
use crate::i18n::{Locale, td_string};
use crate::lessons::{Chapter, Source};
use crate::theme::Theme;
use crate::tr;
use leptos::prelude::*;

/// The bar. `crumb` says which screen this is, and is empty on the first one.
#[component]
pub fn TopBar(
    /// Where one is.
    #[prop(into)]
    crumb: Signal<String>,
    /// Whether a run can be presented here.
    #[prop(optional)]
    workbench: bool,
    /// The lesson that is told, to show its neighbours.
    #[prop(optional)]
    story: &'static str,
) -> impl IntoView {
    let page = Page::here();
    view! {
        <header class="top">
            <a class="brand" href="#/" aria-label=tr!(page, brand)>{mark()}<span>{tr!(page, brand)}</span></a>
            {move || {
                let crumb = crumb.get();
                (!crumb.is_empty()).then(|| view! { <span class="crumb">{crumb}</span> })
            }}
            {(!story.is_empty()).then(|| siblings(page, story))}
            <span class="gap"></span>
            {(!workbench).then(|| view! { <a class="top-link" href="#/sandbox">{tr!(page, sandbox.title)}</a> })}
            <button
                class="language"
                data-first=""
                lang=move || if page.locale.get() == Locale::en { "zh-CN" } else { "en" }
                on:click=page.asks(Action::Language)
            >
                {tr!(page, other_language)}
            </button>
            <button
                data-first=""
                on:click=page.asks(Action::Theme)
                title=move || theme_name(page.theme.get(), page.locale.get())
                aria-label=move || {
                    let locale = page.locale.get();
                    format!("{}: {}", td_string!(locale, page.theme.label), theme_name(page.theme.get(), locale))
                }
            >
                {icon(Icon::Theme)}<span class="word">{move || theme_name(page.theme.get(), page.locale.get())}</span>
            </button>
            {workbench.then(|| view! {
                <button class="share" on:click=page.asks(Action::CopyLink) aria-label=tr!(page, action.copy_link)>
                    {icon(Icon::Link)}<span class="word">{tr!(page, link_word)}</span>
                </button>
                <button on:click=page.asks(Action::OpenScenario) class="only-wide" aria-label=tr!(page, action.open_scenario)>
                    {icon(Icon::Open)}<span class="word">{tr!(page, open)}</span>
                </button>
                <button on:click=page.asks(Action::Present) aria-label=tr!(page, action.present)>
                    {icon(Icon::Present)}<span class="word">{tr!(page, present)}</span>
                </button>
            })}
            <button on:click=page.asks(Action::Help) aria-haspopup="dialog" aria-label=tr!(page, help.word)>
                {icon(Icon::Help)}<span class="word">{tr!(page, help.word)}</span>
            </button>
            {workbench.then(|| view! {
                <button
                    class="not-wide"
                    on:click=page.asks(Action::Inspector)
                    aria-expanded=move || page.inspector.get().to_string()
                    aria-label=tr!(page, inspector.title)
                >
                    {icon(Icon::Panel)}<span class="word">{tr!(page, inspector.title)}</span>
                </button>
            })}
        </header>
    }
    .into_any()
}

/// The stories of the same chapter, by number.
fn siblings(page: Page, here: &'static str) -> impl IntoView {
    let stories = Chapter::of(here).map(|chapter| chapter.stories).unwrap_or_default();
    let link = move |(index, story): (usize, Source)| {
        let title = move || story.title(page.locale.get());
        let current = (story.name == here).then_some("page");
        view! { <a href=format!("#/s/{}", story.name) aria-current=current title=title aria-label=move || format!("{}. {}", index + 1, title())>{index + 1}</a> }
    };
    (stories.len() > 1).then(|| view! {
        <nav class="siblings" aria-label=tr!(page, story.chapter)>{stories.into_iter().enumerate().map(link).collect_view()}</nav>
    })
}

fn theme_name(theme: Theme, locale: Locale) -> &'static str {
    match theme {
        Theme::Light => td_string!(locale, page.theme.light),
        Theme::Dark => td_string!(locale, page.theme.dark),
        Theme::Projector => td_string!(locale, page.theme.projector),
    }
}
