//! Virtual time in microseconds.
//!
//! The engine never reads a clock: every handler is told what time it is.
//! Configuration values named `…ms` are turned into [`Duration`] when they are parsed.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A moment of virtual time, in microseconds since the simulation began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub u64);

/// A span of virtual time, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duration(pub u64);

impl Instant {
    /// The beginning of every simulation.
    pub const ZERO: Instant = Instant(0);
    /// Later than anything that can be scheduled.
    pub const NEVER: Instant = Instant(u64::MAX);

    /// Time passed since `earlier`; zero when `earlier` lies ahead.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// Whole milliseconds since the beginning: Kafka's record timestamp.
    pub fn as_millis(self) -> u64 {
        self.0 / 1_000
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);

    /// A span of whole microseconds.
    pub const fn from_micros(micros: u64) -> Duration {
        Duration(micros)
    }

    /// A span of whole milliseconds, the unit of Kafka's configuration.
    pub const fn from_millis(millis: u64) -> Duration {
        Duration(millis.saturating_mul(1_000))
    }

    /// A span of whole seconds.
    pub const fn from_secs(secs: u64) -> Duration {
        Duration(secs.saturating_mul(1_000_000))
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// The span divided by a whole number.
    pub const fn div(self, by: u64) -> Duration {
        Duration(self.0 / by)
    }

    /// The span multiplied by a whole number.
    pub const fn times(self, by: u64) -> Duration {
        Duration(self.0.saturating_mul(by))
    }

    /// Reads `500us`, `20ms`, `1.5s`, `2min`, `1h`; a bare number is refused because its unit would be a guess.
    pub fn parse(text: &str) -> Option<Duration> {
        let text = text.trim();
        let split = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, unit) = (text[..split].trim(), text[split..].trim());
        let scale: u64 = match unit {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "min" => 60_000_000,
            "h" => 3_600_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let mut micros = whole.parse::<u64>().ok()?.checked_mul(scale)?;
        if !fraction.is_empty() {
            if fraction.len() > 6 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            let part = fraction.parse::<u64>().ok()?.checked_mul(scale)?;
            micros = micros.checked_add(part / 10u64.pow(fraction.len() as u32))?;
        }
        Some(Duration(micros))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, span: Duration) -> Instant {
        Instant(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, span: Duration) -> Instant {
        Instant(self.0.saturating_sub(span.0))
    }
}

impl Add for Duration {
    type Output = Duration;
    fn add(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Instant {
    /// Seconds with three decimals: `13.206 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}

impl fmt::Display for Duration {
    /// The largest unit that shows the span exactly, else milliseconds with three decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            micros if micros % 1_000_000 == 0 => write!(f, "{}s", micros / 1_000_000),
            micros if micros % 1_000 == 0 => write!(f, "{}ms", micros / 1_000),
            micros => write!(f, "{micros}us"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_with_its_unit_and_only_with_it() {
        assert_eq!(Duration::parse("20ms"), Some(Duration::from_millis(20)));
        assert_eq!(Duration::parse("1.5s"), Some(Duration::from_millis(1_500)));
        assert_eq!(Duration::parse("2min"), Some(Duration::from_secs(120)));
        assert_eq!(Duration::parse("20"), None);
        assert_eq!(Duration::parse("-1s"), None);
        assert_eq!(Duration::parse("99999999999999999999s"), None);
    }
}
