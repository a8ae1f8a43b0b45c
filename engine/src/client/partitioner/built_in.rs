//! The sticky partitioner for records without a key (`BuiltInPartitioner`, KIP-794).

/// The sticky partitioner of one topic: a partition gets `batch.size` bytes, then the next is drawn, and partitions
/// with shorter queues are drawn more often.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BuiltInPartitioner {
    /// Bytes after which it switches (`batch.size`, at least 1).
    batch_size: u32,
    /// The current partition and the bytes it has been given; none before the first record.
    sticky: Option<(i32, u32)>,
    /// How much is waiting where, while that differs.
    load: Option<Load>,
}

/// Weights of the partitions, as a cumulative table.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Load {
    table: Vec<u32>,
    partitions: Vec<i32>,
}

impl BuiltInPartitioner {
    /// A partitioner that has not drawn yet.
    pub fn new(batch_size: u32) -> BuiltInPartitioner {
        BuiltInPartitioner { batch_size: batch_size.max(1), sticky: None, load: None }
    }

    /// The partition the next record goes to: `available` are those with a leader, of `count` in all.
    pub fn current(&mut self, available: &[i32], count: i32, draw: &mut dyn FnMut() -> u32) -> i32 {
        match self.sticky {
            Some((partition, _)) => partition,
            None => {
                let partition = self.next(available, count, draw);
                self.sticky = Some((partition, 0));
                partition
            }
        }
    }

    /// Notes that an append added `bytes`. `may_switch` says that every batch waiting for the partition is full: to
    /// leave before would leave fractions of batches behind. At twice `batch.size` it switches in any case.
    pub fn produced(
        &mut self,
        bytes: u32,
        may_switch: bool,
        available: &[i32],
        count: i32,
        draw: &mut dyn FnMut() -> u32,
    ) {
        let Some((_, produced)) = &mut self.sticky else { return };
        *produced = produced.saturating_add(bytes);
        if (*produced >= self.batch_size && may_switch) || *produced >= self.batch_size.saturating_mul(2) {
            self.sticky = Some((self.next(available, count, draw), 0));
        }
    }

    fn next(&self, available: &[i32], count: i32, draw: &mut dyn FnMut() -> u32) -> i32 {
        let drawn = draw() & 0x7fff_ffff;
        if let Some(load) = &self.load {
            let total = load.table.last().copied().unwrap_or(1).max(1);
            let place = load.table.partition_point(|end| *end <= drawn % total);
            return load.partitions.get(place).copied().unwrap_or_default();
        }
        if available.is_empty() {
            return (drawn % count.max(1) as u32) as i32;
        }
        available[drawn as usize % available.len()]
    }

    /// Takes in how many batches wait per partition, of `all` partitions of the topic; the others are left out because
    /// their broker takes nothing. A longer queue weighs less. Equal queues need no weights.
    pub fn update_load(&mut self, waiting: &[(i32, u32)], all: usize) {
        let longest = waiting.iter().map(|(_, length)| *length).max();
        let differ = waiting.iter().any(|(_, length)| Some(*length) != longest) || waiting.len() < all;
        let Some(longest) = longest.filter(|_| all >= 2 && differ) else {
            self.load = None;
            return;
        };
        let mut end = 0;
        let table = waiting.iter().map(|(_, length)| {
            end += longest + 1 - length;
            end
        });
        self.load = Some(Load { table: table.collect(), partitions: waiting.iter().map(|(id, _)| *id).collect() });
    }

    /// Forgets the weights.
    pub fn forget_load(&mut self) {
        self.load = None;
    }
}

/// Runs the golden vectors of the sticky partitioner; `judge` gets each case's name and what is wrong with it, if anything.
pub fn run_sticky_partitioner(json: &serde_json::Value, judge: &mut impl FnMut(&str, Option<String>)) {
    let numbers = |value: &serde_json::Value| -> Vec<u32> {
        value.as_array().into_iter().flatten().filter_map(|n| n.as_u64().map(|n| n as u32)).collect()
    };
    let judge_partitions = |found: Vec<i32>, case: &serde_json::Value| {
        (serde_json::json!(found) != case["partition"]).then(|| format!("chose {found:?}"))
    };
    for (index, case) in json["load_stats"].as_array().into_iter().flatten().enumerate() {
        let (sizes, ids) = (numbers(&case["queue_sizes"]), numbers(&case["partition_ids"]));
        let count = case["topic_partitions"].as_i64().unwrap_or_default() as i32;
        let counted = case["length"].as_u64().unwrap_or_default() as usize;
        let waiting: Vec<(i32, u32)> =
            ids.iter().zip(&sizes).take(counted).map(|(id, size)| (*id as i32, *size)).collect();
        let all: Vec<i32> = (0..count).collect();
        let choose = |drawn: u32| {
            let mut partitioner = BuiltInPartitioner::new(1);
            partitioner.update_load(&waiting, sizes.len());
            partitioner.current(&all, count, &mut || drawn)
        };
        let found = numbers(&case["random"]).into_iter().map(choose).collect();
        judge(&format!("load_stats {index}"), judge_partitions(found, case));
    }
    for (index, case) in json["switching"].as_array().into_iter().flatten().enumerate() {
        let count = case["topic_partitions"].as_i64().unwrap_or_default() as i32;
        let missing = numbers(&case["without_leader"]);
        let available: Vec<i32> = (0..count).filter(|id| !missing.contains(&(*id as u32))).collect();
        let mut drawn = numbers(&case["random"]).into_iter();
        let mut draw = || drawn.next().unwrap_or_default();
        let mut partitioner = BuiltInPartitioner::new(case["batch_size"].as_u64().unwrap_or_default() as u32);
        let appends = case["appends"].as_array().into_iter().flatten();
        let found = appends.map(|append| {
            let partition = partitioner.current(&available, count, &mut draw);
            let bytes = append[0].as_u64().unwrap_or_default() as u32;
            partitioner.produced(bytes, append[1] == true, &available, count, &mut draw);
            partition
        });
        let found = found.collect();
        judge(&format!("switching {index}"), judge_partitions(found, case));
    }
}
