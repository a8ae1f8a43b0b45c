//! Where replicas go: the stripes of KRaft controllers (`StripedReplicaPlacer`) and the classic placement of the
//! ZooKeeper era (`AdminUtils`).

use crate::ids::BrokerId;
use crate::rng::SimRng;
use std::sync::Arc;

/// A broker that may hold replicas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsableBroker {
    /// `node.id`.
    pub id: BrokerId,
    /// `broker.rack`.
    pub rack: Option<Arc<str>>,
    /// A fenced broker is only chosen as a last resort, and never first.
    pub fenced: bool,
}

/// Brokers of one rack that are walked in a circle, starting one further in every epoch.
#[derive(Clone, Debug, Default)]
struct Ring {
    brokers: Vec<BrokerId>,
    epoch: usize,
    index: usize,
    offset: usize,
}

impl Ring {
    fn next(&mut self, epoch: usize) -> Option<BrokerId> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % self.brokers.len();
        }
        if self.index >= self.brokers.len() {
            return None;
        }
        let broker = self.brokers[(self.index + self.offset) % self.brokers.len()];
        self.index += 1;
        Some(broker)
    }
}

#[derive(Clone, Debug, Default)]
struct Rack {
    name: Option<Arc<str>>,
    unfenced: Ring,
    fenced: Ring,
}

impl Rack {
    fn next(&mut self, epoch: usize) -> Option<BrokerId> {
        self.unfenced.next(epoch).or_else(|| self.fenced.next(epoch))
    }
}

/// The racks of one call, walked in a circle (`StripedReplicaPlacer.RackList`).
pub struct StripedPlacer {
    racks: Vec<Rack>,
    brokers: usize,
    unfenced: usize,
    epoch: usize,
    offset: usize,
}

impl StripedPlacer {
    /// Racks by name, brokers by id; where each circle begins is drawn.
    pub fn new(brokers: &[UsableBroker], rng: &mut SimRng) -> StripedPlacer {
        let mut placer = StripedPlacer::at_zero(brokers);
        for rack in &mut placer.racks {
            for ring in [&mut rack.unfenced, &mut rack.fenced] {
                ring.offset = rng.below(ring.brokers.len() as u64) as usize;
            }
        }
        placer.offset = rng.below(placer.racks.len() as u64) as usize;
        placer
    }

    fn at_zero(brokers: &[UsableBroker]) -> StripedPlacer {
        let mut sorted = brokers.to_vec();
        sorted.sort_by(|a, b| (&a.rack, a.id).cmp(&(&b.rack, b.id)));
        let mut racks: Vec<Rack> = Vec::new();
        for broker in &sorted {
            if racks.last().is_none_or(|rack| rack.name != broker.rack) {
                racks.push(Rack { name: broker.rack.clone(), ..Rack::default() });
            }
            if let Some(rack) = racks.last_mut() {
                let ring = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
                ring.brokers.push(broker.id);
            }
        }
        let unfenced = sorted.iter().filter(|broker| !broker.fenced).count();
        StripedPlacer { racks, brokers: sorted.len(), unfenced, epoch: 0, offset: 0 }
    }

