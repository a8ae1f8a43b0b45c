//! One packet on the canvas.

use super::palette::Palette;
use crate::scene::{Place, Point};
use highwater_engine::protocol::MessageKind;
use highwater_engine::view::{FlightView, PacketKind};
use std::f64::consts::TAU;
use web_sys::CanvasRenderingContext2d;

/// A packet's form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Form {
    /// Records travel.
    Square,
    /// An answer to a producer.
    Ring,
    /// A fetch.
    Triangle,
    /// A heartbeat.
    Dot,
    /// A lookup, or the controller's business.
    Diamond,
    /// A rebalance.
    Bar,
    /// Offsets.
    SmallSquare,
    /// A statement to a database.
    Disc,
}

/// The form of a message.
pub fn form(flight: &FlightView) -> Form {
    match flight.packet {
        PacketKind::Produce => Form::Square,
        PacketKind::Ack => Form::Ring,
        PacketKind::Fetch => Form::Triangle,
        PacketKind::Heartbeat => Form::Dot,
        PacketKind::Metadata | PacketKind::Control => Form::Diamond,
        PacketKind::Rebalance => Form::Bar,
        PacketKind::Offsets => Form::SmallSquare,
        PacketKind::Database => Form::Disc,
        PacketKind::Queue => match flight.message {
            MessageKind::QueueDeliver => Form::Square,
            MessageKind::QueueConsume => Form::Diamond,
            _ => Form::Ring,
        },
    }
}

/// A canvas with the theme's colours.
pub struct Brush<'a> {
    /// Where to draw, scaled to stage units.
    pub context: &'a CanvasRenderingContext2d,
    /// Colours.
    pub palette: &'a Palette,
    /// Outlines only: nothing travels when motion is reduced.
    pub still: bool,
}

impl Brush<'_> {
    /// Draws a message; `colour` is its producer's place among the producers.
    pub fn draw(&self, flight: &FlightView, place: Place, colour: Option<usize>) {
        let palette = self.palette;
        let (at, heading) = (place.at, place.heading);
        let producer = colour.map(|index| palette.producer(index));
        let carries = flight.packet == PacketKind::Fetch && !flight.records.is_empty();
        if !self.still {
            self.wake(at, heading);
        }
        match form(flight) {
            Form::Square => {
                self.rectangle(at, 5.0);
                self.fill_and_edge(producer.unwrap_or(&palette.ink_2));
            }
            Form::Ring => self.ring(at, producer.unwrap_or(&palette.paper)),
            Form::Triangle => {
                if carries {
                    // What a fetch brings follows it in its producer's colour.
                    let tail = Point::new(at.x - heading.x * 10.0, at.y - heading.y * 10.0);
                    self.rectangle(tail, 3.5);
                    self.fill_and_edge(producer.unwrap_or(&palette.paper));
                }
                self.triangle(at, heading);
                let fill = if flight.replication { &palette.follower } else { &palette.ink };
                self.fill(fill);
            }
            Form::Dot => {
                self.circle(at, 3.0);
                self.fill(if flight.is_response { &palette.ink_2 } else { &palette.ink });
            }
            Form::Diamond => {
                self.diamond(at, 5.5);
                let control = flight.packet == PacketKind::Control;
                self.fill_with_line(if control { &palette.ink } else { &palette.paper }, &palette.ink);
            }
            Form::Bar => {
                let side = Point::new(-heading.y, heading.x);
                self.context.begin_path();
                for (along, across) in [(-2.0, -6.0), (2.0, -6.0), (2.0, 6.0), (-2.0, 6.0)] {
                    self.context.line_to(
                        at.x + heading.x * along + side.x * across,
                        at.y + heading.y * along + side.y * across,
                    );
                }
                self.context.close_path();
                self.fill(&palette.ink);
            }
            Form::SmallSquare => {
                self.rectangle(at, 3.5);
                self.fill_with_line(&palette.paper, &palette.ink);
            }
            Form::Disc => {
                self.circle(at, 4.0);
                self.fill_with_line(producer.unwrap_or(&palette.paper), &palette.ink);
            }
        }
        if flight.failed {
            self.cross(at);
        }
    }

    fn wake(&self, at: Point, heading: Point) {
        let context = self.context;
        context.begin_path();
        context.move_to(at.x - heading.x * 7.0, at.y - heading.y * 7.0);
        context.line_to(at.x - heading.x * 16.0, at.y - heading.y * 16.0);
        context.set_stroke_style_str(&self.palette.ink);
        context.set_line_width(self.palette.stroke);
        context.stroke();
    }

    fn rectangle(&self, at: Point, half: f64) {
        self.context.begin_path();
        self.context.rect(at.x - half, at.y - half, 2.0 * half, 2.0 * half);
    }

    fn circle(&self, at: Point, radius: f64) {
        self.context.begin_path();
        // Fails only for a negative radius.
        let _ = self.context.arc(at.x, at.y, radius, 0.0, TAU);
    }

    fn diamond(&self, at: Point, r: f64) {
        let context = self.context;
        context.begin_path();
        context.move_to(at.x, at.y - r);
        context.line_to(at.x + r, at.y);
        context.line_to(at.x, at.y + r);
        context.line_to(at.x - r, at.y);
        context.close_path();
    }

    fn triangle(&self, at: Point, heading: Point) {
        let side = Point::new(-heading.y, heading.x);
        let context = self.context;
        context.begin_path();
        context.move_to(at.x + heading.x * 6.0, at.y + heading.y * 6.0);
        context.line_to(at.x - heading.x * 6.0 + side.x * 5.5, at.y - heading.y * 6.0 + side.y * 5.5);
        context.line_to(at.x - heading.x * 6.0 - side.x * 5.5, at.y - heading.y * 6.0 - side.y * 5.5);
        context.close_path();
    }

    fn ring(&self, at: Point, colour: &str) {
        let context = self.context;
        self.circle(at, 4.5);
        context.set_fill_style_str(&self.palette.paper);
        context.fill();
        context.set_stroke_style_str(&self.palette.edge);
        context.set_line_width(if self.still { self.palette.stroke } else { 5.0 });
        context.stroke();
        if !self.still {
            context.set_stroke_style_str(colour);
            context.set_line_width(2.25);
            context.stroke();
        }
    }

    fn cross(&self, at: Point) {
        let context = self.context;
        context.begin_path();
        for (x, y) in [(-6.0, -6.0), (-6.0, 6.0)] {
            context.move_to(at.x + x, at.y + y);
            context.line_to(at.x - x, at.y - y);
        }
        context.set_stroke_style_str(&self.palette.trouble);
        context.set_line_width(2.0);
        context.stroke();
    }

    fn fill(&self, colour: &str) {
        if self.still {
            self.line(colour);
            return;
        }
        self.context.set_fill_style_str(colour);
        self.context.fill();
    }

    fn line(&self, colour: &str) {
        self.context.set_stroke_style_str(colour);
        self.context.set_line_width(self.palette.stroke);
        self.context.stroke();
    }

    fn fill_and_edge(&self, colour: &str) {
        self.fill_with_line(colour, &self.palette.edge);
    }

    fn fill_with_line(&self, colour: &str, line: &str) {
        if !self.still {
            self.context.set_fill_style_str(colour);
            self.context.fill();
        }
        self.line(line);
    }
}
