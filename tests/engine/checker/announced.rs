//! What the engine announced, compared with what follows from the trace.

use super::{Checker, tp_of};
use serde_json::Value;

impl Checker {
    /// The trace so far gives this up: an announcement must follow at the same moment.
    pub(super) fn expect(&mut self, thing: String) {
        self.expected.entry(thing).or_insert(self.t);
    }

    pub(super) fn announced(&mut self, line: &Value) {
        let (kind, tp) = (line["g"].as_str().unwrap_or_default(), tp_of(&line["tp"]));
        let int = |key: &str| line[key].as_i64().unwrap_or(-1);
        let thing = match kind {
            "acked-write-lost" => {
                let back = if line["back"] == true { " back" } else { "" };
                format!("acked-write-lost {tp:?} {}{back}", int("op"))
            }
            "duplicate" => format!("duplicate {tp:?} {} {}", int("op"), int("off")),
            "reordered" => format!("reordered {tp:?} {}", int("op")),
            "re-read" | "skipped" => {
                format!("{kind} {} {tp:?} {}", line["group"].as_str().unwrap_or_default(), int("off"))
            }
            "read-changed" => format!("read-changed {tp:?} {}", int("off")),
            "aborted-read" | "precommitted-read" => format!("{kind} {tp:?} {}", int("op")),
            "hanging-transaction" | "torn-txn" => format!("{kind} {tp:?}"),
            other => return self.complain(format!("an unknown guarantee {other}")),
        };
        let because: Vec<String> =
            line["because"].as_array().into_iter().flatten().filter_map(|w| w.as_str().map(str::to_owned)).collect();
        self.demand(!because.is_empty(), "a guarantee without a reason");
        let send = self.sends.get(&int("op")).cloned();
        let client = send.as_ref().and_then(|send| self.clients.get(&send.client)).cloned().unwrap_or_default();
        for reason in &because {
            let possible = match reason.as_str() {
                "acks-0" => client.acks == "0",
                "acks-1" => client.acks == "1",
                "no-idempotence" => !client.idempotent,
                "producer-epoch-bump" | "new-session" => client.idempotent,
                "unclean-election" => self.unclean.contains(&tp),
                "unflushed-lost" => self.power,
                "truncation-mode" => self.replicas_may_differ,
                "old-transactions" => self.transactions.is_old(),
                "reset-latest" | "reset" | "truncation" | "rebalance" | "client-crash" | "commit-lost"
                | "retention" => true,
                _ => false,
            };
            self.demand(possible, format!("{kind} because of {reason}, which did not happen"));
        }
        // A record sent without acknowledgement that never reached a log has nothing else to tell of it.
        let silent = kind == "acked-write-lost" && client.acks == "0";
        if silent {
            let value = send.map(|send| send.value).unwrap_or_default();
            let newest = self.leaders.get(&tp).and_then(|leader| self.logs.get(&(*leader, tp)));
            let gone = newest.is_none_or(|log| log.holds(&value) == (line["back"] == true));
            return self.demand(gone, "a record is announced lost and is in the leader's log");
        }
        self.said.insert(thing.clone(), (self.t, because));
        match self.expected.get(&thing) {
            Some(at) => self.demand(*at <= self.t, "announced too early"),
            None => self.complain(format!("announced without cause: {thing}")),
        }
    }

    pub(super) fn finish(&mut self) {
        let missing: Vec<String> = self
            .expected
            .iter()
            .filter(|(thing, at)| self.said.get(*thing).is_none_or(|(said, _)| *said < **at))
            .map(|(thing, at)| format!("not announced: {thing} at {at}"))
            .collect();
        missing.into_iter().for_each(|complaint| self.complain(complaint));
    }
}
