//! From cause to effect: the wires along which word of it travelled, drawn over themselves with a head at the end.

use super::geometry::{Point, polyline};
use super::group::Group;
use super::picture::Scene;
use super::shape::Shape;
use highwater_engine::ids::NodeId;

/// One process told another, or noticed its silence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Hop {
    /// Who told it, or fell silent.
    pub from: NodeId,
    /// Who learnt of it.
    pub to: NodeId,
    /// Whether nothing was said: the silence itself was the cause.
    pub silence: bool,
}

/// How far a head's sides stand apart, and how long it is.
const HEAD: (f64, f64) = (4.5, 8.0);

/// Draws the hops for which the scene has a wire; a wire crosses no record, so neither does a cause.
pub fn draw(scene: &mut Scene, hops: &[Hop]) {
    let mut shapes = Vec::new();
    for hop in hops {
        let Some((wire, backwards)) = scene.routes.find(hop.from, hop.to, &[], &[]) else { continue };
        let mut points = wire.points.clone();
        if backwards {
            points.reverse();
        }
        let (Some(end), Some(before)) = (points.last().copied(), points.iter().rev().nth(1).copied()) else { continue };
        let class = if hop.silence { "cause silence" } else { "cause" };
        shapes.push(Shape::path(class, polyline(&points)));
        shapes.push(Shape::path("cause-head", head(before, end)));
    }
    if !shapes.is_empty() {
        scene.groups.push(Group::plain("causes", shapes));
    }
}

fn head(from: Point, tip: Point) -> String {
    let length = from.distance(tip).max(1e-6);
    let (dx, dy) = ((tip.x - from.x) / length, (tip.y - from.y) / length);
    let (wide, long) = HEAD;
    let back = Point::new(tip.x - dx * long, tip.y - dy * long);
    let sides =
        [Point::new(back.x - dy * wide, back.y + dx * wide), Point::new(back.x + dy * wide, back.y - dx * wide)];
    let mut d = polyline(&[tip, sides[0], sides[1]]);
    d.push('z');
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_follows_the_wire_and_points_where_word_of_it_came() {
        let mut scene = Scene::default();
        let corner = vec![Point::new(0.0, 0.0), Point::new(30.0, 0.0), Point::new(30.0, 10.0)];
        scene.routes.plain(NodeId(1), NodeId(2), corner);
        let hop = |from, to| Hop { from: NodeId(from), to: NodeId(to), silence: false };
        draw(&mut scene, &[hop(2, 1), hop(1, 7)]);
        assert_eq!(scene.groups[0].shapes.len(), 2, "the hop without a wire is left out");
        let Shape::Path { d, .. } = &scene.groups[0].shapes[0] else { panic!() };
        assert_eq!(d, "M30 10L30 0L0 0");
        let Shape::Path { d, .. } = &scene.groups[0].shapes[1] else { panic!() };
        assert_eq!(d, "M0 0L8 -4.5L8 4.5z", "the head points to the left");
    }
}
