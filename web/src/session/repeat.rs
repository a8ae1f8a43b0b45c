//! A stretch of time that is shown again and again, while somebody talks about it.

use super::{Run, Session};
use highwater_engine::time::Instant;
use leptos::prelude::*;

/// Where the stretch begins and ends, as far as that was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Repeat {
    /// Its first moment.
    pub from: Option<Instant>,
    /// Its last.
    pub to: Option<Instant>,
}

impl Repeat {
    /// Both ends, once they are there.
    pub fn ends(self) -> Option<(Instant, Instant)> {
        Some((self.from?, self.to?)).filter(|(from, to)| from < to)
    }

    /// One end is put at a moment. An end on the wrong side of the other takes its place.
    pub fn put(self, at: Instant, is_start: bool) -> Repeat {
        let mut put = self;
        if is_start {
            put.from = Some(at);
            put.to = put.to.filter(|to| *to > at);
        } else {
            put.to = Some(at);
            put.from = put.from.filter(|from| *from < at);
        }
        put
    }

    /// Where time goes back to, when it has got to `now`.
    pub fn back_from(self, now: Instant) -> Option<Instant> {
        self.ends().filter(|(_, to)| now >= *to).map(|(from, _)| from)
    }
}

impl Session {
    /// Puts an end of the loop at the moment shown; who ends it while time stands still wants to see it.
    pub fn set_repeat(self, is_start: bool) {
        if let Some(now) = self.read(Run::now) {
            self.repeat.update(|repeat| *repeat = repeat.put(now, is_start));
        }
    }

    /// No loop; whether there was one.
    pub fn clear_repeat(self) -> bool {
        let was_there = self.repeat.get_untracked() != Repeat::default();
        self.repeat.set(Repeat::default());
        was_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_back_from_the_second_end_to_the_first() {
        let at = |millis: u64| Instant(millis * 1_000);
        let none = Repeat::default();
        assert_eq!(none.back_from(at(9)), None);
        let open = none.put(at(4), true);
        assert_eq!(open.back_from(at(9)), None, "one end is no loop");
        let whole = open.put(at(8), false);
        assert_eq!((whole.back_from(at(7)), whole.back_from(at(8))), (None, Some(at(4))));
        assert_eq!(whole.put(at(9), true).ends(), None, "beyond its end a new loop begins");
        assert_eq!(whole.put(at(2), false), Repeat { from: None, to: Some(at(2)) });
    }
}