    /// The replicas of the next partition, the preferred leader first. None when there are fewer brokers than replicas
    /// or none is unfenced.
    pub fn place(&mut self, replication_factor: usize, rng: &mut SimRng) -> Option<Vec<BrokerId>> {
        if replication_factor == 0 || replication_factor > self.brokers || self.unfenced == 0 {
            return None;
        }
        if self.epoch == self.unfenced && self.unfenced > 1 {
            // Every broker has led once: shuffle, so that the same ones do not meet for ever.
            shuffle(&mut self.racks, rng);
            for rack in &mut self.racks {
                shuffle(&mut rack.unfenced.brokers, rng);
                shuffle(&mut rack.fenced.brokers, rng);
            }
            self.epoch = 0;
        }
        let (epoch, count) = (self.epoch, self.racks.len());
        if self.offset == count {
            self.offset = 0;
        }
        let mut placed = Vec::with_capacity(replication_factor);
        let mut first_rack = (0..count).map(|step| (self.offset + step) % count).find(|at| {
            let leader = self.racks.get_mut(*at).and_then(|rack| rack.unfenced.next(epoch));
            placed.extend(leader);
            leader.is_some()
        });
        let mut at = self.offset;
        // Each round visits every rack; a rack gives each of its brokers once.
        let mut visits = count * (self.brokers + 2);
        while placed.len() < replication_factor && visits > 0 {
            visits -= 1;
            if first_rack == Some(at) {
                // The leader's rack is passed over once.
                first_rack = None;
            } else if let Some(broker) = self.racks.get_mut(at).and_then(|rack| rack.next(epoch)) {
                placed.push(broker);
            }
            at = (at + 1) % count;
        }
        self.epoch += 1;
        self.offset += 1;
        (placed.len() == replication_factor).then_some(placed)
    }
}

fn shuffle<T>(items: &mut [T], rng: &mut SimRng) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.below(last as u64 + 1) as usize);
    }
}

/// The brokers in the order in which classic placement walks them: one of each rack in turn.
fn rack_alternated(brokers: &[UsableBroker]) -> Vec<UsableBroker> {
    let mut sorted = brokers.to_vec();
    sorted.sort_by(|a, b| (&a.rack, a.id).cmp(&(&b.rack, b.id)));
    let racks: Vec<Vec<UsableBroker>> = sorted.chunk_by(|a, b| a.rack == b.rack).map(<[_]>::to_vec).collect();
    let longest = racks.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|turn| racks.iter().filter_map(move |rack| rack.get(turn).cloned())).collect()
}

/// Classic placement: `start` is both the first broker and the first shift; partitions are numbered from `first`.
/// None when there are fewer brokers than replicas, or only some brokers have a rack.
pub fn place_classic(
    brokers: &[UsableBroker],
    partitions: i32,
    replication_factor: usize,
    start: usize,
    first: i32,
) -> Option<Vec<Vec<BrokerId>>> {
    let with_rack = brokers.iter().filter(|broker| broker.rack.is_some()).count();
    let count = brokers.len();
    if replication_factor == 0 || replication_factor > count || (with_rack > 0 && with_rack < count) {
        return None;
    }
    let order = if with_rack > 0 { rack_alternated(brokers) } else { brokers.to_vec() };
    let mut names: Vec<&Option<Arc<str>>> = order.iter().map(|broker| &broker.rack).collect();
    names.sort();
    names.dedup();
    let racks = names.len();
    let mut shift = start;
    let mut placed = Vec::new();
    let first = usize::try_from(first.max(0)).ok()?;
    for partition in first..first + usize::try_from(partitions).ok()? {
        if partition > 0 && partition % count == 0 {
            shift += 1;
        }
        let leader = (partition + start) % count;
        let mut chosen = vec![&order[leader]];
        let mut step = 0;
        while chosen.len() < replication_factor {
            // `chosen.len() < replication_factor <= count` makes `count - 1` positive here.
            let base = if with_rack > 0 { shift * racks } else { shift };
            let broker = &order[(leader + 1 + (base + step) % (count - 1)) % count];
            step += 1;
            let rack_taken = chosen.iter().any(|other| other.rack == broker.rack);
            let racks_used = {
                let mut used: Vec<_> = chosen.iter().map(|other| &other.rack).collect();
                used.sort();
                used.dedup();
                used.len()
            };
            let free = !chosen.iter().any(|other| other.id == broker.id);
            if free && (with_rack == 0 || !rack_taken || racks_used == racks) {
                chosen.push(broker);
            }
        }
        placed.push(chosen.into_iter().map(|broker| broker.id).collect());
    }
    Some(placed)
}

