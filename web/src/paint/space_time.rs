//! The space-time diagram on its canvas. Only what is visible is drawn.

use super::packet::Brush;
use super::palette::Palette;
use crate::scene::{Place, Point};
use crate::sequence::{Arrow, COLUMNS, Diagram, Fate, Hit, Sign, SignKind, Window};
use highwater_engine::ids::{EnvelopeId, NodeId};
use highwater_engine::sim::NodeKind;
use highwater_engine::time::Instant;
use highwater_engine::view::{FlightView, PacketKind};
use std::fmt::Write as _;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Room for the axis under the lanes.
const AXIS: f64 = 20.0;
/// Each message's form has this much room, or a line has to do.
const GLYPH: f64 = 6.0;

/// Who is looked at, and what is under the pointer.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    /// The lanes' names.
    pub names: Vec<String>,
    /// The selected process.
    pub node: Option<NodeId>,
    /// The selected message.
    pub envelope: Option<EnvelopeId>,
    /// What is under the pointer.
    pub hover: Option<Hit>,
    /// The producers in their order, for their colours.
    pub producers: Vec<NodeId>,
}

/// Draws diagrams on one canvas.
pub struct SpaceTime {
    canvas: HtmlCanvasElement,
    context: Option<CanvasRenderingContext2d>,
    palette: Option<Palette>,
    /// Room for the lanes' names.
    pub left: f64,
    size: (f64, f64),
    lanes: usize,
}

impl SpaceTime {
    /// A painter for a canvas.
    pub fn new(canvas: HtmlCanvasElement) -> SpaceTime {
        let context = canvas.get_context("2d").ok().flatten().and_then(|context| context.dyn_into().ok());
        let mut painter = SpaceTime { canvas, context, palette: None, left: 100.0, size: (1.0, 1.0), lanes: 1 };
        painter.theme_changed();
        painter
    }

    /// Reads the colours again.
    pub fn theme_changed(&mut self) {
        self.palette = web_sys::window().map(|window| Palette::read(&window, &self.canvas));
    }

    /// How wide time is drawn.
    pub fn width(&self) -> f64 {
        (self.size.0 - self.left).max(1.0)
    }

    /// How high a lane is.
    pub fn pitch(&self) -> f64 {
        ((self.size.1 - AXIS) / self.lanes.max(1) as f64).max(1.0)
    }

    /// A point of the browser's window on the canvas, from the left end of time and the top of the first lane.
    pub fn point(&self, client_x: f64, client_y: f64) -> (f64, f64) {
        let rect = self.canvas.get_bounding_client_rect();
        (client_x - rect.left() - self.left, client_y - rect.top())
    }

    /// Draws a diagram.
    pub fn draw(&mut self, diagram: &Diagram, window: Window, now: Instant, focus: &Focus) {
        let (Some(context), Some(palette)) = (self.context.clone(), self.palette.take()) else { return };
        self.lanes = diagram.lanes.len();
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(1.0, 4.0);
        self.size = (f64::from(self.canvas.client_width()), f64::from(self.canvas.client_height()));
        let (w, h) = ((self.size.0 * ratio).round() as u32, (self.size.1 * ratio).round() as u32);
        if (self.canvas.width(), self.canvas.height()) != (w, h) {
            self.canvas.set_width(w);
            self.canvas.set_height(h);
        }
        let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        context.clear_rect(0.0, 0.0, self.size.0, self.size.1);
        context.set_font(&format!("{} {}", palette.small, palette.sans));
        context.set_text_baseline("middle");
        let widest = focus.names.iter().filter_map(|name| context.measure_text(name).ok()).map(|it| it.width());
        self.left = widest.fold(60.0, f64::max).min(self.size.0 * 0.3) + 28.0;
        let pen = Pen {
            context: &context,
            palette: &palette,
            window,
            now,
            left: self.left,
            width: self.width(),
            pitch: self.pitch(),
            bottom: self.size.1 - AXIS,
        };
        if self.size.0 > 8.0 {
            pen.grounds(diagram, focus);
            pen.axis();
            context.save();
            context.begin_path();
            context.rect(self.left, 0.0, pen.width, pen.bottom);
            context.clip();
            pen.busy(diagram);
            pen.arrows(diagram, focus);
            pen.signs(diagram);
            context.restore();
        }
        self.palette = Some(palette);
    }
}

