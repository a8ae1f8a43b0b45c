//! A stage on the screen.

use super::board::Board;
use super::packet::Brush;
use super::packet_filter::PacketFilter;
use super::palette::Palette;
use super::spread::spread;
use super::sprites::{CROWD, Sprites};
use crate::scene::{Approach, Place, Point, Scene, Target, number};
use highwater_engine::ids::EnvelopeId;
use highwater_engine::time::Instant;
use highwater_engine::view::FlightView;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement, SvgElement, Window};

/// How near a pointer must be to a packet, in stage units.
const REACH: f64 = 11.0;

/// Where an arrow key goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Up.
    Up,
    /// Down.
    Down,
}

impl Direction {
    fn vector(self) -> Point {
        match self {
            Direction::Left => Point::new(-1.0, 0.0),
            Direction::Right => Point::new(1.0, 0.0),
            Direction::Up => Point::new(0.0, -1.0),
            Direction::Down => Point::new(0.0, 1.0),
        }
    }
}

/// Paints scenes into an SVG and the messages under way onto the canvas over it.
pub struct StagePainter {
    board: Board,
    canvas: HtmlCanvasElement,
    context: Option<CanvasRenderingContext2d>,
    window: Option<Window>,
    palette: Option<Palette>,
    still: bool,
    size: (f64, f64),
    /// The canvas's size on the page. Asking it of the browser on every frame would make it lay the page out.
    room: (f64, f64),
    drawn: Vec<(EnvelopeId, Point)>,
    is_blank: bool,
    /// Changes with every change of depth.
    comes: bool,
    sprites: Sprites,
    /// From stage units to device pixels: scale, left, top.
    to_pixels: (f64, f64, f64),
}

impl StagePainter {
    /// A painter for an empty SVG and a canvas that lies over it.
    pub fn new(svg: SvgElement, canvas: HtmlCanvasElement) -> StagePainter {
        let context = canvas.get_context("2d").ok().flatten().and_then(|context| context.dyn_into().ok());
        let _ = canvas.class_list().add_1("stage-canvas");
        let _ = canvas.set_attribute("aria-hidden", "true");
        let mut painter = StagePainter {
            board: Board::new(svg),
            canvas,
            context,
            window: web_sys::window(),
            palette: None,
            still: false,
            size: (1.0, 1.0),
            room: (0.0, 0.0),
            drawn: Vec::new(),
            is_blank: true,
            comes: false,
            sprites: Sprites::default(),
            to_pixels: (1.0, 0.0, 0.0),
        };
        painter.theme_changed();
        painter
    }

    /// Reads colours and the wish for reduced motion again.
    pub fn theme_changed(&mut self) {
        let Some(window) = &self.window else { return };
        let element: &Element = self.board.svg();
        self.palette = Some(Palette::read(window, element));
        self.sprites.clear();
        let query = window.match_media("(prefers-reduced-motion: reduce)").ok().flatten();
        self.still = query.is_some_and(|query| query.matches());
    }

    /// The canvas has this size on the page, in CSS pixels.
    pub fn set_room(&mut self, room: (f64, f64)) {
        self.room = room;
    }

    /// Shows a state. Cheap when little changed.
    pub fn show(&mut self, scene: &Scene) {
        self.size = (scene.width.max(1.0), scene.height.max(1.0));
        self.board.show(scene, self.still);
    }

    /// Lets the picture come to its place from where what it shows was.
    pub fn come(&mut self, way: Approach) {
        let Some(figure) = self.canvas.parent_element().and_then(|it| it.dyn_into::<HtmlElement>().ok()) else {
            return;
        };
        let style = figure.style();
        let percent = |part: f64| format!("{}%", number(part * 100.0));
        for (name, value) in [("--zx", percent(way.x)), ("--zy", percent(way.y)), ("--zs", number(way.scale))] {
            let _ = style.set_property(name, &value);
        }
        // Another name starts the motion anew, without asking the browser for anything.
        self.comes = !self.comes;
        let _ = figure.set_attribute("data-zoom", if self.comes { "a" } else { "b" });
    }

