//! Guarantees that a configuration gives up, and what gives them up. A broken promise without such a reason is a defect.

use serde::{Serialize, Serializer};

macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $text:literal, )* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum $name { $( $(#[$doc])* $variant, )* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[ $( $name::$variant, )* ];

            /// The name in traces.
            pub fn name(self) -> &'static str {
                match self { $( $name::$variant => $text, )* }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let found = $name::ALL.iter().find(|known| known.name() == text);
                found.copied().ok_or_else(|| serde::de::Error::custom("unknown name"))
            }
        }
    };
}
pub(super) use named;

named! {
    /// What was given up.
    Guarantee {
        /// An acknowledged record is not in the log of a broker that began to lead. Without a record: committed records of a
        /// coordinator's log are gone, and with them what it knew of groups or transactions.
        AckedWriteLost = "acked-write-lost",
        /// A record stands in a leader's log a second time.
        Duplicate = "duplicate",
        /// Of two acknowledged records the one sent earlier stands later.
        Reordered = "reordered",
        /// A member gets a record its group already had.
        ReRead = "re-read",
        /// A position jumps over readable records nobody in the group had.
        Skipped = "skipped",
        /// A record given to a consumer is replaced at its offset.
        ReadChanged = "read-changed",
        /// A reader of committed data got a record of an aborted transaction.
        AbortedRead = "aborted-read",
        /// A reader of committed data got a record of an open transaction.
        PrecommittedRead = "precommitted-read",
        /// A transaction is committed in one partition and aborted in another.
        TornTxn = "torn-txn",
        /// A transaction nobody will end holds the last stable offset back.
        HangingTransaction = "hanging-transaction",
        /// A share group has processed a record after a later one of its partition.
        ProcessedOutOfOrder = "processed-out-of-order",
    }
}

named! {
    /// What gives a guarantee up.
    Because {
        /// `acks=0`.
        AcksNone = "acks-0",
        /// `acks=1`.
        AcksLeader = "acks-1",
        /// An election outside the ISR.
        UncleanElection = "unclean-election",
        /// Records lost with the power before they were fsynced.
        UnflushedLost = "unflushed-lost",
        /// A historic way of truncating.
        TruncationMode = "truncation-mode",
        /// `enable.idempotence=false`.
        NoIdempotence = "no-idempotence",
        /// The producer began a new epoch and sent again.
        ProducerEpochBump = "producer-epoch-bump",
        /// The producer got a new id and sent again.
        NewSession = "new-session",
        /// Partitions moved to another member.
        Rebalance = "rebalance",
        /// A member died before it committed.
        ClientCrash = "client-crash",
        /// `auto.offset.reset` moved a position back.
        Reset = "reset",
        /// A log was cut below a position.
        Truncation = "truncation",
        /// The group's commit was lost.
        CommitLost = "commit-lost",
        /// `auto.offset.reset=latest`.
        ResetLatest = "reset-latest",
        /// Retention removed what was not read.
        Retention = "retention",
        /// Transactions of the protocol before KIP-890.
        OldTransactions = "old-transactions",
        /// Members of a share group process records of one partition at the same time.
        ShareGroup = "share-group",
        /// A share group's record was released, or its lock ended.
        Redelivery = "redelivery",
        /// A share group's record was delivered as often as it may.
        DeliveryLimit = "delivery-limit",
        /// A member said that a record cannot be processed.
        Rejected = "rejected",
    }
}

/// A set of reasons.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Reasons(u32);

impl Reasons {
    /// These reasons.
    pub fn of(reasons: &[Because]) -> Reasons {
        let mut set = Reasons::default();
        reasons.iter().for_each(|reason| set.add(*reason));
        set
    }

    /// Adds one.
    pub fn add(&mut self, reason: Because) {
        self.0 |= 1 << reason as u32;
    }

    /// Whether one is among them.
    pub fn has(self, reason: Because) -> bool {
        self.0 & (1 << reason as u32) != 0
    }

    /// Whether there is none: then a breach is a defect.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons.
    pub fn iter(self) -> impl Iterator<Item = Because> {
        Because::ALL.iter().copied().filter(move |reason| self.has(*reason))
    }
}

impl Serialize for Reasons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> serde::Deserialize<'de> for Reasons {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Reasons::of(&Vec::<Because>::deserialize(deserializer)?))
    }
}
