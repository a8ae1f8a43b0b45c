//! Letting time pass, event by event, at a pace that can be followed.

use super::run::Run;
use crate::playback::Pace;
use highwater_engine::event::{DropReason, Event};
use highwater_engine::time::Duration;
use highwater_engine::view;

/// Why playback stopped by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// A beat, from 0.
    Beat(usize),
    /// The end of the story, or of a world in which nothing will happen any more.
    End,
}

/// What one frame did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Advance {
    /// Engine events dispatched.
    pub dispatched: u32,
    /// Why it stopped.
    pub reached: Option<Reached>,
    /// Whether the state before is over, and no longer shown.
    pub faded: bool,
    /// Whether something that matters was or came under way, or something decisive happened.
    pub matters: bool,
}

impl Run {
    /// Lets wall time pass. Events are dispatched one at a time; the step ends early at the event that put
    /// something new that matters under way, at a decisive event, at a beat, and when the frame's time is used up.
    pub fn advance(&mut self, pace: &mut Pace, speed: f64, seconds: f64, has_time: impl Fn() -> bool) -> Advance {
        let mut done = Advance { faded: self.age_ghost(seconds), ..Advance::default() };
        let mut left = seconds;
        loop {
            let quickest = view::quickest(self.simulation());
            done.matters |= quickest.is_some();
            let rate = pace.rate(quickest) * speed;
            let Some(next) = self.next_stop() else {
                done.reached = Some(Reached::End);
                return done;
            };
            let needs = next.since(self.now).0 as f64 / rate;
            if needs > left {
                self.now += Duration((left * rate) as u64);
                pace.pass(left * speed, quickest);
                return done;
            }
            left -= needs;
            pace.pass(needs * speed, quickest);
            self.now = next;
            if !self.dispatch() {
                done.reached = Some(Reached::End);
                return done;
            }
            done.dispatched += 1;
            if let Some(beat) = self.beats().iter().position(|beat| beat.event == self.cursor()) {
                done.reached = Some(Reached::Beat(beat));
                return done;
            }
            let decisive = self.just_happened().iter().any(|emitted| is_decisive(&emitted.event));
            if decisive {
                pace.hold();
            }
            let arisen = view::departed_at(self.simulation(), self.now);
            done.matters |= decisive || arisen;
            if decisive || arisen || !has_time() {
                return done;
            }
        }
    }
}

/// Events that a class should not miss.
pub fn is_decisive(event: &Event) -> bool {
    matches!(
        event,
        Event::NodeStarted { .. }
            | Event::NodeStopped { .. }
            | Event::NodePaused { .. }
            | Event::NodeResumed { .. }
            | Event::LinkCut { .. }
            | Event::LinkHealed { .. }
            | Event::MessageDropped { why: DropReason::Dropped, .. }
            | Event::BrokerFenced { .. }
            | Event::SessionExpired { .. }
            | Event::LeaderElected { .. }
            | Event::PartitionOffline { .. }
            | Event::IsrChanged { .. }
            | Event::LogTruncated { .. }
            | Event::MemberLeft { .. }
            | Event::GroupStateChanged { .. }
            | Event::AckedRecordLost { .. }
            | Event::RecordDuplicated { .. }
            | Event::RecordSkipped { .. }
            | Event::QueueLost { .. }
    )
}
