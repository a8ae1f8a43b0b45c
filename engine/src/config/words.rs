//! Kinds of values beside numbers and durations.

use super::value::ConfigValue;
use crate::time::Duration;

/// The range of a setting that Kafka does not restrict beyond its type `int`.
pub(super) const ANY_INT: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);

/// Milliseconds that Kafka lets be negative: "no limit" for retention, "at once" for intervals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Millis(pub i64);

impl Millis {
    /// As a span; a negative one is none at all.
    pub fn span(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }

    /// As the pause of something that happens again and again: at least a millisecond.
    pub fn pause(self) -> Duration {
        self.span().max(Duration::from_millis(1))
    }
}

impl ConfigValue for Millis {
    const UNIT: &'static str = "ms";
    const EXPECTED: &'static str = "a whole number of milliseconds";
    fn print(&self) -> String {
        self.0.to_string()
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Millis)
    }
    fn number(&self) -> Option<i64> {
        Some(self.0)
    }
}

/// Whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Seconds(pub i64);

impl Seconds {
    /// As a span; a negative one is none at all.
    pub fn span(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0).unwrap_or(0).saturating_mul(1_000))
    }
}

impl ConfigValue for Seconds {
    const UNIT: &'static str = "s";
    const EXPECTED: &'static str = "a whole number of seconds";
    fn print(&self) -> String {
        self.0.to_string()
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Seconds)
    }
    fn number(&self) -> Option<i64> {
        Some(self.0)
    }
}

/// A number that may be unset (`null`), written as nothing.
impl ConfigValue for Option<i64> {
    const EXPECTED: &'static str = "a whole number, or nothing";
    fn print(&self) -> String {
        self.map(|number| number.to_string()).unwrap_or_default()
    }
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
    }
    fn number(&self) -> Option<i64> {
        *self
    }
}

/// A share of one in millionths: the engine's state holds no floating-point numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ratio(pub i64);

impl ConfigValue for Ratio {
    const UNIT: &'static str = "ratio";
    const EXPECTED: &'static str = "a number such as 0.5";
    fn print(&self) -> String {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        let short = text.trim_end_matches('0');
        if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
    }
    fn parse(text: &str) -> Option<Self> {
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let whole = whole.parse::<i64>().ok().filter(|whole| *whole >= 0)?.checked_mul(1_000_000)?;
        let part = format!("{fraction:0<6}").parse::<i64>().ok()?;
        whole.checked_add(part).map(|number| Ratio(sign * number))
    }
    /// Rounded away from zero, so that 1.5 is outside a range that ends with 1.
    fn number(&self) -> Option<i64> {
        let away = if self.0 < 0 { -999_999 } else { 999_999 };
        Some((self.0 + away) / 1_000_000)
    }
}

/// What happens to old data (`cleanup.policy`): both, one, or none (then everything is kept).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CleanupPolicy {
    /// Whole segments go by age and size.
    pub delete: bool,
    /// Of each key the last value is kept.
    pub compact: bool,
}

impl CleanupPolicy {
    /// Kafka's default.
    pub const DELETE: CleanupPolicy = CleanupPolicy { delete: true, compact: false };
    /// The policy of the internal topics.
    pub const COMPACT: CleanupPolicy = CleanupPolicy { delete: false, compact: true };
}

impl ConfigValue for CleanupPolicy {
    const EXPECTED: &'static str = "a list of compact and delete, without repetition";
    const WORDS: &'static [&'static str] = &["compact", "delete"];
    fn print(&self) -> String {
        match (self.compact, self.delete) {
            (true, true) => "compact,delete",
            (true, false) => "compact",
            (false, true) => "delete",
            (false, false) => "",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        let mut policy = CleanupPolicy { delete: false, compact: false };
        for word in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
            let part = match word {
                "delete" => &mut policy.delete,
                "compact" => &mut policy.compact,
                _ => return None,
            };
            if std::mem::replace(part, true) {
                return None;
            }
        }
        Some(policy)
    }
}

/// Whose clock a record's timestamp is (KIP-32).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TimestampType {
    /// The producer's, when the record was made.
    #[default]
    CreateTime,
    /// The leader's, when the batch was appended.
    LogAppendTime,
}

impl ConfigValue for TimestampType {
    const EXPECTED: &'static str = "CreateTime or LogAppendTime";
    const WORDS: &'static [&'static str] = &["CreateTime", "LogAppendTime"];
    fn print(&self) -> String {
        format!("{self:?}")
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "CreateTime" => Some(TimestampType::CreateTime),
            "LogAppendTime" => Some(TimestampType::LogAppendTime),
            _ => None,
        }
    }
}

/// Which replica a leader sends consumers to (`replica.selector.class`); short class names are taken too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ReplicaSelector {
    /// Unset: consumers read from leaders.
    #[default]
    Leader,
    /// `RackAwareReplicaSelector`: from an in-sync replica in their own rack, where there is one.
    RackAware,
}

impl ConfigValue for ReplicaSelector {
    const EXPECTED: &'static str = "nothing or RackAwareReplicaSelector";
    fn print(&self) -> String {
        match self {
            ReplicaSelector::Leader => "",
            ReplicaSelector::RackAware => "org.apache.kafka.common.replica.RackAwareReplicaSelector",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text.rsplit('.').next()? {
            "" | "null" => Some(ReplicaSelector::Leader),
            "RackAwareReplicaSelector" => Some(ReplicaSelector::RackAware),
            _ => None,
        }
    }
}
