//! A scene on the screen: groups of SVG that change when the state changes, and packets on a canvas every frame.
//!
//! [`StagePainter`] belongs to one `<svg>` and one `<canvas>` of the same size lying over it.
//! `show` is for events, `packets` for frames; neither touches a signal.

mod board;
mod packet;
mod packet_filter;
mod painter;
mod palette;
mod space_time;
mod spread;
mod sprites;

pub use packet_filter::PacketFilter;
pub use painter::{Direction, StagePainter};
pub use space_time::{Focus, SpaceTime};
