//! What is known about a thing: its name, what it is, and its values with what they were a moment before.

use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::Run;
use crate::session::words::Names;
use highwater_engine::config::Acks;
use highwater_engine::ids::*;
use highwater_engine::sim::Simulation;
use highwater_engine::time::Instant;
use highwater_engine::view::{self, *};
use std::borrow::Cow;

/// A value with its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// Kafka's word for it.
    pub term: Cow<'static, str>,
    /// The value now.
    pub value: String,
    /// The value before, where it differs.
    pub was: Option<String>,
}

/// Everything about one thing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sheet {
    /// Its name.
    pub title: String,
    /// What it is.
    pub subtitle: String,
    /// Its values.
    pub facts: Vec<Fact>,
}

/// The sheet of a target; none when it is gone.
pub fn sheet(target: Target, run: &Run, locale: Locale) -> Option<Sheet> {
    let names = Names { directory: run.simulation().directory(), locale };
    let view = run.view();
    let mut sheet = state(target, &view, run, &names)?;
    let before = run.ghost().and_then(|ghost| state(target, ghost, run, &names));
    // A time span is another one at every moment; that is no change.
    let spans = [td_string!(locale, page.fact.last_heartbeat)];
    for fact in sheet.facts.iter_mut().filter(|fact| !spans.contains(&&*fact.term)) {
        let earlier = before.as_ref().and_then(|before| before.facts.iter().find(|earlier| earlier.term == fact.term));
        fact.was = earlier.map(|earlier| earlier.value.clone()).filter(|earlier| *earlier != fact.value);
    }
    Some(sheet)
}

pub(super) struct Builder<'a> {
    pub(super) sheet: Sheet,
    pub(super) names: &'a Names<'a>,
}

impl Builder<'_> {
    pub(super) fn fact(&mut self, term: impl Into<Cow<'static, str>>, value: impl ToString) {
        self.sheet.facts.push(Fact { term: term.into(), value: value.to_string(), was: None });
    }

    fn process(&mut self, process: ProcessView, view: &StageView) {
        let locale = self.names.locale;
        let since = process.for_how_long(view.now).map(|span| self.names.span(span)).unwrap_or_default();
        let value = match process {
            ProcessView::Running => td_string!(locale, page.fact.running).to_owned(),
            ProcessView::Paused(_) => say(td_string!(locale, page.fact.paused_for), &[("span", &since)]),
            ProcessView::Down(_) => say(td_string!(locale, page.fact.down_for), &[("span", &since)]),
        };
        self.fact(td_string!(locale, page.fact.process), value);
    }
}

fn state(target: Target, view: &StageView, run: &Run, names: &Names<'_>) -> Option<Sheet> {
    let mut out = Builder { sheet: Sheet::default(), names };
    match target {
        Target::Node(node) => node_state(&mut out, node, view)?,
        Target::Partition(tp) => partition_state(&mut out, view.partitions.iter().find(|known| known.tp == tp)?),
        Target::Replica(broker, tp) => replica_state(&mut out, broker, tp, view)?,
        Target::Record(broker, tp, offset) => {
            if record_state(&mut out, broker, tp, offset, view, run.simulation()).is_none() {
                // It is not there yet, or no more: its life can still be looked at.
                out.sheet.title = out.names.record(crate::session::record_at(run, broker, tp, offset)?);
                let place =
                    [("partition", &out.names.tp(tp) as &dyn std::fmt::Display), ("broker", &out.names.broker(broker))];
                out.sheet.subtitle = say(td_string!(out.names.locale, page.fact.record_elsewhere), &place);
            }
        }
        Target::Group(group) => group_state(&mut out, view.groups.iter().find(|known| known.id == group)?),
        Target::Queue(queue) => queue_state(&mut out, view.queues.iter().find(|known| known.id == queue)?, view),
        Target::Envelope(envelope) => envelope_state(&mut out, envelope, run)?,
        Target::Lost(record) => super::gone::lost_state(&mut out, record, run)?,
    }
    Some(out.sheet)
}

