//! What the controller tells the brokers: one request at a time each, again and again until it is answered or the broker is
//! gone (`ControllerChannelManager`, `RequestSendThread`, `ControllerBrokerRequestBatch`).

use crate::broker::actor::Broker;
use crate::broker::controller_channel::{Asked, Pending};
use crate::collections::Set;
use crate::controller::PartitionImage;
use crate::effect::{Effects, Timer};
use crate::ids::{BrokerEpoch, BrokerId, NodeId, Offset, TopicId, TopicPartition};
use crate::protocol::{Channel, ControlKind, ControlRequest, ControlResponse, ErrorCode, Request};
use crate::time::Duration;
use std::collections::VecDeque;

/// Pause before a request that was not answered is sent again (`RequestSendThread`, fixed in Kafka).
const RETRY: Duration = Duration::from_millis(100);

/// The same when the receiver is another incarnation than the one that was meant.
const STALE_RETRY: Duration = Duration::from_millis(1_000);

/// The controller's connection to one broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct ControlChannel {
    node: NodeId,
    epoch: BrokerEpoch,
    queue: VecDeque<ControlRequest>,
    in_flight: Option<u64>,
}

impl Broker {
    pub(super) fn open_channel(&mut self, broker: BrokerId) {
        let Some(controller) = self.kafka_controller() else { return };
        let Some(image) = controller.image.brokers.get(&broker) else { return };
        let channel = ControlChannel { node: image.node, epoch: image.epoch, queue: VecDeque::new(), in_flight: None };
        controller.channels.insert(broker, channel);
    }

    /// A request of one kind without anything in it yet.
    fn empty_request(&mut self, broker: BrokerId, kind: ControlKind) -> Option<ControlRequest> {
        let me = self.id;
        let controller = self.kafka_controller()?;
        let broker_epoch = controller.channels.get(&broker)?.epoch;
        // Who leaves in order is told to nobody: for the others it is there until it is gone.
        let alive = controller.image.brokers.iter().map(|(id, image)| {
            let mut image = image.clone();
            image.in_controlled_shutdown = false;
            (*id, image)
        });
        Some(ControlRequest {
            kind,
            controller: me,
            controller_epoch: controller.epoch,
            broker_epoch,
            zxid: Offset::ZERO,
            brokers: alive.collect(),
            topics: Vec::new(),
            partitions: Vec::new(),
            gone: Vec::new(),
            stopped: Vec::new(),
            delete: false,
        })
    }

    /// Tells a broker about partitions. With a LeaderAndIsr come the settings of their topics, which Kafka's brokers read
    /// from ZooKeeper.
    pub(super) fn tell(
        &mut self,
        broker: BrokerId,
        kind: ControlKind,
        partitions: Vec<(TopicPartition, PartitionImage)>,
        mut topics: Set<TopicId>,
        zxid: Offset,
        out: &mut Effects<'_>,
    ) {
        let Some(mut request) = self.empty_request(broker, kind) else { return };
        topics.extend(partitions.iter().map(|(tp, _)| tp.topic));
        let Some(controller) = self.kafka_controller() else { return };
        let config = |topic: &TopicId| Some((*topic, controller.image.topics.get(topic)?.config.clone()));
        request.topics = topics.iter().filter_map(config).collect();
        (request.partitions, request.zxid) = (partitions, zxid);
        self.send_control(broker, request, out);
    }

    /// Tells a broker everything that one kind of request is for.
    pub(super) fn tell_everything(&mut self, broker: BrokerId, kind: ControlKind, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        let concerned =
            |partition: &PartitionImage| kind == ControlKind::UpdateMetadata || partition.replicas.contains(&broker);
        let all = controller.image.partitions().filter(|(_, partition)| concerned(partition));
        let all: Vec<(TopicPartition, PartitionImage)> = all.map(|(tp, partition)| (tp, partition.clone())).collect();
        if !all.is_empty() || kind == ControlKind::UpdateMetadata {
            let zxid = controller.zxid;
            self.tell(broker, kind, all, Set::new(), zxid, out);
        }
    }

    /// Tells everybody but `except` who is alive.
    pub(super) fn tell_brokers(&mut self, except: &[BrokerId], out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        let others: Vec<BrokerId> = controller.channels.keys().copied().filter(|id| !except.contains(id)).collect();
        for broker in others {
            self.tell(broker, ControlKind::UpdateMetadata, Vec::new(), Set::new(), Offset::ZERO, out);
        }
    }

    /// Tells everybody that a topic is gone.
    pub(super) fn tell_gone(&mut self, topic: TopicId, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        for broker in controller.channels.keys().copied().collect::<Vec<_>>() {
            if let Some(mut request) = self.empty_request(broker, ControlKind::UpdateMetadata) {
                request.gone = vec![topic];
                self.send_control(broker, request, out);
            }
        }
    }

    /// Tells a broker to stop replicas, and perhaps to delete them.
    pub(super) fn tell_stop(
        &mut self,
        broker: BrokerId,
        stopped: Vec<TopicPartition>,
        delete: bool,
        out: &mut Effects<'_>,
    ) {
        if stopped.is_empty() {
            return;
        }
        if let Some(mut request) = self.empty_request(broker, ControlKind::StopReplica) {
            (request.stopped, request.delete) = (stopped, delete);
            self.send_control(broker, request, out);
        }
    }

    fn send_control(&mut self, broker: BrokerId, request: ControlRequest, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        let Some(channel) = controller.channels.get_mut(&broker) else { return };
        channel.queue.push_back(request);
        if channel.queue.len() == 1 {
            self.send_next_control(broker, out);
        }
    }

    /// Sends what is first in a broker's queue, unless it is under way.
    pub(in crate::broker) fn send_next_control(&mut self, broker: BrokerId, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let Some(controller) = &mut runtime.kafka_controller else { return };
        let Some(channel) = controller.channels.get_mut(&broker) else { return };
        let (None, Some(request)) = (channel.in_flight, channel.queue.front()) else { return };
        runtime.controls += 1;
        channel.in_flight = Some(runtime.controls);
        let (to, request) = (channel.node, Request::Control(Box::new(request.clone())));
        let pending = Pending { to, sent_at: out.now, what: Asked::Control(broker, runtime.controls) };
        self.ask_broker(to, Channel::Control, request, pending, out);
    }

    pub(in crate::broker) fn on_control_answer(
        &mut self,
        broker: BrokerId,
        number: u64,
        answer: &ControlResponse,
        out: &mut Effects<'_>,
    ) {
        let Some(controller) = self.kafka_controller() else { return };
        let Some(channel) = controller.channels.get_mut(&broker) else { return };
        if channel.in_flight != Some(number) {
            return;
        }
        channel.in_flight = None;
        if answer.error == ErrorCode::StaleBrokerEpoch {
            // It does not know its own incarnation yet; or it has another by now, and its znode will say so.
            return out.set_timer(Timer::Control(broker), STALE_RETRY);
        }
        let done = channel.queue.pop_front();
        if let Some(request) = done.filter(|request| request.delete && !answer.error.is_error()) {
            self.replicas_deleted(broker, &request.stopped, out);
        }
        self.send_next_control(broker, out);
    }

    pub(in crate::broker) fn on_control_unanswered(&mut self, broker: BrokerId, number: u64, out: &mut Effects<'_>) {
        let Some(controller) = self.kafka_controller() else { return };
        let Some(channel) = controller.channels.get_mut(&broker) else { return };
        if channel.in_flight == Some(number) {
            channel.in_flight = None;
            out.set_timer(Timer::Control(broker), RETRY);
        }
    }
}
