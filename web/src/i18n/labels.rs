//! The words of the stage, one method per phrase, in one language.
//!
//! Every phrase is a key of `locales/*/stage.json`; a missing key does not compile.

use super::{Locale, say, td_string};
use std::fmt::Display;

/// The stage's words in one language.
#[derive(Clone, Copy, Debug)]
pub struct Labels {
    locale: Locale,
}

macro_rules! phrases {
    ($($(#[$meta:meta])* $name:ident ( $($argument:ident),* );)*) => {
        impl Labels {
            $(
                $(#[$meta])*
                pub fn $name(self, $($argument: impl Display),*) -> String {
                    say(td_string!(self.locale, stage.$name), &[$((stringify!($argument), &$argument as &dyn Display)),*])
                }
            )*
        }
    };
}

impl Labels {
    /// The words in this language.
    pub fn new(locale: Locale) -> Labels {
        Labels { locale }
    }

    /// What stands above the brokers: the controller, or ZooKeeper.
    pub fn head(self, zookeeper: bool) -> String {
        if zookeeper { "ZooKeeper".to_owned() } else { self.controller() }
    }

    /// The same in a sentence.
    pub fn say_head(self, zookeeper: bool, state: impl Display) -> String {
        if zookeeper { self.say_keeper(state) } else { self.say_controller(state) }
    }

    /// Since when it has not heard a broker.
    pub fn silence(self, zookeeper: bool, time: impl Display) -> String {
        if zookeeper { self.no_ping(time) } else { self.no_heartbeat(time) }
    }

    /// A broker that may take no part.
    pub fn left_out(self, zookeeper: bool) -> String {
        if zookeeper { self.no_session() } else { self.fenced() }
    }
}

phrases! {
    /// “Producers”
    producers();
    /// “Group”
    group();
    /// “controller”
    controller();
    /// “coordinator”
    coordinator();
    /// “Broker {id}”
    broker(id);
    /// “dead {time}”
    dead_for(time);
    /// “paused {time}”
    paused_for(time);
    /// “dead”
    dead();
    /// “paused”
    paused();
    /// “running”
    running();
    /// “fenced”
    fenced();
    /// “cut off”
    cut_off();
    /// “no heartbeat for {time}”
    no_heartbeat(time);
    /// “no ping for {time}”
    no_ping(time);
    /// “no session”
    no_session();
    /// “epoch {epoch}”
    epoch(epoch);
    /// “no leader”
    no_leader();
    /// “min ISR {min}”
    under_min(min);
    /// “waiting”
    waiting();
    /// “lag {lag}”
    lag(lag);
    /// “elected: epoch {from} → {to}”
    elected(from, to);
    /// “epoch {from} → {to}”
    elected_short(from, to);
    /// “only here”
    only_here();
    /// “others”
    others();
    /// “{partitions} partitions in {rows} rows …”
    summed(partitions, rows, brokers, columns);
    /// “{name}, {partitions} partitions, {in_sync} of {replicas} replicas in sync”
    say_sum(name, partitions, in_sync, replicas);
    /// “{count} lost”
    lost(count);
    /// “{count} twice”
    doubled(count);
    /// “stable”
    group_stable();
    /// “rebalancing”
    group_rebalancing();
    /// “no members”
    group_empty();
    /// “Queue”
    queue();
    /// “Topic”
    topic();
    /// “{count} kept”
    kept(count);
    /// “acked, removed”
    removed();
    /// “lent”
    lent();
    /// “waiting”
    ready();
    /// “worker {name}”
    worker(name);
    /// “{count} done”
    processed(count);
    /// “{count} read”
    read(count);
    /// “{count} applied”
    applied(count);
    /// “{count} twice”
    applied_twice(count);
    /// “{count} refused”
    refused(count);
    /// “No topic and no queue yet”
    nothing();
    /// “processing {record}”
    processing(record);
    /// “committing”
    committing();
    /// “joining”
    joining();
    /// “leader”
    role_leader();
    /// “follower in the ISR”
    role_follower();
    /// “follower out of the ISR”
    role_lagging();
    /// “offline”
    role_offline();
    /// “none”
    none();
    /// “{brokers} brokers, {partitions} partitions, {queues} queues”
    say_stage(brokers, partitions, queues);
    /// “Broker {id}, {state}”
    say_broker(id, state);
    /// “Controller, {state}”
    say_controller(state);
    /// “ZooKeeper, {state}”
    say_keeper(state);
    /// “{name}, leader {leader}, epoch {epoch}, ISR {isr}”
    say_partition(name, leader, epoch, isr);
    /// “{record}, lost: acknowledged at offset {offset} of {partition}”
    say_lost(record, partition, offset);
    /// “{kind} from {from} to {to}, never arrived”
    say_vanished(kind, from, to);
    /// “{name}, broker {broker}, {role}, LEO {leo}, HW {hw}”
    say_replica(name, broker, role, leo, hw);
    /// “Producer {name}, {state}, {count} records waiting”
    say_producer(name, state, count);
    /// “Group {name}, {state}, generation {generation}”
    say_group(name, state, generation);
    /// “{partition}: position {position}, committed {committed}, lag {lag}”
    say_group_offset(partition, position, committed, lag);
    /// “Consumer {name}, {state}, reads {partitions}”
    say_member(name, state, partitions);
    /// “Queue {name}, {state}, {waiting} waiting, {lent} lent, {removed} removed”
    say_queue(name, state, waiting, lent, removed);
    /// “Worker {name}, {state}, {count} processed”
    say_worker(name, state, count);
    /// “Database {name}, {state}, {count} effects applied, {twice} more than once”
    say_database(name, state, count, twice);
    /// “{name}, {state}, offsets {offsets}”
    say_zookeeper(name, state, offsets);
    /// “{count} znodes”
    znodes(count);
    /// “Log directories”
    inside_disk();
    /// “Log directories: the disk is full”
    inside_disk_full();
    /// “{count} more”
    inside_more(count);
    /// “Connections”
    inside_connections();
    /// “parked”
    inside_parked();
    /// “served”
    inside_served();
    /// “idle”
    inside_idle();
    /// “{count} behind it”
    inside_backlog(count);
    /// “data”
    channel_data();
    /// “replication”
    channel_replication();
    /// “transactions”
    channel_transactions();
    /// “other”
    channel_other();
    /// “Purgatory”
    inside_purgatory();
    /// “Nothing waits”
    inside_nothing_parked();
    /// “until replicated:”
    inside_waits_hw();
    /// “for new records:”
    inside_waits_data();
    /// “Application”
    inside_application();
    /// “{count} sent”
    inside_sent(count);
    /// “{count} unanswered”
    inside_unanswered(count);
    /// “send() of {record} waits”
    inside_blocked(record);
    /// “RecordAccumulator”
    inside_accumulator();
    /// “ready”
    inside_ready();
    /// “Sender: in flight”
    inside_sender();
    /// “Fetched, not yet handed out”
    inside_fetched();
    /// “No partition is assigned”
    inside_no_partitions();
    /// “position {position} · committed {committed} · lag {lag}”
    inside_place(position, committed, lag);
    /// “Inside {name}, {state}”
    say_inside(name, state);
    /// “{name}, {segments} segments, LEO {leo}, HW {hw}, fsynced to {durable}”
    say_directory(name, segments, leo, hw, durable);
    /// “{name}, {count} batches waiting”
    say_lane(name, count);
    /// “Metadata log: voters, then brokers”
    inside_quorum();
    /// “follower”
    quorum_follower();
    /// “candidate”
    quorum_candidate();
    /// “knows no leader”
    quorum_unattached();
    /// “observer”
    quorum_observer();
    /// “{name}, {role}, metadata log end {leo}, high watermark {hw}”
    say_voter(name, role, leo, hw);
}