fn node_state(out: &mut Builder<'_>, node: NodeId, view: &StageView) -> Option<()> {
    let locale = out.names.locale;
    out.sheet.title = out.names.sentence(out.names.node(node));
    if let Some(broker) = view.brokers.iter().find(|broker| broker.node == node) {
        out.sheet.subtitle = td_string!(locale, page.fact.is_broker).to_owned();
        out.process(broker.process, view);
        let yes_or_no = |yes: bool| if yes { td_string!(locale, page.yes) } else { td_string!(locale, page.no) };
        if view.keeper.is_some() {
            out.fact(td_string!(locale, page.fact.session), yes_or_no(!broker.fenced));
        } else {
            out.fact(td_string!(locale, page.fact.fenced), yes_or_no(broker.fenced));
        }
        if let Some(epoch) = broker.controls {
            out.fact(td_string!(locale, page.fact.controls), epoch);
        }
        let leads: Vec<String> =
            view.partitions.iter().filter(|known| known.leader == broker.id).map(|known| known.name.clone()).collect();
        out.fact(td_string!(locale, page.fact.leads), list(leads, locale));
        if let Some(heard) = broker.last_heartbeat {
            let ago = out.names.span(view.now.since(heard));
            out.fact(
                td_string!(locale, page.fact.last_heartbeat),
                say(td_string!(locale, page.fact.ago), &[("span", &ago)]),
            );
        }
        let groups: Vec<String> = broker.coordinates.iter().map(|group| out.names.group(*group).to_owned()).collect();
        if !groups.is_empty() {
            out.fact(td_string!(locale, page.fact.coordinates), list(groups, locale));
        }
        out.fact(td_string!(locale, page.fact.metadata_offset), broker.metadata_offset);
    } else if let Some(producer) = view.producers.iter().find(|producer| producer.node == node) {
        out.sheet.subtitle = td_string!(locale, page.fact.is_producer).to_owned();
        out.process(producer.process, view);
        if let Some(acks) = producer.acks {
            out.fact("acks", acks_word(acks));
            out.fact("enable.idempotence", producer.idempotent);
        }
        if let Some(inside) = &producer.inside {
            producer_inside(out, inside, view.now);
        }
        let waiting: Vec<RecordId> = producer.waiting.iter().map(|waiting| waiting.record).collect();
        out.fact(td_string!(locale, page.fact.waiting), waiting.len());
        if !waiting.is_empty() {
            out.fact(td_string!(locale, page.fact.waiting_records), out.names.records(&waiting));
            let attempts = producer.waiting.iter().map(|waiting| waiting.attempts).max().unwrap_or(0);
            out.fact(td_string!(locale, page.fact.attempts), attempts);
        }
    } else if let Some((group, member)) =
        view.groups.iter().find_map(|group| Some((group, group.members.iter().find(|member| member.node == node)?)))
    {
        out.sheet.subtitle = say(td_string!(locale, page.fact.is_consumer), &[("group", &group.name)]);
        out.process(member.process, view);
        let activity = match member.activity {
            ConsumerActivity::Joining => td_string!(locale, page.fact.joining).to_owned(),
            ConsumerActivity::Polling => td_string!(locale, page.fact.polling).to_owned(),
            ConsumerActivity::Processing(record) => {
                say(td_string!(locale, page.fact.processing), &[("record", &out.names.record(record))])
            }
            ConsumerActivity::Committing => td_string!(locale, page.fact.committing).to_owned(),
        };
        out.fact(td_string!(locale, page.fact.activity), activity);
        out.fact(td_string!(locale, page.fact.generation), member.generation);
        let positions =
            member.positions.iter().map(|(tp, offset)| format!("{} → {offset}", out.names.tp(*tp))).collect();
        out.fact(td_string!(locale, page.fact.position), list(positions, locale));
        if let Some(inside) = &member.inside {
            producer_inside(out, inside, view.now);
        }
    } else if let Some((queue, worker)) =
        view.queues.iter().find_map(|queue| Some((queue, queue.workers.iter().find(|worker| worker.node == node)?)))
    {
        out.sheet.subtitle = say(td_string!(locale, page.fact.is_worker), &[("queue", &queue.name)]);
        out.process(worker.process, view);
        out.fact("prefetch", worker.prefetch);
        let record = worker.processing.map(|record| out.names.record(record));
        out.fact(td_string!(locale, page.fact.activity), record.unwrap_or_else(|| "–".to_owned()));
        out.fact(td_string!(locale, page.fact.processed), worker.processed.len());
    } else if let Some(queue) = view.queues.iter().find(|queue| queue.node == node) {
        queue_state(out, queue, view);
    } else if let Some(store) = view.stores.iter().find(|store| store.node == node) {
        store_state(out, store, view);
    } else if let Some(voter) = view.quorum.iter().find(|voter| voter.node == node) {
        out.sheet.subtitle = td_string!(locale, page.fact.is_controller).to_owned();
        out.process(voter.process, view);
        out.fact(td_string!(locale, page.fact.role), format!("{:?}", voter.role));
        out.fact(td_string!(locale, page.fact.epoch), voter.epoch);
        out.fact("LEO", voter.log_end_offset);
        out.fact("HW", voter.high_watermark);
        if let Some(voted) = voter.voted {
            out.fact(td_string!(locale, page.fact.voted), out.names.node(voted));
        }
    } else {
        let controller = view.controller.as_ref().filter(|controller| controller.node == node)?;
        if let Some(keeper) = &view.keeper {
            out.sheet.subtitle = td_string!(locale, page.fact.is_keeper).to_owned();
            out.process(controller.process, view);
            out.fact("zxid", keeper.zxid.0);
            out.fact(td_string!(locale, page.fact.watches), keeper.watches);
            keeper.znodes.iter().for_each(|znode| znode_fact(out, znode));
            if keeper.total > keeper.znodes.len() {
                out.fact(td_string!(locale, page.fact.znodes_total), keeper.total);
            }
            return Some(());
        }
        out.sheet.subtitle = td_string!(locale, page.fact.is_controller).to_owned();
        out.process(controller.process, view);
        out.fact(td_string!(locale, page.fact.metadata_offset), controller.metadata_offset);
    }
    Some(())
}

