//! Names as they stand in a sentence of the reader's language.

use crate::i18n::{Locale, say, td_string};
use highwater_engine::ids::*;
use highwater_engine::sim::{Directory, NodeKind};
use highwater_engine::time::Duration;

/// The names of one world in one language.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The world's names.
    pub directory: &'a Directory,
    /// The language.
    pub locale: Locale,
}

impl Names<'_> {
    /// A process: `broker 1`, `the controller`, `p1`.
    pub fn node(&self, node: NodeId) -> String {
        match self.directory.node_kind(node) {
            Some(NodeKind::Broker(id)) => self.broker(id),
            Some(NodeKind::Controller) => match self.directory.node_name(node).strip_prefix("controller ") {
                Some(id) => say(td_string!(self.locale, page.name.controller_of_quorum), &[("id", &id)]),
                None => td_string!(self.locale, page.name.controller).to_owned(),
            },
            _ => self.directory.node_name(node).to_owned(),
        }
    }

    /// A broker by `node.id`, or "nobody".
    pub fn broker(&self, id: BrokerId) -> String {
        match id.some() {
            Some(id) => say(td_string!(self.locale, page.name.broker), &[("id", &id)]),
            None => td_string!(self.locale, page.name.nobody).to_owned(),
        }
    }

    /// Brokers as ids: `1, 2, 3`.
    pub fn brokers(&self, ids: &[BrokerId]) -> String {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        if ids.is_empty() { td_string!(self.locale, page.name.nobody).to_owned() } else { ids.join(", ") }
    }

    /// A partition.
    pub fn tp(&self, tp: TopicPartition) -> String {
        self.directory.tp_name(tp)
    }

    /// Partitions, or "none".
    pub fn tps(&self, tps: &[TopicPartition]) -> String {
        let names: Vec<String> = tps.iter().map(|tp| self.tp(*tp)).collect();
        let between = td_string!(self.locale, page.name.list_separator);
        if names.is_empty() { td_string!(self.locale, page.name.nothing).to_owned() } else { names.join(between) }
    }

    /// A record.
    pub fn record(&self, record: RecordId) -> String {
        self.directory.record_name(record)
    }

    /// Records, the first few by name.
    pub fn records(&self, records: &[RecordId]) -> String {
        const SHOWN: usize = 4;
        let names: Vec<String> = records.iter().take(SHOWN).map(|record| self.record(*record)).collect();
        let names = names.join(td_string!(self.locale, page.name.list_separator));
        match records.len().saturating_sub(SHOWN) {
            0 => names,
            more => say(td_string!(self.locale, page.name.and_more), &[("names", &names), ("more", &more)]),
        }
    }

    /// A group.
    pub fn group(&self, group: GroupId) -> &str {
        self.directory.group_name(group)
    }

    /// A `transactional.id`.
    pub fn transactional(&self, id: TransactionalId) -> &str {
        self.directory.transactional_name(id)
    }

    /// A queue.
    pub fn queue(&self, queue: QueueId) -> &str {
        self.directory.queue_name(queue)
    }

    /// A span as one says it: `350 ms`, `9.0 s`.
    pub fn span(&self, span: Duration) -> String {
        match span.0 {
            micros if micros < 10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
            micros if micros < 1_000_000 => format!("{} ms", micros / 1_000),
            micros => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
        }
    }

    /// A sentence begins with a capital letter, but a client's own name stays as it is.
    pub fn sentence(&self, text: String) -> String {
        let common = ["broker ", "the ", "a ", "an ", "no ", "nobody "];
        if !common.iter().any(|word| text.starts_with(word)) {
            return text;
        }
        let mut letters = text.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    }
}
