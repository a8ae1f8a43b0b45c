//! A map that is used as a waiting line.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// A map whose keys mostly come in ascending order and mostly leave from the front, however long it grows.
/// Elsewhere a change moves the shorter side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line<K, V> {
    pairs: VecDeque<(K, V)>,
}

impl<K, V> Default for Line<K, V> {
    fn default() -> Self {
        Line { pairs: VecDeque::new() }
    }
}

impl<K: Ord, V> Line<K, V> {
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.pairs.binary_search_by(|(known, _)| known.cmp(key))
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let place = self.place(key).ok()?;
        self.pairs.get(place).map(|(_, value)| value)
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key).ok()?;
        self.pairs.get_mut(place).map(|(_, value)| value)
    }

    /// Puts an entry in, in place of one of the same key.
    pub fn insert(&mut self, key: K, value: V) {
        if self.pairs.back().is_none_or(|(last, _)| *last < key) {
            return self.pairs.push_back((key, value));
        }
        match self.place(&key) {
            Ok(place) => self.pairs[place].1 = value,
            Err(place) => self.pairs.insert(place, (key, value)),
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key).ok()?;
        self.pairs.remove(place).map(|(_, value)| value)
    }

    /// The entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.pairs.iter().map(|(key, value)| (key, value))
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.pairs.iter().map(|(_, value)| value)
    }

    /// The values in the order of their keys, to change.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.pairs.iter_mut().map(|(_, value)| value)
    }

    /// Keeps what `wanted` agrees to.
    pub fn retain(&mut self, mut wanted: impl FnMut(&K, &mut V) -> bool) {
        self.pairs.retain_mut(|(key, value)| wanted(key, value));
    }
}

impl<K: Hash, V: Hash> Hash for Line<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.pairs.len());
        self.pairs.iter().for_each(|pair| pair.hash(state));
    }
}
