//! What one may run on to: the next thing of a kind, wherever it is.

use super::timeline::History;
use crate::event::{Event, GroupState};
use crate::time::Instant;
use crate::view;

/// What to run until.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Goal {
    /// An acknowledged record is lost, or a queue loses a message.
    Loss,
    /// A partition gets another leader, or has none any more.
    Election,
    /// A group begins to rebalance.
    Rebalance,
    /// An ISR shrinks or grows.
    IsrChange,
    /// A group falls behind by more than so many records; from above, it has to catch up first.
    Lag(u64),
    /// A guarantee is given up, or a promise is broken.
    Breach,
}

/// What became of the search for a goal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Search {
    /// It happened with the last event.
    Found,
    /// There is time left, and more may come.
    Goes,
    /// Nothing of the kind happens any more, or not until the bound.
    Over,
}

impl Goal {
    /// The goal of these words: `loss`, `election`, `rebalance`, `isr`, `breach`, `lag>100`.
    pub fn parse(text: &str) -> Option<Goal> {
        Some(match text.trim() {
            "loss" => Goal::Loss,
            "election" => Goal::Election,
            "rebalance" => Goal::Rebalance,
            "isr" => Goal::IsrChange,
            "breach" => Goal::Breach,
            other => Goal::Lag(other.strip_prefix("lag")?.trim().strip_prefix('>')?.trim().parse().ok()?),
        })
    }

    /// Whether an event is what was waited for. Lag is no event.
    pub fn is_met_by(self, event: &Event) -> bool {
        match self {
            Goal::Loss => matches!(event, Event::AckedRecordLost { .. } | Event::QueueLost { .. }),
            Goal::Election => matches!(event, Event::LeaderElected { .. } | Event::PartitionOffline { .. }),
            Goal::Rebalance => matches!(
                event,
                Event::GroupStateChanged { state: GroupState::PreparingRebalance | GroupState::Assigning, .. }
            ),
            Goal::IsrChange => matches!(event, Event::IsrChanged { .. }),
            Goal::Lag(_) => false,
            Goal::Breach => matches!(event, Event::GuaranteeGivenUp { .. } | Event::PromiseBroken { .. }),
        }
    }
}

/// A goal on the way to it, slice by slice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Hunt {
    goal: Goal,
    /// Whether some group was behind by more than the goal says when that was last known.
    behind: Option<bool>,
}

impl From<Goal> for Hunt {
    fn from(goal: Goal) -> Hunt {
        Hunt { goal, behind: None }
    }
}

impl History {
    /// Steps on until the goal is met, `go_on` says no, nothing happens any more, or the next event lies after `end` or
    /// is beyond event `last`.
    pub fn run_until(&mut self, hunt: &mut Hunt, end: Instant, last: u64, mut go_on: impl FnMut() -> bool) -> Search {
        let goal = hunt.goal;
        if hunt.behind.is_none() {
            hunt.behind = self.is_behind(goal);
        }
        while go_on() {
            let more = self.cursor() < last && self.next_event_at().is_some_and(|at| at <= end) && self.step_forward();
            if !more {
                return Search::Over;
            }
            let here = self.cursor();
            let happened = self.events_between(here, here);
            if happened.iter().any(|emitted| goal.is_met_by(&emitted.event)) {
                return Search::Found;
            }
            if matches!(goal, Goal::Lag(_)) && happened.iter().any(|emitted| moves_lag(&emitted.event)) {
                let Some(behind) = self.is_behind(goal) else { continue };
                if hunt.behind.replace(behind) == Some(false) && behind {
                    return Search::Found;
                }
            }
        }
        Search::Goes
    }

    /// Whether some group is behind by more than the goal says; none while a group has no coordinator that would know.
    fn is_behind(&self, goal: Goal) -> Option<bool> {
        let Goal::Lag(most) = goal else { return Some(false) };
        let view = view::stage(self.simulation(), &view::Lens::default());
        let lag = |group: &view::GroupView| group.offsets.iter().map(|offset| offset.lag).sum::<i64>();
        let known = view.groups.iter().all(|group| group.coordinator.is_some());
        known.then(|| view.groups.iter().any(|group| lag(group) > most as i64))
    }
}

/// What a lag is made of: high watermarks and committed offsets.
fn moves_lag(event: &Event) -> bool {
    matches!(event, Event::HighWatermarkAdvanced { .. } | Event::OffsetCommitted { .. } | Event::OffsetsExpired { .. })
}
