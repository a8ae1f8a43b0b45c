//! One sentence for every kind of event.

use super::Names;
use crate::i18n::{say, td_string};
use highwater_engine::event::*;
use highwater_engine::share::{ShareRecordState, ShareSettled};
use highwater_engine::sim::NodeKind;

/// One offset, or the first and the last.
fn offsets(first: i64, last: i64) -> String {
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

/// What happened, as a sentence.
pub fn event_sentence(event: &Event, names: &Names<'_>) -> String {
    let locale = names.locale;
    macro_rules! t {
        ($key:ident $(, $name:ident = $value:expr)* $(,)?) => {
            names.sentence(say(td_string!(locale, page.event.$key), &[$((stringify!($name), &$value)),*]))
        };
    }
    match event {
        Event::NodeStarted { node } => t!(node_started, node = names.node(*node)),
        Event::NodeStopped { node, how } => {
            let node = names.node(*node);
            match how {
                StopKind::Crash => t!(node_killed, node = node),
                StopKind::Power => t!(node_lost_power, node = node),
                StopKind::Graceful => t!(node_stopped, node = node),
            }
        }
        Event::NodePaused { node } => t!(node_paused, node = names.node(*node)),
        Event::NodeResumed { node } => t!(node_resumed, node = names.node(*node)),
        Event::LinkCut { from, to, .. } => t!(link_cut, from = names.node(*from), to = names.node(*to)),
        Event::LinkHealed { from, to, .. } => t!(link_healed, from = names.node(*from), to = names.node(*to)),
        Event::MessageDropped { from, to, kind, why, .. } => {
            let (from, to, kind) = (names.node(*from), names.node(*to), format!("{kind:?}"));
            match why {
                DropReason::LinkCut => t!(dropped_link_cut, from = from, to = to, kind = kind),
                DropReason::Dropped => t!(dropped_by_hand, from = from, to = to, kind = kind),
                DropReason::ReceiverDown => t!(dropped_receiver_down, from = from, to = to, kind = kind),
                DropReason::ConnectionBroken => t!(dropped_connection_broken, from = from, to = to, kind = kind),
            }
        }
        Event::CommandRejected { .. } => t!(command_rejected),
        Event::ControllerElected { node, epoch } => {
            if matches!(names.directory.node_kind(*node), Some(NodeKind::Broker(_))) {
                return t!(controller_elected_zookeeper, node = names.node(*node), epoch = epoch);
            }
            t!(controller_elected, node = names.node(*node), epoch = epoch)
        }
        Event::BrokerRegistered { broker, epoch } => {
            t!(broker_registered, broker = names.broker(*broker), epoch = epoch)
        }
        Event::BrokerFenced { broker, silent_for } => {
            let broker = names.broker(*broker);
            if silent_for.0 == 0 {
                t!(broker_fenced_in_order, broker = broker)
            } else {
                t!(broker_fenced, broker = broker, silent = names.span(*silent_for))
            }
        }
        Event::SessionExpired { node, silent_for } => {
            t!(session_expired, node = names.node(*node), silent = names.span(*silent_for))
        }
        Event::ControllerRefused { broker, controller, epoch, known } => {
            let (broker, controller) = (names.broker(*broker), names.broker(*controller));
            t!(controller_refused, broker = broker, controller = controller, epoch = epoch, known = known)
        }
        Event::BrokerUnfenced { broker } => t!(broker_unfenced, broker = names.broker(*broker)),
        Event::TopicCreated { topic, partitions } => {
            t!(topic_created, topic = names.directory.topic_name(*topic), partitions = partitions)
        }
        Event::LeaderElected { tp, leader, epoch, unclean, .. } => {
            let (tp, leader) = (names.tp(*tp), names.broker(*leader));
            if *unclean {
                t!(leader_elected_unclean, tp = tp, leader = leader, epoch = epoch)
            } else {
                t!(leader_elected, tp = tp, leader = leader, epoch = epoch)
            }
        }
        Event::PartitionOffline { tp, .. } => t!(partition_offline, tp = names.tp(*tp)),
        Event::IsrChanged { tp, from, isr } => {
            t!(isr_changed, tp = names.tp(*tp), from = names.brokers(from), isr = names.brokers(isr))
        }
        Event::LeaderActivated { broker, tp, epoch, log_end_offset, .. } => t!(
            leader_activated,
            broker = names.broker(*broker),
            tp = names.tp(*tp),
            epoch = epoch,
            leo = log_end_offset
        ),
        Event::FollowerActivated { broker, tp, leader, .. } => {
            t!(follower_activated, broker = names.broker(*broker), tp = names.tp(*tp), leader = names.broker(*leader))
        }
        Event::RecordsAppended { broker, tp, base_offset, records, as_leader, .. } => {
            let (broker, tp, records) = (names.broker(*broker), names.tp(*tp), names.records(records));
            if *as_leader {
                t!(appended_by_leader, broker = broker, tp = tp, records = records, offset = base_offset)
            } else {
                t!(appended_by_follower, broker = broker, tp = tp, records = records, offset = base_offset)
            }
        }
        Event::DuplicateRecognised { broker, tp, base_offset } => {
            t!(duplicate_recognised, broker = names.broker(*broker), tp = names.tp(*tp), offset = base_offset)
        }
        Event::HighWatermarkAdvanced { broker, tp, from, to, .. } => {
            t!(high_watermark_advanced, broker = names.broker(*broker), tp = names.tp(*tp), from = from, to = to)
        }
        Event::LogTruncated { broker, tp, from, to, why } => {
            let (broker, tp) = (names.broker(*broker), names.tp(*tp));
            match why {
                TruncationReason::DivergingEpoch => {
                    t!(truncated_diverging, broker = broker, tp = tp, from = from, to = to)
                }
                TruncationReason::LeaderShorter => {
                    t!(truncated_leader_shorter, broker = broker, tp = tp, from = from, to = to)
                }
                TruncationReason::HighWatermark => {
                    t!(truncated_high_watermark, broker = broker, tp = tp, from = from, to = to)
                }
                TruncationReason::Corrupt => t!(truncated_corrupt, broker = broker, tp = tp, from = from, to = to),
                TruncationReason::DiskLost => t!(truncated_disk_lost, broker = broker, tp = tp),
                TruncationReason::PowerLoss => t!(truncated_power_loss, broker = broker, tp = tp, from = from, to = to),
            }
        }
        Event::LogStartRaised { broker, tp, from, to, why } => {
            let (broker, tp) = (names.broker(*broker), names.tp(*tp));
            match why {
                LogStartReason::Retention => t!(log_start_retention, broker = broker, tp = tp, from = from, to = to),
                LogStartReason::DeleteRecords => t!(log_start_deleted, broker = broker, tp = tp, from = from, to = to),
                LogStartReason::Leader => t!(log_start_leader, broker = broker, tp = tp, from = from, to = to),
                LogStartReason::Reset => t!(log_start_reset, broker = broker, tp = tp, to = to),
            }
        }
        Event::LogCompacted { broker, tp, to, records_before, records_after, .. } => t!(
            log_compacted,
            broker = names.broker(*broker),
            tp = names.tp(*tp),
            to = to,
            before = records_before,
            after = records_after
        ),
        Event::LogRecovered { broker, tp, from, scanned, .. } => {
            t!(log_recovered, broker = names.broker(*broker), tp = names.tp(*tp), from = from, scanned = scanned)
        }
        Event::CorruptBatchFound { node, tp, base_offset } => {
            t!(corrupt_batch_found, node = names.node(*node), tp = names.tp(*tp), offset = base_offset)
        }
        Event::LogDirFailed { broker } => t!(log_dir_failed, broker = names.broker(*broker)),
        Event::BrokerConfigChanged { broker, name, value } => {
            t!(config_changed, subject = names.broker(*broker), setting = name, value = value)
        }
        Event::IsrShrinkProposed { broker, tp, out } => {
            t!(isr_shrink_proposed, broker = names.broker(*broker), tp = names.tp(*tp), out = names.brokers(out))
        }
        Event::IsrExpandProposed { broker, tp, joining } => t!(
            isr_expand_proposed,
            broker = names.broker(*broker),
            tp = names.tp(*tp),
            joining = names.broker(*joining)
        ),
        Event::LogFlushed { broker, tp, to } => {
            t!(log_flushed, broker = names.broker(*broker), tp = names.tp(*tp), to = to)
        }
        _ => admin_sentence(event, names).unwrap_or_else(|| client_sentence(event, names)),
    }
}

/// What the controller decides because an administrator asked.
fn admin_sentence(event: &Event, names: &Names<'_>) -> Option<String> {
    let locale = names.locale;
    macro_rules! t {
        ($key:ident $(, $name:ident = $value:expr)* $(,)?) => {
            names.sentence(say(td_string!(locale, page.event.$key), &[$((stringify!($name), &$value)),*]))
        };
    }
    Some(match event {
        Event::ElrChanged { tp, from, elr } => {
            t!(elr_changed, tp = names.tp(*tp), from = names.brokers(from), elr = names.brokers(elr))
        }
        Event::ReassignmentChanged { tp, replicas, adding, removing } => {
            let (tp, replicas) = (names.tp(*tp), names.brokers(replicas));
            if adding.is_empty() && removing.is_empty() {
                t!(reassignment_done, tp = tp, replicas = replicas)
            } else {
                let (adding, removing) = (names.brokers(adding), names.brokers(removing));
                t!(reassignment_begun, tp = tp, replicas = replicas, adding = adding, removing = removing)
            }
        }
        Event::PartitionsCreated { topic, partitions } => {
            t!(partitions_created, topic = names.directory.topic_name(*topic), partitions = partitions)
        }
        Event::TopicDeleted { topic } => t!(topic_deleted, topic = names.directory.topic_name(*topic)),
        Event::ConfigChanged { topic, name, value } => {
            t!(config_changed, subject = names.directory.topic_name(*topic), setting = name, value = value)
        }
        Event::AdminRefused { api, error } => t!(admin_refused, api = api, error = error.name()),
        Event::ReplicaDeleted { broker, tp } => {
            t!(replica_deleted, broker = names.broker(*broker), tp = names.tp(*tp))
        }
        _ => return None,
    })
}

/// What clients, groups, queues and the audit say.
fn client_sentence(event: &Event, names: &Names<'_>) -> String {
    let locale = names.locale;
    macro_rules! t {
        ($key:ident $(, $name:ident = $value:expr)* $(,)?) => {
            names.sentence(say(td_string!(locale, page.event.$key), &[$((stringify!($name), &$value)),*]))
        };
    }
    match event {
        Event::RecordSent { producer, record, tp, .. } => {
            t!(record_sent, producer = names.node(*producer), record = names.record(*record), tp = names.tp(*tp))
        }
        Event::RecordAcked { producer, record, tp, offset, .. } => {
            let (producer, record, tp) = (names.node(*producer), names.record(*record), names.tp(*tp));
            if offset.0 < 0 {
                t!(record_acked_blindly, producer = producer, record = record, tp = tp)
            } else {
                t!(record_acked, producer = producer, record = record, tp = tp, offset = offset)
            }
        }
        Event::SendFailed { producer, record, error, maybe_written, .. } => {
            let (producer, record, error) = (names.node(*producer), names.record(*record), format!("{error:?}"));
            if *maybe_written {
                t!(send_failed_maybe_written, producer = producer, record = record, error = error)
            } else {
                t!(send_failed, producer = producer, record = record, error = error)
            }
        }
        Event::ProduceRetried { producer, tp, error, attempt } => t!(
            produce_retried,
            producer = names.node(*producer),
            tp = names.tp(*tp),
            error = format!("{error:?}"),
            attempt = attempt
        ),
        Event::TransactionBegun { producer, number } => {
            t!(transaction_begun, producer = names.node(*producer), number = number)
        }
        Event::TransactionEnded { producer, number, committed } => {
            let producer = names.node(*producer);
            if *committed {
                t!(transaction_committed, producer = producer, number = number)
            } else {
                t!(transaction_aborted, producer = producer, number = number)
            }
        }
        Event::TransactionFailed { producer, error, fatal } => {
            let (producer, error) = (names.node(*producer), format!("{error:?}"));
            if *fatal {
                t!(transaction_fatal, producer = producer, error = error)
            } else {
                t!(transaction_failed, producer = producer, error = error)
            }
        }
        Event::TransactionStateChanged { broker, transactional, state, id, epoch, .. } => t!(
            transaction_state_changed,
            broker = names.broker(*broker),
            transactional = names.transactional(*transactional),
            state = state.name(),
            id = id,
            epoch = epoch
        ),
        Event::MarkerWritten { broker, tp, id, committed, offset } => {
            let (broker, tp) = (names.broker(*broker), names.tp(*tp));
            if *committed {
                t!(marker_commit, broker = broker, tp = tp, id = id, offset = offset)
            } else {
                t!(marker_abort, broker = broker, tp = tp, id = id, offset = offset)
            }
        }
        Event::SendBlocked { producer, record } => {
            t!(send_blocked, producer = names.node(*producer), record = names.record(*record))
        }
        Event::BatchSplit { producer, tp, parts } => {
            t!(batch_split, producer = names.node(*producer), tp = names.tp(*tp), parts = parts)
        }
        Event::ProducerIdObtained { producer, id, epoch } => {
            t!(producer_id_obtained, producer = names.node(*producer), id = id, epoch = epoch)
        }
        Event::ProducerEpochBumped { producer, id, epoch } => {
            t!(producer_epoch_bumped, producer = names.node(*producer), id = id, epoch = epoch)
        }
        Event::RequestTimedOut { client, to, kind } => {
            t!(request_timed_out, client = names.node(*client), to = names.node(*to), kind = format!("{kind:?}"))
        }
        Event::GroupStateChanged { group, state, generation } => {
            t!(group_state_changed, group = names.group(*group), state = state.name(), generation = generation)
        }
        Event::MemberJoined { group, client } => {
            t!(member_joined, client = names.node(*client), group = names.group(*group))
        }
        Event::MemberLeft { group, client, why } => {
            let (client, group) = (names.node(*client), names.group(*group));
            match why {
                LeaveReason::Leave => t!(member_left, client = client, group = group),
                LeaveReason::SessionTimeout => t!(member_timed_out, client = client, group = group),
                LeaveReason::RebalanceTimeout => t!(member_too_late, client = client, group = group),
                LeaveReason::Replaced => t!(member_replaced, client = client, group = group),
            }
        }
        Event::CoordinatorLoaded { broker, group } => {
            t!(coordinator_loaded, broker = names.broker(*broker), group = names.group(*group))
        }
        Event::PartitionsAssigned { client, partitions, generation, .. } => t!(
            partitions_assigned,
            client = names.node(*client),
            partitions = names.tps(partitions),
            generation = generation
        ),
        Event::PartitionsRevoked { client, partitions, lost, .. } => {
            let (client, partitions) = (names.node(*client), names.tps(partitions));
            if *lost {
                t!(partitions_lost, client = client, partitions = partitions)
            } else {
                t!(partitions_revoked, client = client, partitions = partitions)
            }
        }
        Event::PositionSet { client, tp, to, why, .. } => {
            let (client, tp) = (names.node(*client), names.tp(*tp));
            match why {
                PositionReason::Committed => t!(position_from_commit, client = client, tp = tp, to = to),
                PositionReason::ResetEarliest => t!(position_earliest, client = client, tp = tp, to = to),
                PositionReason::ResetLatest => t!(position_latest, client = client, tp = tp, to = to),
                PositionReason::ResetByDuration => t!(position_by_duration, client = client, tp = tp, to = to),
                PositionReason::Seek => t!(position_seek, client = client, tp = tp, to = to),
                PositionReason::Truncation => t!(position_truncation, client = client, tp = tp, to = to),
            }
        }
        Event::ReadReplicaChanged { client, tp, replica: Some(replica), .. } => {
            t!(reads_nearby, client = names.node(*client), tp = names.tp(*tp), broker = names.broker(*replica))
        }
        Event::ReadReplicaChanged { client, tp, replica: None, .. } => {
            t!(reads_from_leader, client = names.node(*client), tp = names.tp(*tp))
        }
        Event::RecordsPolled { client, tp, records, .. } if records.is_empty() => {
            t!(polled_past, client = names.node(*client), tp = names.tp(*tp))
        }
        Event::RecordsPolled { client, tp, records, .. } => {
            let records: Vec<_> = records.iter().map(|(_, record)| *record).collect();
            t!(records_polled, client = names.node(*client), tp = names.tp(*tp), records = names.records(&records))
        }
        Event::RecordProcessed { client, record, tp, offset, .. } => t!(
            record_processed,
            client = names.node(*client),
            record = names.record(*record),
            tp = names.tp(*tp),
            offset = offset
        ),
        Event::OffsetCommitted { group, tp, offset, .. } => {
            t!(offset_committed, group = names.group(*group), tp = names.tp(*tp), offset = offset)
        }
        Event::OffsetsUnstable { client, partitions, .. } => {
            t!(offsets_unstable, client = names.node(*client), partitions = names.tps(partitions))
        }
        Event::RecordDerived { client, from, record } => {
            t!(record_derived, client = names.node(*client), from = names.record(*from), record = names.record(*record))
        }
        Event::OffsetsExpired { group, partitions } => {
            t!(offsets_expired, group = names.group(*group), partitions = names.tps(partitions))
        }
        Event::ConsumerFailed { client, why, .. } => {
            let client = names.node(*client);
            match why {
                PollFailure::FencedInstanceId => t!(consumer_fenced, client = client),
                PollFailure::Refused(error) => t!(consumer_refused, client = client, error = error.name()),
                PollFailure::NoOffsetForPartition => t!(consumer_no_offset, client = client),
                PollFailure::OffsetOutOfRange => t!(consumer_out_of_range, client = client),
                PollFailure::LogTruncation => t!(consumer_log_truncation, client = client),
            }
        }
        Event::CommitRefused { client, error, .. } => {
            t!(commit_refused, client = names.node(*client), error = format!("{error:?}"))
        }
        Event::SharePartitionLoaded { broker, group, tp, start, .. } => t!(
            share_partition_loaded,
            broker = names.broker(*broker),
            group = names.group(*group),
            tp = names.tp(*tp),
            start = start
        ),
        Event::RecordsAcquired { tp, client, first, last, delivery_count, .. } => {
            let (client, tp, offsets) = (names.node(*client), names.tp(*tp), offsets(first.0, last.0));
            if *delivery_count > 1 {
                t!(records_acquired_again, client = client, tp = tp, offsets = offsets, count = delivery_count)
            } else {
                t!(records_acquired, client = client, tp = tp, offsets = offsets)
            }
        }
        Event::RecordsSettled { group, tp, client, first, last, state, delivery_count, why, .. } => {
            let (client, tp, offsets) = (names.node(*client), names.tp(*tp), offsets(first.0, last.0));
            let group = names.group(*group);
            let archived = *state == ShareRecordState::Archived;
            match why {
                ShareSettled::Accepted => t!(share_accepted, client = client, tp = tp, offsets = offsets),
                ShareSettled::Rejected => t!(share_rejected, client = client, tp = tp, offsets = offsets),
                ShareSettled::Gap => t!(share_gap, client = client, tp = tp, offsets = offsets),
                _ if archived => {
                    t!(share_archived, group = group, tp = tp, offsets = offsets, count = delivery_count)
                }
                ShareSettled::Released => t!(share_released, client = client, tp = tp, offsets = offsets),
                ShareSettled::LockExpired => t!(share_lock_expired, client = client, tp = tp, offsets = offsets),
                ShareSettled::SessionClosed => t!(share_session_closed, client = client, tp = tp, offsets = offsets),
            }
        }
        Event::LocksRenewed { client, tp, first, last, .. } => {
            let offsets = offsets(first.0, last.0);
            t!(locks_renewed, client = names.node(*client), tp = names.tp(*tp), offsets = offsets)
        }
        Event::ShareStartAdvanced { group, tp, from, to, .. } => {
            t!(share_start_advanced, group = names.group(*group), tp = names.tp(*tp), from = from, to = to)
        }
        Event::ShareRecordsPolled { client, tp, records, .. } => {
            let records: Vec<_> = records.iter().map(|(_, record)| *record).collect();
            t!(records_polled, client = names.node(*client), tp = names.tp(*tp), records = names.records(&records))
        }
        Event::AcknowledgementRefused { client, tp, error, .. } => {
            t!(acknowledgement_refused, client = names.node(*client), tp = names.tp(*tp), error = error.name())
        }
        Event::ProcessingFailed { client, tp, offset, record, .. } => t!(
            processing_failed,
            client = names.node(*client),
            record = names.record(*record),
            tp = names.tp(*tp),
            offset = offset
        ),
        Event::EffectApplied { database, record, times } => {
            let (database, record) = (names.node(*database), names.record(*record));
            if *times > 1 {
                t!(effect_repeated, database = database, record = record, times = times)
            } else {
                t!(effect_applied, database = database, record = record)
            }
        }
        Event::EffectDeduplicated { database, record } => {
            t!(effect_deduplicated, database = names.node(*database), record = names.record(*record))
        }
        Event::QueueStored { queue, record } => {
            t!(queue_stored, queue = names.queue(*queue), record = names.record(*record))
        }
        Event::QueueDelivered { queue, record, consumer, redelivered } => {
            let (queue, record, consumer) = (names.queue(*queue), names.record(*record), names.node(*consumer));
            if *redelivered {
                t!(queue_redelivered, queue = queue, record = record, consumer = consumer)
            } else {
                t!(queue_delivered, queue = queue, record = record, consumer = consumer)
            }
        }
        Event::QueueProcessed { record, consumer, .. } => {
            t!(queue_processed, record = names.record(*record), consumer = names.node(*consumer))
        }
        Event::QueueRemoved { queue, record, consumer } => t!(
            queue_removed,
            queue = names.queue(*queue),
            record = names.record(*record),
            consumer = names.node(*consumer)
        ),
        Event::QueueRequeued { queue, record, .. } => {
            t!(queue_requeued, queue = names.queue(*queue), record = names.record(*record))
        }
        Event::QueueDiscarded { queue, record, .. } => {
            t!(queue_discarded, queue = names.queue(*queue), record = names.record(*record))
        }
        Event::QueueLost { queue, record } => {
            t!(queue_lost, queue = names.queue(*queue), record = names.record(*record))
        }
        Event::AckedRecordLost { record, tp, offset, leader } => t!(
            acked_record_lost,
            record = names.record(*record),
            tp = names.tp(*tp),
            offset = offset,
            leader = names.broker(*leader)
        ),
        Event::RecordDuplicated { record, tp, offset } => {
            t!(record_duplicated, record = names.record(*record), tp = names.tp(*tp), offset = offset)
        }
        Event::RecordSkipped { record, group, tp, .. } => {
            t!(record_skipped, record = names.record(*record), group = names.group(*group), tp = names.tp(*tp))
        }
        Event::RecordReprocessed { record, group, times, .. } => {
            t!(record_reprocessed, record = names.record(*record), group = names.group(*group), times = times)
        }
        // Everything else is said by `event_sentence`.
        _ => super::promise::promise_sentence(event, names).unwrap_or_else(|| event.name().to_owned()),
    }
}
