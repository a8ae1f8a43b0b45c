//! What brokers and administrators ask the controller for.

use crate::broker::actor::Broker;
use crate::coordinator::ReplyTo;
use crate::effect::{Effects, Timer};
use crate::event::Event;
use crate::ids::{BrokerId, TopicPartition};
use crate::protocol::{
    AdminRequest, AllocateProducerIdsResponse, AlterPartitionResponse, ControlledShutdownRequest,
    ControlledShutdownResponse, CreatableTopic, CreateTopicsResponse, ErrorCode, Request, Response,
};

impl Broker {
    /// A request that only the controller can answer.
    pub(in crate::broker) fn on_controller_request(&mut self, to: ReplyTo, request: &Request, out: &mut Effects<'_>) {
        let error = ErrorCode::NotController;
        let response = match request {
            Request::AlterPartition(request) => {
                let decided = self.decide_here(|control, out| control.on_alter_partition(request, out), out);
                let refused = AlterPartitionResponse { error, partitions: Vec::new() };
                Response::AlterPartition(Box::new(decided.unwrap_or(refused)))
            }
            Request::AllocateProducerIds(_) => {
                let first = self.decide_here(|control, _| control.allocate_producer_ids(), out);
                Response::AllocateProducerIds(AllocateProducerIdsResponse {
                    error: if first.is_some() { ErrorCode::None } else { error },
                    first_producer_id: first.unwrap_or(-1),
                    length: crate::controller::PRODUCER_ID_BLOCK,
                })
            }
            Request::CreateTopics(request) => {
                let topics = request.topics.iter().map(|topic| (topic.topic, self.create_topic(topic, out))).collect();
                Response::CreateTopics(Box::new(CreateTopicsResponse { topics }))
            }
            Request::ControlledShutdown(request) => {
                Response::ControlledShutdown(self.on_controlled_shutdown(*request, out))
            }
            _ => return,
        };
        self.answer_when_written(to, response, out);
    }

    pub(in crate::broker) fn create_topic(&mut self, topic: &CreatableTopic, out: &mut Effects<'_>) -> ErrorCode {
        let Some(controller) = self.deciding_controller() else { return ErrorCode::NotController };
        // A topic is there until all of it is gone.
        if controller.deleting.contains_key(&topic.topic) {
            return ErrorCode::TopicAlreadyExists;
        }
        self.decide_here(|control, out| control.create_topic(topic, out), out).unwrap_or(ErrorCode::NotController)
    }

    pub(in crate::broker) fn on_controllers_admin(&mut self, request: &AdminRequest, out: &mut Effects<'_>) {
        let error = match (self.deciding(), request) {
            (None, _) => ErrorCode::NotController,
            (Some((_, deciding)), AdminRequest::DeleteTopic { topic }) => {
                let error = deciding.judge_admin(request);
                if !error.is_error() {
                    self.delete_topic(*topic, out);
                }
                error
            }
            _ => {
                self.decide_here(|control, out| control.on_admin(request, out), out).unwrap_or(ErrorCode::NotController)
            }
        };
        if error.is_error() {
            return out.emit(|| Event::AdminRefused { api: request.api().to_owned(), error });
        }
        // Unclean elections may be allowed now (`TopicUncleanLeaderElectionEnable`).
        if matches!(request, AdminRequest::AlterTopicConfig { .. }) {
            self.look_for_leaders(None, out);
        }
    }

    /// A broker wants to stop: whoever else is in sync leads what it led, and it follows nobody any more
    /// (`doControlledShutdown`).
    fn on_controlled_shutdown(
        &mut self,
        request: ControlledShutdownRequest,
        out: &mut Effects<'_>,
    ) -> ControlledShutdownResponse {
        let refused = |error| ControlledShutdownResponse { error, remaining: Vec::new() };
        let broker = request.broker;
        let Some(controller) = self.deciding_controller() else { return refused(ErrorCode::NotController) };
        match controller.image.brokers.get_mut(&broker) {
            Some(known) if known.epoch == request.broker_epoch => known.in_controlled_shutdown = true,
            _ => return refused(ErrorCode::StaleBrokerEpoch),
        }
        let followed: Vec<TopicPartition> = controller
            .image
            .partitions()
            .filter(|(_, partition)| partition.replicas.contains(&broker) && partition.leader != broker)
            .map(|(tp, _)| tp)
            .collect();
        self.tell_stop(broker, followed, false, out);
        self.decide_here(|control, out| control.hand_over(broker, out), out);
        ControlledShutdownResponse { error: ErrorCode::None, remaining: self.still_led_by(broker) }
    }

    fn still_led_by(&mut self, broker: BrokerId) -> Vec<TopicPartition> {
        let Some(controller) = self.deciding_controller() else { return Vec::new() };
        // What has no other replica cannot be handed over, and nobody waits for it.
        let led = controller.image.partitions().filter(|(_, p)| p.leader == broker && p.replicas.len() > 1);
        led.map(|(tp, _)| tp).collect()
    }

    /// Gives leaderships back where a broker has too few (`leader.imbalance.per.broker.percentage`).
    pub(in crate::broker) fn on_leader_rebalance(&mut self, out: &mut Effects<'_>) {
        let config = &self.controller_config;
        out.set_timer(Timer::LeaderRebalance, config.leader_imbalance_check_interval_seconds.span());
        let percent = i64::from(config.leader_imbalance_per_broker_percentage);
        let due = |all: usize, away: usize| away as i64 * 100 > all as i64 * percent;
        self.decide_here(|control, out| control.rebalance(due, out), out);
    }
}
