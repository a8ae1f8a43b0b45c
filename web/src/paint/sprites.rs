//! Stamps of packets, for crowds: hundreds of outlines a frame are more than a browser without a graphics card draws
//! sixty times a second; copying a small picture is a tenth of the work.

use super::packet::{Brush, Form, form};
use super::palette::Palette;
use crate::scene::{Place, Point};
use highwater_engine::view::{FlightView, PacketKind};
use std::collections::BTreeMap;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Document, HtmlCanvasElement};

/// From so many packets on.
pub const CROWD: usize = 120;

/// A stamp reaches this far from its middle, in stage units.
const REACH: f64 = 18.0;

/// What tells one stamp from another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key {
    form: Form,
    colour: Option<usize>,
    heading: u8,
    marks: [bool; 5],
}

/// The stamps of one scale and theme.
#[derive(Default)]
pub struct Sprites {
    scale: f64,
    stamps: BTreeMap<Key, HtmlCanvasElement>,
}

/// A quarter turn as a number; none for a slanting wire.
fn quarter(heading: Point) -> Option<u8> {
    match (heading.x, heading.y) {
        (x, _) if x > 0.99 => Some(0),
        (x, _) if x < -0.99 => Some(1),
        (_, y) if y > 0.99 => Some(2),
        (_, y) if y < -0.99 => Some(3),
        _ => None,
    }
}

impl Sprites {
    /// Forgets them: the theme is another.
    pub fn clear(&mut self) {
        self.stamps.clear();
    }

    /// Draws a packet whose middle is at a place in device pixels; false when there is no stamp for it.
    #[allow(clippy::too_many_arguments, reason = "one call a packet; a struct of them would be built as often")]
    pub fn draw(
        &mut self,
        context: &CanvasRenderingContext2d,
        palette: &Palette,
        flight: &FlightView,
        heading: Point,
        colour: Option<usize>,
        scale: f64,
        (x, y): (f64, f64),
    ) -> bool {
        if (scale - self.scale).abs() > 1e-9 {
            self.scale = scale;
            self.stamps.clear();
        }
        let Some(quarter) = quarter(heading) else { return false };
        let marks = [
            flight.failed,
            flight.packet == PacketKind::Fetch && !flight.records.is_empty(),
            flight.replication,
            flight.is_response,
            flight.packet == PacketKind::Control,
        ];
        let key = Key { form: form(flight), colour, heading: quarter, marks };
        let stamp = match self.stamps.entry(key) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(free) => {
                let document = context.canvas().and_then(|canvas| canvas.owner_document());
                let Some(stamp) = document.and_then(|document| cut(&document, palette, flight, heading, colour, scale))
                else {
                    return false;
                };
                free.insert(stamp)
            }
        };
        let half = f64::from(stamp.width()) / 2.0;
        context.draw_image_with_html_canvas_element(stamp, (x - half).round(), (y - half).round()).is_ok()
    }
}

/// Draws a stamp.
fn cut(
    document: &Document,
    palette: &Palette,
    flight: &FlightView,
    heading: Point,
    colour: Option<usize>,
    scale: f64,
) -> Option<HtmlCanvasElement> {
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    let half = (REACH * scale).ceil();
    canvas.set_width(2 * half as u32);
    canvas.set_height(2 * half as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.set_transform(scale, 0.0, 0.0, scale, half, half).ok()?;
    context.set_line_join("round");
    let brush = Brush { context: &context, palette, still: false };
    brush.draw(flight, Place { at: Point::new(0.0, 0.0), heading }, colour);
    Some(canvas)
}
