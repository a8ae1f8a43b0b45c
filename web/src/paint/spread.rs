//! Packets in the same spot are moved apart a little, so that each can be seen.

use crate::scene::{Place, Point};
use std::collections::BTreeMap;

/// Packets nearer than this get in each other's way.
const NEAR: f64 = 12.0;
/// How far one is moved for another in the very same spot.
const APART: f64 = 8.0;
/// How far one is moved at most.
const MOST: f64 = 20.0;

/// Moves each place aside for the ones before it. The shift grows as they meet and vanishes as they part,
/// so a packet never jumps.
pub fn spread(places: &mut [Place]) {
    let mut grid: BTreeMap<(i32, i32), Vec<Point>> = BTreeMap::new();
    for place in places.iter_mut() {
        let at = place.at;
        let (column, row) = cell(at);
        let mut shift = 0.0;
        for near_column in column - 1..=column + 1 {
            for near_row in row - 1..=row + 1 {
                for other in grid.get(&(near_column, near_row)).into_iter().flatten() {
                    let distance = at.distance(*other);
                    if distance < NEAR {
                        shift += APART * (1.0 - distance / NEAR);
                    }
                }
            }
        }
        grid.entry((column, row)).or_default().push(at);
        let shift: f64 = shift.min(MOST);
        // Across the wire, the same side whichever way the packet goes.
        let across =
            if place.heading.x.abs() >= place.heading.y.abs() { Point::new(0.0, 1.0) } else { Point::new(1.0, 0.0) };
        place.at = Point::new(at.x + across.x * shift, at.y + across.y * shift);
    }
}

fn cell(at: Point) -> (i32, i32) {
    ((at.x / NEAR).floor() as i32, (at.y / NEAR).floor() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Place {
        Place { at: Point::new(x, y), heading: Point::new(1.0, 0.0) }
    }

    #[test]
    fn two_in_one_spot_stand_apart_and_distant_ones_stay() {
        let mut places = [at(50.0, 10.0), at(50.0, 10.0), at(90.0, 10.0), at(50.0, 10.0)];
        spread(&mut places);
        assert_eq!(places[0], at(50.0, 10.0));
        assert_eq!(places[2], at(90.0, 10.0));
        assert!(places[1].at.distance(places[0].at) >= 7.9);
        assert!(places[3].at.distance(places[1].at) >= 7.9);
    }

    #[test]
    fn meeting_is_smooth() {
        let shift = |gap: f64| {
            let mut places = [at(50.0, 10.0), at(50.0 + gap, 10.0)];
            spread(&mut places);
            places[1].at.y - 10.0
        };
        assert_eq!(shift(12.5), 0.0);
        assert!(shift(11.5) < 0.5 && shift(6.0) > 3.0 && shift(0.1) > 7.0);
    }
}
