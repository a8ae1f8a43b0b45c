//! One controller's part in the quorum (`QuorumState`): what it persists, what it is, and whom it would vote for.
//! Nothing here sends or sets timers; [`super::raft`] does.

use crate::collections::{Map, Set};
use crate::fact::QuorumRole;
use crate::ids::{LeaderEpoch, NodeId, Offset};
use crate::time::Instant;

/// What a leader knows of another voter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct VoterProgress {
    /// Its log end, as its last fetch said; none until it fetches.
    pub end: Option<Offset>,
    /// When it last fetched.
    pub last_fetch: Instant,
}

/// What a controller is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Role {
    /// It knows no leader of its epoch.
    #[default]
    Unattached,
    /// It asks whether it could win an election (KIP-996).
    Prospective { granted: Set<NodeId>, refused: Set<NodeId> },
    /// It asks for votes.
    Candidate { granted: Set<NodeId>, refused: Set<NodeId> },
    /// It decides, once a record of its own epoch is committed.
    Leader { epoch_start: Offset, voters: Map<NodeId, VoterProgress> },
    /// It copies from the leader; `heard` once a fetch was answered.
    Follower { leader: NodeId, heard: bool },
    /// It gave its leadership up.
    Resigned,
}

/// The quorum as one voter sees it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Quorum {
    /// This controller.
    pub me: NodeId,
    /// All voters (`controller.quorum.voters`), this one among them.
    pub voters: Vec<NodeId>,
    /// On disk (`quorum-state`): the epoch.
    pub epoch: LeaderEpoch,
    /// On disk: whom it voted for in this epoch.
    pub voted: Option<NodeId>,
    /// The leader of this epoch, once it was heard of: also while this voter asks for pre-votes.
    pub known_leader: Option<NodeId>,
    /// What it is.
    pub role: Role,
    /// Committed end of the log as far as this voter knows.
    pub high_watermark: Offset,
}

impl Quorum {
    pub fn new(me: NodeId, voters: Vec<NodeId>) -> Quorum {
        Quorum {
            me,
            voters,
            epoch: LeaderEpoch(0),
            voted: None,
            known_leader: None,
            role: Role::Unattached,
            high_watermark: Offset::ZERO,
        }
    }

    /// The leader of this epoch, if it is known.
    pub fn leader(&self) -> Option<NodeId> {
        match &self.role {
            Role::Leader { .. } => Some(self.me),
            Role::Follower { leader, .. } => Some(*leader),
            _ => None,
        }
    }

    /// The other voters.
    pub fn others(&self) -> Vec<NodeId> {
        self.voters.iter().copied().filter(|voter| *voter != self.me).collect()
    }

    /// More than half.
    pub fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    /// What it is, for checkers and pictures.
    pub fn role_name(&self) -> QuorumRole {
        match self.role {
            Role::Unattached | Role::Resigned => QuorumRole::Unattached,
            Role::Prospective { .. } => QuorumRole::Prospective,
            Role::Candidate { .. } => QuorumRole::Candidate,
            Role::Leader { .. } => QuorumRole::Leader,
            Role::Follower { .. } => QuorumRole::Follower,
        }
    }

    /// Whether a candidate with this log gets the vote; the log must hold all this one does. A vote is written down,
    /// a pre-vote changes nothing: it is refused by a leader and by those who hear one.
    pub fn grants(
        &self,
        candidate: NodeId,
        pre_vote: bool,
        theirs: (LeaderEpoch, Offset),
        own: (LeaderEpoch, Offset),
    ) -> bool {
        if theirs < own {
            return false;
        }
        match (&self.role, pre_vote) {
            (Role::Leader { .. } | Role::Follower { heard: true, .. }, true) => false,
            (_, true) => true,
            (Role::Leader { .. } | Role::Follower { .. }, false) => false,
            (_, false) => self.voted.is_none_or(|voted| voted == candidate),
        }
    }

    /// What a majority has on its disks, once that is beyond the beginning of the leader's epoch: the oldest epochs'
    /// records are only committed together with one of its own (Raft 5.4.2).
    pub fn committed(&self, own_durable: Offset) -> Option<Offset> {
        let Role::Leader { epoch_start, voters } = &self.role else { return None };
        let mut ends: Vec<Offset> = self
            .others()
            .iter()
            .map(|voter| voters.get(voter).and_then(|progress| progress.end).unwrap_or(Offset::ZERO))
            .collect();
        ends.push(own_durable);
        ends.sort_unstable_by(|a, b| b.cmp(a));
        let mark = ends.get(self.voters.len() / 2).copied()?;
        (mark > *epoch_start && mark > self.high_watermark).then_some(mark)
    }
}
