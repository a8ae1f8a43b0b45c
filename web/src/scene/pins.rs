//! Where the groups are in a log.

use super::geometry::Point;
use super::shape::Shape;
use super::strip::Strip;
use super::symbols::{self, PIN_HALF};
use super::text::TextStyle;
use highwater_engine::ids::{Offset, TopicPartition};
use highwater_engine::view::{GroupView, StageView};

/// A group's place in one partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place<'a> {
    /// The member that owns the partition, else the group.
    pub name: &'a str,
    /// The next offset it reads, when somebody reads.
    pub position: Option<Offset>,
    /// The committed offset.
    pub committed: Option<Offset>,
    /// Records between the committed offset and the high watermark.
    pub lag: i64,
}

/// Where a group is in a partition, when the partition is one of its own.
pub fn place(group: &GroupView, tp: TopicPartition) -> Option<Place<'_>> {
    let offsets = group.offsets.iter().find(|offsets| offsets.tp == tp);
    // Nobody owns a partition of a share group, and its members have no positions.
    let owner = group.members.iter().filter(|_| !group.share).find_map(|member| {
        let (_, position) = member.positions.iter().find(|(owned, _)| *owned == tp)?;
        Some((member.name.as_str(), *position))
    });
    let shares = group.share && group.members.iter().any(|member| member.positions.iter().any(|(own, _)| *own == tp));
    if offsets.is_none() && owner.is_none() && !shares {
        return None;
    }
    Some(Place {
        name: owner.map_or(group.name.as_str(), |(name, _)| name),
        position: owner.map(|(_, position)| position).filter(|position| *position >= Offset::ZERO),
        committed: offsets.and_then(|offsets| offsets.committed),
        lag: offsets.map_or(0, |offsets| offsets.lag),
    })
}

/// Height of one group's lane of pins.
pub const LANE: f64 = 13.0;

/// Draws each group's pins under a strip, every group in its own lane from `top` down.
pub fn draw(view: &StageView, tp: TopicPartition, strip: &Strip<'_>, top: f64, shapes: &mut Vec<Shape>) {
    let mut lane = top;
    for group in &view.groups {
        if let Some(share) = group.shared.iter().find(|share| share.tp == tp) {
            super::share_cells::draw(group, share, strip, lane, shapes);
            lane += LANE;
        } else if let Some(place) = place(group, tp) {
            draw_lane(&place, strip, lane, shapes);
            lane += LANE;
        }
    }
}

fn draw_lane(place: &Place<'_>, strip: &Strip<'_>, top: f64, shapes: &mut Vec<Shape>) {
    const STYLE: TextStyle = TextStyle::Mark;
    let tip = |offset: Offset| Point::new(strip.x_of(offset.0), top);
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    let mut reach = |x: f64| {
        low = low.min(x);
        high = high.max(x);
    };
    match (place.position, place.committed) {
        (Some(position), Some(committed)) if position == committed => {
            shapes.extend(symbols::pin_nested(tip(position)));
            reach(tip(position).x);
        }
        (position, committed) => {
            for (offset, solid) in [(committed, false), (position, true)] {
                if let Some(offset) = offset {
                    shapes.push(symbols::pin(solid, tip(offset)));
                    reach(tip(offset).x);
                }
            }
        }
    }
    if low > high {
        return;
    }
    let width = STYLE.width(place.name);
    let y = top + 10.5;
    let right = high + PIN_HALF + 4.0;
    if right + width <= strip.frame.right {
        shapes.push(Shape::text(STYLE, "", right, y, place.name));
    } else if low - PIN_HALF - 4.0 - width >= strip.frame.left {
        shapes.push(Shape::text_end(STYLE, "", low - PIN_HALF - 4.0, y, place.name));
    }
}
