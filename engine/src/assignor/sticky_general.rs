//! The sticky assignors when members subscribe to different topics (`AbstractStickyAssignor.GeneralAssignmentBuilder`).

use super::sticky::{Placed, Sticky};
use crate::collections::{Map, Set};
use crate::ids::Generation;

const NOBODY: usize = usize::MAX;

/// Partitions that moved from one member to another, per topic.
type Moves = Map<(usize, usize, usize), Set<usize>>;

struct General<'a> {
    sticky: &'a Sticky<'a>,
    /// The members subscribed to each topic, ascending.
    subscribers: Vec<Vec<usize>>,
    /// The topics of each member.
    topics: Vec<Vec<usize>>,
    owner: Vec<usize>,
    count: Vec<usize>,
    /// The newest older claim on a partition.
    previous: Vec<Option<(usize, Generation)>>,
    /// Where a partition that moved came from and went to.
    moved: Map<usize, (usize, usize)>,
    moves: Moves,
    /// A member that could take a partition from another that has at least two more; looked at first.
    witness: Option<(usize, usize)>,
}

/// Balanced as far as the subscriptions allow, moving little.
pub(super) fn assign_general(sticky: &Sticky<'_>) -> Placed {
    let mut general = General::of(sticky);
    let revocation_required = general.keep_owned();
    general.note_previous();
    let mut all: Vec<usize> =
        (0..sticky.numbering.len()).filter(|number| !general.subscribers_of(*number).is_empty()).collect();
    all.sort_by_key(|number| (general.subscribers_of(*number).len(), *number));
    let mut open: Vec<usize> = all.iter().copied().filter(|number| general.owner[*number] == NOBODY).collect();
    let initial = general.count.iter().all(|count| *count == 0);
    for number in &open {
        let to = general.least_loaded(*number);
        general.owner[*number] = to;
        general.count[to] += 1;
    }
    let can_move = |number: &usize| general.subscribers_of(*number).len() >= 2;
    all.retain(can_move);
    open.retain(can_move);
    let movable = general.movable_members();
    let before = (general.owner.clone(), general.count.clone());
    if !revocation_required {
        general.balance(&open, &movable);
    }
    let changed = general.balance(&all, &movable);
    if !initial && changed && score(&general.count, &movable) >= score(&before.1, &movable) {
        (general.owner, general.count) = before;
    }
    general.placed()
}

