//! What a command is given to work with.

use highwater_engine::link::LinkError;
use highwater_engine::scenario::Scenario;

/// A scenario file, or a link of the page. What is wrong with it is said on standard error, and then there is none.
pub fn open(path: &str) -> Option<Scenario> {
    read(path).map_err(|mistakes| eprintln!("{mistakes}")).ok()
}

fn read(path: &str) -> Result<Scenario, String> {
    if let Some((_, code)) = path.split_once("#/x/") {
        return highwater_engine::link::read(code.split('?').next().unwrap_or_default()).map_err(|error| match error {
            LinkError::Scenario(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            other => other.to_string(),
        });
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    Scenario::parse(&text).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|error| format!("{path}: {error}")).collect();
        lines.join("\n")
    })
}
