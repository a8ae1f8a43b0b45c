//! For suites over random worlds: how many of them, and the end of all faults.

use highwater_engine::command::Command;
use highwater_engine::sim::{Process, Simulation};

/// A number from the environment. `SEEDS=2000 EVENTS=20000 cargo test --release -p highwater-tests random_worlds_with_faults`
/// is the long way; `FROM` chooses the first seed.
pub fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Everything stopped runs again, and every link works.
pub fn heal(simulation: &mut Simulation) {
    let now = simulation.now();
    simulation.command(now, Command::HealAll);
    let nodes: Vec<_> = simulation.directory().nodes().map(|(node, _)| node).collect();
    for node in nodes {
        match simulation.process(node) {
            Some(Process::Down { .. }) => simulation.command(now, Command::Start { node }),
            Some(Process::Paused(_)) => simulation.command(now, Command::Resume { node }),
            _ => {}
        }
    }
}
