//! Which of Kafka's rules are in force: its finalized features, and rules of earlier releases by the names of the
//! proposals that ended them.

use super::config_struct;
use super::value::ConfigValue;

/// How a follower finds where its log parts from a new leader's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum TruncationMode {
    /// It cuts its log at its own high watermark (to 0.10.2).
    HighWatermark,
    /// It asks where its latest epoch ends in the leader's log and cuts there (0.11 to 1.1).
    Kip101,
    /// The answer also names the epoch it is about; asked until both agree (2.0).
    Kip279,
    /// The same, and every fetch carries the leader epoch, so that stale ones are fenced (2.1 to 2.6).
    Kip320,
    /// No question: a fetch names the follower's last epoch, the answer where the logs part (2.7, KIP-595).
    #[default]
    OnFetch,
}

impl TruncationMode {
    /// Whether committed records can be lost and replicas differ for ever although every election was clean: KIP-101 and
    /// KIP-279 ended that.
    pub fn lets_replicas_differ(self) -> bool {
        self < TruncationMode::Kip279
    }
}

impl ConfigValue for TruncationMode {
    const EXPECTED: &'static str = "one of high-watermark, KIP-101, KIP-279, KIP-320, KIP-595";
    const WORDS: &'static [&'static str] = &["high-watermark", "KIP-101", "KIP-279", "KIP-320", "KIP-595"];
    fn print(&self) -> String {
        match self {
            TruncationMode::HighWatermark => "high-watermark",
            TruncationMode::Kip101 => "KIP-101",
            TruncationMode::Kip279 => "KIP-279",
            TruncationMode::Kip320 => "KIP-320",
            TruncationMode::OnFetch => "KIP-595",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        use TruncationMode::{HighWatermark, Kip101, Kip279, Kip320, OnFetch};
        [HighWatermark, Kip101, Kip279, Kip320, OnFetch].into_iter().find(|mode| mode.print() == text)
    }
}

/// Where the replicas of new partitions go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PlacementRule {
    /// `StripedReplicaPlacer`, of KRaft controllers.
    Striped,
    /// `AdminUtils`, of the ZooKeeper era.
    Classic,
}

impl ConfigValue for PlacementRule {
    const EXPECTED: &'static str = "striped or classic";
    const WORDS: &'static [&'static str] = &["striped", "classic"];
    fn print(&self) -> String {
        match self {
            PlacementRule::Striped => "striped",
            PlacementRule::Classic => "classic",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        [PlacementRule::Striped, PlacementRule::Classic].into_iter().find(|rule| rule.print() == text)
    }
}

/// Where the controller keeps what it decides, and how it is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ControllerMode {
    /// Controllers of their own, with a log that brokers read (since 2.8; the only one since 4.0).
    KRaft,
    /// One of the brokers, elected through ZooKeeper, where the cluster's state is; it tells the others (to 3.9).
    ZooKeeper,
}

impl ConfigValue for ControllerMode {
    const EXPECTED: &'static str = "kraft or zookeeper";
    const WORDS: &'static [&'static str] = &["kraft", "zookeeper"];
    fn print(&self) -> String {
        match self {
            ControllerMode::KRaft => "kraft",
            ControllerMode::ZooKeeper => "zookeeper",
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        [ControllerMode::KRaft, ControllerMode::ZooKeeper].into_iter().find(|mode| mode.print() == text)
    }
}

config_struct! {
    /// Rules in force in the whole cluster.
    FeatureConfig, owner "feature";
    /// Eligible leader replicas (KIP-966): 1 in clusters created since 4.1, 0 before.
    "eligible.leader.replicas.version" => eligible_leader_replicas_version: i16 = 1, Some((0, 1));
    /// How followers truncate.
    "truncation" => truncation: TruncationMode = TruncationMode::OnFetch, None;
    /// Whether the high watermark stands still below `min.insync.replicas` (3.7).
    "strict.min.isr" => strict_min_isr: bool = true, None;
    /// Whether ISR members and fetches are checked against the broker's incarnation (KIP-903, 3.5).
    "broker.epoch.check" => broker_epoch_check: bool = true, None;
    /// How new partitions are placed.
    "replica.placement" => replica_placement: PlacementRule = PlacementRule::Striped, None;
    /// Whether the cluster has controllers of its own, or a broker that ZooKeeper made the controller.
    "controller" => controller: ControllerMode = ControllerMode::KRaft, None;
}

impl FeatureConfig {
    /// Whether eligible leader replicas are kept: never in a cluster with ZooKeeper.
    pub fn elr(&self) -> bool {
        self.eligible_leader_replicas_version > 0 && self.controller == ControllerMode::KRaft
    }

    /// How new partitions are placed: with ZooKeeper always in the old way.
    pub fn placement(&self) -> PlacementRule {
        match self.controller {
            ControllerMode::KRaft => self.replica_placement,
            ControllerMode::ZooKeeper => PlacementRule::Classic,
        }
    }

    /// Whether brokers are checked by their incarnation: in a cluster with ZooKeeper nobody but the controller knows it.
    pub fn checks_incarnations(&self) -> bool {
        self.broker_epoch_check && self.controller == ControllerMode::KRaft
    }
}