fn acks_word(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}

fn partition_state(out: &mut Builder<'_>, partition: &PartitionView) {
    let locale = out.names.locale;
    out.sheet.title = partition.name.clone();
    let topic = out.names.directory.topic_name(partition.tp.topic);
    out.sheet.subtitle = say(td_string!(locale, page.fact.is_partition), &[("topic", &topic)]);
    out.fact(td_string!(locale, page.fact.leader), out.names.broker(partition.leader));
    out.fact(td_string!(locale, page.fact.epoch), partition.leader_epoch);
    out.fact("ISR", out.names.brokers(&partition.isr));
    out.fact(td_string!(locale, page.fact.replicas), out.names.brokers(&partition.assignment));
    if let Some(leader) = partition.replicas.iter().find(|replica| replica.broker == partition.leader) {
        out.fact("HW", leader.high_watermark);
        out.fact("LEO", leader.log_end_offset);
    }
    out.fact("min ISR", partition.min_insync_replicas);
}

fn replica_state(out: &mut Builder<'_>, broker: BrokerId, tp: TopicPartition, view: &StageView) -> Option<()> {
    let locale = out.names.locale;
    let partition = view.partitions.iter().find(|known| known.tp == tp)?;
    let replica = partition.replicas.iter().find(|replica| replica.broker == broker)?;
    out.sheet.title = partition.name.clone();
    out.sheet.subtitle = say(td_string!(locale, page.fact.is_replica), &[("broker", &out.names.broker(broker))]);
    let role = match replica.role {
        ReplicaRole::Leader => td_string!(locale, page.fact.role_leader),
        ReplicaRole::FollowerInSync => td_string!(locale, page.fact.role_in_sync),
        ReplicaRole::FollowerLagging => td_string!(locale, page.fact.role_lagging),
        ReplicaRole::Offline => td_string!(locale, page.fact.role_offline),
    };
    out.fact(td_string!(locale, page.fact.role), role);
    out.fact(td_string!(locale, page.fact.epoch), replica.leader_epoch);
    out.fact("HW", replica.high_watermark);
    out.fact("LSO", replica.last_stable_offset);
    out.fact("LEO", replica.log_end_offset);
    out.fact(td_string!(locale, page.fact.durable_to), replica.durable_to);
    let epochs = replica.epochs.iter().map(|(epoch, offset)| format!("e{epoch} → {offset}")).collect();
    out.fact(td_string!(locale, page.fact.epoch_starts), list(epochs, locale));
    Some(())
}

