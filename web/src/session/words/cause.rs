//! One sentence for every kind of cause: a message, a timer, a disk, a person.

use super::Names;
use crate::i18n::{say, td_string};
use highwater_engine::command::{Command, DiskFault};
use highwater_engine::effect::{SeekTo, Timer};
use highwater_engine::event::StopKind;
use highwater_engine::history::CauseKind;
use highwater_engine::protocol::AdminRequest;
use highwater_engine::time::Duration;

/// Why something happened: what arrived, ran out or was asked.
pub fn cause_sentence(cause: &CauseKind, names: &Names<'_>) -> String {
    let locale = names.locale;
    macro_rules! t {
        ($key:ident $(, $name:ident = $value:expr)* $(,)?) => {
            names.sentence(say(td_string!(locale, page.cause.$key), &[$((stringify!($name), &$value)),*]))
        };
    }
    match cause {
        CauseKind::Start { node } => t!(start, node = names.node(*node)),
        CauseKind::Message { from, to, kind, is_response } => {
            let (from, to, kind) = (names.node(*from), names.node(*to), kind.name());
            if *is_response {
                t!(response, from = from, to = to, kind = kind)
            } else {
                t!(request, from = from, to = to, kind = kind)
            }
        }
        CauseKind::Timer { node, timer } => timer_sentence(*timer, &names.node(*node), names),
        CauseKind::Disk { node } => t!(disk, node = names.node(*node)),
        CauseKind::Disconnected { node, peer } => t!(disconnected, node = names.node(*node), peer = names.node(*peer)),
        CauseKind::Command(command) => command_sentence(command, names),
    }
}

/// What a person asked.
fn command_sentence(command: &Command, names: &Names<'_>) -> String {
    let locale = names.locale;
    macro_rules! t {
        ($key:ident $(, $name:ident = $value:expr)* $(,)?) => {
            say(td_string!(locale, page.cause.$key), &[$((stringify!($name), &$value)),*])
        };
    }
    match command {
        Command::Stop { node, how } => {
            let node = names.node(*node);
            match how {
                StopKind::Crash => t!(you_killed, node = node),
                StopKind::Power => t!(you_cut_power, node = node),
                StopKind::Graceful => t!(you_stopped, node = node),
            }
        }
        Command::Start { node } => t!(you_started, node = names.node(*node)),
        Command::Pause { node } => t!(you_paused, node = names.node(*node)),
        Command::Resume { node } => t!(you_resumed, node = names.node(*node)),
        Command::Cut { from, to, both_ways: false } => {
            t!(you_cut_one_way, from = names.node(*from), to = names.node(*to))
        }
        Command::Cut { from, to, .. } => t!(you_cut, from = names.node(*from), to = names.node(*to)),
        Command::Isolate { node } => t!(you_isolated, node = names.node(*node)),
        Command::Heal { .. } | Command::HealAll => t!(you_healed),
        Command::Drop { .. } | Command::DropNext { .. } => t!(you_dropped),
        Command::DelayNext { .. } => t!(you_delayed),
        Command::Send { producer, count } => t!(you_sent, producer = names.node(*producer), count = count),
        Command::Workload { producer, count: Some(0), .. } => {
            t!(you_stopped_workload, producer = names.node(*producer))
        }
        Command::Workload { producer, every, .. } => {
            t!(you_set_workload, producer = names.node(*producer), every = names.span(*every))
        }
        Command::Seek { group, to } => match to {
            SeekTo::Beginning => t!(you_sought_beginning, group = names.group(*group)),
            SeekTo::End => t!(you_sought_end, group = names.group(*group)),
            SeekTo::Offset(offset) => t!(you_sought_offset, group = names.group(*group), offset = offset),
            SeekTo::Time(at) => {
                t!(you_sought_time, group = names.group(*group), at = names.span(Duration::from_millis(*at)))
            }
        },
        Command::PausePartitions { node, paused: true } => t!(you_paused_partitions, node = names.node(*node)),
        Command::PausePartitions { node, paused: false } => t!(you_resumed_partitions, node = names.node(*node)),
        Command::Processing { node, takes } => {
            t!(you_set_processing, node = names.node(*node), takes = names.span(*takes))
        }
        Command::Admin { request } => match request {
            AdminRequest::ElectLeader { tp, unclean: false } => t!(you_elected, tp = names.tp(*tp)),
            AdminRequest::ElectLeader { tp, unclean: true } => t!(you_elected_unclean, tp = names.tp(*tp)),
            AdminRequest::AlterPartitionReassignments { tp, replicas } if replicas.is_empty() => {
                t!(you_cancelled, tp = names.tp(*tp))
            }
            AdminRequest::AlterPartitionReassignments { tp, replicas } => {
                t!(you_reassigned, tp = names.tp(*tp), replicas = names.brokers(replicas))
            }
            AdminRequest::CreatePartitions { topic, count } => {
                t!(you_grew, topic = names.directory.topic_name(*topic), count = count)
            }
            AdminRequest::DeleteTopic { topic } => t!(you_deleted, topic = names.directory.topic_name(*topic)),
            AdminRequest::AlterTopicConfig { topic, name, value } => {
                t!(you_configured, subject = names.directory.topic_name(*topic), setting = name, value = value)
            }
            AdminRequest::AlterBrokerConfig { broker, name, value } => {
                t!(you_configured, subject = names.broker(*broker), setting = name, value = value)
            }
        },
        Command::PowerCut { node, kept, .. } => t!(you_cut_power_mid_write, node = names.node(*node), kept = kept),
        Command::Corrupt { node, tp, offset } => {
            t!(you_flipped_a_bit, node = names.node(*node), tp = names.tp(*tp), offset = offset)
        }
        Command::Disk { node, what } => {
            let node = names.node(*node);
            match what {
                DiskFault::Full => t!(you_filled_disk, node = node),
                DiskFault::Freed => t!(you_freed_disk, node = node),
                DiskFault::Lost => t!(you_took_disk, node = node),
            }
        }
        Command::DeleteRecords { tp, offset } => t!(you_deleted_records, tp = names.tp(*tp), offset = offset),
        Command::Tombstone { producer, key } => t!(you_sent_tombstone, producer = names.node(*producer), key = key),
        Command::Configure { node, name, value } => {
            t!(you_configured, subject = names.node(*node), setting = name, value = value)
        }
        Command::Remove { node } => t!(you_removed, node = names.node(*node)),
        Command::CreateTopic { topic } => t!(you_created, topic = names.directory.topic_name(*topic)),
        Command::Latency { latency, .. } => t!(you_set_latency, latency = names.span(*latency)),
    }
}

