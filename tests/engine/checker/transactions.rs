//! Transactions as the trace tells them: what the coordinator decided, and what the logs made of it.

use super::{Checker, Tp, tp_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One transaction of a producer id: they are counted by the coordinator's decisions.
type Place = (i64, usize);

/// What the trace has said of transactions so far.
#[derive(Default)]
pub struct Transactions {
    old: bool,
    /// The id of `__transaction_state`.
    pub topic: String,
    /// Per producer id what the coordinator decided, one after the other: true for a commit.
    decided: BTreeMap<i64, Vec<bool>>,
    /// The partitions of the open transaction, where the coordinator is known to have one or none.
    joined: BTreeMap<i64, BTreeSet<Tp>>,
    /// What is open in a partition under a producer id, and whether that hangs.
    open: BTreeMap<(i64, Tp), (BTreeSet<Place>, bool)>,
    /// The transaction each record belongs to.
    of: BTreeMap<String, Place>,
    marks: BTreeMap<Place, BTreeSet<(Tp, bool)>>,
    torn: BTreeSet<Place>,
    /// Transactions that were open while their coordinator was replaced.
    doubtful: BTreeSet<Place>,
    told: BTreeSet<String>,
    shaken: BTreeSet<Tp>,
}

impl Transactions {
    pub fn era(&mut self, era: &Value) {
        self.old = era["txnVersion"].as_i64().is_some_and(|version| version < 2) || era["txnVerification"] == false;
    }

    pub fn is_old(&self) -> bool {
        self.old
    }

    fn current(&self, pid: i64) -> Place {
        (pid, self.decided.get(&pid).map_or(0, Vec::len))
    }
}

impl Checker {
    pub(super) fn transaction(&mut self, line: &Value) {
        let pid = line["pid"].as_i64().unwrap_or(-1);
        let known = &mut self.transactions;
        known.joined.remove(&pid);
        match line["state"].as_str().unwrap_or_default() {
            "PrepareCommit" => known.decided.entry(pid).or_default().push(true),
            "PrepareAbort" => known.decided.entry(pid).or_default().push(false),
            "Ongoing" | "Empty" => {
                let parts = line["parts"].as_array().into_iter().flatten().map(tp_of).collect();
                known.joined.insert(pid, parts);
            }
            "CompleteCommit" | "CompleteAbort" => {
                known.joined.insert(pid, BTreeSet::new());
                let shaken = &known.shaken;
                let left = known.open.iter_mut().filter(|((other, tp), _)| *other == pid && !shaken.contains(tp));
                let left: Vec<Tp> = left
                    .filter(|(_, (_, hangs))| !*hangs)
                    .map(|((_, tp), (_, hangs))| {
                        *hangs = true;
                        tp.clone()
                    })
                    .collect();
                left.into_iter().for_each(|tp| self.hangs(&tp));
            }
            other => self.complain(format!("a transaction in the state {other}")),
        }
    }

    fn hangs(&mut self, tp: &Tp) {
        self.demand(self.transactions.old, "a transaction is complete and has no marker in a partition");
        self.expect(format!("hanging-transaction {tp:?}"));
    }

    /// A record or a marker in a log. Only the present leader's word counts.
    pub(super) fn appended_in_transaction(&mut self, line: &Value) {
        let (pid, tp) = (line["pid"].as_i64().unwrap_or(-1), tp_of(&line["tp"]));
        let internal = self.offsets_topics.contains(&tp.0);
        let led = line["as"] == "leader" && self.leaders.get(&tp).copied() == line["b"].as_i64();
        if pid < 0 || internal || !led {
            return;
        }
        let known = &mut self.transactions;
        if let Some(how) = line["ctl"].as_str() {
            let Some((ended, _)) = known.open.remove(&(pid, tp.clone())) else { return };
            let mut torn = false;
            for place in ended {
                let marks = known.marks.entry(place).or_default();
                marks.insert((tp.clone(), how == "commit"));
                let differs = marks.iter().any(|(other, how_other)| *other != tp && *how_other != (how == "commit"));
                torn |= differs && !known.doubtful.contains(&place) && known.torn.insert(place);
            }
            if torn && !known.shaken.contains(&tp) {
                self.demand(self.transactions.old, "torn-txn");
                self.expect(format!("torn-txn {tp:?}"));
            }
            return;
        }
        if line["tx"] != true {
            return;
        }
        let stranger = known.joined.get(&pid).is_some_and(|joined| !joined.contains(&tp));
        let (_, current) = known.current(pid);
        // What nobody asked for any more belongs to the transaction that is over.
        let place = (pid, if stranger { current.saturating_sub(1) } else { current });
        known.of.insert(line["v"].as_str().unwrap_or_default().to_owned(), place);
        let open = known.open.entry((pid, tp.clone())).or_default();
        open.0.insert(place);
        if stranger && !known.shaken.contains(&tp) && !std::mem::replace(&mut open.1, true) {
            self.hangs(&tp);
        }
    }

    /// Who reads committed records only gets nothing of a transaction that is open or was aborted.
    pub(super) fn read_in_transaction(&mut self, client: &str, tp: &Tp, value: &str) {
        let known = &mut self.transactions;
        let careful = self.clients.get(client).is_some_and(|client| client.committed_only);
        let Some(place) = known.of.get(value).copied().filter(|_| careful && !known.shaken.contains(tp)) else {
            return;
        };
        let what = match known.decided.get(&place.0).and_then(|decided| decided.get(place.1)) {
            _ if known.doubtful.contains(&place) => return,
            Some(true) => return,
            Some(false) => "aborted-read",
            None => "precommitted-read",
        };
        if known.told.insert(value.to_owned()) {
            self.demand(self.transactions.old, what);
            let op = self.by_value.get(value).copied().unwrap_or(-1);
            self.expect(format!("{what} {tp:?} {op}"));
        }
    }

    /// The next coordinator may know of states that were written and never announced.
    pub(super) fn coordinator_replaced(&mut self, tp: &Tp) {
        let known = &mut self.transactions;
        if tp.0 != known.topic {
            return;
        }
        known.joined.clear();
        let open: Vec<Place> = known.of.values().copied().collect();
        let undecided = |place: &Place| known.decided.get(&place.0).is_none_or(|decided| decided.len() <= place.1);
        known.doubtful.extend(open.into_iter().filter(undecided));
    }

    pub(super) fn transactions_shaken(&mut self, tp: &Tp) {
        let known = &mut self.transactions;
        known.shaken.insert(tp.clone());
        if tp.0 == known.topic {
            known.joined.clear();
            known.doubtful.extend(known.of.values().copied());
        }
    }
}
