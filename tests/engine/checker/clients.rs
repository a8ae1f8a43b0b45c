//! What clients invoked and were told, and what groups made of it.

use super::{Checker, Send, Tp, tp_of};
use serde_json::Value;
use std::collections::BTreeSet;

impl Checker {
    pub(super) fn invoke(&mut self, line: &Value) {
        let (op, client) = (line["op"].as_i64().unwrap_or(-1), line["c"].as_str().unwrap_or_default().to_owned());
        let what = line["f"].as_str().unwrap_or_default().to_owned();
        let fresh = self.used.insert(op);
        self.demand(fresh, format!("operation {op} twice"));
        self.demand(self.clients.contains_key(&client), "a client the header does not know");
        if what != "send" && what != "commitOffsets" {
            let busy =
                self.open.values().any(|(known, open)| *known == client && open != "send" && open != "commitOffsets");
            self.demand(!busy, "two operations at once");
        }
        self.open.insert(op, (client.clone(), what.clone()));
        if what == "send" {
            let value = line["v"].as_str().unwrap_or_default().to_owned();
            let fresh = self.by_value.insert(value.clone(), op).is_none();
            self.demand(fresh, "two sends of one value");
            self.sends.insert(op, Send { op, client, tp: tp_of(&line["tp"]), value, offset: -1, ..Send::default() });
        }
    }

    pub(super) fn outcome(&mut self, ev: &str, line: &Value) {
        let op = line["op"].as_i64().unwrap_or(-1);
        let Some((client, what)) = self.open.remove(&op) else {
            return self.complain(format!("{ev} of operation {op}, which is not open"));
        };
        self.demand(line["c"] == client.as_str() && line["f"] == what.as_str(), "an outcome of another operation");
        match (ev, what.as_str()) {
            ("ok", "send") => self.acknowledged(op, line),
            (_, "send") => {
                let stored =
                    self.sends.get(&op).is_some_and(|send| self.logs.values().any(|log| log.holds(&send.value)));
                self.demand(ev != "fail" || !stored, "a send failed for certain, and its record is in a log");
                if let Some(send) = self.sends.get_mut(&op) {
                    send.outcome = Some(if ev == "fail" { "fail" } else { "info" });
                }
            }
            ("ok", "poll") => self.polled(&client, line),
            _ => {}
        }
    }

    fn acknowledged(&mut self, op: i64, line: &Value) {
        let (offset, epoch) = (line["off"].as_i64().unwrap_or(-2), line["le"].as_i64().unwrap_or(-2));
        let Some(send) = self.sends.get_mut(&op) else { return };
        (send.outcome, send.offset) = (Some("ok"), offset);
        let send = send.clone();
        let acks = self.clients.get(&send.client).map(|client| client.acks.clone()).unwrap_or_default();
        self.demand((offset >= 0) == (acks != "0"), "an acknowledgement with acks=0 knows no offset, others do");
        if offset < 0 {
            return;
        }
        let led = self.leader_of.contains_key(&(send.tp.clone(), epoch));
        self.demand(led, format!("an answer of epoch {epoch}, in which nobody led"));
        // The answer travelled: the leader may have lost the record since, but it had appended it.
        let placed = self.appended(&send.tp, offset, &send.value);
        self.demand(placed, "an acknowledgement of a record nobody appended there");
        if acks == "all" {
            let below = self.marks.get(&(send.tp.clone(), epoch)).is_some_and(|mark| offset < *mark);
            self.demand(below, format!("AckedOnlyBelowHighWatermark: {offset}"));
        }
        let newest = self.leaders.get(&send.tp).and_then(|leader| self.logs.get(&(*leader, send.tp.clone())));
        if newest.is_some_and(|log| !log.holds(&send.value)) {
            if let Some(send) = self.sends.get_mut(&op) {
                send.lost = true;
            }
            return self.expect(format!("acked-write-lost {:?} {op}", send.tp));
        }
        let others: Vec<Send> = self
            .sends
            .values()
            .filter(|other| other.client == send.client && other.tp == send.tp && other.op != op)
            .filter(|other| other.outcome == Some("ok") && other.offset >= 0 && !other.lost)
            .cloned()
            .collect();
        for other in &others {
            let (earlier, later) = if other.op < op { (other, &send) } else { (&send, other) };
            if earlier.offset > later.offset {
                self.expect(format!("reordered {:?} {}", send.tp, earlier.op));
            }
        }
    }