/// What a timer stands for, with the config that sets it.
fn timer_sentence(timer: Timer, node: &str, names: &Names<'_>) -> String {
    let locale = names.locale;
    macro_rules! t {
        ($key:ident) => {
            names.sentence(say(td_string!(locale, page.timer.$key), &[("node", &node)]))
        };
    }
    match timer {
        Timer::BrokerHeartbeat => t!(broker_heartbeat),
        Timer::Registration => t!(registration),
        Timer::MetadataFetch => t!(metadata_fetch),
        Timer::IsrCheck => t!(isr_check),
        Timer::HighWatermarkCheckpoint => t!(high_watermark_checkpoint),
        Timer::FetcherBackoff(_) => t!(fetcher_backoff),
        Timer::Purgatory | Timer::MetadataPurgatory => t!(purgatory),
        Timer::Flush => t!(flush),
        Timer::TransactionTimeouts => t!(transaction_timeouts),
        Timer::Markers => t!(markers),
        Timer::Verification(_) => t!(verification),
        Timer::LogRetention => t!(log_retention),
        Timer::LogCheckpoint => t!(log_checkpoint),
        Timer::LogCleaner => t!(log_cleaner),
        Timer::ProducerExpiration => t!(producer_expiration),
        Timer::AlterPartition => t!(alter_partition),
        Timer::RequestTimeout => t!(broker_request_timeout),
        Timer::Groups => t!(groups),
        Timer::SessionCheck => t!(session_check),
        Timer::ZooKeeper => t!(zookeeper),
        Timer::ControlledShutdown => t!(controlled_shutdown),
        Timer::Control(_) => t!(control),
        Timer::QuorumElection => t!(quorum_election),
        Timer::QuorumCheck => t!(quorum_check),
        Timer::QuorumFetch => t!(quorum_fetch),
        Timer::LeaderRebalance => t!(leader_rebalance),
        Timer::UncleanElection => t!(unclean_election),
        Timer::ClientRequestTimeout | Timer::ProducerRequestTimeout => t!(client_request_timeout),
        Timer::MetadataRefresh | Timer::ProducerMetadataRefresh => t!(metadata_refresh),
        Timer::Workload => t!(workload),
        Timer::Sender => t!(sender),
        Timer::Poll => t!(poll),
        Timer::Processing => t!(processing),
        Timer::Heartbeat => t!(heartbeat),
        Timer::PollDeadline => t!(poll_deadline),
        Timer::CoordinatorBackoff => t!(coordinator_backoff),
        Timer::FetchBackoff => t!(fetch_backoff),
        Timer::Share => t!(share),
        Timer::Renew => t!(renew),
        Timer::Reconnect => t!(reconnect),
    }
}
