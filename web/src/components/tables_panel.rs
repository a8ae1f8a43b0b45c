//! Topics, partitions and groups as tables, in the columns of Kafka's consoles and tools.

use super::drawn_panel::Drawn;
use super::inspector::escape;
use crate::i18n::{Locale, td_string};
use crate::scene::Target;
use crate::session::Run;
use highwater_engine::ids::BrokerId;
use highwater_engine::view::*;
use std::fmt::Write as _;

/// The panel.
pub const TABLES: Drawn = Drawn {
    class: "tables",
    name: |locale| td_string!(locale, page.panel.tables),
    period: 0.5,
    draw: |run, _, locale| tables(run, locale),
};

/// Partitions listed at most.
const MOST: usize = 200;

/// Everything as markup. The heads are Kafka's words and stay so in every language.
fn tables(run: &Run, locale: Locale) -> String {
    let view = run.view();
    let mut out = String::new();
    topics(run, &view, locale, &mut out);
    partitions(&view, locale, &mut out);
    groups(&view, locale, &mut out);
    if out.is_empty() {
        let _ = write!(out, "<p class=\"quiet\">{}</p>", td_string!(locale, page.empty.no_topic));
    }
    out
}

fn begin(out: &mut String, title: &str, heads: &[&str]) {
    let _ = write!(out, "<h2>{title}</h2><div class=\"wide\"><table class=\"files\" lang=\"en\"><thead><tr>");
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead><tbody>");
}

fn end(out: &mut String) {
    out.push_str("</tbody></table></div>");
}

/// A row whose first cell leads to the thing.
fn row(out: &mut String, target: Target, name: &str, cells: &[String]) {
    let _ =
        write!(out, "<tr><th scope=\"row\"><button data-target=\"{}\">{}</button></th>", target.format(), escape(name));
    for cell in cells {
        let _ = write!(out, "<td>{cell}</td>");
    }
    out.push_str("</tr>");
}

/// The leader's log of a partition; without one, the longest.
fn log_of(partition: &PartitionView) -> Option<&ReplicaView> {
    let leader = partition.replicas.iter().find(|replica| replica.broker == partition.leader);
    leader.or_else(|| partition.replicas.iter().max_by_key(|replica| replica.log_end_offset))
}

fn topics(run: &Run, view: &StageView, locale: Locale, out: &mut String) {
    let image = best_image(run.simulation());
    let mut told = None;
    for partition in &view.partitions {
        let topic = partition.tp.topic;
        if told == Some(topic) {
            continue;
        }
        if told.is_none() {
            let heads = [
                "Name",
                "Partitions",
                "RF",
                "Out of sync replicas",
                "min.insync.replicas",
                "Messages",
                "cleanup.policy",
            ];
            begin(out, td_string!(locale, page.tables.topics), &heads);
        }
        told = Some(topic);
        let all = || view.partitions.iter().filter(|other| other.tp.topic == topic);
        let out_of_sync: usize = all().map(|it| it.assignment.iter().filter(|id| !it.isr.contains(id)).count()).sum();
        let messages: i64 = all().filter_map(log_of).map(|log| log.log_end_offset.0 - log.log_start_offset.0).sum();
        let config = image.and_then(|image| image.topics.get(&topic));
        let policy = config.and_then(|topic| topic.config.get("cleanup.policy")).unwrap_or_default();
        let cells = [
            all().count().to_string(),
            partition.assignment.len().to_string(),
            out_of_sync.to_string(),
            partition.min_insync_replicas.to_string(),
            messages.to_string(),
            escape(&policy),
        ];
        row(out, Target::Partition(partition.tp), run.simulation().directory().topic_name(topic), &cells);
    }
    if told.is_some() {
        end(out);
    }
}

fn partitions(view: &StageView, locale: Locale, out: &mut String) {
    if view.partitions.is_empty() {
        return;
    }
    let heads = ["Partition", "Leader", "Epoch", "Replicas", "ISR", "LSO", "HW", "LEO", "Status"];
    begin(out, td_string!(locale, page.tables.partitions), &heads);
    let ids = |brokers: &[BrokerId]| brokers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    for partition in view.partitions.iter().take(MOST) {
        let log = log_of(partition);
        let offset = |of: fn(&ReplicaView) -> i64| log.map(|log| of(log).to_string()).unwrap_or_default();
        let mut badges = Vec::new();
        if partition.leader.some().is_none() {
            badges.push("Leaderless");
        }
        if partition.isr.len() < partition.assignment.len() {
            badges.push("Under-replicated");
        }
        if (partition.isr.len() as i32) < partition.min_insync_replicas {
            badges.push("Under min ISR");
        }
        let cells = [
            partition.leader.some().map_or_else(|| "none".to_owned(), |leader| leader.to_string()),
            partition.leader_epoch.to_string(),
            ids(&partition.assignment),
            ids(&partition.isr),
            offset(|log| log.last_stable_offset.0),
            offset(|log| log.high_watermark.0),
            offset(|log| log.log_end_offset.0),
            badges.iter().map(|badge| format!("<b class=\"badge\">{badge}</b>")).collect::<String>(),
        ];
        row(out, Target::Partition(partition.tp), &partition.name, &cells);
    }
    end(out);
}

fn groups(view: &StageView, locale: Locale, out: &mut String) {
    if view.groups.is_empty() {
        return;
    }
    let heads = ["Group", "State", "Protocol", "Coordinator", "Generation", "Members", "Total lag"];
    begin(out, td_string!(locale, page.tables.groups), &heads);
    for group in &view.groups {
        let protocol = match (group.share, group.modern) {
            (true, _) => "share",
            (false, true) => "consumer",
            (false, false) => "classic",
        };
        let lag: i64 = group.offsets.iter().map(|offset| offset.lag).sum();
        let cells = [
            group.state.name().to_owned(),
            protocol.to_owned(),
            group.coordinator.map_or_else(|| "none".to_owned(), |id| id.to_string()),
            group.generation.0.to_string(),
            group.registered.len().to_string(),
            lag.to_string(),
        ];
        row(out, Target::Group(group.id), &group.name, &cells);
    }
    end(out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::scenario::Scenario;
    use highwater_engine::time::Instant;

    #[test]
    fn a_dead_broker_shows_in_every_table_it_concerns() {
        let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=2 replication-factor=3 min.insync.replicas=3\n\
                    producer p1 topic=orders start=\"5s\" every=\"200ms\" acks=1\n\
                    group billing topic=orders auto.offset.reset=earliest { consumer c1 processing=\"20ms\" }\n\
                    at \"8s\" { kill \"broker 3\" }\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        run.seek_time(Instant(7_000_000));
        assert!(!tables(&run, Locale::en).contains("badge"), "all is well");
        run.seek_time(Instant(40_000_000));
        let text = tables(&run, Locale::en);
        assert_eq!(text.matches("Under-replicated").count(), 2, "{text}");
        assert_eq!(text.matches("Under min ISR").count(), 2, "{text}");
        assert!(text.contains("<td>3</td><td>2</td><td>3</td>"), "two replicas out of sync: {text}");
        assert!(text.contains("<td>Stable</td><td>classic</td>"), "{text}");
    }
}