struct Pen<'a> {
    context: &'a CanvasRenderingContext2d,
    palette: &'a Palette,
    window: Window,
    now: Instant,
    left: f64,
    width: f64,
    pitch: f64,
    bottom: f64,
}

impl Pen<'_> {
    fn x(&self, at: Instant) -> f64 {
        self.left + self.window.x(at, self.width)
    }

    fn y(&self, lane: usize) -> f64 {
        (lane as f64 + 0.5) * self.pitch
    }

    fn line(&self, x0: f64, y0: f64, x1: f64, y1: f64) {
        self.context.move_to(x0, y0);
        self.context.line_to(x1, y1);
    }

    fn stroke(&self, colour: &str, width: f64) {
        self.context.set_stroke_style_str(colour);
        self.context.set_line_width(width);
        self.context.stroke();
    }

    /// The future, the lanes with their names, and who is down.
    fn grounds(&self, diagram: &Diagram, focus: &Focus) {
        let (context, palette) = (self.context, self.palette);
        let (right, now) = (self.left + self.width, self.x(self.now).max(self.left));
        if now < right {
            context.set_fill_style_str(&palette.side);
            context.fill_rect(now, 0.0, right - now, self.bottom);
        }
        context.begin_path();
        for lane in 0..diagram.lanes.len() {
            self.line(self.left, self.y(lane), right, self.y(lane));
        }
        self.stroke(&palette.line, 1.0);
        for (lane, from, to) in &diagram.downs {
            let (x0, x1) = (self.x(*from).max(self.left), self.x(*to).min(right));
            let half = (self.pitch * 0.3).min(6.0);
            context.set_fill_style_str(&palette.hatch);
            context.fill_rect(x0, self.y(*lane) - half, (x1 - x0).max(1.0), 2.0 * half);
        }
        context.set_text_align("end");
        for (lane, name) in focus.names.iter().enumerate().take(diagram.lanes.len()) {
            let is_selected = focus.node.is_some() && diagram.lanes.get(lane).map(|lane| lane.node) == focus.node;
            context.set_fill_style_str(if is_selected { &palette.leader } else { &palette.ink_2 });
            let _ = context.fill_text_with_max_width(name, self.left - 12.0, self.y(lane), self.left - 16.0);
        }
        if now <= right && self.x(self.now) >= self.left {
            context.begin_path();
            self.line(now, 0.0, now, self.bottom);
            self.stroke(&palette.ink, palette.stroke);
        }
    }

    fn axis(&self) {
        let (context, palette) = (self.context, self.palette);
        context.begin_path();
        self.line(self.left, self.bottom + 0.5, self.left + self.width, self.bottom + 0.5);
        let step = tick(self.window.span.0 as f64 * 92.0 / self.width);
        let mut at = self.window.from.0.div_ceil(step) * step;
        context.set_text_align("center");
        context.set_fill_style_str(&palette.ink_3);
        while at <= self.window.to().0 {
            let x = self.x(Instant(at));
            self.line(x, self.bottom, x, self.bottom + 4.0);
            if x > self.left + 16.0 && x < self.left + self.width - 20.0 {
                let _ = context.fill_text(&seconds(at, step), x, self.bottom + 12.0);
            }
            at += step;
        }
        self.stroke(&palette.line, 1.0);
    }

    fn busy(&self, diagram: &Diagram) {
        let most = diagram.busy.iter().flatten().copied().max().unwrap_or(0).max(1);
        let column = self.width / COLUMNS as f64;
        self.context.set_fill_style_str(&self.palette.ink_2);
        for (lane, counts) in diagram.busy.iter().enumerate() {
            for (index, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let height = (f64::from(*count) / f64::from(most) * (self.pitch - 4.0)).max(1.0);
                let x = self.left + index as f64 * column;
                self.context.fill_rect(x, self.y(lane) - height / 2.0, (column - 0.5).max(0.5), height);
            }
        }
    }

    fn colour(&self, arrow: &Arrow, diagram: &Diagram) -> &str {
        let is_broker = |lane: usize| matches!(diagram.lanes.get(lane).map(|it| it.kind), Some(NodeKind::Broker(_)));
        match arrow.packet {
            PacketKind::Fetch if is_broker(arrow.from) && is_broker(arrow.to) => &self.palette.follower,
            PacketKind::Heartbeat | PacketKind::Metadata => &self.palette.line,
            PacketKind::Produce | PacketKind::Ack | PacketKind::Queue => &self.palette.ink,
            _ => &self.palette.ink_2,
        }
    }

    fn arrows(&self, diagram: &Diagram, focus: &Focus) {
        let context = self.context;
        // One stroke for each colour: the canvas is quick as long as it changes its mind rarely.
        let colours = [&self.palette.line, &self.palette.ink_2, &self.palette.follower, &self.palette.ink];
        for colour in colours {
            let mut heads = Vec::new();
            context.begin_path();
            for arrow in diagram.arrows.iter().filter(|arrow| self.colour(arrow, diagram) == colour) {
                if let Some(head) = self.shaft(arrow) {
                    heads.push(head);
                }
            }
            self.stroke(colour, 1.0);
            context.begin_path();
            for (x, y, dx, dy) in heads {
                context.move_to(x, y);
                context.line_to(x - dx * 7.0 - dy * 3.0, y - dy * 7.0 + dx * 3.0);
                context.line_to(x - dx * 7.0 + dy * 3.0, y - dy * 7.0 - dx * 3.0);
            }
            context.set_fill_style_str(colour);
            context.fill();
        }
        let glyphs = diagram.arrows.len() as f64 * GLYPH <= self.width;
        let brush = Brush { context, palette: self.palette, still: false };
        for arrow in &diagram.arrows {
            let is_selected = matches!(arrow.fate, Fate::Flying(id) if Some(id) == focus.envelope);
            if is_selected || focus.hover == Some(Hit::Arrow(*arrow)) {
                context.begin_path();
                self.line(self.x(arrow.sent_at), self.y(arrow.from), self.x(arrow.ends_at), self.y(arrow.to));
                self.stroke(&self.palette.leader, 2.5);
            }
            if let Fate::Dropped(_) = arrow.fate {
                let (x, y) = (self.x(arrow.sent_at), self.y(arrow.from));
                let y = y + (self.y(arrow.to) - y).clamp(-self.pitch, self.pitch) * 0.45;
                context.begin_path();
                self.line(x - 4.0, y - 4.0, x + 4.0, y + 4.0);
                self.line(x - 4.0, y + 4.0, x + 4.0, y - 4.0);
                self.stroke(&self.palette.trouble, 2.0);
            } else if glyphs || matches!(arrow.fate, Fate::Flying(_)) {
                self.glyph(arrow, diagram, focus, &brush);
            }
        }
    }

    /// A message's line; where its head stands and where it points.
    fn shaft(&self, arrow: &Arrow) -> Option<(f64, f64, f64, f64)> {
        let (x0, y0) = (self.x(arrow.sent_at), self.y(arrow.from));
        let (x1, y1) = (self.x(arrow.ends_at), self.y(arrow.to));
        match arrow.fate {
            Fate::Dropped(_) => {
                let y = y0 + (y1 - y0).clamp(-self.pitch, self.pitch) * 0.45;
                self.line(x0, y0, x0, y);
                None
            }
            Fate::Flying(_) => {
                // As far as it has come.
                let share = self.share(arrow);
                self.line(x0, y0, x0 + (x1 - x0) * share, y0 + (y1 - y0) * share);
                None
            }
            Fate::Arrived(_) => {
                self.line(x0, y0, x1, y1);
                let length = ((x1 - x0).powi(2) + (y1 - y0).powi(2)).sqrt().max(1e-6);
                Some((x1, y1, (x1 - x0) / length, (y1 - y0) / length))
            }
        }
    }

    fn share(&self, arrow: &Arrow) -> f64 {
        let whole = arrow.ends_at.since(arrow.sent_at).0.max(1) as f64;
        match arrow.fate {
            Fate::Flying(_) => (self.now.since(arrow.sent_at).0 as f64 / whole).min(1.0),
            _ => 0.5,
        }
    }

    /// The packet's own form on its line: where it is, or in the middle of a way it has gone.
    fn glyph(&self, arrow: &Arrow, diagram: &Diagram, focus: &Focus, brush: &Brush<'_>) {
        let (x0, y0) = (self.x(arrow.sent_at), self.y(arrow.from));
        let (x1, y1) = (self.x(arrow.ends_at), self.y(arrow.to));
        let length = ((x1 - x0).powi(2) + (y1 - y0).powi(2)).sqrt().max(1e-6);
        let share = self.share(arrow);
        let place = Place {
            at: Point::new(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share),
            heading: Point::new((x1 - x0) / length, (y1 - y0) / length),
        };
        if place.at.x < self.left - 8.0 || place.at.x > self.left + self.width + 8.0 {
            return;
        }
        let node = |lane: usize| diagram.lanes.get(lane).map_or(NodeId(0), |lane| lane.node);
        let is_broker = |lane: usize| matches!(diagram.lanes.get(lane).map(|it| it.kind), Some(NodeKind::Broker(_)));
        let flight = FlightView {
            id: EnvelopeId(0),
            from: node(arrow.from),
            to: node(arrow.to),
            packet: arrow.packet,
            message: arrow.message,
            is_response: arrow.is_response,
            sent_at: arrow.sent_at,
            arrives_at: arrow.ends_at,
            partitions: Vec::new(),
            records: Vec::new(),
            key: None,
            producer: None,
            failed: false,
            matters: true,
            replication: is_broker(arrow.from) && is_broker(arrow.to),
        };
        let producer = if arrow.packet == PacketKind::Ack { flight.to } else { flight.from };
        let colour = focus.producers.iter().position(|known| *known == producer);
        brush.draw(&flight, place, colour);
    }

    fn signs(&self, diagram: &Diagram) {
        for Sign { lane, at, kind, .. } in diagram.signs.iter().copied() {
            let (x, y) = (self.x(at), self.y(lane));
            let context = self.context;
            context.begin_path();
            match kind {
                SignKind::Star => {
                    for corner in 0..10 {
                        let angle = f64::from(corner) * std::f64::consts::PI / 5.0;
                        let r = if corner % 2 == 0 { 8.0 } else { 3.2 };
                        context.line_to(x + angle.sin() * r, y - angle.cos() * r);
                    }
                    context.set_fill_style_str(&self.palette.leader);
                    context.fill();
                }
                SignKind::Flag => {
                    context.rect(x - 0.75, y - 10.0, 1.5, 14.0);
                    context.move_to(x, y - 10.0);
                    context.line_to(x + 9.0, y - 10.0);
                    context.line_to(x + 6.0, y - 6.5);
                    context.line_to(x + 9.0, y - 3.0);
                    context.line_to(x, y - 3.0);
                    context.set_fill_style_str(&self.palette.trouble);
                    context.fill();
                }
                SignKind::Cross => {
                    self.line(x - 5.0, y - 5.0, x + 5.0, y + 5.0);
                    self.line(x - 5.0, y + 5.0, x + 5.0, y - 5.0);
                    self.stroke(&self.palette.trouble, 2.5);
                }
                SignKind::Up | SignKind::Knot => {
                    let _ = context.arc(x, y, 3.5, 0.0, std::f64::consts::TAU);
                    context.set_fill_style_str(if kind == SignKind::Up {
                        &self.palette.paper
                    } else {
                        &self.palette.ink
                    });
                    context.fill();
                    self.stroke(&self.palette.ink, 1.5);
                }
            }
        }
    }
}

/// The next round step: 1, 2 or 5 times a power of ten.
fn tick(least: f64) -> u64 {
    let mut step = 1u64;
    loop {
        for times in [1, 2, 5] {
            if (step * times) as f64 >= least {
                return step * times;
            }
        }
        step = step.saturating_mul(10);
    }
}

/// Seconds with as many decimals as the step needs.
fn seconds(micros: u64, step: u64) -> String {
    let decimals = match step {
        s if s >= 1_000_000 => 0,
        s if s >= 100_000 => 1,
        s if s >= 10_000 => 2,
        s if s >= 1_000 => 3,
        _ => 4,
    };
    let mut text = String::new();
    let _ = write!(text, "{:.*} s", decimals, micros as f64 / 1_000_000.0);
    text
}
