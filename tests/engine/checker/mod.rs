//! A checker that knows a run from its trace alone. It shares no code with the engine: it reads JSON lines, follows logs,
//! roles, clients and groups, derives every promise, and compares the guarantees the engine announced with its own.

mod announced;
mod clients;
mod cluster;
mod transactions;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A partition: topic id and number.
pub type Tp = (String, i64);

/// A replica's log as its lines tell it.
#[derive(Clone, Default)]
pub struct Log {
    pub records: BTreeMap<i64, (String, i64)>,
    pub end: i64,
    pub mark: i64,
    pub sequences: BTreeMap<(i64, i64), i64>,
    /// The log start offset.
    pub start: i64,
    /// Where each record stands, the latest place if there are several.
    pub places: BTreeMap<String, i64>,
}

impl Log {
    fn holds(&self, value: &str) -> bool {
        self.places.get(value).and_then(|at| self.records.get(at)).is_some_and(|(known, _)| known == value)
            || self.places.contains_key(value) && self.records.values().any(|(known, _)| known == value)
    }
}

/// A send.
#[derive(Clone, Default)]
pub struct Send {
    pub op: i64,
    pub client: String,
    pub tp: Tp,
    pub value: String,
    pub outcome: Option<&'static str>,
    pub offset: i64,
    pub lost: bool,
}

/// A client as the header describes it.
#[derive(Clone, Default)]
pub struct Client {
    pub acks: String,
    pub idempotent: bool,
    pub group: String,
    pub committed_only: bool,
    pub kip848: bool,
}

/// What the trace has said so far.
#[derive(Default)]
pub struct Checker {
    n: i64,
    t: i64,
    pub complaints: Vec<String>,
    clients: BTreeMap<String, Client>,
    logs: BTreeMap<(i64, Tp), Log>,
    roles: BTreeMap<(i64, Tp), (String, i64)>,
    leaders: BTreeMap<Tp, i64>,
    /// The highest mark of any leader, and of the leader of one epoch: what may have been read, and acknowledged.
    exposed: BTreeMap<Tp, i64>,
    marks: BTreeMap<(Tp, i64), i64>,
    leader_of: BTreeMap<(Tp, i64), i64>,
    contents: BTreeMap<(Tp, i64, i64), String>,
    partitions: BTreeMap<Tp, Value>,
    unclean: BTreeSet<Tp>,
    /// Below, records were deleted on purpose; and those a compaction took.
    kept_from: BTreeMap<Tp, i64>,
    compacted: BTreeSet<(Tp, i64)>,
    power: bool,
    /// Followers truncate by rules that let replicas differ (before KIP-279).
    replicas_may_differ: bool,
    brokers: BTreeMap<i64, i64>,
    meta: i64,
    applied: BTreeMap<i64, i64>,
    sends: BTreeMap<i64, Send>,
    by_value: BTreeMap<String, i64>,
    open: BTreeMap<i64, (String, String)>,
    used: BTreeSet<i64>,
    positions: BTreeMap<(String, Tp), Option<i64>>,
    wished: BTreeMap<(String, Tp), bool>,
    had: BTreeSet<(String, Tp, i64, String)>,
    given: BTreeMap<(Tp, i64), String>,
    passed: BTreeMap<(String, Tp), (i64, bool)>,
    changed: BTreeSet<(Tp, i64)>,
    groups: BTreeMap<String, (i64, String)>,
    /// When each generation of a group ended.
    ended: BTreeMap<(String, i64), i64>,
    /// To whom a partition of a group was given last, in which epoch and when.
    owners: BTreeMap<(String, Tp), (String, i64, i64)>,
    offsets_topics: BTreeSet<String>,
    transactions: transactions::Transactions,
    expected: BTreeMap<String, i64>,
    said: BTreeMap<String, (i64, Vec<String>)>,
    quiet_lines: usize,
}

/// Checks a trace; every complaint is one broken rule or promise.
pub fn check(trace: &str) -> Vec<String> {
    let mut checker = Checker { meta: -1, ..Checker::default() };
    let mut last = String::new();
    for (index, text) in trace.lines().enumerate() {
        let Ok(line) = serde_json::from_str::<Value>(text) else {
            checker.complain("a line is not JSON");
            continue;
        };
        if last == "end" {
            checker.complain("a line stands after the end");
        }
        last = checker.line(index as i64, &line);
    }
    if last != "end" {
        checker.complain("the trace has no end");
    }
    checker.finish();
    checker.complaints
}

pub fn tp_of(value: &Value) -> Tp {
    (value[0].as_str().unwrap_or_default().to_owned(), value[1].as_i64().unwrap_or(-1))
}

impl Checker {
    fn complain(&mut self, what: impl Into<String>) {
        self.complaints.push(format!("line {}: {}", self.n, what.into()));
    }

    fn demand(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.complain(what);
        }
    }

    fn line(&mut self, index: i64, line: &Value) -> String {
        let n = line["n"].as_i64().unwrap_or(-1);
        let t = line["t"].as_i64().unwrap_or(-1);
        self.n = index;
        self.demand(n == index, format!("numbered {n}"));
        self.demand(t >= self.t, "time runs back");
        self.t = t.max(self.t);
        let ev = line["ev"].as_str().unwrap_or_default().to_owned();
        self.demand((index == 0) == (ev == "header"), "the header is line 0 and no other");
        match ev.as_str() {
            "header" => self.header(line),
            "append" => self.append(line),
            "truncate" => self.truncate(line),
            "logstart" => self.log_start(line),
            "compact" => self.compact(line),
            "hw" => self.mark(line),
            "role" => self.role(line),
            "flush" => self.flush(line),
            "meta" => self.metadata(line),
            "metaApplied" => self.metadata_applied(line),
            "invoke" => self.invoke(line),
            "ok" | "fail" | "info" => self.outcome(&ev, line),
            "position" => self.position(line),
            "rebalance" => self.rebalance(line),
            "group" => self.group(line),
            "committed" => self.committed(line),
            "txn" => self.transaction(line),
            "guarantee" => self.announced(line),
            "fault" => self.fault(line),
            "raft" | "mappend" | "mtruncate" | "heal" | "net" | "hash" | "end" => self.quiet_lines += 1,
            other => self.complain(format!("unknown line {other}")),
        }
        ev
    }

    fn header(&mut self, line: &Value) {
        self.demand(line["schema"] == "highwater-trace/1", "the schema");
        let era = &line["config"]["era"];
        self.transactions.era(era);
        self.replicas_may_differ = era["truncation"] == "hw" || era["truncation"] == "epoch-v0";
        for client in line["config"]["clients"].as_array().into_iter().flatten() {
            let acks = client["acks"].as_str().map(str::to_owned).unwrap_or_else(|| client["acks"].to_string());
            let known = Client {
                acks,
                idempotent: client["idempotent"] == true,
                group: client["group"].as_str().unwrap_or_default().to_owned(),
                committed_only: client["isolation"] == "read_committed",
                kip848: client["protocol"] == "consumer",
            };
            self.clients.insert(client["id"].as_str().unwrap_or_default().to_owned(), known);
        }
    }

    /// A fault ends roles and ownerships, and what a client had open.
    fn fault(&mut self, line: &Value) {
        let kind = line["f"].as_str().unwrap_or_default();
        if !matches!(kind, "crash" | "power" | "stop") {
            return;
        }
        if let Some(node) = line["node"].as_i64() {
            self.roles.retain(|(broker, _), _| *broker != node);
            self.applied.remove(&node);
        }
        if let Some(client) = line["c"].as_str() {
            self.positions.retain(|(known, _), _| known != client);
        }
    }
}