    /// Whether a record was ever appended at this offset, in whatever epoch.
    fn appended(&self, tp: &Tp, offset: i64, value: &str) -> bool {
        let place = |epoch| (tp.clone(), offset, epoch);
        self.contents.range(place(i64::MIN)..=place(i64::MAX)).any(|(_, held)| held == value)
    }

    fn polled(&mut self, client: &str, line: &Value) {
        let group = self.clients.get(client).map(|known| known.group.clone()).unwrap_or_default();
        let mut announced: BTreeSet<Tp> = BTreeSet::new();
        let mut first: BTreeSet<Tp> = BTreeSet::new();
        for record in line["recs"].as_array().cloned().unwrap_or_default() {
            let (tp, offset) = (tp_of(&record[0]), record[1].as_i64().unwrap_or(-1));
            let value = record[2].as_str().unwrap_or_default().to_owned();
            let place = (client.to_owned(), tp.clone());
            match self.positions.get(&place).copied() {
                Some(Some(position)) => {
                    self.demand(offset >= position, format!("nonmonotonic-poll: {offset} after {position}"))
                }
                Some(None) => self.complain("a record before the partition had a position"),
                None => self.complain("a record of a partition that is not assigned"),
            }
            self.positions.insert(place.clone(), Some(offset + 1));
            let stored = self.appended(&tp, offset, &value);
            self.demand(stored, format!("{value} is read at {offset}, where nobody appended it"));
            let exposed = self.exposed.get(&tp).is_some_and(|mark| offset < *mark);
            self.demand(exposed, "a record above every high watermark is read");
            self.read_in_transaction(client, &tp, &value);
            let key = (group.clone(), tp.clone());
            if first.insert(tp.clone()) {
                let (passed, moved_back) = self.passed.get(&key).copied().unwrap_or_default();
                if moved_back && offset > passed && self.readable(&tp, passed, offset).is_some() {
                    let skipped = self.readable(&tp, passed, offset).unwrap_or(passed);
                    self.expect(format!("skipped {group} {tp:?} {skipped}"));
                }
            }
            let again = !self.had.insert((group.clone(), tp.clone(), offset, value.clone()));
            if again && announced.insert(tp.clone()) && self.wished.remove(&place) == Some(false) {
                self.expect(format!("re-read {group} {tp:?} {offset}"));
            }
            self.given.entry((tp.clone(), offset)).or_insert(value);
        }
        for position in line["pos"].as_array().cloned().unwrap_or_default() {
            let (tp, to) = (tp_of(&position[0]), position[1].as_i64().unwrap_or(-1));
            let (passed, moved_back) = self.passed.get(&(group.clone(), tp.clone())).copied().unwrap_or_default();
            let now = (passed.max(to), moved_back && passed >= to);
            self.passed.insert((group.clone(), tp.clone()), now);
            self.positions.insert((client.to_owned(), tp), Some(to));
        }
    }

    fn readable(&self, tp: &Tp, from: i64, to: i64) -> Option<i64> {
        let leader = self.leaders.get(tp)?;
        let log = self.logs.get(&(*leader, tp.clone()))?;
        log.records.range(from..to.max(from)).next().map(|(offset, _)| *offset)
    }

    pub(super) fn position(&mut self, line: &Value) {
        let (client, tp) = (line["c"].as_str().unwrap_or_default().to_owned(), tp_of(&line["tp"]));
        let (to, why) = (line["to"].as_i64().unwrap_or(-1), line["why"].as_str().unwrap_or_default());
        let place = (client.clone(), tp.clone());
        self.demand(self.positions.contains_key(&place), "a position of a partition that is not assigned");
        self.positions.insert(place.clone(), Some(to));
        self.wished.insert(place, why == "seek");
        let group = self.clients.get(&client).map(|known| known.group.clone()).unwrap_or_default();
        let key = (group.clone(), tp.clone());
        let (passed, _) = self.passed.get(&key).copied().unwrap_or_default();
        if to <= passed {
            return;
        }
        self.passed.insert(key, (to, false));
        if why != "seek"
            && let Some(first) = self.readable(&tp, passed, to)
        {
            self.expect(format!("skipped {group} {tp:?} {first}"));
        }
    }

