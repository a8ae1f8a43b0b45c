//! Metrics over time, under the names Kafka gives them.

use highwater_engine::collections::Map;
use highwater_engine::event::Event;
use highwater_engine::ids::{GroupId, Offset, RecordId, TopicPartition};
use highwater_engine::sim::Emitted;
use highwater_engine::time::{Duration, Instant};

/// Which meter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meter {
    /// `MessagesInPerSec`: records that leaders append, per second.
    MessagesIn,
    /// `records-lag-max`: the most records between a consumer's position and the high watermark, in any partition.
    Lag,
    /// `UnderReplicatedPartitions`: partitions whose ISR is smaller than their set of replicas.
    UnderReplicated,
    /// `IsrShrinksPerSec`: how often an ISR lost a replica, per second.
    IsrShrinks,
    /// `IsrExpandsPerSec`: how often an ISR got one back, per second.
    IsrExpands,
    /// The longest time from `send()` to the acknowledgement, in milliseconds.
    Latency,
}

impl Meter {
    /// In the order of the charts.
    pub const ALL: [Meter; 6] =
        [Meter::MessagesIn, Meter::Lag, Meter::Latency, Meter::UnderReplicated, Meter::IsrShrinks, Meter::IsrExpands];

    /// Kafka's name of it; the latency is what `kafka-producer-perf-test` prints.
    pub fn name(self) -> &'static str {
        match self {
            Meter::MessagesIn => "MessagesInPerSec",
            Meter::Lag => "records-lag-max",
            Meter::UnderReplicated => "UnderReplicatedPartitions",
            Meter::IsrShrinks => "IsrShrinksPerSec",
            Meter::IsrExpands => "IsrExpandsPerSec",
            Meter::Latency => "max latency",
        }
    }
}

/// How long one value stands for.
pub const BUCKET: Duration = Duration::from_millis(250);

/// The values of one stretch of time.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct Bucket {
    appended: u32,
    lag: u32,
    under_replicated: u32,
    latency: u32,
    isr_shrinks: u32,
    isr_expands: u32,
}

/// All meters.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    buckets: Vec<Bucket>,
    sent: Map<RecordId, Instant>,
    high_watermarks: Map<TopicPartition, Offset>,
    positions: Map<(GroupId, TopicPartition), Offset>,
    /// ISR and replicas of partitions that ever had fewer in sync.
    in_sync: Map<TopicPartition, (usize, usize)>,
    /// By group: from which bucket on it was so many records behind, in all its partitions.
    behind: Map<GroupId, Vec<(usize, u64)>>,
}

impl Meters {
    /// Takes one event in.
    pub fn take(&mut self, emitted: &Emitted) {
        let index = (emitted.at.0 / BUCKET.0) as usize;
        while self.buckets.len() <= index {
            self.turn();
        }
        match &emitted.event {
            Event::RecordsAppended { count, as_leader: true, tp, .. } if !tp.topic.is_internal() => {
                self.bucket().appended += count;
            }
            Event::HighWatermarkAdvanced { tp, to, as_leader: true, .. } => {
                self.high_watermarks.insert(*tp, *to);
            }
            Event::PositionSet { group, tp, to, .. } => {
                self.positions.insert((*group, *tp), *to);
            }
            Event::RecordsPolled { group, tp, records, .. } => {
                if let Some((last, _)) = records.last() {
                    self.positions.insert((*group, *tp), *last + 1);
                }
            }
            Event::IsrChanged { tp, from, isr } if !tp.topic.is_internal() => {
                let all = self.in_sync.get(tp).map_or(from.len(), |(_, all)| *all).max(isr.len());
                self.in_sync.insert(*tp, (isr.len(), all));
                self.bucket().under_replicated = self.under_replicated();
                self.bucket().isr_shrinks += u32::from(isr.len() < from.len());
                self.bucket().isr_expands += u32::from(isr.len() > from.len());
            }
            Event::RecordSent { record, .. } => {
                self.sent.insert(*record, emitted.at);
            }
            Event::RecordAcked { record, .. } => {
                if let Some(sent) = self.sent.remove(record) {
                    let took = emitted.at.since(sent).0.min(u64::from(u32::MAX)) as u32;
                    let bucket = self.bucket();
                    bucket.latency = bucket.latency.max(took);
                }
            }
            Event::SendFailed { record, .. } => {
                self.sent.remove(record);
            }
            _ => {}
        }
    }

    /// A stretch is over: what stays as it is goes on into the next one.
    fn turn(&mut self) {
        let lag = self.lag();
        if let Some(last) = self.buckets.last_mut() {
            last.lag = last.lag.max(lag);
        }
        self.note_groups();
        let under_replicated = self.under_replicated();
        self.buckets.push(Bucket { lag, under_replicated, ..Bucket::default() });
    }

    fn note_groups(&mut self) {
        let mut sums: Map<GroupId, u64> = Map::new();
        for ((group, tp), position) in &self.positions {
            let end = self.high_watermarks.get(tp).map_or(0, |end| end.0);
            *sums.entry(*group).or_default() += (end - position.0).max(0).unsigned_abs();
        }
        let bucket = self.buckets.len().saturating_sub(1);
        for (group, sum) in &sums {
            let known = self.behind.entry(*group).or_default();
            if known.last().is_none_or(|(_, last)| last != sum) {
                known.push((bucket, *sum));
            }
        }
    }

    /// How many records a group is behind in all its partitions, up to a moment, one value for each [`BUCKET`].
    pub fn group_lag(&self, group: GroupId, until: Instant) -> Vec<f64> {
        let last = ((until.0 / BUCKET.0) as usize + 1).min(self.buckets.len());
        let mut values = vec![0.0; last];
        let known = self.behind.get(&group).map_or(&[][..], Vec::as_slice);
        for (index, (from, sum)) in known.iter().enumerate() {
            let to = known.get(index + 1).map_or(last, |(next, _)| *next).min(last);
            if let Some(stretch) = values.get_mut(*from..to) {
                stretch.fill(*sum as f64);
            }
        }
        values
    }

    fn bucket(&mut self) -> &mut Bucket {
        if self.buckets.is_empty() {
            self.buckets.push(Bucket::default());
        }
        let last = self.buckets.len() - 1;
        &mut self.buckets[last]
    }

    fn under_replicated(&self) -> u32 {
        self.in_sync.values().filter(|(isr, all)| isr < all).count() as u32
    }

    fn lag(&self) -> u32 {
        let behind = |((_, tp), position): (&(GroupId, TopicPartition), &Offset)| {
            let end = self.high_watermarks.get(tp).map_or(0, |end| end.0);
            (end - position.0).clamp(0, i64::from(u32::MAX)) as u32
        };
        self.positions.iter().map(behind).max().unwrap_or(0)
    }

    /// A meter's values up to a moment, one for each [`BUCKET`].
    pub fn values(&self, meter: Meter, until: Instant) -> Vec<f64> {
        let last = ((until.0 / BUCKET.0) as usize + 1).min(self.buckets.len());
        let per_second = 1_000_000.0 / BUCKET.0 as f64;
        let value = |bucket: &Bucket| match meter {
            Meter::MessagesIn => f64::from(bucket.appended) * per_second,
            Meter::Lag => f64::from(bucket.lag),
            Meter::UnderReplicated => f64::from(bucket.under_replicated),
            Meter::IsrShrinks => f64::from(bucket.isr_shrinks) * per_second,
            Meter::IsrExpands => f64::from(bucket.isr_expands) * per_second,
            Meter::Latency => f64::from(bucket.latency) / 1_000.0,
        };
        self.buckets[..last].iter().map(value).collect()
    }
}
