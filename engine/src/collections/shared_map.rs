//! A long map whose clones share what did not change.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Entries per shared chunk; a chunk that was inserted into may have twice as many.
const CHUNK: usize = 64;

/// A map in the order of its keys, for thousands of entries that mostly come at the end: a clone copies a pointer per
/// chunk, where that of a [`super::Map`] copies every entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedMap<K, V> {
    /// None is empty.
    chunks: Vec<Arc<Vec<(K, V)>>>,
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        SharedMap { chunks: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The chunk in which a key is or belongs; one behind the last when all keys are smaller.
    fn chunk_of(&self, key: &K) -> usize {
        match self.chunks.last().and_then(|chunk| chunk.last()) {
            Some((last, _)) if last < key => self.chunks.len(),
            _ => self.chunks.partition_point(|chunk| chunk.last().is_some_and(|(last, _)| last < key)),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.starting_at(key).next().filter(|(found, _)| found == key).map(|(_, value)| value)
    }

    /// Puts an entry in, in the place of one with the same key.
    pub fn insert(&mut self, key: K, value: V) {
        let index = self.chunk_of(&key);
        if index == self.chunks.len() {
            match self.chunks.last_mut() {
                Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push((key, value)),
                _ => {
                    let mut chunk = Vec::with_capacity(CHUNK);
                    chunk.push((key, value));
                    self.chunks.push(Arc::new(chunk));
                }
            }
            return;
        }
        let chunk = Arc::make_mut(&mut self.chunks[index]);
        match chunk.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(place) => chunk[place].1 = value,
            Err(place) => chunk.insert(place, (key, value)),
        }
        if chunk.len() > 2 * CHUNK {
            let rest = chunk.split_off(CHUNK);
            self.chunks.insert(index + 1, Arc::new(rest));
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let index = self.chunk_of(key);
        let place = self.chunks.get(index)?.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        let (_, value) = Arc::make_mut(&mut self.chunks[index]).remove(place);
        if self.chunks[index].is_empty() {
            self.chunks.remove(index);
        }
        Some(value)
    }

    /// Chunk and place of the first entry that is not below a key.
    fn place(&self, key: &K) -> (usize, usize) {
        let index = self.chunk_of(key);
        (index, self.chunks.get(index).map_or(0, |chunk| chunk.partition_point(|(known, _)| known < key)))
    }

    /// The entries from a key on.
    pub fn starting_at(&self, first: &K) -> impl Iterator<Item = &(K, V)> + use<'_, K, V> {
        let (index, place) = self.place(first);
        let (part, whole) = match self.chunks.get(index..).and_then(|chunks| chunks.split_first()) {
            Some((chunk, whole)) => (&chunk[place..], whole),
            None => Default::default(),
        };
        part.iter().chain(whole.iter().flat_map(|chunk| chunk.iter()))
    }

    /// The entries below a key.
    pub fn below(&self, end: &K) -> impl DoubleEndedIterator<Item = &(K, V)> + use<'_, K, V> {
        let (index, place) = self.place(end);
        let part = self.chunks.get(index).map_or(&[][..], |chunk| &chunk[..place]);
        self.chunks[..index].iter().flat_map(|chunk| chunk.iter()).chain(part.iter())
    }

    /// Takes the entries from a key on out.
    pub fn split_off(&mut self, first: &K) -> Vec<(K, V)> {
        let gone: Vec<(K, V)> = self.starting_at(first).cloned().collect();
        let (index, place) = self.place(first);
        self.chunks.truncate(index + usize::from(place > 0));
        if place > 0 {
            Arc::make_mut(&mut self.chunks[index]).truncate(place);
        }
        gone
    }

    /// Takes the entries below a key out.
    pub fn split_below(&mut self, end: &K) -> Vec<(K, V)> {
        let gone: Vec<(K, V)> = self.below(end).cloned().collect();
        let (index, place) = self.place(end);
        self.chunks.drain(..index);
        if place > 0 {
            Arc::make_mut(&mut self.chunks[0]).drain(..place);
        }
        gone
    }
}

impl<K: Hash, V: Hash> Hash for SharedMap<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The entries alone count, however they lie in chunks.
        state.write_usize(self.chunks.iter().map(|chunk| chunk.len()).sum());
        self.chunks.iter().flat_map(|chunk| chunk.iter()).for_each(|entry| entry.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use super::SharedMap;
    use crate::hash::stable_hash;
    use crate::rng::SimRng;
    use std::collections::BTreeMap;

    #[test]
    fn it_does_and_hashes_what_a_btree_map_does() {
        let mut rng = SimRng::stream(7, "collections");
        let mut draw = |below: u32| (0..below).filter(|_| rng.chance(500_000)).count() as u64;
        let (mut map, mut model) = (SharedMap::<u64, u64>::default(), BTreeMap::new());
        for step in 0..3_000u64 {
            // Mostly at the end, now and then somewhere before.
            let key = if step % 3 == 0 { draw(400) } else { 1_000 + step };
            match step % 7 {
                6 => assert_eq!(map.remove(&key), model.remove(&key)),
                _ => {
                    map.insert(key, step);
                    model.insert(key, step);
                }
            }
            if step % 50 == 0 {
                let entries = |(key, value): &(u64, u64)| (*key, *value);
                let known = |(key, value): (&u64, &u64)| (*key, *value);
                assert!(map.starting_at(&key).map(entries).eq(model.range(key..).map(known)));
                assert!(map.below(&key).rev().map(entries).eq(model.range(..key).rev().map(known)));
                assert_eq!(map.get(&key), model.get(&key));
                assert_eq!(map.len(), model.len());
                assert_eq!(stable_hash(&map), stable_hash(&model));
            }
        }
        let before = map.clone();
        assert!(map.split_off(&2_000).into_iter().eq(model.split_off(&2_000)));
        let rest = model.split_off(&195);
        assert!(map.split_below(&195).into_iter().eq(model));
        assert!(map.starting_at(&0).cloned().eq(rest));
        assert!(before.len() > map.len(), "a clone stays as it was");
    }
}
