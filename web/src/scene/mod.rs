//! The drawing as data: a [`StageView`](highwater_engine::view::StageView) becomes plain geometry here,
//! without a browser, so that a picture can be tested as text.
//!
//! [`compose`] chooses the layout; [`Scene`] holds what to draw, what can be pointed at
//! and the wires that packets travel.

mod approach;
mod causes;
mod colouring;
mod compose;
mod depth;
mod geometry;
mod group;
mod input;
mod inside;
mod lost;
mod mark;
mod mixed;
mod overview;
mod pair;
mod phone;
mod picture;
mod pins;
mod role;
mod routes;
mod shape;
pub(crate) mod share_cells;
mod standing;
mod strip;
mod symbols;
mod target;
mod text;
mod wide;
mod window;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod golden_test;
#[cfg(test)]
mod inside_test;
#[cfg(test)]
mod layout_test;

pub use approach::{Approach, approach};
pub use causes::Hop;
pub use colouring::ColourBy;
pub use compose::compose;
pub use depth::{Depth, Extent};
pub use geometry::{Point, Rect, number, percent};
pub use group::Group;
pub use input::{Layout, StageInput};
pub use lost::Vanished;
pub use mark::{Mark, MarkKind};
pub use picture::{Place, Scene};
pub use routes::{Routes, Wire};
pub use shape::{Anchor, Shape};
pub use target::Target;
pub use text::TextStyle;
