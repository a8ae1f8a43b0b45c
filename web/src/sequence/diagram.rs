//! What lies in a window of time.

use super::lane::{Lane, lanes};
use super::window::Window;
use crate::session::{Run, is_decisive};
use highwater_engine::event::Event;
use highwater_engine::ids::{BrokerId, EnvelopeId, NodeId};
use highwater_engine::protocol::MessageKind;
use highwater_engine::sim::{Dispatched, NodeKind};
use highwater_engine::time::Instant;
use highwater_engine::view::{PacketKind, packet_kind};

/// More arrows than this cannot be told apart: lanes show how busy they are instead.
const MOST_ARROWS: usize = 1_500;
/// Columns of a picture of how busy lanes are.
pub const COLUMNS: usize = 200;

/// How a message ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It arrived, in this step.
    Arrived(u64),
    /// It is under way.
    Flying(EnvelopeId),
    /// It never arrived; this step says so.
    Dropped(u64),
}

/// A message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrow {
    /// The lane it left.
    pub from: usize,
    /// The lane it goes to.
    pub to: usize,
    /// The step that sent it.
    pub sent_in: u64,
    /// When that was.
    pub sent_at: Instant,
    /// When it arrived, will arrive, or was lost.
    pub ends_at: Instant,
    /// The API.
    pub message: MessageKind,
    /// Whether it is an answer.
    pub is_response: bool,
    /// What it looks like.
    pub packet: PacketKind,
    /// How it ended.
    pub fate: Fate,
}

/// What happened at one process, as a sign on its lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignKind {
    /// It became a leader.
    Star,
    /// It died, froze or was cut off.
    Flag,
    /// Something was lost.
    Cross,
    /// It works again.
    Up,
    /// Anything else that is decisive.
    Knot,
}

/// A sign on a lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sign {
    /// Which lane.
    pub lane: usize,
    /// When.
    pub at: Instant,
    /// In which step.
    pub n: u64,
    /// What.
    pub kind: SignKind,
}

/// A picture of a window of time.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Diagram {
    /// The processes from top to bottom.
    pub lanes: Vec<Lane>,
    /// How many processes had no room.
    pub left_out: usize,
    /// Messages, when they can be told apart.
    pub arrows: Vec<Arrow>,
    /// Decisive events.
    pub signs: Vec<Sign>,
    /// When a lane's process was down: lane, from, to.
    pub downs: Vec<(usize, Instant, Instant)>,
    /// With too many messages: how many each lane sent or got in each of [`COLUMNS`] stretches.
    pub busy: Vec<[u16; COLUMNS]>,
    /// How many messages that is.
    pub messages: usize,
}

/// What a point lies on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hit {
    /// A message.
    Arrow(Arrow),
    /// A sign.
    Sign(Sign),
}

/// A message, as far as a filter looks at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passing {
    /// What it looks like.
    pub packet: PacketKind,
    /// The API.
    pub message: MessageKind,
    /// From.
    pub from: NodeId,
    /// To.
    pub to: NodeId,
}

/// The picture of a window, without the messages that are hidden.
pub fn diagram(run: &Run, window: Window, is_hidden: impl Fn(&Passing) -> bool) -> Diagram {
    let directory = run.simulation().directory();
    let (lanes, left_out) = lanes(directory, run.recording().spec.brokers > 0);
    let mut out = Diagram { lanes, left_out, ..Diagram::default() };
    let to = window.to().min(run.now());
    let arrivals = if window.from > to { None } else { Some(run.history().steps_between(window.from, to)) };
    let column = |at: Instant| window.x(at, COLUMNS as f64).clamp(0.0, COLUMNS as f64 - 1.0) as usize;
    let cursor = run.cursor();
    for (n, step) in arrivals.into_iter().flatten().take_while(|(n, _)| *n <= cursor) {
        let Dispatched::Message { from, to, kind, is_response } = step.what else { continue };
        let packet = packet_kind(kind, is_response);
        if is_hidden(&Passing { packet, message: kind, from, to }) {
            continue;
        }
        let (Some(from), Some(to)) = (out.lane(from), out.lane(to)) else { continue };
        out.messages += 1;
        let sent_at = run.history().at(step.cause);
        if out.messages <= MOST_ARROWS {
            let fate = Fate::Arrived(n);
            let (sent_in, ends_at) = (step.cause, step.at);
            let message = kind;
            out.arrows.push(Arrow { from, to, sent_in, sent_at, ends_at, message, is_response, packet, fate });
            continue;
        }
        if out.busy.is_empty() {
            out.busy = vec![[0; COLUMNS]; out.lanes.len()];
            for arrow in std::mem::take(&mut out.arrows) {
                out.count(arrow.from, column(arrow.sent_at));
                out.count(arrow.to, column(arrow.ends_at));
            }
        }
        out.count(from, column(sent_at));
        out.count(to, column(step.at));
    }
    if out.busy.is_empty() {
        out.under_way(run, window, &is_hidden);
    }
    out.events(run, window, to, &is_hidden);
    out
}

