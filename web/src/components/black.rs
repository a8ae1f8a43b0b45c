//! A black screen: eyes to the teacher.

use crate::app::Page;
use crate::tr;
use leptos::prelude::*;

/// The black screen; a click or a key ends it.
#[component]
pub fn Black() -> impl IntoView {
    let page = Page::here();
    view! {
        <Show when=move || page.black.get()>
            <button class="black" on:click=move |_| page.black.set(false) aria-label=tr!(page, black_screen)></button>
        </Show>
    }
}
