//! Groups, their offsets, and transactions, as their coordinators see them.

use super::tracer::Tracer;
use crate::collections::Map;
use crate::event::{Event, GroupState};
use crate::fact::{CommittedFact, Fact};
use crate::ids::*;

/// The members of a group by name, with what each was given.
type Members = Vec<(String, Vec<TopicPartition>)>;

/// What was last written of a group, and what waits for the members' assignments.
#[derive(Default)]
pub(super) struct GroupTrace {
    written: Option<(Generation, GroupState, Members)>,
    /// Transitions inside the dispatch under way: only the last one has the assignments the snapshot will bring.
    passed: Vec<(Generation, GroupState)>,
}

impl Tracer {
    /// A state of a transactional id is committed. While markers are written, its partitions are those that get one.
    pub(super) fn transaction_event(&mut self, event: &Event) {
        let Event::TransactionStateChanged { transactional, state, id, epoch, partitions, .. } = event else { return };
        let name = self.directory.transactional_name(*transactional);
        let line = self.line("txn").text("txid", name).int("pid", id.0).int("pe", *epoch);
        let line = line.text("state", state.name()).tps("parts", partitions);
        self.put(line);
        self.busy();
    }

    pub(super) fn group_event(&mut self, event: &Event) {
        if let Event::GroupStateChanged { group, state, generation } = event {
            self.groups.entry(*group).or_default().passed.push((*generation, *state));
        }
    }

    pub(super) fn group_fact(&mut self, fact: Fact) {
        match fact {
            Fact::GroupSnapshot { group, generation, state, members } => {
                let members = self.named_members(&members);
                self.snapshot(group, generation, state, members);
            }
            Fact::OffsetsCommitted { group, commits } => {
                for commit in &commits {
                    self.committed.insert((group, commit.tp), commit.offset);
                }
                self.commit_line(group, &commits);
            }
            // What an earlier coordinator had written and not announced counts now; what it had announced and lost, not.
            Fact::OffsetsLoaded { group, commits } => {
                for commit in commits {
                    if self.committed.insert((group, commit.tp), commit.offset) != Some(commit.offset) {
                        self.commit_line(group, &[commit]);
                    }
                }
            }
            _ => {}
        }
    }

    fn commit_line(&mut self, group: GroupId, commits: &[CommittedFact]) {
        let Some(first) = commits.first() else { return };
        let line = self.line("committed").text("group", self.directory.group_name(group));
        let line = line.int("gen", first.generation.0);
        let line = line.maybe("by", first.by.map(|node| self.directory.node_name(node)));
        let line = line.positions("offs", commits.iter().map(|commit| (commit.tp, commit.offset))).null("tx");
        let line = line.int("acc", first.accepted_at.0 as i64);
        self.put(line);
    }

    /// A client that started again before its old membership ran out is there twice: the older one gets a number.
    fn named_members(&self, members: &[(NodeId, u32, Vec<TopicPartition>)]) -> Members {
        let mut newest: Map<NodeId, u32> = Map::new();
        for (node, incarnation, _) in members {
            let known = newest.entry(*node).or_default();
            *known = (*known).max(*incarnation);
        }
        let name = |node: NodeId, incarnation: u32| {
            let mut name = self.directory.node_name(node).to_owned();
            if newest.get(&node) != Some(&incarnation) {
                name.push('~');
                name.push_str(&incarnation.to_string());
            }
            name
        };
        members.iter().map(|(node, number, assigned)| (name(*node, *number), assigned.clone())).collect()
    }

    fn snapshot(&mut self, group: GroupId, generation: Generation, state: GroupState, members: Members) {
        let trace = self.groups.entry(group).or_default();
        let mut passed = std::mem::take(&mut trace.passed);
        passed.retain(|step| *step != (generation, state));
        for (generation, state) in passed {
            let without: Members = members.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
            self.group_line(group, generation, state, without);
        }
        self.group_line(group, generation, state, members);
    }

    fn group_line(&mut self, group: GroupId, generation: Generation, state: GroupState, members: Members) {
        let now = (generation, state, members);
        let trace = self.groups.entry(group).or_default();
        if trace.written.as_ref() == Some(&now) {
            return;
        }
        let line = self.line("group").text("g", self.directory.group_name(group)).int("gen", now.0.0);
        let mut line = line.text("state", now.1.name()).open("members");
        for (name, assigned) in &now.2 {
            line = line.tps(name, assigned);
        }
        self.put(line.close());
        self.busy();
        self.groups.entry(group).or_default().written = Some(now);
    }

    /// Transitions that no snapshot followed.
    pub(super) fn flush_groups(&mut self) {
        let open: Vec<GroupId> =
            self.groups.iter().filter(|(_, trace)| !trace.passed.is_empty()).map(|(group, _)| *group).collect();
        for group in open {
            let trace = self.groups.entry(group).or_default();
            let members = trace.written.as_ref().map(|(.., members)| members.clone()).unwrap_or_default();
            for (generation, state) in std::mem::take(&mut trace.passed) {
                self.group_line(group, generation, state, members.clone());
            }
        }
    }
}