impl Diagram {
    /// The lane of a process.
    pub fn lane(&self, node: NodeId) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.node == node)
    }

    fn lane_of_broker(&self, broker: BrokerId) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.kind == NodeKind::Broker(broker))
    }

    fn count(&mut self, lane: usize, column: usize) {
        if let Some(count) = self.busy.get_mut(lane).and_then(|lane| lane.get_mut(column)) {
            *count = count.saturating_add(1);
        }
    }

    fn under_way(&mut self, run: &Run, window: Window, is_hidden: &impl Fn(&Passing) -> bool) {
        for flight in run.flights() {
            let passing = Passing { packet: flight.packet, message: flight.message, from: flight.from, to: flight.to };
            let (Some(from), Some(to)) = (self.lane(flight.from), self.lane(flight.to)) else { continue };
            if is_hidden(&passing) || flight.sent_at > window.to() || flight.sent_at > run.now() {
                continue;
            }
            self.arrows.push(Arrow {
                from,
                to,
                sent_in: 0,
                sent_at: flight.sent_at,
                ends_at: flight.arrives_at,
                message: flight.message,
                is_response: flight.is_response,
                packet: flight.packet,
                fate: Fate::Flying(flight.id),
            });
        }
    }

    /// Signs, lost messages and silences: from the events of the window, and for silences from what came before.
    fn events(&mut self, run: &Run, window: Window, to: Instant, is_hidden: &impl Fn(&Passing) -> bool) {
        let events = run.past();
        let first = events.partition_point(|emitted| emitted.at < window.from);
        let last = events.partition_point(|emitted| emitted.at <= to).max(first);
        let tally = run.tally();
        let mut down: Vec<Option<Instant>> =
            self.lanes.iter().map(|lane| tally.down_since(lane.node, window.from)).collect();
        for emitted in &events[first..last] {
            let (at, n) = (emitted.at, emitted.n);
            match &emitted.event {
                Event::NodeStopped { node, .. } => {
                    if let Some(lane) = self.lane(*node) {
                        down[lane] = Some(at);
                    }
                }
                Event::NodeStarted { node } => {
                    if let Some(lane) = self.lane(*node)
                        && let Some(since) = down[lane].take()
                    {
                        self.downs.push((lane, since, at));
                    }
                }
                Event::MessageDropped { from, to, kind, .. } if self.busy.is_empty() => {
                    let (packet, message) = (packet_kind(*kind, false), *kind);
                    let hidden = is_hidden(&Passing { packet, message, from: *from, to: *to });
                    if let (Some(from), Some(to), false) = (self.lane(*from), self.lane(*to), hidden) {
                        self.arrows.push(Arrow {
                            from,
                            to,
                            sent_in: emitted.cause,
                            sent_at: at,
                            ends_at: at,
                            message: *kind,
                            is_response: false,
                            packet,
                            fate: Fate::Dropped(n),
                        });
                    }
                }
                _ => {}
            }
            if is_decisive(&emitted.event)
                && let Some((lane, kind)) = self.sign(&emitted.event)
            {
                self.signs.push(Sign { lane, at, n, kind });
            }
        }
        for (lane, since) in down.into_iter().enumerate() {
            self.downs.extend(since.map(|since| (lane, since, to)));
        }
    }

    fn sign(&self, event: &Event) -> Option<(usize, SignKind)> {
        let controller =
            || self.lanes.iter().position(|lane| matches!(lane.kind, NodeKind::Controller | NodeKind::ZooKeeper));
        let queue = |queue| self.lanes.iter().position(|lane| lane.kind == NodeKind::QueueBroker(queue));
        let reader = |group| self.lanes.iter().position(|lane| lane.kind == NodeKind::Consumer(group));
        Some(match event {
            Event::NodeStopped { node, .. } | Event::NodePaused { node } => (self.lane(*node)?, SignKind::Flag),
            Event::LinkCut { from, .. } => (self.lane(*from)?, SignKind::Flag),
            Event::NodeStarted { node } | Event::NodeResumed { node } => (self.lane(*node)?, SignKind::Up),
            Event::LinkHealed { from, .. } => (self.lane(*from)?, SignKind::Up),
            Event::LeaderElected { leader, .. } => (self.lane_of_broker(*leader)?, SignKind::Star),
            Event::AckedRecordLost { leader, .. } => (self.lane_of_broker(*leader)?, SignKind::Cross),
            Event::QueueLost { queue: id, .. } => (queue(*id)?, SignKind::Cross),
            Event::RecordSkipped { group, .. } => (reader(*group)?, SignKind::Cross),
            Event::LogTruncated { broker, .. } => (self.lane_of_broker(*broker)?, SignKind::Knot),
            Event::MemberLeft { client, .. } => (self.lane(*client)?, SignKind::Knot),
            Event::ControllerRefused { broker, .. } => (self.lane_of_broker(*broker)?, SignKind::Cross),
            Event::BrokerFenced { .. }
            | Event::SessionExpired { .. }
            | Event::IsrChanged { .. }
            | Event::PartitionOffline { .. } => (controller()?, SignKind::Knot),
            _ => return None,
        })
    }

    /// The message that was sent next after another one, or before it; with none, the first after a moment or the last before.
    pub fn next_to(&self, here: Option<&Arrow>, now: Instant, forward: bool) -> Option<Arrow> {
        let key = |arrow: &Arrow| (arrow.sent_at, arrow.ends_at, arrow.from, arrow.to);
        let later = |arrow: &&Arrow| here.map_or(arrow.sent_at > now, |here| key(arrow) > key(here));
        let earlier = |arrow: &&Arrow| here.map_or(arrow.sent_at <= now, |here| key(arrow) < key(here));
        match forward {
            true => self.arrows.iter().filter(later).min_by_key(|arrow| key(arrow)).copied(),
            false => self.arrows.iter().filter(earlier).max_by_key(|arrow| key(arrow)).copied(),
        }
    }

    /// What lies within `reach` of a point, when a lane is `pitch` high and time `width` wide.
    pub fn hit(&self, x: f64, y: f64, window: Window, width: f64, pitch: f64, reach: f64) -> Option<Hit> {
        let lane_y = |lane: usize| (lane as f64 + 0.5) * pitch;
        let near = |at: Instant, lane: usize| {
            let (dx, dy) = (window.x(at, width) - x, lane_y(lane) - y);
            dx * dx + dy * dy <= reach * reach
        };
        if let Some(sign) = self.signs.iter().rev().find(|sign| near(sign.at, sign.lane)) {
            return Some(Hit::Sign(*sign));
        }
        let distance = |arrow: &Arrow| {
            let (x0, y0) = (window.x(arrow.sent_at, width), lane_y(arrow.from));
            let (x1, y1) = (window.x(arrow.ends_at, width), lane_y(arrow.to));
            let (dx, dy) = (x1 - x0, y1 - y0);
            let length = (dx * dx + dy * dy).max(1e-9);
            let along = (((x - x0) * dx + (y - y0) * dy) / length).clamp(0.0, 1.0);
            let (px, py) = (x0 + along * dx - x, y0 + along * dy - y);
            (px * px + py * py).sqrt()
        };
        let nearest = self.arrows.iter().map(|arrow| (distance(arrow), arrow)).filter(|(d, _)| *d <= reach);
        nearest.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, arrow)| Hit::Arrow(*arrow))
    }
}
