//! Faults, their end, and the messages of level 2.

use super::line::Line;
use super::tracer::{Ailment, Tracer};
use crate::event::{Event, StopKind};
use crate::fact::Fact;
use crate::ids::{FaultId, NodeId};
use crate::sim::NodeKind;

fn name(ailment: Ailment) -> &'static str {
    match ailment {
        Ailment::Stopped(StopKind::Crash) => "crash",
        Ailment::Stopped(StopKind::Power) => "power",
        Ailment::Stopped(StopKind::Graceful) => "stop",
        Ailment::Paused => "pause",
    }
}

impl Tracer {
    /// Names a node as `key`, or as `c` when it is a client. None when it is not part of a trace.
    fn named(&self, line: Line, node: NodeId) -> Option<Line> {
        match self.node_number(node) {
            Some(number) => Some(line.int("node", number)),
            None if self.is_client(node) => Some(line.text("c", self.directory.node_name(node))),
            None => None,
        }
    }

    fn end_of_link(&self, line: Line, key: &str, node: NodeId) -> Line {
        match self.node_number(node) {
            Some(number) => line.int(key, number),
            None => line.text(key, self.directory.node_name(node)),
        }
    }

    pub(super) fn fault_event(&mut self, event: Event) {
        match event {
            Event::NodeStarted { node } => {
                self.recovered(node);
                if matches!(self.directory.node_kind(node), Some(NodeKind::Consumer(_))) {
                    self.subscribed(node);
                }
            }
            Event::NodeResumed { node } => self.recovered(node),
            Event::NodePaused { node } => self.fell_ill(node, Ailment::Paused),
            Event::NodeStopped { node, how } => {
                // A frozen process that is ended is not frozen any more.
                self.recovered(node);
                self.fell_ill(node, Ailment::Stopped(how));
                self.forget_operations(node);
            }
            Event::LinkCut { from, to, fault } => self.link("fault", from, to, fault),
            Event::LinkHealed { from, to, fault } => self.link("heal", from, to, fault),
            Event::MessageDropped { envelope, from, to, kind, .. } if self.messages => {
                let line = self.line("net").int("m", envelope.0 as i64).text("x", "drop");
                let line = self.end_of_link(line, "from", from);
                let line = self.end_of_link(line, "to", to).text("api", kind.name());
                self.put(line);
            }
            _ => {}
        }
    }

    fn fell_ill(&mut self, node: NodeId, ailment: Ailment) {
        let Some(mut line) = self.named(self.line("fault").text("f", name(ailment)), node) else { return };
        if ailment == Ailment::Stopped(StopKind::Crash) {
            line = line.flag("keepUnflushed", true);
        }
        self.put(line);
        self.ailing.insert(node, ailment);
        self.busy();
    }

    fn recovered(&mut self, node: NodeId) {
        let Some(ailment) = self.ailing.remove(&node) else { return };
        if let Some(line) = self.named(self.line("heal").text("f", name(ailment)), node) {
            self.put(line);
        }
        self.busy();
    }

    fn link(&mut self, ev: &str, from: NodeId, to: NodeId, fault: FaultId) {
        let mut id = String::from("net");
        id.push_str(&fault.0.to_string());
        let line = self.line(ev);
        let line = if from == to {
            let line = line.text("f", "partition").text("id", &id);
            match self.node_number(from) {
                Some(number) => line.int("node", number),
                None => line.text("c", self.directory.node_name(from)),
            }
        } else {
            let line = line.text("f", "link").text("id", &id);
            let line = self.end_of_link(line, "from", from);
            self.end_of_link(line, "to", to)
        };
        self.put(line);
        if ev == "fault" {
            self.cut.insert(fault);
        } else {
            self.cut.remove(&fault);
        }
        self.busy();
    }

    pub(super) fn message_fact(&mut self, fact: &Fact) {
        let (word, envelope, from, to, kind, response) = match fact {
            Fact::MessageSent { envelope, from, to, kind, response } => ("send", envelope, from, to, kind, response),
            Fact::MessageDelivered { envelope, from, to, kind, response } => {
                ("deliver", envelope, from, to, kind, response)
            }
            _ => return,
        };
        let line = self.line("net").int("m", envelope.0 as i64).text("x", word);
        let line = self.end_of_link(line, "from", *from);
        let line = self.end_of_link(line, "to", *to).text("api", kind.name());
        let line = if *response { line.flag("response", true) } else { line };
        self.put(line);
    }
}
