//! What a picture is composed from.

use super::causes::Hop;
use super::colouring::ColourBy;
use super::depth::Depth;
use super::lost::Vanished;
use super::mark::Mark;
use super::target::Target;
use highwater_engine::sim::Directory;
use highwater_engine::view::{InsideView, StageView};

/// The room there is, in CSS pixels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Layout {
    /// Brokers as columns, partitions as rows.
    Wide {
        /// Width of the stage.
        width: f64,
        /// Height of the stage.
        height: f64,
    },
    /// One partition at a time, brokers one under the other.
    Phone {
        /// Width of the stage.
        width: f64,
        /// Which of the partitions shown.
        partition_index: usize,
    },
}

/// What a picture shows.
#[derive(Clone, Copy, Debug)]
pub struct StageInput<'a> {
    /// The state now.
    pub view: &'a StageView,
    /// The state one beat ago, drawn as dots where it differs.
    pub previous: Option<&'a StageView>,
    /// Names.
    pub directory: &'a Directory,
    /// What the reader has selected.
    pub selection: Option<Target>,
    /// The room there is.
    pub layout: Layout,
    /// How near the reader stands, on a wide stage.
    pub depth: Depth,
    /// What colours tell.
    pub colour_by: ColourBy,
    /// The process that [`Depth::Inside`] opens.
    pub inside: Option<&'a InsideView>,
    /// What led to the last decisive event, from process to process.
    pub causes: &'a [Hop],
    /// Messages that vanished a moment ago.
    pub vanished: &'a [Vanished],
    /// Lost and duplicated records.
    pub marks: &'a [Mark],
}
