//! Golden vectors of the assignors: single assignments and chains of them.

use super::GroupAssignment;
use super::{Assignor, ServerAssignor, Subscriber, UniformRule, uniform_assign};
use crate::collections::{Map, Set};
use crate::ids::MemberId;
use crate::ids::{Generation, TopicId, TopicPartition};
use serde_json::Value;
use std::sync::Arc;

type Judge<'a> = dyn FnMut(&str, Option<String>) + 'a;

/// Cases of single assignments: every assignor of a case is judged on its own.
pub(crate) fn run_assignors(cases: &[Value], judge: &mut Judge<'_>) {
    for case in cases {
        let id = case["id"].as_str().unwrap_or("unnamed");
        let world = World::of(case);
        for (assignor, expected) in case["expected"].as_object().into_iter().flatten() {
            let exact = expected["order_independent"].as_bool() != Some(false);
            let wrong = world.compare(assignor, &expected["assignment"], exact);
            judge(&format!("{id}/{assignor}"), wrong);
        }
    }
}

/// Chains: what a step assigns is owned in the next.
pub(crate) fn run_chains(cases: &[Value], judge: &mut Judge<'_>) {
    for case in cases {
        let id = case["id"].as_str().unwrap_or("unnamed");
        let assignor = case["assignor"].as_str().unwrap_or_default();
        for (index, step) in case["steps"].as_array().into_iter().flatten().enumerate() {
            let exact = step["order_independent"].as_bool() != Some(false);
            let wrong = World::of(step).compare(assignor, &step["assignment"], exact);
            judge(&format!("{id}/{index}"), wrong);
        }
    }
}

/// The members and topics of a case; ids follow the order of the names.
struct World {
    names: Vec<String>,
    topics: Vec<String>,
    members: Vec<Subscriber>,
    partitions: Map<TopicId, i32>,
}

impl World {
    fn of(case: &Value) -> World {
        let list = || case["members"].as_array().into_iter().flatten();
        let mut names: Vec<String> = list().map(|member| text(&member["id"])).collect();
        names.sort_unstable();
        let known = case["topics"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        let named = list().flat_map(|member| member["topics"].as_array().into_iter().flatten().map(text));
        let topics: Set<String> = known.chain(named).collect();
        let topics: Vec<String> = topics.into_iter().collect();
        let mut world = World { names, topics, members: Vec::new(), partitions: Map::new() };
        for (name, count) in case["topics"].as_object().into_iter().flatten() {
            world.partitions.insert(world.topic(name), count.as_i64().unwrap_or(0) as i32);
        }
        world.members = list()
            .map(|member| Subscriber {
                member: world.member(&text(&member["id"])),
                instance: member["instance_id"].as_str().map(Arc::from),
                topics: member["topics"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|name| world.topic(&text(name)))
                    .collect(),
                owned: world.tps(&member["owned"]),
                generation: Generation(member["generation"].as_i64().unwrap_or(-1) as i32),
            })
            .collect();
        world
    }

    fn topic(&self, name: &str) -> TopicId {
        TopicId(self.topics.iter().position(|known| known == name).unwrap_or(usize::MAX) as u32)
    }

    fn member(&self, name: &str) -> MemberId {
        let client = self.names.iter().position(|known| known == name).unwrap_or(usize::MAX) as u32;
        MemberId { client, incarnation: 1 }
    }

    fn tps(&self, list: &Value) -> Vec<TopicPartition> {
        let tp = |pair: &Value| {
            TopicPartition::new(self.topic(pair[0].as_str().unwrap_or_default()), pair[1].as_i64().unwrap_or(-1) as i32)
        };
        list.as_array().into_iter().flatten().map(tp).collect()
    }

    fn assign(&self, assignor: &str) -> Option<GroupAssignment> {
        if let Some(assignor) = Assignor::find(assignor) {
            return Some(assignor.assign(&self.members, &self.partitions));
        }
        match assignor.strip_prefix("server-")? {
            "uniform-4.0" => Some(uniform_assign(&self.members, &self.partitions, UniformRule::FirstMembers)),
            name => Some(ServerAssignor::find(name)?.assign(&self.members, &self.partitions)),
        }
    }

    /// What is wrong with an assignor's answer.
    fn compare(&self, assignor: &str, expected: &Value, exact: bool) -> Option<String> {
        let Some(given) = self.assign(assignor) else { return Some(format!("no assignor \"{assignor}\"")) };
        let given: Map<MemberId, Set<TopicPartition>> =
            given.into_iter().map(|(member, list)| (member, list.into_iter().collect())).collect();
        let wanted: Map<MemberId, Set<TopicPartition>> = expected
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, list)| (self.member(name), self.tps(list).into_iter().collect()))
            .collect();
        let empty = Set::new();
        if !exact {
            return self.invariants(&given, &wanted);
        }
        self.members.iter().find_map(|member| {
            let found = given.get(&member.member).unwrap_or(&empty);
            let right = wanted.get(&member.member).unwrap_or(&empty);
            (found != right).then(|| format!("member {:?} got {found:?}, expected {right:?}", member.member))
        })
    }

    /// Where Kafka's own answer depends on hash order: as balanced and as sticky as Kafka's, and valid.
    fn invariants(
        &self,
        given: &Map<MemberId, Set<TopicPartition>>,
        wanted: &Map<MemberId, Set<TopicPartition>>,
    ) -> Option<String> {
        let sizes = |lists: &Map<MemberId, Set<TopicPartition>>| {
            let mut sizes: Vec<usize> = lists.values().map(Set::len).collect();
            sizes.sort_unstable();
            sizes
        };
        let stays = |lists: &Map<MemberId, Set<TopicPartition>>| -> usize {
            let kept = |member: &Subscriber| {
                member.owned.iter().filter(|tp| lists.get(&member.member).is_some_and(|list| list.contains(tp))).count()
            };
            self.members.iter().map(kept).sum()
        };
        let all: Vec<&TopicPartition> = given.values().flatten().collect();
        let distinct: Set<&TopicPartition> = all.iter().copied().collect();
        if distinct.len() != all.len() {
            return Some("a partition is given twice".to_owned());
        }
        let subscribed = |member: &Subscriber| {
            given.get(&member.member).is_none_or(|list| list.iter().all(|tp| member.topics.contains(&tp.topic)))
        };
        if !self.members.iter().all(subscribed) {
            return Some("a member got a topic it is not subscribed to".to_owned());
        }
        if sizes(given) != sizes(wanted) {
            return Some(format!("sizes {:?}, expected {:?}", sizes(given), sizes(wanted)));
        }
        if stays(given) < stays(wanted) {
            return Some(format!("{} stay, expected {}", stays(given), stays(wanted)));
        }
        None
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
