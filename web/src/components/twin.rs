//! Two runs on one seed, side by side: this story, and the one that differs from it in one setting.
//!
//! Both columns are the ends of real runs: the other story is told by the engine when the table is first shown.

use crate::app::Page;
use crate::files;
use crate::i18n::td_string;
use crate::lessons::Source;
use crate::notice::Notice;
use crate::tr;
use highwater_engine::config::FeatureConfig;
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
    let here = source.scenario().ok()?;
    let other = Source::named(here.twin.as_deref()?)?;
    Some((here, other))
}

/// Both columns.
fn columns(here: &Scenario, other: Source) -> Option<(Column, Column)> {
    let other = other.scenario().ok()?;
    let column = |scenario: &Scenario, setting: String| {
        let story = Story::tell(scenario, here.seed).ok()?;
        Some(Column { setting, ledger: story.ledger })
    };
    let (mine, theirs) = difference(&here.spec, &other.spec);
    Some((column(here, mine)?, column(&other, theirs)?))
}

/// Every setting of a world: of its clients, topics and brokers, and the rules in force.
fn settings(spec: &Spec) -> impl Iterator<Item = &(String, String)> {
    let topics = spec.topics.iter().flat_map(|topic| &topic.settings);
    let cluster = topics.chain(&spec.broker_settings).chain(&spec.features);
    let groups = spec.groups.iter().flat_map(|group| {
        let consumers = group.consumers.iter().flat_map(|consumer| &consumer.settings);
        group.settings.iter().chain(consumers)
    });
    spec.producers.iter().flat_map(|producer| &producer.settings).chain(groups).chain(cluster)
}

/// The settings in which two worlds differ, as `name=value`; a name with several values is said once. A rule that only one
/// of them names has its default value in the other.
fn difference(one: &Spec, other: &Spec) -> (String, String) {
    let only = |spec: &Spec, without: &Spec| {
        let known: Vec<_> = settings(without).collect();
        let mut said: Vec<(&str, String)> = Vec::new();
        for (name, value) in settings(spec).filter(|it| !known.contains(it)) {
            match said.iter_mut().find(|(before, _)| *before == name) {
                Some((_, text)) => *text = format!("{name}=…"),
                None => said.push((name, format!("{name}={value}"))),
            }
        }
        let named = |name: &str| spec.features.iter().any(|(known, _)| known == name);
        for (name, _) in without.features.iter().filter(|(name, _)| !named(name)) {
            said.extend(FeatureConfig::default().get(name).map(|value| (name.as_str(), format!("{name}={value}"))));
        }
        let said: Vec<String> = said.into_iter().map(|(_, text)| text).collect();
        if said.is_empty() { "–".to_owned() } else { said.join(", ") }
    };
    (only(one, other), only(other, one))
}

/// A setting for a narrow column: it may break behind a stop or a sign, not inside a word.
fn breakable(setting: &str) -> String {
    setting.replace('.', ".\u{200b}").replace('=', "=\u{200b}")
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
        let missing = other.script_file().into_iter().filter(|file| files::text(file).is_none()).collect();
        match files::fetch(missing).await {
            Ok(()) => drop(shown.try_set(columns(&here, other))),
            Err(file) => page.notice.set(Some(Notice::NotLoaded { file })),
        }
    });
    (move || shown.get().map(|(mine, theirs)| table(page, mine, theirs, other.name))).into_any()
}

/// One of the ledger's totals.
type Figure = fn(&LedgerView) -> u64;

fn table(page: Page, mine: Column, theirs: Column, other: &str) -> AnyView {
    let (left, right) = (mine.ledger, theirs.ledger);
    let rows = move || {
        let locale = page.locale.get();
        let row = |label: &'static str, figure: Figure| {
            let (left, right) = (figure(&left), figure(&right));
            view! { <tr><th scope="row">{label}</th><td class:differs=left != right>{left}</td><td class:differs=left != right>{right}</td></tr> }
        };
        let always = [
            row(td_string!(locale, page.ledger.sent), |ledger| ledger.sent),
            row(td_string!(locale, page.ledger.acked), |ledger| ledger.acked),
            row(td_string!(locale, page.ledger.stored), |ledger| ledger.stored),
            row(td_string!(locale, page.ledger.lost), |ledger| ledger.lost),
        ];
        // What groups pay is said where one of them paid something.
        let paid = |figure: Figure| figure(&left) + figure(&right) > 0;
        let groups: [(&'static str, Figure); 2] = [
            (td_string!(locale, page.ledger.processed_again), |ledger| ledger.processed_again),
            (td_string!(locale, page.ledger.stopped_ms), |ledger| ledger.stopped_ms),
        ];
        let groups = groups.map(|(label, figure)| paid(figure).then(|| row(label, figure)));
        (always.collect_view(), groups.collect_view())
    };
    view! {
        <table class="twin">
            <caption>{tr!(page, story.twin)}</caption>
            <thead>
                <tr>
                    <td></td>
                    <th scope="col"><code>{breakable(&mine.setting)}</code></th>
                    <th scope="col"><a href=format!("#/s/{other}")><code>{breakable(&theirs.setting)}</code></a></th>
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

    #[test]
    fn topics_and_rules_of_the_cluster_are_told_apart_too() {
        let said = |name| {
            let (here, other) = twin_of(Source::named(name).unwrap()).unwrap();
            difference(&here.spec, &other.scenario().unwrap().spec)
        };
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(said("26c-all-of-one"), pair("min.insync.replicas=1", "min.insync.replicas=2"));
        assert_eq!(said("27e-double-failover"), pair("truncation=KIP-101", "truncation=KIP-279"));
        assert_eq!(said("26e-late-request"), pair("broker.epoch.check=false", "broker.epoch.check=true"));
        assert_eq!(said("26f-broker-epochs"), pair("broker.epoch.check=true", "broker.epoch.check=false"));
    }

    #[test]
    fn an_eager_rebalance_costs_more_than_a_cooperative_one_on_the_same_seed() {
        let (here, other) = twin_of(Source::named("40a-eager").unwrap()).unwrap();
        let (eager, cooperative) = columns(&here, other).unwrap();
        assert_eq!(eager.setting, "partition.assignment.strategy=range");
        assert_eq!(cooperative.setting, "partition.assignment.strategy=cooperative-sticky");
        assert!(eager.ledger.stopped_ms > 2 * cooperative.ledger.stopped_ms, "{eager:?} {cooperative:?}");
    }
}
