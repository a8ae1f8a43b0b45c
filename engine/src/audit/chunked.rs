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
        &mut Arc::make_mut(&mut self.chunks[index / CHUNK])[index % CHUNK]
    }

    /// All items so far; the last ones may never have been written.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}
