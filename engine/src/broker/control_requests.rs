//! What the controller of a cluster with ZooKeeper tells a broker: which replicas it leads and follows (LeaderAndIsr), what
//! the cluster is like (UpdateMetadata), which replicas it is to give up (StopReplica). An old controller is not listened to
//! (STALE_CONTROLLER_EPOCH), and what was meant for an earlier incarnation of the broker neither (STALE_BROKER_EPOCH,
//! KIP-380).

use super::actor::Broker;
use crate::controller::{BrokerImage, PartitionImage, TopicImage};
use crate::coordinator::ReplyTo;
use crate::effect::Effects;
use crate::event::Event;
use crate::fact::Fact;
use crate::ids::{BrokerEpoch, BrokerId, Offset, TopicPartition};
use crate::protocol::{ControlKind, ControlRequest, ControlResponse, ErrorCode, Response};
use std::sync::Arc;

impl Broker {
    pub(super) fn on_control_request(&mut self, to: ReplyTo, request: ControlRequest, out: &mut Effects<'_>) {
        let kind = request.kind;
        let error = self.judge_control(&request, out);
        if !error.is_error() {
            self.heed(request, out);
        }
        self.respond(to, Response::Control(kind, ControlResponse { error }), out);
    }

    fn judge_control(&mut self, request: &ControlRequest, out: &mut Effects<'_>) -> ErrorCode {
        let broker = self.id;
        let Some(runtime) = &mut self.runtime else { return ErrorCode::StaleBrokerEpoch };
        let (controller, epoch, known) = (request.controller, request.controller_epoch, runtime.controller_epoch);
        if epoch < known {
            out.emit(|| Event::ControllerRefused { broker, controller, epoch, known });
            return ErrorCode::StaleControllerEpoch;
        }
        // A broker that has not heard from ZooKeeper since it asked for its znode does not know its own incarnation yet.
        let unborn = runtime.broker_epoch == BrokerEpoch::default();
        if unborn || request.broker_epoch < runtime.broker_epoch {
            return ErrorCode::StaleBrokerEpoch;
        }
        runtime.controller_epoch = epoch;
        ErrorCode::None
    }

    fn heed(&mut self, request: ControlRequest, out: &mut Effects<'_>) {
        let broker = self.id;
        let zxid = request.zxid;
        let news = self.with_runtime(|runtime| {
            let news = zxid >= runtime.metadata_offset && zxid > Offset::ZERO;
            if news {
                runtime.metadata_offset = zxid + 1;
            }
            news
        });
        if news {
            out.note(|| Fact::MetadataApplied { broker, offset: zxid });
        }
        match request.kind {
            ControlKind::LeaderAndIsr => self.take_roles(request, out),
            ControlKind::UpdateMetadata => self.take_metadata(request, out),
            ControlKind::StopReplica => {
                for tp in request.stopped {
                    self.stop_fetching(tp);
                    if request.delete && self.replicas.contains_key(&tp) {
                        self.delete_replica(tp, out);
                    }
                }
            }
        }
    }

    fn take_roles(&mut self, request: ControlRequest, out: &mut Effects<'_>) {
        // The addresses of the leaders come with their names.
        for (id, image) in request.brokers {
            self.with_runtime(|runtime| {
                if !runtime.image.brokers.contains_key(&id) {
                    runtime.image.brokers.insert(id, image);
                }
            });
        }
        for (tp, image) in request.partitions {
            let config = request.topics.iter().find(|(topic, _)| *topic == tp.topic).map(|(_, config)| config.clone());
            if let Some(config) = config.filter(|_| image.replicas.contains(&self.id)) {
                self.take_part(tp, &image, config, out);
            }
        }
    }

    fn take_metadata(&mut self, request: ControlRequest, out: &mut Effects<'_>) {
        let Some(runtime) = &mut self.runtime else { return };
        let known = std::mem::take(&mut runtime.image.brokers);
        let moved = |(id, image): &(BrokerId, BrokerImage)| known.get(id).is_some_and(|old| old.epoch != image.epoch);
        let moved: Vec<BrokerId> = request.brokers.iter().filter(|it| moved(it)).map(|(id, _)| *id).collect();
        let controller = request.brokers.iter().find(|(id, _)| *id == request.controller).map(|(_, image)| image.node);
        runtime.image.brokers = request.brokers.into_iter().collect();
        for topic in request.gone {
            runtime.image.topics.remove(&topic);
        }
        let mut reconfigured = Vec::new();
        for (topic, config) in request.topics {
            match runtime.image.topics.get_mut(&topic) {
                Some(image) if image.config == config => {}
                Some(image) => {
                    Arc::make_mut(image).config = config;
                    reconfigured.push(topic);
                }
                None => {
                    let image = TopicImage { config, partitions: Vec::new() };
                    runtime.image.topics.insert(topic, Arc::new(image));
                }
            }
        }
        for (tp, image) in request.partitions {
            if let Some(topic) = runtime.image.topics.get_mut(&tp.topic) {
                put(Arc::make_mut(topic), tp, image);
            }
        }
        for broker in moved {
            self.on_broker_moved(broker, out);
        }
        for topic in reconfigured {
            self.reconfigure(topic, out);
        }
        if controller.is_some() {
            self.point_at(controller, out);
        }
    }
}

/// A partition that was never heard of before comes in the order of numbers.
fn put(topic: &mut TopicImage, tp: TopicPartition, image: PartitionImage) {
    let Ok(place) = usize::try_from(tp.partition) else { return };
    if place < topic.partitions.len() {
        topic.partitions[place] = image;
    } else if place == topic.partitions.len() {
        topic.partitions.push(image);
    }
}
