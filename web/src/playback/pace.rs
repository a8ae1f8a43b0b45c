//! Pacing by what happens: links take milliseconds and timeouts take seconds, and both must be watchable.
//!
//! While a message that matters is under way, time is slow enough to follow the quickest of them.
//! After a decisive event it nearly stands still for a moment. When nothing that matters is under way it runs
//! ever faster, smoothly, up to a limit. And what has been seen for a while needs less time: with nothing decisive
//! for some seconds, routine traffic is shown quicker and quicker, so that nine silent seconds of a cluster at work
//! do not take minutes. Everything here is a pure function of wall time; there is no clock.

use highwater_engine::time::Duration;

/// The current rate and what it reacts to. Rates are simulated microseconds per second on the wall, at speed 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pace {
    rate: f64,
    hold: f64,
    seen: f64,
    idle: f64,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { rate: Pace::START, hold: 0.0, seen: 0.0, idle: 0.0 }
    }
}

impl Pace {
    /// A message that matters takes at least this many seconds to cross the stage, while it is news.
    pub const FLIGHT: f64 = 0.7;
    /// Traffic is news for this many seconds after something decisive.
    pub const NEWS: f64 = 4.0;
    /// Traffic is news again after this many simulated microseconds without any.
    const LULL: f64 = 1_000_000.0;
    /// What one has seen long enough still takes this many seconds.
    const FLIGHT_LEAST: f64 = 0.05;
    /// How much of its time a message keeps with each further second without news.
    const HABIT: f64 = 0.8;
    /// After a decisive event the stage is held for this many seconds.
    pub const HOLD: f64 = 1.2;
    /// While it is held, a flight is shown at this share of its usual pace.
    const HELD: f64 = 0.4;
    /// While it is held and nothing is under way.
    const HELD_IDLE: f64 = 10_000.0;
    /// The most that an idle stretch is compressed: three simulated seconds a second.
    pub const FASTEST: f64 = 3_000_000.0;
    /// Where a ramp starts, when nothing else says so.
    const START: f64 = 60_000.0;
    /// No message is so quick that time stops: a microsecond link would.
    const SLOWEST: f64 = 200.0;
    /// How much faster an idle stretch gets in each second.
    const RAMP: f64 = 6.0;

    /// A decisive event happened: give the eye time.
    pub fn hold(&mut self) {
        self.hold = Pace::HOLD;
        self.seen = 0.0;
    }

    /// What is under way is worth watching, however long it has been watched.
    pub fn stay_fresh(&mut self) {
        self.seen = 0.0;
    }

    /// The reader jumped or pressed play: no ramp from before goes on.
    pub fn restart(&mut self) {
        *self = Pace::default();
    }

    /// The rate that was last asked for.
    pub fn current(&self) -> f64 {
        self.rate
    }

    /// The rate now, given the quickest message under way that matters.
    pub fn rate(&mut self, quickest: Option<Duration>) -> f64 {
        if quickest.is_some() {
            if self.idle >= Pace::LULL {
                self.seen = 0.0;
            }
            self.idle = 0.0;
        }
        self.rate = self.rate.min(self.limit(quickest));
        self.rate
    }

    /// Wall time passed (in seconds, times the reader's speed): a hold wears off, a ramp climbs.
    pub fn pass(&mut self, seconds: f64, quickest: Option<Duration>) {
        self.hold = (self.hold - seconds).max(0.0);
        self.seen += seconds;
        if quickest.is_none() {
            self.idle += self.rate * seconds;
        }
        let haste = Pace::FLIGHT / self.flight_time();
        let climbed = self.rate * Pace::RAMP.powf(seconds * haste);
        self.rate = climbed.min(self.limit(quickest));
    }

    /// How long a message takes to cross the stage by now.
    fn flight_time(&self) -> f64 {
        let habit = Pace::HABIT.powf((self.seen - Pace::NEWS).max(0.0));
        (Pace::FLIGHT * habit).max(Pace::FLIGHT_LEAST)
    }

    fn limit(&self, quickest: Option<Duration>) -> f64 {
        let flight = quickest.map(|takes| (takes.0 as f64 / self.flight_time()).max(Pace::SLOWEST));
        let held = self.hold > 0.0;
        match flight {
            Some(rate) if held => (rate * Pace::HELD).min(Pace::FASTEST),
            Some(rate) => rate.min(Pace::FASTEST),
            None if held => Pace::HELD_IDLE,
            None => Pace::FASTEST,
        }
    }
}

