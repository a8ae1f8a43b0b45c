//! Two runs on one seed, side by side: this story, and the one that differs from it in one setting.
//!
//! Both columns are the ends of real runs: the other story is told by the engine when the table is first shown.

use crate::app::Page;
use crate::files;
use crate::i18n::td_string;
use crate::lessons::Source;
use crate::notice::Notice;
use crate::tr;
use highwater_engine::scenario::{Scenario, Story};
use highwater_engine::sim::Spec;
use highwater_engine::view::LedgerView;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// One column of the table.
#[derive(Clone, PartialEq, Debug)]
struct Column {
    /// What is different here: `acks=1`.
    setting: String,
    ledger: LedgerView,
}

/// The lesson's scenario and the other one's folder; none when it has no twin.
fn twin_of(source: Source) -> Option<(Scenario, Source)> {
    let here = Scenario::parse(source.script()).ok()?;
    let other = Source::named(here.twin.as_deref()?)?;
    Some((here, other))
}

/// Both columns.
fn columns(here: &Scenario, other: Source) -> Option<(Column, Column)> {
    let other = Scenario::parse(other.script()).ok()?;
    let column = |scenario: &Scenario, setting: String| {
        let story = Story::tell(scenario, here.seed).ok()?;
        Some(Column { setting, ledger: story.ledger })
    };
    let (mine, theirs) = difference(&here.spec, &other.spec);
    Some((column(here, mine)?, column(&other, theirs)?))
}

/// The settings of producers in which two worlds differ, as `name=value`.
fn difference(one: &Spec, other: &Spec) -> (String, String) {
    let settings = |spec: &Spec, without: &Spec| {
        let known: Vec<_> = without.producers.iter().flat_map(|producer| &producer.settings).collect();
        let differs = spec.producers.iter().flat_map(|producer| &producer.settings).filter(|it| !known.contains(it));
        differs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    (settings(one, other), settings(other, one))
}

/// The table.
#[component]
pub fn Twin(
    /// The lesson.
    source: Source,
) -> impl IntoView {
    let page = Page::here();
    let Some((here, other)) = twin_of(source) else { return ().into_any() };
    let shown = RwSignal::new(None);
    spawn_local(async move {
        let missing: Vec<_> = files::text(other.script).is_none().then_some(other.script).into_iter().collect();
        match files::fetch(missing).await {
            Ok(()) => drop(shown.try_set(columns(&here, other))),
            Err(file) => page.notice.set(Some(Notice::NotLoaded { file: file.to_owned() })),
        }
    });
    (move || shown.get().map(|(mine, theirs)| table(page, mine, theirs, other.name))).into_any()
}

fn table(page: Page, mine: Column, theirs: Column, other: &str) -> AnyView {
    let (left, right) = (mine.ledger, theirs.ledger);
    let rows = move || {
        let locale = page.locale.get();
        let row = |label: &'static str, figure: fn(&LedgerView) -> u64| {
            let (left, right) = (figure(&left), figure(&right));
            view! { <tr><th scope="row">{label}</th><td class:differs=left != right>{left}</td><td class:differs=left != right>{right}</td></tr> }
        };
        [
            row(td_string!(locale, page.ledger.sent), |ledger| ledger.sent),
            row(td_string!(locale, page.ledger.acked), |ledger| ledger.acked),
            row(td_string!(locale, page.ledger.stored), |ledger| ledger.stored),
            row(td_string!(locale, page.ledger.lost), |ledger| ledger.lost),
        ]
        .collect_view()
    };
    view! {
        <table class="twin">
            <caption>{tr!(page, story.twin)}</caption>
            <thead>
                <tr>
                    <td></td>
                    <th scope="col"><code>{mine.setting}</code></th>
                    <th scope="col"><a href=format!("#/s/{other}")><code>{theirs.setting}</code></a></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_stories_of_acks_differ_in_one_setting_and_one_record() {
        let (mine, theirs, other) = {
            let (here, other) = twin_of(Source::named("03a-acks-1").unwrap()).unwrap();
            let (mine, theirs) = columns(&here, other).unwrap();
            (mine, theirs, other.name)
        };
        assert_eq!((mine.setting.as_str(), theirs.setting.as_str()), ("acks=1", "acks=all"));
        assert_eq!((mine.ledger.sent, theirs.ledger.sent), (30, 30));
        assert_eq!((mine.ledger.lost, theirs.ledger.lost), (1, 0));
        assert_eq!(other, "03b-acks-all");
    }
}
