//! From one depth to another: what one looks at stays where it is.

use super::depth::Extent;
use super::picture::Scene;
use super::target::Target;

/// Where a new picture begins, in parts of its own size, before it comes to its place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Approach {
    /// Moved to the right by so many of its widths.
    pub x: f64,
    /// Moved down by so many of its heights.
    pub y: f64,
    /// And so much larger than it will be.
    pub scale: f64,
}

/// The way from one picture to the next: nearer, it grows out of the thing it shows; farther, it shrinks until the thing that
/// was looked at is in its place. None between pictures of one depth.
pub fn approach(from: &Scene, to: &Scene) -> Option<Approach> {
    let nearer = match rank(to.extent).cmp(&rank(from.extent)) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => return None,
    };
    let (near, whole) = if nearer { (to, from) } else { (from, to) };
    let shown = match near.extent {
        Extent::Inside(node) => Target::Node(node),
        Extent::Part { first, .. } => Target::Partition(first),
        Extent::Whole | Extent::Glance => return None,
    };
    let bounds = whole.group_of(shown)?.bounds?;
    let (width, height) = (whole.width.max(1.0), whole.height.max(1.0));
    let centre = bounds.centre();
    let (x, y) = (centre.x / width - 0.5, centre.y / height - 0.5);
    let part = (bounds.w / width).max(bounds.h / height).clamp(0.2, 1.0);
    Some(if nearer {
        Approach { x, y, scale: part }
    } else {
        Approach { x: -x / part, y: -y / part, scale: 1.0 / part }
    })
}

fn rank(extent: Extent) -> u8 {
    match extent {
        Extent::Glance => 0,
        Extent::Whole => 1,
        Extent::Part { shown: 1, .. } => 3,
        Extent::Part { .. } => 2,
        Extent::Inside(_) => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Group;
    use crate::scene::geometry::Rect;
    use highwater_engine::ids::NodeId;

    #[test]
    fn what_is_opened_grows_out_of_its_place_and_goes_back_to_it() {
        let broker =
            Group::of(Target::Node(NodeId(2)), "Broker 2".into(), Rect::new(50.0, 0.0, 50.0, 20.0), Vec::new());
        let whole = Scene { width: 100.0, height: 100.0, groups: vec![broker], ..Scene::default() };
        let inside = Scene { width: 100.0, height: 100.0, extent: Extent::Inside(NodeId(2)), ..Scene::default() };
        assert_eq!(approach(&whole, &inside), Some(Approach { x: 0.25, y: -0.4, scale: 0.5 }));
        assert_eq!(approach(&inside, &whole), Some(Approach { x: -0.5, y: 0.8, scale: 2.0 }));
        assert_eq!(approach(&whole, &whole), None);
    }
}
