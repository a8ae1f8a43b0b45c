//! Logs, roles, watermarks and the metadata log.

use super::{Checker, Tp, tp_of};
use serde_json::Value;

impl Checker {
    pub(super) fn append(&mut self, line: &Value) {
        let (broker, tp) = (line["b"].as_i64().unwrap_or(-1), tp_of(&line["tp"]));
        let (offset, epoch) = (line["off"].as_i64().unwrap_or(-1), line["le"].as_i64().unwrap_or(-1));
        let value = line["v"].as_str().unwrap_or_default().to_owned();
        let as_leader = line["as"] == "leader";
        let key = (broker, tp.clone());
        let role = self.roles.get(&key).cloned();
        let wanted = if as_leader { "leader" } else { "follower" };
        self.demand(role.as_ref().is_some_and(|(role, _)| role == wanted), "append: not in this role");
        if as_leader {
            self.demand(
                role.is_some_and(|(_, led)| led == epoch),
                "append: stamped with another epoch than it leads in",
            );
        }
        let log = self.logs.entry(key.clone()).or_default();
        let (end, last_epoch) = (log.end, log.records.values().next_back().map_or(-1, |(_, epoch)| *epoch));
        let earlier = log.holds(&value).then_some(());
        log.places.insert(value.clone(), offset);
        log.records.insert(offset, (value.clone(), epoch));
        log.end = line["next"].as_i64().unwrap_or(offset + 1);
        self.demand(
            if as_leader { offset == end } else { offset >= end },
            format!("append at {offset}, the log ends at {end}"),
        );
        self.demand(epoch >= last_epoch, "append: leader epochs descend");
        let place = (tp.clone(), offset, epoch);
        let known = self.contents.entry(place).or_insert_with(|| value.clone()).clone();
        self.demand(known == value, format!("LogMatching: {known} and {value} at {offset} in epoch {epoch}"));
        let (pid, producer_epoch) = (line["pid"].as_i64().unwrap_or(-1), line["pe"].as_i64().unwrap_or(-1));
        let sequence = line["seq"].as_i64().unwrap_or(-1);
        // What coordinators write in a producer's name, markers and offsets, has no sequence and is not among its own.
        let by_coordinator = self.offsets_topics.contains(&tp.0) || line["ctl"].is_string();
        self.demand(pid < 0 || (sequence < 0) == by_coordinator, format!("ProducerSequence: {sequence} in {tp:?}"));
        if pid >= 0 && sequence >= 0 {
            let log = self.logs.entry(key).or_default();
            if offset > end {
                // What a cleaner took before this replica copied the log has taken its sequences with it.
                log.sequences.clear();
            }
            let before = log.sequences.insert((pid, producer_epoch), sequence);
            let next = before.map_or(sequence, |before| if before == i64::from(i32::MAX) { 0 } else { before + 1 });
            self.demand(sequence == next, format!("ProducerSequenceContiguous: {sequence} where {next} was due"));
        }
        self.appended_in_transaction(line);
        let internal = self.offsets_topics.contains(&tp.0);
        let sent = self.by_value.get(&value).copied();
        let marker = line["ctl"].is_string();
        self.demand(internal || marker || sent.is_some(), format!("{value} is appended and was never sent"));
        if !as_leader || internal || marker {
            return;
        }
        if let Some(send) = sent.and_then(|op| self.sends.get(&op)).cloned() {
            self.demand(send.tp == tp, "a record in a partition it was not sent to");
            self.demand(send.outcome != Some("fail"), format!("{value} failed for certain and is appended"));
            if earlier.is_some() {
                self.expect(format!("duplicate {tp:?} {} {offset}", send.op));
            }
        }
        let replaced = self.given.get(&(tp.clone(), offset)).is_some_and(|given| *given != value);
        if replaced && self.changed.insert((tp.clone(), offset)) {
            self.expect(format!("read-changed {tp:?} {offset}"));
        }
        for ((_, known), (passed, moved_back)) in &mut self.passed {
            if *known == tp && *passed > offset {
                (*passed, *moved_back) = (offset, true);
            }
        }
    }

