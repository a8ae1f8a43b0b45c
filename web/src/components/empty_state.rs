//! What is missing in a sandbox, why, and what now: one card at most, for the most pressing of it.

use crate::action::{Action, ask};
use crate::app::Page;
use crate::components::Panel;
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::{Moment, Run, Session};
use highwater_engine::command::Command;
use highwater_engine::config::Acks;
use highwater_engine::ids::{BrokerId, GroupId, NodeId};
use highwater_engine::view::{PartitionView, ProducerView, StageView};
use leptos::prelude::*;

/// What is missing.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Missing {
    /// Neither a topic nor a queue.
    Topic,
    /// A partition's leader, and who could become it once it is back.
    Leader { partition: String, back: Option<(BrokerId, NodeId)> },
    /// Members of the ISR, for a producer with `acks=all`.
    Replicas { partition: String, found: usize, least: i32, back: Option<(BrokerId, NodeId)> },
    /// Anybody who reads for a group.
    Member { group: GroupId, name: String },
}

/// The first broker of a list that is down.
fn down(view: &StageView, among: impl IntoIterator<Item = BrokerId>) -> Option<(BrokerId, NodeId)> {
    let dead = |id: BrokerId| view.brokers.iter().find(|broker| broker.id == id && !broker.process.is_running());
    among.into_iter().find_map(dead).map(|broker| (broker.id, broker.node))
}

fn missing(run: &Run) -> Option<Missing> {
    let view = run.view();
    if run.recording().spec.topics.is_empty() && view.queues.is_empty() {
        return Some(Missing::Topic);
    }
    let is_up = |id: &BrokerId| view.brokers.iter().any(|broker| broker.id == *id && broker.process.is_running());
    // Whoever left the ISR when nothing could be committed any more may lead, too (KIP-966).
    let may_lead =
        |partition: &PartitionView| -> Vec<BrokerId> { partition.isr.iter().chain(&partition.elr).copied().collect() };
    let leaderless = view.partitions.iter().find(|partition| {
        let heirs = may_lead(partition);
        partition.leader.some().is_none() && !heirs.is_empty() && !heirs.iter().any(is_up)
    });
    if let Some(partition) = leaderless {
        let back = down(&view, may_lead(partition));
        return Some(Missing::Leader { partition: partition.name.clone(), back });
    }
    // With acks=all a leader refuses every record while its ISR is too small.
    let short = view.partitions.iter().find(|partition| {
        let writes =
            |producer: &ProducerView| producer.acks == Some(Acks::All) && producer.topic == Some(partition.tp.topic);
        (partition.isr.len() as i32) < partition.min_insync_replicas && view.producers.iter().any(writes)
    });
    if let Some(partition) = short {
        return Some(Missing::Replicas {
            partition: partition.name.clone(),
            found: partition.isr.len(),
            least: partition.min_insync_replicas,
            back: down(&view, partition.assignment.iter().copied()),
        });
    }
    let idle = view.groups.iter().find(|group| !group.members.iter().any(|member| member.process.is_running()));
    idle.map(|group| Missing::Member { group: group.id, name: group.name.clone() })
}

impl Missing {
    fn words(&self, locale: Locale) -> String {
        match self {
            Missing::Topic => td_string!(locale, page.empty.no_topic).to_owned(),
            Missing::Leader { partition, .. } => {
                say(td_string!(locale, page.empty.no_leader), &[("partition", partition)])
            }
            Missing::Replicas { partition, found, least, .. } => say(
                td_string!(locale, page.empty.refused),
                &[("partition", partition), ("found", found), ("least", least)],
            ),
            Missing::Member { name, .. } => say(td_string!(locale, page.empty.no_member), &[("group", name)]),
        }
    }
}

/// The card; nothing while nothing is missing.
#[component]
pub fn EmptyState(
    /// The sandbox.
    session: Session,
) -> impl IntoView {
    let page = Page::here();
    let now = Memo::new(move |_| session.follow(missing));
    move || {
        let missing = now.get()?;
        let locale = page.locale.get();
        let words = missing.words(locale);
        let restart = |back: Option<(BrokerId, NodeId)>| {
            back.map(|(broker, node)| {
                let word = say(td_string!(locale, page.empty.restart), &[("broker", &broker)]);
                view! { <button class="btn-line" on:click=move |_| page.act(session, Command::Start { node })>{word}</button> }
            })
        };
        let ways = match missing {
            Missing::Topic => view! {
                <button class="btn-ink" on:click=page.asks(Action::AddTopic)>{td_string!(locale, page.empty.create_orders)}</button>
            }
            .into_any(),
            Missing::Member { group, .. } => {
                let add = move |_| {
                    session.selection.set(Some(Target::Group(group)));
                    ask(Action::AddConsumer, page);
                };
                view! { <button class="btn-line" on:click=add>{td_string!(locale, page.empty.add_consumer)}</button> }.into_any()
            }
            Missing::Leader { back, .. } => restart(back).into_any(),
            Missing::Replicas { back, .. } => view! {
                <button class="btn-line" on:click=move |_| show_in_timeline(page, session)>{td_string!(locale, page.empty.show_timeline)}</button>
                {restart(back)}
            }
            .into_any(),
        };
        Some(
            view! { <section class="card missing" role="status"><p>{words}</p><div class="ways">{ways}</div></section> },
        )
    }
}

/// To the last moment at which the ISR changed: that is why.
fn show_in_timeline(page: Page, session: Session) {
    page.panel.set(Panel::Timeline);
    let found = session.read(|run| {
        let now = run.now();
        run.tally().marks.iter().rev().find(|mark| mark.what == Moment::Isr && mark.at <= now).map(|mark| mark.n)
    });
    if let Some(n) = found.flatten() {
        session.seek_event(n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::event::StopKind;
    use highwater_engine::scenario::Scenario;
    use highwater_engine::time::Instant;

    fn run(text: &str) -> Run {
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        run.seek_time(Instant(9_000_000));
        run
    }

    #[test]
    fn the_most_pressing_comes_first_and_nothing_when_all_is_well() {
        assert_eq!(missing(&run("scenario t seed=1\nbrokers 3\n")), Some(Missing::Topic));
        let mut run = run("scenario t seed=1\nbrokers 3\n\
             topic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
             producer p1 topic=orders start=\"4s\" every=\"400ms\" acks=all\n\
             group billing topic=orders { consumer c1; }\n");
        assert_eq!(missing(&run), None);
        let c1 = run.simulation().directory().find_node("c1").unwrap();
        run.act(Command::Stop { node: c1, how: StopKind::Crash }).unwrap();
        assert!(matches!(missing(&run), Some(Missing::Member { .. })));
        for (node, until) in [(3, 10), (2, 30)] {
            run.act(Command::Stop { node: NodeId(node), how: StopKind::Crash }).unwrap();
            run.seek_time(Instant(until * 1_000_000));
        }
        let short = missing(&run);
        assert!(matches!(&short, Some(Missing::Replicas { found: 1, least: 2, back: Some(_), .. })), "{short:?}");
        run.act(Command::Stop { node: NodeId(1), how: StopKind::Crash }).unwrap();
        run.seek_time(Instant(60_000_000));
        let none = missing(&run);
        assert!(matches!(&none, Some(Missing::Leader { back: Some(_), .. })), "{none:?}");
    }
}
