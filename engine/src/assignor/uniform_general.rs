//! The coordinator's default assignor when subscriptions differ (`UniformHeterogeneousAssignmentBuilder`).

use super::numbering::Numbering;
use super::subscriber::Subscriber;

const NOBODY: usize = usize::MAX;
/// How often the topics are gone through to balance them.
const ITERATIONS_MAX: usize = 16;

struct Heterogeneous<'a> {
    numbering: &'a Numbering,
    subscribers: Vec<Vec<usize>>,
    owner: Vec<usize>,
    count: Vec<usize>,
}

pub(super) fn assign_heterogeneous(members: &[Subscriber], numbering: &Numbering) -> Vec<Vec<usize>> {
    let mut subscribers = vec![Vec::new(); numbering.topics()];
    let mut owner = vec![NOBODY; numbering.len()];
    let mut count = vec![0; members.len()];
    for (at, member) in members.iter().enumerate() {
        for topic in member.topics.iter().filter_map(|topic| numbering.topic(*topic)) {
            if subscribers[topic].last() != Some(&at) {
                subscribers[topic].push(at);
            }
        }
        for tp in member.owned.iter().filter(|tp| member.topics.contains(&tp.topic)) {
            if let Some(number) = numbering.number(*tp)
                && owner[number] == NOBODY
            {
                owner[number] = at;
                count[at] += 1;
            }
        }
    }
    let mut state = Heterogeneous { numbering, subscribers, owner, count };
    let mut topics: Vec<usize> = (0..state.subscribers.len()).filter(|t| !state.subscribers[*t].is_empty()).collect();
    // Partitions per subscriber descending (compared crosswise), then subscribers, then id ascending.
    topics.sort_by(|a, b| {
        let (a_members, b_members) = (state.subscribers[*a].len(), state.subscribers[*b].len());
        let (a_size, b_size) = (numbering.of_topic(*a).len(), numbering.of_topic(*b).len());
        (b_size * a_members).cmp(&(a_size * b_members)).then(a_members.cmp(&b_members)).then(a.cmp(b))
    });
    for topic in &topics {
        state.assign_free(*topic);
    }
    topics.retain(|topic| state.subscribers[*topic].len() >= 2);
    state.balance(&topics);
    let mut given = vec![Vec::new(); members.len()];
    for (number, owner) in state.owner.iter().enumerate() {
        if *owner != NOBODY {
            given[*owner].push(number);
        }
    }
    given
}

impl Heterogeneous<'_> {
    fn assign_free(&mut self, topic: usize) {
        let mut levels = Levels::of(&self.subscribers[topic], &self.count);
        for number in self.numbering.of_topic(topic) {
            if self.owner[number] == NOBODY {
                let to = levels.lightest(&self.count);
                self.owner[number] = to;
                self.count[to] += 1;
            }
        }
    }

    fn balance(&mut self, topics: &[usize]) {
        let mut last = None;
        for _ in 0..ITERATIONS_MAX {
            for (index, topic) in topics.iter().enumerate() {
                if last == Some(index) {
                    return;
                }
                if self.balance_topic(*topic) || last.is_none() {
                    last = Some(index);
                }
            }
        }
    }

    /// Moves partitions of one topic from its most to its least loaded subscribers. True when any moved.
    fn balance_topic(&mut self, topic: usize) -> bool {
        let mut levels = Levels::of(&self.subscribers[topic], &self.count);
        if levels.imbalance(&self.count) <= 1 {
            return false;
        }
        let mut owned: Vec<Vec<usize>> = vec![Vec::new(); self.count.len()];
        for number in self.numbering.of_topic(topic) {
            if self.owner[number] != NOBODY {
                owned[self.owner[number]].push(number);
            }
        }
        let mut moved = false;
        while let Some(from) = levels.heaviest(&self.count, &owned) {
            let Some(number) = owned[from].pop() else { break };
            let to = levels.lightest(&self.count);
            if levels.is_balanced() {
                break;
            }
            self.owner[number] = to;
            self.count[from] -= 1;
            self.count[to] += 1;
            moved = true;
        }
        moved
    }
}

/// A topic's subscribers by load: a range of the lightest that fills level by level from the left, and one of the
/// heaviest that empties level by level from the right.
struct Levels {
    sorted: Vec<usize>,
    light_end: usize,
    light_level: i64,
    light_next: usize,
    heavy_start: usize,
    heavy_end: usize,
    heavy_level: i64,
    /// One above the next member to take from.
    heavy_next: usize,
}

impl Levels {
    fn of(subscribers: &[usize], count: &[usize]) -> Levels {
        let mut sorted = subscribers.to_vec();
        sorted.sort_by_key(|member| (count[*member], *member));
        let level = |member: Option<&usize>| member.map_or(0, |member| count[*member] as i64);
        let (light_level, heavy_level) = (level(sorted.first()) - 1, level(sorted.last()) + 1);
        let end = sorted.len();
        Levels {
            sorted,
            light_end: 0,
            light_level,
            light_next: 0,
            heavy_start: end,
            heavy_end: end,
            heavy_level,
            heavy_next: end,
        }
    }

    fn imbalance(&self, count: &[usize]) -> usize {
        let load = |member: Option<&usize>| member.map_or(0, |member| count[*member]);
        load(self.sorted.last()).saturating_sub(load(self.sorted.first()))
    }

    fn is_balanced(&self) -> bool {
        self.heavy_level - self.light_level <= 1
    }

    /// The next of the lightest; the caller gives it one partition.
    fn lightest(&mut self, count: &[usize]) -> usize {
        if self.light_next >= self.light_end {
            self.light_level += 1;
            while self.sorted.get(self.light_end).is_some_and(|member| count[*member] as i64 == self.light_level) {
                self.light_end += 1;
            }
            self.light_next = 0;
        }
        let member = self.sorted[self.light_next];
        self.light_next += 1;
        member
    }

    /// The next of the heaviest that has a partition to give; the caller takes one.
    fn heaviest(&mut self, count: &[usize], owned: &[Vec<usize>]) -> Option<usize> {
        loop {
            if self.heavy_next <= self.heavy_start {
                if self.heavy_end <= self.heavy_start && self.heavy_start > 0 {
                    self.heavy_level = count[self.sorted[self.heavy_start - 1]] as i64;
                } else {
                    self.heavy_level -= 1;
                }
                while self.heavy_start > 0 && count[self.sorted[self.heavy_start - 1]] as i64 == self.heavy_level {
                    self.heavy_start -= 1;
                }
                self.heavy_next = self.heavy_end;
            }
            let at = self.heavy_next.checked_sub(1)?;
            let member = self.sorted[at];
            self.heavy_next = at;
            if !owned[member].is_empty() {
                return Some(member);
            }
            // It has nothing of this topic: out of the range.
            self.heavy_end -= 1;
            self.sorted.swap(at, self.heavy_end);
        }
    }
}
