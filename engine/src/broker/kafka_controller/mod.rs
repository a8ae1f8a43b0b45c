//! The controller of a cluster with ZooKeeper: a role that one of the brokers has (`KafkaController`).
//!
//! What it decides is decided by the rules of [`crate::controller`]. It writes every decision into ZooKeeper, each write on
//! condition that the controller epoch is still its own; when a decision's writes are done it tells the brokers, one request
//! at a time each (LeaderAndIsr, UpdateMetadata, StopReplica). A controller that begins reads everything from ZooKeeper
//! first: that takes longer the more partitions there are.

mod channels;
mod commit;
mod deletion;
mod load;
mod requests;

use super::actor::Broker;
use crate::collections::{Map, Set};
use crate::controller::{Deciding, MetadataImage};
use crate::effect::{Effects, Timer};
use crate::ids::{BrokerId, LeaderEpoch, Offset, TopicId, TopicPartition};
use crate::protocol::Response;
use std::collections::VecDeque;

/// What a broker that is the controller keeps in memory (`ControllerContext`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct KafkaController {
    /// Its epoch.
    epoch: i32,
    /// The version of `/controller_epoch` that every write of its is conditioned on.
    epoch_version: i32,
    /// Whether everything has been read, so that it decides.
    active: bool,
    /// The cluster, as decided so far.
    image: MetadataImage,
    reading: load::Reading,
    commits: VecDeque<commit::Commit>,
    /// Whether the partitions that begin now are in their topic's znode already: an administrator wrote it.
    assigned: bool,
    /// The last transaction whose decision brokers were told of.
    zxid: Offset,
    channels: Map<BrokerId, channels::ControlChannel>,
    /// Topics that are being deleted, and the replicas that are still there.
    deleting: Map<TopicId, Set<(TopicPartition, BrokerId)>>,
    /// How many partitions those had.
    deleted_sizes: Map<TopicId, i32>,
    /// Whether `/latest_producer_id_block` is there.
    has_producer_ids: bool,
    /// What was changed of the brokers' settings while they ran.
    broker_settings: Map<BrokerId, Vec<(String, String)>>,
}

impl Broker {
    /// What it knows and by which rules it decides, in which epoch, while it is the controller and knows everything.
    pub fn deciding(&self) -> Option<(LeaderEpoch, Deciding<'_>)> {
        let controller = self.runtime.as_ref()?.kafka_controller.as_ref().filter(|controller| controller.active)?;
        Some((LeaderEpoch(controller.epoch), Deciding { image: &controller.image, features: &self.features }))
    }

    /// The epoch in which this broker believes to be the controller.
    pub fn controls_in(&self) -> Option<LeaderEpoch> {
        let controller = self.runtime.as_ref()?.kafka_controller.as_ref()?;
        Some(LeaderEpoch(controller.epoch))
    }

    /// Another is the controller, or nobody: what this one has not finished it forgets (`onControllerResignation`).
    pub(super) fn resign_controller(&mut self, out: &mut Effects<'_>) {
        let Some(controller) = self.with_runtime(|runtime| runtime.kafka_controller.take()) else { return };
        for timer in [Timer::LeaderRebalance, Timer::UncleanElection] {
            out.cancel_timer(timer);
        }
        self.forget_controllers_asks();
        let parked = controller.commits.into_iter().flat_map(|commit| commit.answers);
        for (to, response) in parked.collect::<Vec<_>>() {
            self.respond(to, Response::not_controller(response), out);
        }
    }

    fn kafka_controller(&mut self) -> Option<&mut KafkaController> {
        self.runtime.as_mut()?.kafka_controller.as_deref_mut()
    }

    /// The controller, once it knows everything.
    fn deciding_controller(&mut self) -> Option<&mut KafkaController> {
        self.kafka_controller().filter(|controller| controller.active)
    }
}
