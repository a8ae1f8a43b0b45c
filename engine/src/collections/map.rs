//! A map as a sorted vector of pairs.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Index;
use std::{slice, vec};

/// A map in the order of its keys. Lookups search by halves; an insertion elsewhere than at the end moves what follows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Map<K, V> {
    pairs: Vec<(K, V)>,
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Map { pairs: Vec::new() }
    }
}

impl<K, V> Map<K, V> {
    /// An empty map.
    pub const fn new() -> Map<K, V> {
        Map { pairs: Vec::new() }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    /// The entries in order.
    pub fn iter(&self) -> Pairs<'_, K, V> {
        Pairs(self.pairs.iter())
    }

    /// The entries in order, values to change.
    pub fn iter_mut(&mut self) -> PairsMut<'_, K, V> {
        PairsMut(self.pairs.iter_mut())
    }

    /// The keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.pairs.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.pairs.iter().map(|(_, value)| value)
    }

    /// The values in the order of their keys, to change.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> + ExactSizeIterator {
        self.pairs.iter_mut().map(|(_, value)| value)
    }

    /// The keys alone, in order.
    pub fn into_keys(self) -> impl Iterator<Item = K> {
        self.pairs.into_iter().map(|(key, _)| key)
    }

    /// The values alone, in the order of their keys.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.pairs.into_iter().map(|(_, value)| value)
    }

    /// Keeps what `wanted` agrees to.
    pub fn retain(&mut self, mut wanted: impl FnMut(&K, &mut V) -> bool) {
        self.pairs.retain_mut(|(key, value)| wanted(key, value));
    }

    /// The first entry.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.pairs.first().map(|(key, value)| (key, value))
    }

    /// The last entry.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.pairs.last().map(|(key, value)| (key, value))
    }
}

impl<K: Ord, V> Map<K, V> {
    /// Where a key is, or where it belongs. One copy per pair of types: inlined, it would be most of the engine.
    #[inline(never)]
    fn place(&self, key: &K) -> Result<usize, usize> {
        self.pairs.binary_search_by(|(known, _)| known.cmp(key))
    }

    /// Like [`Map::place`], but looks at the end first: most keys ascend.
    fn place_from_end(&self, key: &K) -> Result<usize, usize> {
        match self.pairs.last() {
            Some((last, _)) if last >= key => self.place(key),
            _ => Err(self.pairs.len()),
        }
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

    /// Whether a key is there.
    pub fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Puts an entry in; returns the value it replaces.
    #[inline(never)]
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place_from_end(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.pairs[place].1, value)),
            Err(place) => {
                self.pairs.insert(place, (key, value));
                None
            }
        }
    }

    /// Takes an entry out.
    #[inline(never)]
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place(key).ok()?;
        Some(self.pairs.remove(place).1)
    }

    /// The place of a key, filled or not.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.place_from_end(&key);
        Entry { map: self, key, place }
    }

    /// The entries from a key on.
    pub fn starting_at(&self, first: &K) -> Pairs<'_, K, V> {
        let place = self.place(first).unwrap_or_else(|place| place);
        Pairs(self.pairs[place..].iter())
    }

    /// The entries below a key.
    pub fn below(&self, end: &K) -> Pairs<'_, K, V> {
        let place = self.place(end).unwrap_or_else(|place| place);
        Pairs(self.pairs[..place].iter())
    }

    /// Takes the entries from a key on out.
    pub fn split_off(&mut self, first: &K) -> Map<K, V> {
        let place = self.place(first).unwrap_or_else(|place| place);
        Map { pairs: self.pairs.split_off(place) }
    }
}

impl<K: Ord, V> Index<&K> for Map<K, V> {
    type Output = V;
    fn index(&self, key: &K) -> &V {
        match self.get(key) {
            Some(value) => value,
            None => panic!("no entry found for key"),
        }
    }
}

/// The place of a key in a [`Map`].
pub struct Entry<'a, K, V> {
    map: &'a mut Map<K, V>,
    key: K,
    place: Result<usize, usize>,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// The value, or `make()` put in its place.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'a mut V {
        let place = match self.place {
            Ok(place) => place,
            Err(place) => {
                self.map.pairs.insert(place, (self.key, make()));
                place
            }
        };
        &mut self.map.pairs[place].1
    }

    /// The value, or `value` put in its place.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value, or the default put in its place.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut map = Map::new();
        map.extend(pairs);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Map<K, V> {
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;
    fn into_iter(self) -> Self::IntoIter {
        self.pairs.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Pairs<'a, K, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut Map<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = PairsMut<'a, K, V>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<K: Hash, V: Hash> Hash for Map<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Not the vector's own hash: a slice of integers is hashed as bytes.
        state.write_usize(self.pairs.len());
        self.pairs.iter().for_each(|pair| pair.hash(state));
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The entries of a [`Map`], or of a part of it.
pub struct Pairs<'a, K, V>(slice::Iter<'a, (K, V)>);

impl<K, V> Clone for Pairs<'_, K, V> {
    fn clone(&self) -> Self {
        Pairs(self.0.clone())
    }
}

impl<'a, K, V> Iterator for Pairs<'a, K, V> {
    type Item = (&'a K, &'a V);
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V> DoubleEndedIterator for Pairs<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key, value))
    }
}

impl<K, V> ExactSizeIterator for Pairs<'_, K, V> {}

/// The entries of a [`Map`], values to change.
pub struct PairsMut<'a, K, V>(slice::IterMut<'a, (K, V)>);

impl<'a, K, V> Iterator for PairsMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&*key, value))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V> ExactSizeIterator for PairsMut<'_, K, V> {}

#[cfg(test)]
mod tests {
    use super::Map;
    use crate::hash::stable_hash;
    use crate::rng::SimRng;
    use std::collections::BTreeMap;

    #[test]
    fn it_does_and_hashes_what_a_btree_map_does() {
        let mut rng = SimRng::stream(7, "collections");
        let mut draw = |below: u32| (0..below).filter(|_| rng.chance(500_000)).count() as u64;
        let (mut map, mut model) = (Map::<u64, u64>::new(), BTreeMap::new());
        for step in 0..4_000 {
            let key = draw(60);
            match step % 5 {
                0 | 1 => assert_eq!(map.insert(key, step), model.insert(key, step)),
                2 => assert_eq!(map.remove(&key), model.remove(&key)),
                3 => assert_eq!(map.entry(key).or_insert(step), model.entry(key).or_insert(step)),
                _ => assert_eq!(map.get(&key), model.get(&key)),
            }
            assert!(map.iter().eq(model.iter()));
            assert!(map.starting_at(&key).eq(model.range(key..)) && map.below(&key).eq(model.range(..key)));
            assert_eq!(stable_hash(&map), stable_hash(&model));
        }
        assert!(map.split_off(&30).iter().eq(model.split_off(&30).iter()));
        assert!(map.into_iter().eq(model));
    }
}
