//! Small ordered maps and sets, as sorted vectors.
//!
//! Nearly everything a broker keeps is a handful of entries: partitions, followers, requests under way. For those a
//! sorted vector is quicker than a B-tree, cheaper to clone into a checkpoint, and a fraction of the machine code for each
//! pair of types, which matters on a page that is downloaded. Keys mostly ascend, and appending costs nothing extra.
//! Removing from the front of a [`Map`] moves the rest; [`Line`] is for what may grow long and leaves from the front,
//! [`SharedMap`] and [`SharedList`] for what grows with every record and is part of a checkpoint.
//!
//! All hash like their namesakes in `std`: the length, then every entry.

mod line;
mod map;
mod set;
mod shared_list;
mod shared_map;

pub use line::Line;
pub use map::{Entry, Map, Pairs, PairsMut};
pub use set::Set;
pub use shared_list::SharedList;
pub use shared_map::SharedMap;

/// The items in the order of a number that each has for itself alone. One sort in the machine code for all that need one.
pub fn sorted_by_number<T: Clone>(items: &[T], number: impl Fn(&T) -> u64) -> Vec<T> {
    let mut order: Vec<(u64, u32)> = items.iter().map(&number).zip(0..).collect();
    sort(&mut order);
    order.into_iter().map(|(_, index)| items[index as usize].clone()).collect()
}

#[inline(never)]
fn sort(order: &mut [(u64, u32)]) {
    order.sort_unstable();
}