/// Runs the golden vectors of striped placement; `judge` gets each case's name and what is wrong with it, if anything.
pub fn run_striped_placement(json: &serde_json::Value, judge: &mut impl FnMut(&str, Option<String>)) {
    let rack = |value: &serde_json::Value| value.as_str().map(Arc::<str>::from);
    let number = |value: &serde_json::Value| usize::try_from(value.as_u64().unwrap_or(0)).unwrap_or(0);
    for case in json["cases"].as_array().into_iter().flatten() {
        let input = &case["input"];
        let brokers: Vec<UsableBroker> = input["brokers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|broker| UsableBroker {
                id: BrokerId(broker["id"].as_i64().unwrap_or(-1) as i32),
                rack: rack(&broker["rack"]),
                fenced: broker["fenced"].as_bool().unwrap_or(false),
            })
            .collect();
        let mut placer = StripedPlacer::at_zero(&brokers);
        placer.offset = number(&input["initial_rack_offset"]);
        for offsets in input["initial_broker_offsets"].as_array().into_iter().flatten() {
            let name = rack(&offsets["rack"]);
            for rack in placer.racks.iter_mut().filter(|rack| rack.name == name) {
                rack.unfenced.offset = number(&offsets["unfenced"]);
                rack.fenced.offset = number(&offsets["fenced"]);
            }
        }
        let mut rng = SimRng::stream(0, "vectors");
        let factor = number(&input["replication_factor"]);
        let found: Vec<Vec<i32>> = (0..number(&input["num_partitions"]))
            .map(|_| placer.place(factor, &mut rng).unwrap_or_default().iter().map(|broker| broker.0).collect())
            .collect();
        let found = serde_json::json!(found);
        let wrong = (found != case["expect"]).then(|| format!("found {found}, expected {}", case["expect"]));
        judge(case["id"].as_str().unwrap_or("unnamed"), wrong);
    }
}

/// Runs the golden vectors of classic placement; `judge` gets each case's name and what is wrong with it, if anything.
pub fn run_replica_assignment(json: &serde_json::Value, judge: &mut impl FnMut(&str, Option<String>)) {
    for case in json["cases"].as_array().into_iter().flatten() {
        let input = &case["input"];
        let id = |value: &serde_json::Value| BrokerId(value.as_i64().unwrap_or(-1) as i32);
        let mut brokers: Vec<UsableBroker> = input["brokers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|broker| UsableBroker { id: id(broker), rack: None, fenced: false })
            .collect();
        brokers.extend(input["broker_racks"].as_object().into_iter().flatten().map(|(broker, rack)| UsableBroker {
            id: BrokerId(broker.parse().unwrap_or(-1)),
            rack: rack.as_str().map(Arc::from),
            fenced: false,
        }));
        let number = |name: &str| input[name].as_i64().and_then(|value| i32::try_from(value).ok()).unwrap_or(0);
        let first = number("start_partition_id").max(0);
        let start = usize::try_from(number("fixed_start_index")).unwrap_or(0);
        let factor = usize::try_from(number("replication_factor")).unwrap_or(0);
        let placed = place_classic(&brokers, number("num_partitions"), factor, start, first).unwrap_or_default();
        let found: serde_json::Map<String, serde_json::Value> = placed
            .iter()
            .enumerate()
            .map(|(index, list)| {
                let ids: Vec<i32> = list.iter().map(|broker| broker.0).collect();
                ((first as usize + index).to_string(), serde_json::json!(ids))
            })
            .collect();
        let found = serde_json::Value::Object(found);
        let mut wrong = (found != case["expect"]).then(|| format!("found {found}, expected {}", case["expect"]));
        if let Some(expected) = case.get("expect_alternated") {
            let ids: Vec<i32> = rack_alternated(&brokers).iter().map(|broker| broker.id.0).collect();
            let ids = serde_json::json!(ids);
            wrong = wrong.or_else(|| (ids != *expected).then(|| format!("alternated {ids}, expected {expected}")));
        }
        judge(case["id"].as_str().unwrap_or("unnamed"), wrong);
    }
}