    pub(super) fn truncate(&mut self, line: &Value) {
        let (broker, tp) = (line["b"].as_i64().unwrap_or(-1), tp_of(&line["tp"]));
        let (to, why) = (line["to"].as_i64().unwrap_or(-1), line["why"].as_str().unwrap_or_default());
        let role = self.roles.get(&(broker, tp.clone())).map(|(role, _)| role.clone());
        match why {
            "power" | "diskloss" => {
                self.power = true;
                self.transactions_shaken(&tp);
                self.demand(role.is_none(), "power lost, and a role in force");
            }
            "reset" => {
                self.demand(role.as_deref() == Some("follower"), "reset: only followers do");
                let log = self.logs.entry((broker, tp)).or_default();
                let end = std::mem::replace(&mut log.end, to);
                log.start = to;
                log.records.clear();
                log.sequences.clear();
                return self.demand(to > end, "reset: within the log");
            }
            "epoch" | "unclean" | "hw" => {
                self.demand(role.as_deref() == Some("follower"), "truncate: only followers do");
            }
            other => self.complain(format!("truncate: why {other}?")),
        }
        let log = self.logs.entry((broker, tp)).or_default();
        let end = log.end;
        log.records.retain(|offset, _| *offset < to);
        log.end = to.min(end);
        // What the producers' state is after a cut is known again from the next append on.
        log.sequences.clear();
        self.demand(to <= end && to >= 0, "truncate: beyond the log");
    }

    /// Retention, DeleteRecords: what is gone on purpose is no lost write. Who comes too late is still told what it missed.
    pub(super) fn log_start(&mut self, line: &Value) {
        let (broker, tp) = (line["b"].as_i64().unwrap_or(-1), tp_of(&line["tp"]));
        let to = line["to"].as_i64().unwrap_or(-1);
        let log = self.logs.entry((broker, tp.clone())).or_default();
        let (start, end, mark) = (std::mem::replace(&mut log.start, to), log.end, log.mark);
        self.demand(to > start && to <= end, "logstart: moves forward within the log");
        self.demand(line["why"] == "leader" || to <= mark, "logstart: above the high watermark");
        let kept = self.kept_from.entry(tp).or_default();
        *kept = to.max(*kept);
    }

