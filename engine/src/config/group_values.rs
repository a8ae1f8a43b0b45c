//! Kinds of values that only settings of groups and their members have.

use super::value::ConfigValue;
use crate::assignor::{Assignor, RebalanceProtocol, ServerAssignor};
use crate::time::Duration;
use std::sync::Arc;

/// `auto.offset.reset`: where a consumer starts without a committed offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum AutoOffsetReset {
    /// At the first record that is still there.
    Earliest,
    /// At the high watermark: only what comes from now on.
    #[default]
    Latest,
    /// Nowhere: the application gets an error.
    None,
    /// At the first record that is not older than this (KIP-1106).
    ByDuration(Duration),
}

impl ConfigValue for AutoOffsetReset {
    const WORDS: &'static [&'static str] = &["latest", "earliest", "none"];
    const EXPECTED: &'static str = "earliest, latest, none or by_duration:PT1H30M";
    fn print(&self) -> String {
        match self {
            AutoOffsetReset::Earliest => "earliest".to_owned(),
            AutoOffsetReset::Latest => "latest".to_owned(),
            AutoOffsetReset::None => "none".to_owned(),
            AutoOffsetReset::ByDuration(span) => format!("by_duration:PT{}S", span.as_millis() / 1_000),
        }
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "earliest" => Some(AutoOffsetReset::Earliest),
            "latest" => Some(AutoOffsetReset::Latest),
            "none" => Some(AutoOffsetReset::None),
            _ => iso_8601(text.strip_prefix("by_duration:")?).map(AutoOffsetReset::ByDuration),
        }
    }
}

/// An ISO-8601 duration of days, hours, minutes and seconds: `P1D`, `PT1H30M`.
fn iso_8601(text: &str) -> Option<Duration> {
    let (days, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return None,
        None => (text.strip_prefix('P')?, ""),
    };
    let mut seconds = 0u64;
    let mut any = false;
    for (part, units) in [(days, &[('D', 86_400u64)][..]), (time, &[('H', 3_600), ('M', 60), ('S', 1)][..])] {
        let mut rest = part;
        for (letter, worth) in units {
            if let Some((number, after)) = rest.split_once(*letter) {
                seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(*worth)?)?;
                rest = after;
                any = true;
            }
        }
        if !rest.is_empty() {
            return None;
        }
    }
    (any && seconds < 1_000_000_000).then(|| Duration::from_secs(seconds))
}

/// `group.protocol`: how a consumer takes part in its group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum GroupProtocol {
    /// JoinGroup and SyncGroup; a member leads and assigns.
    #[default]
    Classic,
    /// ConsumerGroupHeartbeat; the coordinator assigns (KIP-848).
    Consumer,
}

impl ConfigValue for GroupProtocol {
    const WORDS: &'static [&'static str] = &["classic", "consumer"];
    const EXPECTED: &'static str = "classic or consumer";
    fn print(&self) -> String {
        match self {
            GroupProtocol::Classic => "classic",
            GroupProtocol::Consumer => "consumer",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "classic" => Some(GroupProtocol::Classic),
            "consumer" => Some(GroupProtocol::Consumer),
            _ => None,
        }
    }
}

/// `partition.assignment.strategy`: assignors in order of preference, each once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Strategies(pub Vec<Assignor>);

impl Default for Strategies {
    fn default() -> Self {
        Strategies(vec![Assignor::Range, Assignor::CooperativeSticky])
    }
}

impl Strategies {
    /// The highest protocol that all of them support: one eager assignor makes the consumer eager.
    pub fn protocol(&self) -> RebalanceProtocol {
        let eager = self.0.iter().any(|assignor| assignor.protocol() == RebalanceProtocol::Eager);
        if eager { RebalanceProtocol::Eager } else { RebalanceProtocol::Cooperative }
    }
}

impl ConfigValue for Strategies {
    const EXPECTED: &'static str = "a list of range, roundrobin, sticky, cooperative-sticky, each once";
    fn print(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|assignor| assignor.name()).collect();
        names.join(",")
    }
    fn parse(text: &str) -> Option<Self> {
        let mut list = Vec::new();
        for name in text.split(',') {
            let assignor = Assignor::find(name.trim())?;
            if list.contains(&assignor) {
                return None;
            }
            list.push(assignor);
        }
        (!list.is_empty()).then_some(Strategies(list))
    }
}

/// `group.consumer.assignors`: the coordinator's assignors, the first is the default.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ServerAssignors(pub Vec<ServerAssignor>);

impl Default for ServerAssignors {
    fn default() -> Self {
        ServerAssignors(vec![ServerAssignor::Uniform, ServerAssignor::Range])
    }
}

impl ConfigValue for ServerAssignors {
    const EXPECTED: &'static str = "a list of uniform, range, each once";
    fn print(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|assignor| assignor.name()).collect();
        names.join(",")
    }
    fn parse(text: &str) -> Option<Self> {
        let mut list = Vec::new();
        for name in text.split(',') {
            let assignor = ServerAssignor::find(name.trim())?;
            if list.contains(&assignor) {
                return None;
            }
            list.push(assignor);
        }
        (!list.is_empty()).then_some(ServerAssignors(list))
    }
}

/// `group.instance.id` or `group.remote.assignor`: a name, or none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct OptionalName(pub Option<Arc<str>>);

impl ConfigValue for OptionalName {
    const EXPECTED: &'static str = "a name, or nothing";
    fn print(&self) -> String {
        self.0.as_deref().unwrap_or_default().to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        Some(OptionalName((!text.is_empty()).then(|| Arc::from(text))))
    }
}