impl<'a> General<'a> {
    fn of(sticky: &'a Sticky<'a>) -> General<'a> {
        let numbering = &sticky.numbering;
        let mut subscribers = vec![Vec::new(); numbering.topics()];
        let mut topics: Vec<Vec<usize>> = Vec::with_capacity(sticky.members.len());
        for (at, member) in sticky.members.iter().enumerate() {
            let mut known: Vec<usize> = member.topics.iter().filter_map(|topic| numbering.topic(*topic)).collect();
            known.sort_unstable();
            known.dedup();
            for topic in &known {
                subscribers[*topic].push(at);
            }
            topics.push(known);
        }
        General {
            sticky,
            subscribers,
            topics,
            owner: vec![NOBODY; numbering.len()],
            count: vec![0; sticky.members.len()],
            previous: vec![None; numbering.len()],
            moved: Map::new(),
            moves: Map::new(),
            witness: None,
        }
    }

    fn subscribers_of(&self, number: usize) -> &[usize] {
        &self.subscribers[self.sticky.numbering.topic_of(number)]
    }

    /// Members keep what they own of topics they still subscribe to. True when something must be taken away.
    fn keep_owned(&mut self) -> bool {
        let mut revocation_required = false;
        for (at, owned) in self.sticky.owned.iter().enumerate() {
            for number in owned {
                let topic = self.sticky.numbering.topic_of(*number);
                if self.topics[at].binary_search(&topic).is_ok() {
                    self.owner[*number] = at;
                    self.count[at] += 1;
                } else {
                    revocation_required = true;
                }
            }
        }
        revocation_required
    }

    /// Claims of older generations: a partition goes back there when that helps the balance.
    fn note_previous(&mut self) {
        let newest = self.sticky.members.iter().map(|member| member.generation).max().unwrap_or(Generation::NONE);
        for (at, member) in self.sticky.members.iter().enumerate() {
            if member.generation >= newest {
                continue;
            }
            for number in member.owned.iter().filter_map(|tp| self.sticky.numbering.number(*tp)) {
                if self.previous[number].is_none_or(|(_, known)| known < member.generation) {
                    self.previous[number] = Some((at, member.generation));
                }
            }
        }
    }

    /// The subscriber of a partition's topic that has the least, the first of several by id.
    fn least_loaded(&self, number: usize) -> usize {
        let subscribers = self.subscribers_of(number).iter().copied();
        subscribers.min_by_key(|member| (self.count[*member], *member)).unwrap_or(NOBODY)
    }

    /// Members that could get more, or have something others could take.
    fn movable_members(&self) -> Vec<bool> {
        let mut movable: Vec<bool> = self
            .topics
            .iter()
            .zip(&self.count)
            .map(|(topics, count)| {
                let most: usize = topics.iter().map(|topic| self.sticky.numbering.of_topic(*topic).len()).sum();
                *count < most
            })
            .collect();
        for (number, owner) in self.owner.iter().enumerate() {
            if *owner != NOBODY && self.subscribers_of(number).len() >= 2 {
                movable[*owner] = true;
            }
        }
        movable
    }

    /// Passes over the partitions until one changes nothing. True when anything moved.
    fn balance(&mut self, partitions: &[usize], movable: &[bool]) -> bool {
        let mut changed = false;
        loop {
            let mut modified = false;
            for number in partitions {
                if self.is_balanced(movable) {
                    break;
                }
                let from = self.owner[*number];
                let back = self.previous[*number].map(|(member, _)| member);
                let heavier = |member: usize| self.count[from] > self.count[member] + 1;
                let to = match back {
                    Some(member) if heavier(member) => member,
                    _ => {
                        let to = self.least_loaded(*number);
                        if !heavier(to) {
                            continue;
                        }
                        to
                    }
                };
                self.shift(*number, to);
                modified = true;
            }
            changed |= modified;
            if !modified {
                return changed;
            }
        }
    }

    /// No member could take a partition from one that has at least two more.
    fn is_balanced(&mut self, movable: &[bool]) -> bool {
        let counts = || self.count.iter().zip(movable).filter(|(_, movable)| **movable).map(|(count, _)| *count);
        if counts().max().unwrap_or(0) <= counts().min().unwrap_or(0) + 1 {
            return true;
        }
        if let Some((taker, number)) = self.witness
            && self.owner[number] != taker
            && self.count[taker] + 1 < self.count[self.owner[number]]
        {
            return false;
        }
        // Per topic the heaviest owner decides.
        let heaviest: Vec<Option<usize>> = (0..self.subscribers.len())
            .map(|topic| {
                let numbers = self.sticky.numbering.of_topic(topic);
                numbers.filter(|n| self.owner[*n] != NOBODY).max_by_key(|number| self.count[self.owner[*number]])
            })
            .collect();
        for member in (0..self.count.len()).filter(|member| movable[*member]) {
            let topics = self.topics[member].iter();
            let taken = topics.filter_map(|topic| heaviest[*topic]).find(|number| {
                self.owner[*number] != member && self.count[member] + 1 < self.count[self.owner[*number]]
            });
            if let Some(number) = taken {
                self.witness = Some((member, number));
                return false;
            }
        }
        true
    }

    /// Moves a partition, or the one of its topic that went the opposite way before: that moves back instead.
    fn shift(&mut self, number: usize, to: usize) {
        let topic = self.sticky.numbering.topic_of(number);
        let origin = self.moved.get(&number).map_or(self.owner[number], |(from, _)| *from);
        let opposite = self.moves.get(&(topic, to, origin)).and_then(|moved| moved.iter().next().copied());
        let number = opposite.unwrap_or(number);
        let from = std::mem::replace(&mut self.owner[number], to);
        self.count[from] -= 1;
        self.count[to] += 1;
        let first = match self.moved.remove(&number) {
            Some((origin, last)) => {
                if let Some(moved) = self.moves.get_mut(&(topic, origin, last)) {
                    moved.remove(&number);
                    if moved.is_empty() {
                        self.moves.remove(&(topic, origin, last));
                    }
                }
                origin
            }
            None => from,
        };
        if first != to {
            self.moved.insert(number, (first, to));
            self.moves.entry((topic, first, to)).or_default().insert(number);
        }
    }

    fn placed(self) -> Placed {
        let mut given = vec![Vec::new(); self.count.len()];
        for (number, owner) in self.owner.iter().enumerate() {
            if *owner != NOBODY {
                given[*owner].push(number);
            }
        }
        // What someone gains and someone else has given up, by what members say they own.
        let mut gained = vec![false; self.owner.len()];
        let mut given_up = vec![false; self.owner.len()];
        for (at, member) in self.sticky.members.iter().enumerate() {
            let mut owned: Vec<usize> =
                member.owned.iter().filter_map(|tp| self.sticky.numbering.number(*tp)).collect();
            owned.sort_unstable();
            for number in &given[at] {
                gained[*number] |= owned.binary_search(number).is_err();
            }
            for number in owned {
                given_up[number] |= self.owner[number] != at;
            }
        }
        let moving = (0..self.owner.len()).filter(|number| gained[*number] && given_up[*number]).collect();
        Placed { given, moving }
    }
}

/// The sum over all pairs of members of how much they differ.
fn score(counts: &[usize], movable: &[bool]) -> usize {
    let mut counts: Vec<usize> =
        counts.iter().zip(movable).filter(|(_, movable)| **movable).map(|(count, _)| *count).collect();
    counts.sort_unstable();
    let (mut total, mut below) = (0usize, 0usize);
    for (index, count) in counts.into_iter().enumerate() {
        total += count * index - below;
        below += count;
    }
    total
}