/// What is in a producer's memory: its id, its buffer, its transaction, every batch.
fn producer_inside(out: &mut Builder<'_>, inside: &ProducerInside, now: Instant) {
    let locale = out.names.locale;
    if let Some((id, epoch)) = inside.producer_id {
        out.fact("producer id / epoch", format!("{id} / {epoch}"));
    }
    out.fact(td_string!(locale, page.fact.free_memory), inside.free_memory);
    if let Some(record) = inside.blocked {
        out.fact(td_string!(locale, page.fact.send_blocked), out.names.record(record));
    }
    if let Some((number, state, partitions)) = inside.transaction {
        let state = state.name();
        let parts: [(&str, &dyn std::fmt::Display); 3] =
            [("number", &number), ("state", &state), ("partitions", &partitions)];
        out.fact(td_string!(locale, page.fact.transaction), say(td_string!(locale, page.fact.transaction_is), &parts));
    }
    for batch in inside.batches.iter().take(6) {
        let (tp, records, bytes) = (out.names.tp(batch.tp), batch.records, batch.bytes);
        let left = out.names.span(batch.due.since(now));
        let sequence = batch.sequence.unwrap_or(-1);
        let error = batch.last_error.name();
        let parts: [(&str, &dyn std::fmt::Display); 7] = [
            ("tp", &tp),
            ("records", &records),
            ("bytes", &bytes),
            ("left", &left),
            ("sequence", &sequence),
            ("attempts", &batch.attempts),
            ("error", &error),
        ];
        let text = if batch.in_flight {
            say(td_string!(locale, page.fact.batch_in_flight), &parts)
        } else if batch.attempts > 0 {
            say(td_string!(locale, page.fact.batch_backs_off), &parts)
        } else {
            say(td_string!(locale, page.fact.batch_lingers), &parts)
        };
        out.fact(td_string!(locale, page.fact.batch), text);
    }
}

fn record_state(
    out: &mut Builder<'_>,
    broker: BrokerId,
    tp: TopicPartition,
    offset: Offset,
    view: &StageView,
    simulation: &Simulation,
) -> Option<()> {
    let locale = out.names.locale;
    // The picture has the newest records only.
    let cell_in = |replica: &ReplicaView| {
        let drawn = replica.cells.iter().find(|cell| cell.offset == offset).copied();
        drawn.or_else(|| view::cell(simulation, replica.broker, tp, offset))
    };
    let partition = view.partitions.iter().find(|known| known.tp == tp)?;
    let replica = partition.replicas.iter().find(|replica| replica.broker == broker)?;
    let cell = cell_in(replica)?;
    let name = cell.record.map(|record| out.names.record(record));
    out.sheet.title = name.unwrap_or_else(|| say(td_string!(locale, page.fact.offset_n), &[("offset", &offset)]));
    let place = [("partition", &partition.name as &dyn std::fmt::Display), ("broker", &out.names.broker(broker))];
    out.sheet.subtitle = say(td_string!(locale, page.fact.is_record), &place);
    out.fact(td_string!(locale, page.fact.offset), offset);
    out.fact(td_string!(locale, page.fact.epoch), cell.leader_epoch);
    let yes_no = |yes: bool| if yes { td_string!(locale, page.yes) } else { td_string!(locale, page.no) };
    out.fact(td_string!(locale, page.fact.committed), yes_no(offset < replica.high_watermark));
    out.fact(td_string!(locale, page.fact.flushed), yes_no(offset < replica.durable_to));
    let standing = match cell.standing {
        CellStanding::Settled => None,
        CellStanding::Open => Some(td_string!(locale, page.fact.txn_open)),
        CellStanding::Aborted => Some(td_string!(locale, page.fact.txn_aborted)),
        CellStanding::Commit => Some(td_string!(locale, page.fact.txn_commit_marker)),
        CellStanding::Abort => Some(td_string!(locale, page.fact.txn_abort_marker)),
    };
    if let Some(standing) = standing {
        out.fact(td_string!(locale, page.fact.transaction), standing);
    }
    let copies: Vec<BrokerId> = partition
        .replicas
        .iter()
        .filter(|other| cell_in(other).is_some_and(|known| known.record == cell.record))
        .map(|other| other.broker)
        .collect();
    out.fact(td_string!(locale, page.fact.copies), out.names.brokers(&copies));
    Some(())
}

fn group_state(out: &mut Builder<'_>, group: &GroupView) {
    let locale = out.names.locale;
    out.sheet.title = group.name.clone();
    out.sheet.subtitle = td_string!(locale, page.fact.is_group).to_owned();
    out.fact(td_string!(locale, page.fact.state), group.state.name());
    out.fact(td_string!(locale, page.fact.generation), group.generation);
    let coordinator = group.coordinator.unwrap_or(BrokerId::NONE);
    out.fact(td_string!(locale, page.fact.coordinator), out.names.broker(coordinator));
    let lag: i64 = group.offsets.iter().map(|offset| offset.lag).sum();
    out.fact(td_string!(locale, page.fact.lag), lag);
    let commits = group.offsets.iter().map(|offset| {
        let committed = offset.committed.map_or_else(|| "–".to_owned(), |committed| committed.to_string());
        format!("{} → {committed}", out.names.tp(offset.tp))
    });
    let commits = list(commits.collect(), locale);
    out.fact(td_string!(locale, page.fact.committed_offsets), commits);
}

