//! The stretch of time that is shown.

use highwater_engine::time::{Duration, Instant};

/// A stretch of simulated time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Its left end.
    pub from: Instant,
    /// How long it is.
    pub span: Duration,
}

impl Default for Window {
    fn default() -> Window {
        Window { from: Instant::ZERO, span: Duration::from_millis(250) }
    }
}

impl Window {
    const SHORTEST: u64 = 2_000;
    const LONGEST: u64 = 24 * 3_600_000_000;

    /// Its right end.
    pub fn to(self) -> Instant {
        Instant(self.from.0.saturating_add(self.span.0))
    }

    /// A moment's place on a line this wide; outside of it for moments outside.
    pub fn x(self, at: Instant, width: f64) -> f64 {
        (at.0 as f64 - self.from.0 as f64) * width / self.span.0.max(1) as f64
    }

    /// The moment at a place.
    pub fn at(self, x: f64, width: f64) -> Instant {
        Instant((self.from.0 as f64 + x * self.span.0 as f64 / width.max(1.0)).max(0.0) as u64)
    }

    /// Longer or shorter round a moment, which keeps its place.
    pub fn zoomed(self, factor: f64, around: Instant) -> Window {
        let span = ((self.span.0 as f64 * factor) as u64).clamp(Window::SHORTEST, Window::LONGEST);
        let share = (around.0 as f64 - self.from.0 as f64) / self.span.0.max(1) as f64;
        let from = (around.0 as f64 - share * span as f64).max(0.0) as u64;
        Window { from: Instant(from), span: Duration(span) }
    }

    /// Moved by a share of its own length.
    pub fn moved(self, by: f64) -> Window {
        let from = (self.from.0 as f64 + by * self.span.0 as f64).max(0.0) as u64;
        Window { from: Instant(from), ..self }
    }

    /// Moved so far that a moment is in it, with some past before it and some room behind it.
    pub fn following(self, now: Instant) -> Window {
        let (low, high) = (self.span.0 / 10, self.span.0 / 5 * 4);
        let place = now.0.saturating_sub(self.from.0);
        if now >= self.from && (place >= low || self.from.0 == 0) && place <= high {
            return self;
        }
        // Time that goes on pushes the window; a jump puts the moment near its right end.
        Window { from: Instant(now.0.saturating_sub(high)), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_moments_are_each_others_inverse() {
        let window = Window { from: Instant(5_000_000), span: Duration::from_millis(100) };
        assert_eq!(window.x(Instant(5_050_000), 800.0), 400.0);
        assert_eq!(window.at(400.0, 800.0), Instant(5_050_000));
        assert_eq!(window.to(), Instant(5_100_000));
    }

    #[test]
    fn zooming_keeps_the_moment_under_the_pointer_and_has_ends() {
        let window = Window { from: Instant(5_000_000), span: Duration::from_millis(100) };
        let around = Instant(5_025_000);
        let near = window.zoomed(0.5, around);
        assert_eq!(near.x(around, 1_000.0), window.x(around, 1_000.0));
        assert_eq!(near.span, Duration::from_millis(50));
        assert!((0..100).fold(window, |window, _| window.zoomed(0.5, around)).span.0 > 0);
        assert!((0..100).fold(window, |window, _| window.zoomed(2.0, around)).span.0 <= Window::LONGEST);
        assert_eq!(window.moved(-1e9).from, Instant::ZERO);
    }

    #[test]
    fn the_window_follows_time_and_leaves_a_moment_in_it_alone() {
        let window = Window { from: Instant(1_000_000), span: Duration::from_millis(100) };
        assert_eq!(window.following(Instant(1_050_000)), window);
        for now in [0, 10_000, 900_000, 1_099_000, 30_000_000] {
            let moved = window.following(Instant(now));
            assert!(moved.from <= Instant(now) && Instant(now) <= moved.to(), "{now}");
        }
    }
}
