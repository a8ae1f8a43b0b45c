//! Transactional ids as their coordinators know them.

use crate::event::TransactionState;
use crate::ids::*;
use crate::sim::{Actor, Simulation};
use crate::time::{Duration, Instant};

/// One transactional id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionView {
    /// Its number.
    pub id: TransactionalId,
    /// The broker that coordinates it.
    pub coordinator: BrokerId,
    /// Where its transaction is.
    pub state: TransactionState,
    /// The producer's id and epoch.
    pub producer: (ProducerId, i16),
    /// The partitions of the transaction, and whether each has its marker.
    pub partitions: Vec<(TopicPartition, bool)>,
    /// When its first partition joined.
    pub started: Option<Instant>,
    /// `transaction.timeout.ms`.
    pub timeout: Duration,
}

/// All transactional ids that a running broker coordinates, by number.
pub fn transactions(simulation: &Simulation) -> Vec<TransactionView> {
    let mut views = Vec::new();
    for (_, actor) in simulation.actors() {
        let Actor::Broker(broker) = actor else { continue };
        let Some(shards) = broker.transactions() else { continue };
        for (id, metadata) in shards.iter().filter(|(id, _)| broker.coordinates_transaction(*id)) {
            let unmarked: Vec<TopicPartition> = shards.unmarked(id).collect();
            let marked = |tp: &TopicPartition| metadata.is_ending() && !unmarked.contains(tp);
            views.push(TransactionView {
                id,
                coordinator: broker.id,
                state: metadata.state,
                producer: (metadata.producer_id, metadata.producer_epoch),
                partitions: metadata.partitions.iter().map(|tp| (*tp, marked(tp))).collect(),
                started: metadata.started,
                timeout: metadata.timeout,
            });
        }
    }
    views
}