/// How the pace is told: how many times slower or faster than life, rounded to what one can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PaceWords {
    /// Slower, this many times.
    Slow(u32),
    /// As fast as life.
    #[default]
    Real,
    /// Faster, this many times.
    Fast(u32),
}

impl PaceWords {
    /// Of a rate in simulated microseconds a second.
    pub fn of(rate: f64) -> PaceWords {
        let times = rate / 1_000_000.0;
        if times >= 1.5 {
            PaceWords::Fast(round(times))
        } else if times > 0.67 {
            PaceWords::Real
        } else {
            PaceWords::Slow(round(1.0 / times.max(1e-6)))
        }
    }
}

/// One significant figure, or two below thirty: 7, 14, 140 → 100, so that the word does not flicker.
fn round(times: f64) -> u32 {
    let step = match times {
        t if t < 10.0 => 1.0,
        t if t < 30.0 => 2.0,
        t if t < 100.0 => 10.0,
        t if t < 300.0 => 20.0,
        t if t < 1_000.0 => 100.0,
        _ => 1_000.0,
    };
    ((times / step).round() * step) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: f64 = 1.0 / 60.0;

    #[test]
    fn the_quickest_message_takes_its_seven_tenths_of_a_second() {
        let mut pace = Pace::default();
        let takes = Duration::from_millis(4);
        let (mut shown, mut wall) = (0.0, 0.0);
        while shown < takes.0 as f64 {
            shown += pace.rate(Some(takes)) * FRAME;
            pace.pass(FRAME, Some(takes));
            wall += FRAME;
        }
        assert!((0.69..0.8).contains(&wall), "{wall}");
    }

    #[test]
    fn an_idle_stretch_gets_faster_smoothly_and_not_beyond_its_limit() {
        let mut pace = Pace::default();
        let mut before = pace.rate(None);
        for _ in 0..600 {
            pace.pass(FRAME, None);
            let now = pace.rate(None);
            assert!(now <= before * 1.6, "a jump from {before} to {now}");
            before = now;
        }
        assert_eq!(before, Pace::FASTEST);
    }

    #[test]
    fn something_that_matters_brakes_at_once() {
        let mut pace = Pace::default();
        for _ in 0..600 {
            pace.pass(FRAME, None);
        }
        let takes = Duration::from_millis(7);
        assert_eq!(pace.rate(Some(takes)), 10_000.0);
    }

    #[test]
    fn a_decisive_event_is_looked_at_and_then_it_goes_on() {
        let mut pace = Pace::default();
        let takes = Some(Duration::from_millis(7));
        pace.hold();
        assert_eq!(pace.rate(takes), 4_000.0);
        for _ in 0..200 {
            pace.pass(FRAME, takes);
        }
        assert_eq!(pace.rate(takes), 10_000.0);
    }

    #[test]
    fn what_is_no_news_any_more_takes_less_time_until_something_decisive_happens() {
        let mut pace = Pace::default();
        let takes = Some(Duration::from_millis(7));
        let watch = |pace: &mut Pace, seconds: f64| {
            for _ in 0..(seconds / FRAME) as u32 {
                pace.pass(FRAME, takes);
            }
            pace.rate(takes)
        };
        assert_eq!(watch(&mut pace, Pace::NEWS - 0.5), 10_000.0);
        assert!(watch(&mut pace, 4.0) > 15_000.0);
        assert!(watch(&mut pace, 60.0) <= 7_000.0 / Pace::FLIGHT_LEAST);
        pace.hold();
        assert_eq!(pace.rate(takes), 4_000.0);
    }

    #[test]
    fn the_pace_is_told_in_round_words() {
        assert_eq!(PaceWords::of(3_000_000.0), PaceWords::Fast(3));
        assert_eq!(PaceWords::of(1_000_000.0), PaceWords::Real);
        assert_eq!(PaceWords::of(7_143.0), PaceWords::Slow(140));
        assert_eq!(PaceWords::of(200_000.0), PaceWords::Slow(5));
    }
}