    /// Of each key the last value stays.
    pub(super) fn compact(&mut self, line: &Value) {
        let (broker, tp) = (line["b"].as_i64().unwrap_or(-1), tp_of(&line["tp"]));
        let gone: Vec<i64> = line["gone"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        self.demand(gone.is_sorted(), "compact: offsets ascend");
        let log = self.logs.entry((broker, tp.clone())).or_default();
        let there = gone.iter().all(|offset| log.records.remove(offset).is_some());
        self.demand(there, "compact: what was not there is gone");
        self.compacted.extend(gone.into_iter().map(|offset| (tp.clone(), offset)));
    }

    pub(super) fn mark(&mut self, line: &Value) {
        let (broker, tp) = (line["b"].as_i64().unwrap_or(-1), tp_of(&line["tp"]));
        let (mark, epoch) = (line["hw"].as_i64().unwrap_or(-1), line["le"].as_i64().unwrap_or(-1));
        let role = self.roles.get(&(broker, tp.clone())).cloned();
        let log = self.logs.entry((broker, tp.clone())).or_default();
        let (before, end) = (std::mem::replace(&mut log.mark, mark), log.end);
        self.demand(mark <= end, format!("HighWatermarkWithinLog: {mark} in a log that ends at {end}"));
        if line["load"] == true {
            return;
        }
        match role {
            Some((role, led)) => {
                if role == "leader" {
                    self.expose(&tp, led, mark);
                }
                self.demand(led == epoch, "hw: of another epoch than its role's");
                self.demand(
                    role != "leader" || mark >= before,
                    format!("HighWatermarkNeverRetreats: from {before} to {mark}"),
                );
            }
            None => self.complain("hw: no role is in force"),
        }
    }

    fn expose(&mut self, tp: &Tp, epoch: i64, mark: i64) {
        let known = self.exposed.entry(tp.clone()).or_default();
        *known = mark.max(*known);
        let known = self.marks.entry((tp.clone(), epoch)).or_default();
        *known = mark.max(*known);
    }

    pub(super) fn role(&mut self, line: &Value) {
        let (broker, tp) = (line["b"].as_i64().unwrap_or(-1), tp_of(&line["tp"]));
        let (role, epoch) = (line["role"].as_str().unwrap_or_default(), line["le"].as_i64().unwrap_or(-1));
        let before = self.roles.insert((broker, tp.clone()), (role.to_owned(), epoch));
        self.demand(before.is_none_or(|(_, before)| epoch >= before), "EpochsNeverGoBack: a role of an earlier epoch");
        let known = self.partitions.get(&tp).cloned().unwrap_or_default();
        self.demand(known["le"].as_i64().is_some_and(|decided| decided >= epoch), "a role nobody decided");
        if role != "leader" {
            return;
        }
        let leader = *self.leader_of.entry((tp.clone(), epoch)).or_insert(broker);
        self.demand(leader == broker, format!("OneLeaderPerEpoch: {leader} and {broker} in epoch {epoch}"));
        // A broker that is late with the metadata may begin to lead in an epoch that is over.
        let newest = self.marks.range((tp.clone(), epoch + 1)..=(tp.clone(), i64::MAX)).next().is_none();
        if newest {
            self.leaders.insert(tp.clone(), broker);
        }
        self.coordinator_replaced(&tp);
        let log = self.logs.entry((broker, tp.clone())).or_default().clone();
        self.expose(&tp, epoch, log.mark);
        if !newest {
            return;
        }
        let kept = self.kept_from.get(&tp).copied().unwrap_or_default();
        let counted: Vec<i64> = self
            .sends
            .values()
            .filter(|send| send.tp == tp && send.outcome == Some("ok") && send.offset >= kept)
            .filter(|send| !self.compacted.contains(&(tp.clone(), send.offset)))
            .filter(|send| log.holds(&send.value) == send.lost)
            .map(|send| send.op)
            .collect();
        for op in counted {
            let Some(send) = self.sends.get_mut(&op) else { continue };
            send.lost = !send.lost;
            let back = if send.lost { "" } else { " back" };
            self.expect(format!("acked-write-lost {tp:?} {op}{back}"));
        }
    }

    pub(super) fn flush(&mut self, line: &Value) {
        let (broker, tp) = (line["b"].as_i64().unwrap_or(-1), tp_of(&line["tp"]));
        let end = self.logs.get(&(broker, tp)).map_or(0, |log| log.end);
        // An fsync may end after a truncation; it never covers what is not yet there.
        self.demand(line["to"].as_i64().unwrap_or(-1) >= 0 && end >= 0, "flush");
    }

    pub(super) fn metadata(&mut self, line: &Value) {
        let offset = line["off"].as_i64().unwrap_or(-1);
        let before = std::mem::replace(&mut self.meta, offset);
        self.demand(offset > before, "EpochsNeverGoBack: metadata offsets");
        match line["rec"].as_str().unwrap_or_default() {
            "topic" if line["internal"] == true => {
                if line["name"] == "__transaction_state" {
                    self.transactions.topic = line["id"].as_str().unwrap_or_default().to_owned();
                }
                self.offsets_topics.insert(line["id"].as_str().unwrap_or_default().to_owned());
            }
            "broker" => {
                let (broker, epoch) = (line["b"].as_i64().unwrap_or(-1), line["be"].as_i64().unwrap_or(-1));
                let before = self.brokers.insert(broker, epoch);
                self.demand(before.is_none_or(|before| epoch >= before), "EpochsNeverGoBack: a broker epoch");
            }
            "partition" => {
                let tp = tp_of(&line["tp"]);
                let leader = &line["leader"];
                let isr = line["isr"].as_array().cloned().unwrap_or_default();
                let replicas = line["replicas"].as_array().cloned().unwrap_or_default();
                self.demand(*leader == -1 || isr.contains(leader), "LeaderInIsr");
                self.demand(isr.iter().all(|member| replicas.contains(member)), "LeaderInIsr: a stranger in the ISR");
                let elr = line["elr"].as_array().cloned().unwrap_or_default();
                self.demand(!elr.iter().any(|member| isr.contains(member)), "IsrAndElrDisjoint");
                if let Some(before) = self.partitions.insert(tp.clone(), line.clone()) {
                    let grown = |key: &str| line[key].as_i64().unwrap_or(-9) - before[key].as_i64().unwrap_or(-9);
                    let (epoch, partition_epoch) = (grown("le"), grown("ppe"));
                    self.demand((0..=1).contains(&epoch), "EpochsNeverGoBack: a leader epoch");
                    self.demand(partition_epoch == 1, "EpochsNeverGoBack: a partition epoch");
                    let was_in = before["isr"].as_array().is_some_and(|isr| isr.contains(leader));
                    let eligible = before["elr"].as_array().is_some_and(|elr| elr.contains(leader));
                    if epoch == 1 && *leader != -1 && !was_in && !eligible {
                        self.transactions_shaken(&tp);
                        self.unclean.insert(tp);
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn metadata_applied(&mut self, line: &Value) {
        let (broker, offset) = (line["b"].as_i64().unwrap_or(-1), line["off"].as_i64().unwrap_or(-1));
        let before = self.applied.insert(broker, offset).unwrap_or(-1);
        self.demand(offset > before, "a broker's metadata goes back");
        // Offsets may have gaps, and blocks of producer ids have no line.
        self.demand(offset <= self.meta + 1_000, "MetadataLogMatching: applied before it was committed");
    }
}
