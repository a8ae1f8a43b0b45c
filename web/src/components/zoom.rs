//! Nearer and farther: buttons at the corner of the stage, and what of the whole it shows.

use super::icon::{Icon, icon};
use crate::action::{Action, ask, entry, label, opens, turn};
use crate::app::Page;
use crate::i18n::{say, td_string};
use crate::scene::Extent;
use crate::session::{Purpose, Session};
use leptos::prelude::*;

/// The buttons: where a world can grow, and wherever not everything is shown. A queue is always drawn whole, and so is a
/// narrow screen's one partition.
#[component]
pub fn Zoom(
    /// The run.
    session: Session,
    /// Whether the stage has the room for it.
    wide: Signal<bool>,
) -> impl IntoView {
    let page = Page::here();
    let many = Memo::new(move |_| {
        session.follow(|run| {
            let view = run.view();
            view.queues.is_empty() && view.partitions.len() > 1
        })
    });
    move || {
        let extent = session.extent.get();
        let opens = Memo::new(move |_| opens(session, session.extent.get()).is_some());
        let inside = matches!(extent, Extent::Inside(_));
        let shown =
            inside || opens.get() || many.get() && (extent != Extent::Whole || session.purpose == Purpose::Sandbox);
        if !wide.get() || !shown {
            return None;
        }
        let locale = page.locale.get();
        let button = |action: Action, sign: Icon, off: bool| {
            let name = label(action, locale);
            let cap = entry(action).and_then(|entry| entry.keys.first()).map(|chord| chord.cap());
            let title = cap.map_or_else(|| name.clone(), |cap| format!("{name} ({cap})"));
            view! {
                <button aria-label=name title=title disabled=off on:click=move |_| ask(action, page)>{icon(sign)}</button>
            }
        };
        let part = match extent {
            Extent::Part { first, shown, of } if shown < of => {
                let name = session.read(|run| run.simulation().directory().tp_name(first)).unwrap_or_default();
                let words =
                    say(td_string!(locale, page.part_of_topic), &[("first", &name), ("shown", &shown), ("of", &of)]);
                Some(view! {
                    <button aria-label=td_string!(locale, page.part_before) on:click=move |_| turn(session, false)>"‹"</button>
                    <span>{words}</span>
                    <button aria-label=td_string!(locale, page.part_next) on:click=move |_| turn(session, true)>"›"</button>
                })
            }
            _ => None,
        };
        let nearest = !opens.get() && (inside || matches!(extent, Extent::Part { shown: 1, .. }) || !many.get());
        Some(view! {
            <div class="zoom">
                {part}
                {button(Action::ZoomOut, Icon::Minus, extent == Extent::Glance)}
                {button(Action::ZoomFit, Icon::Fit, false)}
                {button(Action::ZoomIn, Icon::Plus, nearest)}
            </div>
        })
    }
}
