//! What was tried, under the stage: a line for each branch, leaving another one where somebody acted. Branches are named,
//! turned to and compared here.

mod rows;

use super::timeline::axis;
use crate::app::Page;
use crate::i18n::{say, td_string};
use crate::scene::percent;
use crate::session::Session;
use crate::tr;
use highwater_engine::history::{BRANCHES_MAX, Place, TurnId};
use highwater_engine::time::Instant;
use leptos::prelude::*;
use rows::{Row, Tree, described, verdict};
use wasm_bindgen::JsCast;

/// While time passes, the lines are drawn anew this often, in seconds.
const PERIOD: f64 = 0.25;

/// Letters of a name.
const NAME_MAX: u32 = 40;

/// The panel.
#[component]
pub fn BranchPanel(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let tree: RwSignal<Tree> = RwSignal::new(Tree::default());
    session.add_slow_painter(PERIOD, move |run| {
        let grown = Tree::of(run);
        if tree.with_untracked(|tree| *tree != grown) {
            tree.set(grown);
        }
    });
    let rows = Memo::new(move |_| {
        let locale = page.locale.get();
        tree.with(|tree| session.read(|run| tree.rows(run, locale)).unwrap_or_default())
    });
    let has_branches = Memo::new(move |_| rows.with(Vec::len) > 1);
    // A memo: what is read out and can be pressed stays while nothing about it changes.
    let said = Memo::new(move |_| {
        let locale = page.locale.get();
        session.parting.with(|parting| session.follow(|run| verdict(parting.as_ref()?, run, locale)))
    });
    let list = move || {
        let rows = rows.get();
        match rows.len() {
            0 | 1 => view! { <p class="quiet">{tr!(page, branch.empty)}</p> }.into_any(),
            _ => view! {
                <ol class="branch-tree">
                    {rows.into_iter().enumerate().map(|(index, row)| branch_row(page, session, tree, index, row)).collect_view()}
                </ol>
                {axis_row(tree)}
            }
            .into_any(),
        }
    };
    view! {
        <section class="branches" tabindex="0" aria-label=tr!(page, panel.branches)>
            {move || has_branches.get().then(|| head(page, session, tree))}
            <div role="status">{move || said.get().map(|(words, jumps)| found(page, session, words, jumps))}</div>
            {list}
        </section>
    }
    .into_any()
}

/// The name of the branch that is shown, and how many were forgotten.
fn head(page: Page, session: Session, tree: RwSignal<Tree>) -> impl IntoView {
    // First turn, name, and what it is called without one.
    let here = Memo::new(move |_| {
        let locale = page.locale.get();
        tree.with(|tree| {
            let branch = tree.branches.iter().find(|branch| branch.shown)?;
            session.read(|run| (branch.first, branch.name.clone(), described(branch, run, locale)))
        })
    });
    let given = move || here.get().map_or(String::new(), |(_, name, _)| name);
    let rename = move |event: web_sys::Event| {
        if let Some((first, ..)) = here.get_untracked() {
            session.rename(first, &event_target_value(&event));
        }
    };
    let forgotten = Memo::new(move |_| tree.with(|tree| tree.forgotten));
    view! {
        <p class="branch-head">
            <label>
                {tr!(page, branch.this)}
                <input
                    type="text"
                    maxlength=NAME_MAX
                    prop:value=given
                    placeholder=move || here.get().map_or(String::new(), |(_, _, described)| described)
                    on:change=rename
                />
            </label>
            {move || (forgotten.get() > 0).then(|| {
                let words = td_string!(page.locale.get(), page.branch.forgotten);
                view! { <span>{say(words, &[("count", &forgotten.get()), ("most", &BRANCHES_MAX)])}</span> }
            })}
        </p>
    }
}

/// What a comparison found, with a way to the place in either branch.
fn found(page: Page, session: Session, words: String, jumps: Vec<(TurnId, Place, String)>) -> impl IntoView {
    let jump = move |(turn, place, name): (TurnId, Place, String)| {
        let words = say(td_string!(page.locale.get_untracked(), page.branch.jump), &[("name", &name)]);
        let go = move |_| {
            session.pause();
            session.turn_to_branch_of(turn, Some(place));
        };
        view! { <button class="btn-line" on:click=go>{words}</button> }
    };
    view! { <p class="branch-found">{words}</p><p class="branch-jumps">{jumps.into_iter().map(jump).collect_view()}</p> }
}

fn branch_row(page: Page, session: Session, tree: RwSignal<Tree>, index: usize, row: Row) -> impl IntoView {
    let line = move || tree.with(|tree| tree.line(index));
    let shown = Memo::new(move |_| tree.with(|tree| tree.branches.get(index).is_some_and(|branch| branch.shown)));
    let first = row.first;
    let turn = move |wish: Option<Place>| {
        session.turn_to_branch_of(first, wish);
    };
    let stem = row.above.map(|above| {
        view! { <i class="stem" style:left=move || percent(line().0) style:height=format!("calc(var(--branch-row) * {above})")></i> }
    });
    let act = move |place: Place| {
        view! { <i class="act" style:left=move || percent(tree.with(|tree| tree.place(place.at)))></i> }
    };
    let on_lane = move |event: web_sys::MouseEvent| {
        let Some(lane) = event.current_target().and_then(|lane| lane.dyn_into::<web_sys::Element>().ok()) else {
            return;
        };
        let frame = lane.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
        let at = tree.with_untracked(|tree| tree.moment(index, share));
        session.pause();
        turn(Some(Place { n: u64::MAX, at }));
    };
    let name = row.name.clone();
    let with = say(td_string!(page.locale.get_untracked(), page.branch.compare_with), &[("name", &row.name)]);
    view! {
        <li class:shown=shown>
            <button
                class="branch-name"
                title=row.name.clone()
                aria-current=move || shown.get().then_some("true")
                on:click=move |_| turn(None)
            >
                {name}
            </button>
            <div class="branch-lane" on:click=on_lane aria-hidden="true">
                {stem}
                <i class="line" style:left=move || percent(line().0) style:width=move || percent(line().1 - line().0)></i>
                {row.acts.into_iter().map(act).collect_view()}
                <u style:left=move || percent(tree.with(|tree| tree.place(tree.now)))></u>
            </div>
            {move || if shown.get() {
                view! { <span class="branch-here">{tr!(page, branch.here)}</span> }.into_any()
            } else {
                let with = with.clone();
                view! {
                    <button class="btn-line" aria-label=with on:click=move |_| compare(session, first)>{tr!(page, branch.compare)}</button>
                }
                .into_any()
            }}
        </li>
    }
}

/// The branch that is shown beside another one.
fn compare(session: Session, first: TurnId) {
    let place = session.read(|run| run.branch_list().iter().position(|branch| branch.first == first)).flatten();
    place.inspect(|place| session.compare(*place));
}

/// Seconds below the lines.
fn axis_row(tree: RwSignal<Tree>) -> impl IntoView {
    let end = Memo::new(move |_| tree.with(|tree| tree.end));
    let figures = move || {
        let end = end.get();
        let figure = |second: u64| {
            let at = Instant(second * 1_000_000);
            view! { <i style:left=percent(tree.with_untracked(|tree| tree.place(at)))>{second}</i> }
        };
        axis(end).into_iter().map(figure).collect_view()
    };
    view! { <div class="branch-axis" aria-hidden="true"><span></span><div>{figures}</div><span>"s"</span></div> }
}