fn queue_state(out: &mut Builder<'_>, queue: &QueueView, view: &StageView) {
    let locale = out.names.locale;
    out.sheet.title = queue.name.clone();
    out.sheet.subtitle = td_string!(locale, page.fact.is_queue).to_owned();
    out.process(queue.process, view);
    let persistent = if queue.persistent { td_string!(locale, page.yes) } else { td_string!(locale, page.no) };
    out.fact(td_string!(locale, page.fact.persistent), persistent);
    let count = |wanted: fn(&QueueCellState) -> bool| queue.cells.iter().filter(|cell| wanted(&cell.state)).count();
    out.fact(td_string!(locale, page.fact.ready), count(|state| matches!(state, QueueCellState::Ready)));
    out.fact(td_string!(locale, page.fact.unacked), count(|state| matches!(state, QueueCellState::Unacked(_))));
    out.fact(td_string!(locale, page.fact.removed), count(|state| matches!(state, QueueCellState::Removed)));
}

fn envelope_state(out: &mut Builder<'_>, envelope: EnvelopeId, run: &Run) -> Option<()> {
    let locale = out.names.locale;
    let Some(flight) = run.flights().into_iter().find(|flight| flight.id == envelope) else {
        return super::gone::vanished_state(out, envelope, run);
    };
    out.sheet.title = flight.message.name().to_owned();
    let ends = [("from", &out.names.node(flight.from) as &dyn std::fmt::Display), ("to", &out.names.node(flight.to))];
    out.sheet.subtitle = if flight.is_response {
        say(td_string!(locale, page.fact.is_response), &ends)
    } else {
        say(td_string!(locale, page.fact.is_request), &ends)
    };
    out.fact(td_string!(locale, page.fact.sent_at), flight.sent_at);
    out.fact(td_string!(locale, page.fact.arrives_at), flight.arrives_at);
    if !flight.partitions.is_empty() {
        out.fact(td_string!(locale, page.fact.partitions), out.names.tps(&flight.partitions));
    }
    if !flight.records.is_empty() {
        out.fact(td_string!(locale, page.fact.records), out.names.records(&flight.records));
    }
    if flight.failed {
        out.fact(td_string!(locale, page.fact.carries_error), td_string!(locale, page.yes));
    }
    Some(())
}

fn list(items: Vec<String>, locale: Locale) -> String {
    if items.is_empty() { "–".to_owned() } else { items.join(td_string!(locale, page.name.list_separator)) }
}

fn store_state(out: &mut Builder<'_>, store: &StoreView, view: &StageView) {
    let locale = out.names.locale;
    match &store.content {
        StoreContent::Effects { applied, deduplicated } => {
            out.sheet.subtitle = td_string!(locale, page.fact.is_database).to_owned();
            out.process(store.process, view);
            out.fact(td_string!(locale, page.fact.effects), applied.len());
            let twice = applied.iter().filter(|(_, times)| *times > 1).count();
            out.fact(td_string!(locale, page.fact.effects_twice), twice);
            out.fact(td_string!(locale, page.fact.deduplicated), *deduplicated);
        }
        StoreContent::Znodes(znodes) => {
            out.sheet.subtitle = td_string!(locale, page.fact.is_zookeeper).to_owned();
            out.process(store.process, view);
            znodes.iter().for_each(|znode| znode_fact(out, znode));
        }
    }
}

/// A znode: where, what, which version, and who wrote it.
fn znode_fact(out: &mut Builder<'_>, znode: &ZnodeView) {
    let locale = out.names.locale;
    // The whole path of an offset has no room here.
    let term = match znode.offset {
        Some((group, tp, _)) => {
            let directory = out.names.directory;
            format!("{} {}", directory.group_name(group), directory.tp_name(tp))
        }
        None => znode.path.clone(),
    };
    let by = out.names.node(znode.by);
    let parts = [("offset", &znode.data as &dyn std::fmt::Display), ("version", &znode.version), ("by", &by)];
    let told = say(td_string!(locale, page.fact.znode), &parts);
    let told = if znode.ephemeral { format!("{told} · {}", td_string!(locale, page.fact.ephemeral)) } else { told };
    out.fact(term, told);
}
