//! A growing list whose clones share what did not change.

use std::sync::Arc;

/// Items per shared chunk.
const CHUNK: usize = 64;

/// A list of items that begin as their default.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Chunked<T> {
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Chunked { chunks: Vec::new() }
    }
}

impl<T: Clone + Default> Chunked<T> {
    /// An item, unless the list has never reached so far.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// An item, to change it.
    pub fn get_mut(&mut self, index: usize) -> &mut T {
        while self.chunks.len() <= index / CHUNK {
            self.chunks.push(Arc::new(vec![T::default(); CHUNK]));
        }
        let chunk = Arc::make_mut(&mut self.chunks[index / CHUNK]);
        if chunk.is_empty() {
            // It was forgotten.
            chunk.resize(CHUNK, T::default());
        }
        &mut chunk[index % CHUNK]
    }

    /// All items so far with their places, but those forgotten; the last ones may never have been written.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        (0..self.chunks.len()).flat_map(move |place| {
            self.chunks[place].iter().enumerate().map(move |(at, item)| (place * CHUNK + at, item))
        })
    }

    /// How far the list reaches.
    pub fn len(&self) -> usize {
        self.chunks.len() * CHUNK
    }

    /// The first place of the chunk that an item is in.
    pub fn chunk_of(index: usize) -> usize {
        index / CHUNK * CHUNK
    }

    /// Forgets the chunk that an item is in, if nothing in it is wanted any more: its items are as if never written.
    pub fn forget_chunk(&mut self, index: usize, unwanted: impl Fn(&T) -> bool) -> bool {
        let Some(chunk) = self.chunks.get_mut(index / CHUNK) else { return true };
        let forgotten = chunk.iter().all(unwanted);
        if forgotten && !chunk.is_empty() {
            *chunk = Arc::default();
        }
        forgotten
    }

    /// Forgets all chunks that lie wholly below an item.
    pub fn forget_below(&mut self, index: usize) {
        for chunk in self.chunks.iter_mut().take(index / CHUNK).rev().take_while(|chunk| !chunk.is_empty()) {
            *chunk = Arc::default();
        }
    }
}