    /// Draws the messages under way at a moment, each in the colour with this number.
    pub fn packets(
        &mut self,
        scene: &Scene,
        flights: &[FlightView],
        now: Instant,
        filter: PacketFilter,
        colour: impl Fn(&FlightView) -> Option<usize>,
    ) {
        let Some(context) = self.prepare() else { return };
        let Some(palette) = &self.palette else { return };
        let shown: Vec<(&FlightView, Place)> = flights
            .iter()
            .filter(|flight| filter.shows(flight))
            .filter_map(|flight| {
                let when = if self.still { flight.arrives_at } else { now };
                Some((flight, scene.place(flight, when)?))
            })
            .collect();
        let mut places: Vec<Place> = shown.iter().map(|(_, place)| *place).collect();
        spread(&mut places);
        let brush = Brush { context: &context, palette, still: self.still };
        self.drawn.clear();
        let crowd = shown.len() > CROWD && !self.still;
        let (scale, left, top) = self.to_pixels;
        let identity = |on: bool| {
            let _ = match on {
                true => context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
                false => context.set_transform(scale, 0.0, 0.0, scale, left, top),
            };
        };
        if crowd {
            identity(true);
        }
        for ((flight, _), place) in shown.iter().zip(&places) {
            let colour = colour(flight);
            let pixel = (left + place.at.x * scale, top + place.at.y * scale);
            let sprites = &mut self.sprites;
            if !crowd || !sprites.draw(&context, palette, flight, place.heading, colour, scale, pixel) {
                // A stamp is laid in pixels, an outline drawn in stage units.
                if crowd {
                    identity(false);
                }
                brush.draw(flight, *place, colour);
                if crowd {
                    identity(true);
                }
            }
            self.drawn.push((flight.id, place.at));
        }
        self.is_blank = self.drawn.is_empty();
    }

    /// Clears the canvas at its present size and scales it to stage units.
    fn prepare(&mut self) -> Option<CanvasRenderingContext2d> {
        let context = self.context.clone()?;
        let ratio = self.window.as_ref().map_or(1.0, Window::device_pixel_ratio).clamp(1.0, 4.0);
        let (width, height) = self.room;
        let (pixels_x, pixels_y) = ((width * ratio).round() as u32, (height * ratio).round() as u32);
        if (self.canvas.width(), self.canvas.height()) != (pixels_x, pixels_y) {
            self.canvas.set_width(pixels_x);
            self.canvas.set_height(pixels_y);
        } else if !self.is_blank {
            let _ = context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
            context.clear_rect(0.0, 0.0, f64::from(pixels_x), f64::from(pixels_y));
        }
        if width < 1.0 || height < 1.0 {
            return None;
        }
        // As the SVG's viewBox does it: the whole drawing, in the middle.
        let scale = (width / self.size.0).min(height / self.size.1) * ratio;
        let left = (width * ratio - self.size.0 * scale) / 2.0;
        let top = (height * ratio - self.size.1 * scale) / 2.0;
        let _ = context.set_transform(scale, 0.0, 0.0, scale, left, top);
        self.to_pixels = (scale, left, top);
        context.set_line_join("round");
        Some(context)
    }

    /// A point of the browser's window (`clientX`, `clientY`) in stage units.
    pub fn to_scene(&self, client_x: f64, client_y: f64) -> Point {
        let rect = self.board.svg().get_bounding_client_rect();
        let scale = (rect.width() / self.size.0).min(rect.height() / self.size.1).max(1e-6);
        let left = rect.left() + (rect.width() - self.size.0 * scale) / 2.0;
        let top = rect.top() + (rect.height() - self.size.1 * scale) / 2.0;
        Point::new((client_x - left) / scale, (client_y - top) / scale)
    }

    /// The message drawn under a point of the window.
    pub fn packet_at(&self, client_x: f64, client_y: f64) -> Option<EnvelopeId> {
        let at = self.to_scene(client_x, client_y);
        let near = self.drawn.iter().map(|(id, place)| (*id, place.distance(at)));
        let near = near.filter(|(_, distance)| *distance <= REACH);
        near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(id, _)| id)
    }

    /// What lies under a point of the window: a message, a record, a thing.
    pub fn target_at(&self, scene: &Scene, client_x: f64, client_y: f64) -> Option<Target> {
        let at = self.to_scene(client_x, client_y);
        self.packet_at(client_x, client_y).map(Target::Envelope).or_else(|| scene.hit(at.x, at.y))
    }

    /// Moves the focus to the nearest thing in a direction.
    pub fn move_focus(&mut self, scene: &Scene, direction: Direction) -> Option<Target> {
        let from = self.board.focused().or(self.board.current())?;
        let next = scene.neighbour(from, direction.vector())?;
        self.board.set_current(&next.key, true);
        next.target
    }

    /// Makes a thing the one that Tab reaches, and focuses it if asked.
    pub fn focus(&mut self, scene: &Scene, target: Target, focused: bool) {
        if let Some(group) = scene.group_of(target) {
            self.board.set_current(&group.key, focused);
        }
    }

    /// What has the focus.
    pub fn focused(&self, scene: &Scene) -> Option<Target> {
        let key = self.board.focused()?;
        scene.groups.iter().find(|group| group.key == key)?.target
    }
}
