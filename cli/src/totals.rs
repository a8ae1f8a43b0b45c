//! What became of the records of each producer, partition and group.

use highwater_engine::audit::Totals;
use highwater_engine::ids::GroupId;
use highwater_engine::sim::Simulation;
use serde_json::{Map, Value, json};

/// The name of a producer, partition or group, and its sums.
type Row = (String, Totals);

/// Producers, partitions and groups of which there is something to say, in the order of the world.
fn rows(simulation: &Simulation) -> [(&'static str, Vec<Row>); 3] {
    let (ledger, directory) = (simulation.ledger(), simulation.directory());
    let said = |(_, totals): &Row| *totals != Totals::default();
    let producers =
        directory.nodes().map(|(node, _)| (directory.node_name(node).to_owned(), ledger.totals_of_producer(node)));
    let partitions = ledger.partitions().map(|tp| (directory.tp_name(tp), ledger.totals_of_partition(tp)));
    let names = directory.group_names();
    let groups =
        (0..).map(GroupId).zip(names.iter()).map(|(group, name)| (name.clone(), ledger.totals_of_group(group)));
    [
        ("producers", producers.filter(said).collect()),
        ("partitions", partitions.filter(said).collect()),
        ("groups", groups.filter(said).collect()),
    ]
}

/// As objects by name.
pub fn as_json(simulation: &Simulation) -> Map<String, Value> {
    let object = |(name, totals): Row| {
        let sums = json!({
            "sent": totals.sent, "acked": totals.acked, "failed": totals.failed, "stored": totals.stored,
            "lost": totals.lost, "stored_twice": totals.stored_twice, "delivered": totals.delivered,
            "processed": totals.processed, "processed_again": totals.processed_again, "skipped": totals.skipped,
        });
        (name, sums)
    };
    let kinds = rows(simulation).into_iter();
    kinds.map(|(kind, rows)| (kind.to_owned(), rows.into_iter().map(object).collect::<Map<_, _>>().into())).collect()
}

/// As lines for people; none where a single row would repeat the sum of all.
pub fn as_lines(simulation: &Simulation) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, rows) in rows(simulation).into_iter().filter(|(_, rows)| rows.len() > 1) {
        let wide = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, totals) in rows {
            let Totals { sent, acked, failed, lost, processed, processed_again, skipped, .. } = totals;
            lines.push(if kind == "groups" {
                format!("  {name:wide$}  processed {processed}, processed again {processed_again}, skipped {skipped}")
            } else {
                format!(
                    "  {name:wide$}  sent {sent}, acked {acked}, failed {failed}, lost {lost}, processed {processed}"
                )
            });
        }
    }
    lines
}
