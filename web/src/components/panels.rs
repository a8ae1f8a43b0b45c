//! What lies under the stage: time at a glance, the space-time diagram, metrics and others. One at a time.

use super::branch_panel::BranchPanel;
use super::charts::CHARTS;
use super::drawn_panel::DrawnPanel;
use super::event_panel::EventPanel;
use super::group_panel::GROUP;
use super::ledger::Ledger;
use super::producer_panel::PRODUCER;
use super::promise_panel::PROMISES;
use super::record_panel::RECORDS;
use super::sequence::Sequence;
use super::tables_panel::TABLES;
use super::timeline::Timeline;
use crate::action::Action;
use crate::app::Page;
use crate::i18n::{Locale, td_string};
use crate::session::Session;
use crate::tr;
use leptos::prelude::*;

/// Which panel is open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Panel {
    /// Who led, how many were in sync, what had no answer yet.
    #[default]
    Timeline,
    /// Messages between processes.
    Sequence,
    /// Metrics.
    Charts,
    /// A group: readers, offsets, clocks.
    Group,
    /// A producer opened: memory, batches, its transaction.
    Producer,
    /// What is promised: kept, given up and why, or broken.
    Promises,
    /// What was tried: the branches of the run.
    Branches,
    /// Every event, to be searched.
    Events,
    /// Topics, partitions and groups as tables.
    Tables,
    /// The ledger, record by record.
    Records,
}

/// Panels behind the last button: looked up now and then.
const FURTHER: [Panel; 3] = [Panel::Events, Panel::Tables, Panel::Records];

impl Panel {
    /// The panel that a scenario calls so.
    pub fn named(name: &str) -> Option<Panel> {
        match name {
            "timeline" => Some(Panel::Timeline),
            "sequence" => Some(Panel::Sequence),
            "charts" => Some(Panel::Charts),
            "group" => Some(Panel::Group),
            "producer" => Some(Panel::Producer),
            "promises" => Some(Panel::Promises),
            "branches" => Some(Panel::Branches),
            "events" => Some(Panel::Events),
            "tables" => Some(Panel::Tables),
            "records" => Some(Panel::Records),
            _ => None,
        }
    }

    /// Its name in scenarios and addresses.
    pub fn name(self) -> &'static str {
        match self {
            Panel::Timeline => "timeline",
            Panel::Sequence => "sequence",
            Panel::Charts => "charts",
            Panel::Group => "group",
            Panel::Producer => "producer",
            Panel::Promises => "promises",
            Panel::Branches => "branches",
            Panel::Events => "events",
            Panel::Tables => "tables",
            Panel::Records => "records",
        }
    }

    /// The words of those behind the last button.
    fn further(self, locale: Locale) -> &'static str {
        match self {
            Panel::Tables => td_string!(locale, page.panel.tables),
            Panel::Records => td_string!(locale, page.panel.records),
            _ => td_string!(locale, page.panel.events),
        }
    }
}

/// The figures with the switch beside them, and the panel.
#[component]
pub fn Panels(
    /// The run.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let here = Memo::new(move |_| page.panel.get());
    let kafka = session.read(|run| run.recording().spec.brokers > 0).unwrap_or(false);
    let groups = session.read(|run| !run.recording().spec.groups.is_empty()).unwrap_or(false);
    let pressed = move |panel| (here.get() == panel).to_string();
    view! {
        <div class="ledger-row">
            <Ledger session />
            <div class="panel-switch" role="group" aria-label=tr!(page, panel.title)>
                <button aria-pressed=move || pressed(Panel::Timeline) on:click=move |_| page.panel.set(Panel::Timeline)>
                    {tr!(page, panel.timeline)}
                </button>
                <button aria-pressed=move || pressed(Panel::Sequence) on:click=page.asks(Action::Sequence)>
                    {tr!(page, panel.sequence)}
                </button>
                <button aria-pressed=move || pressed(Panel::Charts) on:click=page.asks(Action::Charts)>
                    {tr!(page, panel.charts)}
                </button>
                {kafka.then(|| view! {
                    <button aria-pressed=move || pressed(Panel::Producer) on:click=page.asks(Action::ProducerPanel)>
                        {tr!(page, panel.producer)}
                    </button>
                })}
                {groups.then(|| view! {
                    <button aria-pressed=move || pressed(Panel::Group) on:click=page.asks(Action::GroupPanel)>
                        {tr!(page, panel.group)}
                    </button>
                })}
                <button aria-pressed=move || pressed(Panel::Promises) on:click=page.asks(Action::Promises)>
                    {tr!(page, panel.promises)}
                </button>
                <button aria-pressed=move || pressed(Panel::Branches) on:click=page.asks(Action::Branches)>
                    {tr!(page, panel.branches)}
                </button>
                <select
                    class="further"
                    class:chosen=move || FURTHER.contains(&here.get())
                    aria-label=tr!(page, panel.further)
                    prop:value=move || if FURTHER.contains(&here.get()) { here.get().name() } else { "" }
                    on:change=move |event| page.panel.set(Panel::named(&event_target_value(&event)).unwrap_or_default())
                >
                    <option value="">{tr!(page, panel.more)}</option>
                    {FURTHER.map(|panel| view! {
                        <option value=panel.name()>{move || panel.further(page.locale.get())}</option>
                    }).collect_view()}
                </select>
            </div>
            <button class="only-wide spare" on:click=page.asks(Action::DownloadTrace)>
                {tr!(page, action.download_trace)}
            </button>
        </div>
        {move || match here.get() {
            Panel::Timeline => view! { <Timeline session /> }.into_any(),
            Panel::Sequence => view! { <Sequence session /> }.into_any(),
            Panel::Charts => view! { <DrawnPanel session drawn=CHARTS /> }.into_any(),
            Panel::Group => view! { <DrawnPanel session drawn=GROUP /> }.into_any(),
            Panel::Producer => view! { <DrawnPanel session drawn=PRODUCER /> }.into_any(),
            Panel::Promises => view! { <DrawnPanel session drawn=PROMISES /> }.into_any(),
            Panel::Branches => view! { <BranchPanel session /> }.into_any(),
            Panel::Events => view! { <EventPanel session /> }.into_any(),
            Panel::Tables => view! { <DrawnPanel session drawn=TABLES /> }.into_any(),
            Panel::Records => view! { <DrawnPanel session drawn=RECORDS /> }.into_any(),
        }}
    }
    .into_any()
}
