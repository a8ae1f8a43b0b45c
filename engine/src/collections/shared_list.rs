//! A growing list whose clones share what did not change.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Items per shared chunk. All chunks but the last are full.
const CHUNK: usize = 64;

/// A list that grows and is cut at its end: a clone copies a pointer per chunk, where that of a [`Vec`] copies every item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedList<T> {
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T> Default for SharedList<T> {
    fn default() -> Self {
        SharedList { chunks: Vec::new() }
    }
}

impl<T: Clone> SharedList<T> {
    /// How many items it has.
    pub fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// An item by its place.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// An item, to change it: its chunk is not shared any more.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        Arc::make_mut(self.chunks.get_mut(index / CHUNK)?).get_mut(index % CHUNK)
    }

    /// The first item.
    pub fn first(&self) -> Option<&T> {
        self.chunks.first()?.first()
    }

    /// The last item.
    pub fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(item),
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(item);
                self.chunks.push(Arc::new(chunk));
            }
        }
    }

    /// Keeps only the first `len` items. What stays is still shared, but for the chunk of the cut.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        self.chunks.truncate(len.div_ceil(CHUNK));
        if let Some(last) = self.chunks.last_mut().filter(|_| !len.is_multiple_of(CHUNK)) {
            Arc::make_mut(last).truncate(len % CHUNK);
        }
    }

    /// The place of the first item that is not `before`, if those that are come first. Most who ask mean the end, and are
    /// spared the way there.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let chunk = match self.chunks.last().and_then(|last| last.first()) {
            Some(newest) if before(newest) => self.chunks.len() - 1,
            _ => self.chunks.partition_point(|chunk| chunk.last().is_some_and(&before)),
        };
        chunk * CHUNK + self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(before))
    }

    /// The items from a place on.
    pub fn starting_at(&self, index: usize) -> impl Iterator<Item = &T> + use<'_, T> {
        let (part, whole) = match self.chunks.get(index / CHUNK..).and_then(|chunks| chunks.split_first()) {
            Some((chunk, whole)) => (chunk.get(index % CHUNK..).unwrap_or_default(), whole),
            None => Default::default(),
        };
        part.iter().chain(whole.iter().flat_map(|chunk| chunk.iter()))
    }

    /// All items in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + use<'_, T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

impl<T: Clone> FromIterator<T> for SharedList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = SharedList::default();
        items.into_iter().for_each(|item| list.push(item));
        list
    }
}

impl<T: Clone + Hash> Hash for SharedList<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|item| item.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, SharedList};
    use crate::hash::stable_hash;
    use std::sync::Arc;

    #[test]
    fn it_does_and_hashes_what_a_vec_does() {
        let mut list: SharedList<usize> = (0..1_000).collect();
        let mut model: Vec<usize> = (0..1_000).collect();
        for cut in [999, 960, 700, 641, 640, 3, 0] {
            assert_eq!(list.partition_point(|item| *item < cut), cut);
            assert!(list.starting_at(cut).eq(&model[cut..]), "from {cut} on");
            assert_eq!((list.get(cut), list.last()), (model.get(cut), model.last()));
            list.truncate(cut);
            model.truncate(cut);
            assert!(list.iter().eq(&model), "cut at {cut}");
            assert_eq!((list.len(), list.is_empty()), (model.len(), model.is_empty()));
            // Not a Vec of plain numbers, which hashes them as one run of bytes.
            let records: Vec<(usize,)> = model.iter().map(|item| (*item,)).collect();
            assert_eq!(stable_hash(&list), stable_hash(&records));
        }
        assert_eq!(list.starting_at(7).count(), 0);
    }

    #[test]
    fn a_cut_leaves_everything_below_it_shared() {
        let whole: SharedList<usize> = (0..1_000).collect();
        let mut cut = whole.clone();
        cut.truncate(500);
        let shared = whole.chunks.iter().zip(&cut.chunks).filter(|(one, other)| Arc::ptr_eq(one, other)).count();
        assert_eq!(shared, 500 / CHUNK);
    }
}