    pub(super) fn rebalance(&mut self, line: &Value) {
        let client = line["c"].as_str().unwrap_or_default().to_owned();
        for tp in line["assigned"].as_array().into_iter().flatten().map(tp_of) {
            let (group, generation) = (line["group"].as_str().unwrap_or_default(), line["gen"].as_i64().unwrap_or(-1));
            self.owners.insert((group.to_owned(), tp.clone()), (client.clone(), generation, self.t));
            self.positions.insert((client.clone(), tp), None);
        }
        for key in ["revoked", "lost"] {
            for tp in line[key].as_array().into_iter().flatten().map(tp_of) {
                let owned = self.positions.remove(&(client.clone(), tp)).is_some();
                self.demand(owned, "a partition is given up that was not owned");
            }
        }
    }

    pub(super) fn group(&mut self, line: &Value) {
        let group = line["g"].as_str().unwrap_or_default().to_owned();
        let generation = line["gen"].as_i64().unwrap_or(-1);
        let state = line["state"].as_str().unwrap_or_default().to_owned();
        if let Some((before, _)) = self.groups.insert(group.clone(), (generation, state)) {
            // A coordinator that was cut off may have gone on alone; its successor begins with what was committed.
            self.ended.retain(|(known, ended), _| *known != group || *ended < generation);
            self.owners.retain(|(known, _), (_, given, _)| *known != group || *given <= generation);
            for ended in before..generation {
                self.ended.entry((group.clone(), ended)).or_insert(self.t);
            }
        }
        let mut owned = BTreeSet::new();
        for tps in line["members"].as_object().into_iter().flat_map(|members| members.values()) {
            for tp in tps.as_array().into_iter().flatten().map(tp_of) {
                let alone = owned.insert(tp.clone());
                self.demand(alone, format!("PartitionOwnedOnce: {tp:?} twice in generation {generation}"));
            }
        }
    }

    pub(super) fn committed(&mut self, line: &Value) {
        let group = line["group"].as_str().unwrap_or_default().to_owned();
        let (generation, accepted) = (line["gen"].as_i64().unwrap_or(-1), line["acc"].as_i64().unwrap_or(-1));
        let by = line["by"].as_str().unwrap_or_default();
        // A member of a KIP-848 group may be behind its group's epoch, and commit with an older one what it has held
        // since (KIP-1251); but not what was given to another in a later one.
        let kip848 = self.clients.values().any(|client| client.group == group && client.kip848);
        if generation >= 0 && !kip848 {
            let stale = self.ended.get(&(group.clone(), generation)).is_some_and(|ended| *ended < accepted);
            self.demand(!stale, format!("StaleGenerationRefused: a commit of generation {generation}"));
        }
        for offset in line["offs"].as_array().cloned().unwrap_or_default() {
            let (tp, to) = (tp_of(&offset[0]), offset[1].as_i64().unwrap_or(-1));
            let given_on = self
                .owners
                .get(&(group.clone(), tp.clone()))
                .is_some_and(|(owner, given, since)| owner != by && *given > generation && *since < accepted);
            let stale = generation >= 0 && !by.is_empty() && given_on;
            self.demand(
                !stale,
                format!("StaleGenerationRefused: {by} commits {tp:?} in {generation}, which is another's"),
            );
            let ever = self
                .contents
                .range((tp.clone(), 0, 0)..(tp, i64::MAX, 0))
                .next_back()
                .map_or(0, |((_, at, _), _)| at + 1);
            self.demand(to <= ever, format!("CommittedOffsetWithinLog: {to}"));
        }
    }
}
