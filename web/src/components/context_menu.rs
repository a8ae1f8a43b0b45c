//! The menu of something on the stage: by right click, long press, or key.

use crate::action::{Item, Scope, TABLE, entry, items, reason};
use crate::app::Page;
use crate::scene::{Target, number};
use crate::tr;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// A menu and its place in the window.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MenuAt {
    /// Whose menu.
    pub target: Target,
    /// From the left edge.
    pub x: f64,
    /// From the upper edge.
    pub y: f64,
}

/// The open menu, if one is.
#[component]
pub fn ContextMenu() -> impl IntoView {
    let page = Page::here();
    let list = NodeRef::<leptos::html::Ul>::new();
    let opener: StoredValue<Option<web_sys::Element>, LocalStorage> = StoredValue::new_local(None);
    Effect::new(move |was_open: Option<bool>| {
        let is_open = page.menu.get().is_some();
        if is_open && was_open != Some(true) {
            opener.set_value(focused());
        }
        if let Some(list) = list.get().filter(|_| is_open) {
            keep_inside(&list);
            focus_item(&list, 0);
        }
        if let (false, Some(true), Some(element)) = (is_open, was_open, opener.try_get_value().flatten()) {
            focus(&element);
        }
        is_open
    });
    move || {
        let at = page.menu.get()?;
        let session = page.session.get_untracked()?;
        let locale = page.locale.get();
        let items = session.read(|run| items(at.target, run, locale))?;
        if items.is_empty() {
            return None;
        }
        let has_more = items.iter().any(|item| item.rare);
        let (rare, common): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.rare);
        // Where nothing else is, nothing is held back.
        let held_back = has_more && !common.is_empty();
        let expanded = RwSignal::new(!held_back);
        let rows = common.into_iter().map(|item| row(page, item)).collect_view();
        let more = held_back.then(|| {
            view! {
                <li role="none" class:gone-row=move || expanded.get()>
                    <button role="menuitem" tabindex="-1" data-more="" aria-haspopup="true" on:click=move |_| {
                        expanded.set(true);
                        request_animation_frame(move || {
                            if let Some(list) = list.try_get_untracked().flatten() {
                                keep_inside(&list);
                                focus_first(&list, ".rare [role=menuitem]");
                            }
                        });
                    }>
                        <span>{tr!(page, menu.more)}</span>
                        <span aria-hidden="true">"▾"</span>
                    </button>
                </li>
            }
        });
        let rest = rare.into_iter().map(|item| row(page, item)).collect_view();
        let close = move |_| page.menu.set(None);
        Some(view! {
            <section aria-label=tr!(page, menu.title)>
            <div class="menu-back" on:pointerdown=close on:contextmenu=move |event| event.prevent_default()></div>
            <ul
                node_ref=list
                class="menu"
                role="menu"
                aria-label=tr!(page, menu.title)
                style:left=format!("{}px", number(at.x))
                style:top=format!("{}px", number(at.y))
                on:keydown=move |event| on_key(page, &event)
            >
                {rows}
                {more}
                <li role="none" class="rare" class:gone-row=move || !expanded.get()>
                    <ul role="group" aria-label=tr!(page, menu.more)>{rest}</ul>
                </li>
            </ul>
            </section>
        })
    }
}

fn row(page: Page, item: Item) -> impl IntoView {
    let locale = page.locale.get_untracked();
    let cap = entry(item.action).and_then(|entry| entry.keys.first()).map(|chord| chord.cap());
    let data_key = cap.clone().unwrap_or_default();
    let why = item.command.as_ref().err().map(|refusal| reason(*refusal, locale));
    let disabled = why.is_some().to_string();
    let choose = {
        let (command, title, form) = (item.command.clone(), item.label.clone(), item.form);
        move |_: web_sys::MouseEvent| {
            let (Ok(command), Some(session)) = (command.clone(), page.session.get_untracked()) else { return };
            page.menu.set(None);
            page.ask_or_act(session, &title, form, command);
        }
    };
    view! {
        <li role="none">
            <button
                role="menuitem"
                tabindex="-1"
                aria-disabled=disabled
                data-key=data_key
                on:click=choose
            >
                <span>{item.label}{why.map(|why| view! { <small>{why}</small> })}</span>
                {cap.map(|cap| view! { <kbd aria-hidden="true">{cap}</kbd> })}
            </button>
        </li>
    }
}

fn on_key(page: Page, event: &web_sys::KeyboardEvent) {
    let Some(list) = event.current_target().and_then(|list| list.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return;
    };
    let items = shown(&list);
    let here = items.iter().position(|item| focused().as_ref() == Some(item.as_ref())).unwrap_or(0);
    match event.key().as_str() {
        "ArrowDown" => focus_item(&list, (here + 1) % items.len().max(1)),
        "ArrowUp" => focus_item(&list, (here + items.len()).saturating_sub(1) % items.len().max(1)),
        "Home" => focus_item(&list, 0),
        "End" => focus_item(&list, items.len().saturating_sub(1)),
        "Escape" | "Tab" => page.menu.set(None),
        key => {
            let known = TABLE.iter().filter(|entry| entry.scope == Scope::Menu);
            let pressed = known.flat_map(|entry| entry.keys).find(|chord| chord.matches(key, false, false, false));
            let Some(cap) = pressed.map(|chord| chord.cap()) else { return };
            // The keys of what is held back work all the same.
            if let Some(item) =
                buttons(&list).iter().find(|item| item.get_attribute("data-key").as_deref() == Some(&cap))
            {
                item.click();
            }
        }
    }
    event.prevent_default();
    event.stop_propagation();
}

fn buttons(list: &web_sys::HtmlElement) -> Vec<web_sys::HtmlElement> {
    let Ok(found) = list.query_selector_all("[role=menuitem]") else { return Vec::new() };
    (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect()
}

/// Those that can be seen: the arrows go through them.
fn shown(list: &web_sys::HtmlElement) -> Vec<web_sys::HtmlElement> {
    let mut all = buttons(list);
    all.retain(|button| !button.closest(".gone-row").is_ok_and(|hidden| hidden.is_some()));
    all
}

fn focus_first(list: &web_sys::HtmlElement, selector: &str) {
    if let Some(item) = list.query_selector(selector).ok().flatten() {
        focus(&item);
    }
}

fn focus_item(list: &web_sys::HtmlElement, index: usize) {
    if let Some(item) = shown(list).get(index) {
        let _ = item.focus();
    }
}

fn focused() -> Option<web_sys::Element> {
    web_sys::window()?.document()?.active_element()
}

/// Things on the stage are SVG, controls are HTML; both can be focused.
fn focus(element: &web_sys::Element) {
    if let Some(element) = element.dyn_ref::<web_sys::SvgElement>() {
        let _ = element.focus();
    } else if let Some(element) = element.dyn_ref::<web_sys::HtmlElement>() {
        let _ = element.focus();
    }
}

/// Moves the menu so that all of it can be seen.
fn keep_inside(list: &web_sys::HtmlElement) {
    let Some(window) = web_sys::window() else { return };
    let size = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0);
    let (width, height) = (size(window.inner_width()), size(window.inner_height()));
    let rect = list.get_bounding_client_rect();
    let style = web_sys::HtmlElement::style(list);
    if rect.right() > width - 8.0 {
        let _ = style.set_property("left", &format!("{}px", number((width - 8.0 - rect.width()).max(8.0))));
    }
    if rect.bottom() > height - 8.0 {
        let _ = style.set_property("top", &format!("{}px", number((height - 8.0 - rect.height()).max(8.0))));
    }
}
