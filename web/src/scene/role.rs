//! What a replica looks like for what it is.

use highwater_engine::view::{ProcessView, ReplicaRole, ReplicaView};

/// How a replica is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Blue, with a star and tall cells.
    Leader,
    /// Green and low.
    Follower,
    /// Green and low, out of the ISR.
    Lagging,
    /// Grey.
    Offline,
}

impl Look {
    /// The look of a replica on a broker.
    pub fn of(replica: &ReplicaView, process: ProcessView) -> Look {
        if matches!(process, ProcessView::Down(_)) {
            return Look::Offline;
        }
        match replica.role {
            ReplicaRole::Leader => Look::Leader,
            ReplicaRole::FollowerInSync => Look::Follower,
            ReplicaRole::FollowerLagging => Look::Lagging,
            ReplicaRole::Offline => Look::Offline,
        }
    }

    /// Class of a record below the high watermark.
    pub fn done(self) -> &'static str {
        match self {
            Look::Leader => "cell leader done",
            Look::Follower => "cell follower done",
            Look::Lagging => "cell lagging done",
            Look::Offline => "cell offline done",
        }
    }

    /// Class of a record above it.
    pub fn open(self) -> &'static str {
        match self {
            Look::Leader => "cell leader open",
            Look::Follower => "cell follower open",
            Look::Lagging => "cell lagging open",
            Look::Offline => "cell offline open",
        }
    }

    /// The classes of high watermark line, log end line, pennant and their words.
    pub fn lines(self) -> [&'static str; 5] {
        match self {
            Look::Offline => ["hw offline", "leo offline", "pennant offline", "hw-t offline", "leo-t offline"],
            _ => ["hw", "leo", "pennant", "hw-t", "leo-t"],
        }
    }
}
