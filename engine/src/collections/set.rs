//! A set as a sorted vector.

use super::Map;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A set in the order of its elements; see [`Map`] for what it costs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set<K> {
    elements: Map<K, ()>,
}

impl<K> Default for Set<K> {
    fn default() -> Self {
        Set { elements: Map::new() }
    }
}

impl<K> Set<K> {
    /// An empty set.
    pub const fn new() -> Set<K> {
        Set { elements: Map::new() }
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Removes all elements.
    pub fn clear(&mut self) {
        self.elements.clear();
    }

    /// The elements in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.elements.keys()
    }

    /// The first element.
    pub fn first(&self) -> Option<&K> {
        self.elements.first_key_value().map(|(key, ())| key)
    }

    /// The last element.
    pub fn last(&self) -> Option<&K> {
        self.elements.last_key_value().map(|(key, ())| key)
    }

    /// Keeps what `wanted` agrees to.
    pub fn retain(&mut self, mut wanted: impl FnMut(&K) -> bool) {
        self.elements.retain(|key, ()| wanted(key));
    }
}

impl<K: Ord> Set<K> {
    /// Whether an element is there.
    pub fn contains(&self, key: &K) -> bool {
        self.elements.contains_key(key)
    }

    /// Puts an element in; true when it was not there.
    pub fn insert(&mut self, key: K) -> bool {
        self.elements.insert(key, ()).is_none()
    }

    /// Takes an element out; true when it was there.
    pub fn remove(&mut self, key: &K) -> bool {
        self.elements.remove(key).is_some()
    }
}

impl<K: Ord + Copy> Set<K> {
    /// Takes the first element out.
    pub fn pop_first(&mut self) -> Option<K> {
        let first = *self.first()?;
        self.remove(&first);
        Some(first)
    }
}

impl<K: Ord> Extend<K> for Set<K> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

impl<K: Ord> FromIterator<K> for Set<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Set::new();
        set.extend(keys);
        set
    }
}

impl<K> IntoIterator for Set<K> {
    type Item = K;
    type IntoIter = std::iter::Map<std::vec::IntoIter<(K, ())>, fn((K, ())) -> K>;
    fn into_iter(self) -> Self::IntoIter {
        self.elements.into_iter().map(|(key, ())| key)
    }
}

impl<'a, K> IntoIterator for &'a Set<K> {
    type Item = &'a K;
    type IntoIter = std::iter::Map<super::Pairs<'a, K, ()>, fn((&'a K, &'a ())) -> &'a K>;
    fn into_iter(self) -> Self::IntoIter {
        self.elements.iter().map(|(key, ())| key)
    }
}

impl<K: Hash> Hash for Set<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // `()` adds nothing.
        self.elements.hash(state);
    }
}

impl<K: fmt::Debug> fmt::Debug for Set<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
