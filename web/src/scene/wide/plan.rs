//! Where everything goes: sizes follow from who is there and from the widths of their names.

use crate::i18n::labels::Labels;
use crate::scene::geometry::Rect;
use crate::scene::pins::{self, LANE};
use crate::scene::strip::StripFrame;
use crate::scene::text::TextStyle;
use highwater_engine::ids::{BrokerId, TopicId};
use highwater_engine::view::{GroupView, PartitionView, ProducerView, StageView};

/// Height of the part above the rows: heartbeats, headings, coordinators' wire.
const HEAD: f64 = 66.0;
/// Empty room at the edges.
const MARGIN: f64 = 12.0;
/// Between broker columns.
const COLUMN_GAP: f64 = 8.0;
/// From record to record.
const PITCH: f64 = 16.0;

/// The plan of a cluster drawing, in stage units.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// Width of the viewBox.
    pub width: f64,
    /// Height of the viewBox.
    pub height: f64,
    /// Left edge of the producers.
    pub producers_x: f64,
    /// Width of a producer's box; 0 without producers.
    pub producer_width: f64,
    /// Left edge of the partitions' names.
    pub labels_x: f64,
    /// Room for the partitions' names.
    pub labels_width: f64,
    /// Left edge of the first broker.
    pub brokers_x: f64,
    /// Width of a broker.
    pub column: f64,
    /// How many brokers.
    pub columns: usize,
    /// Top of the heading area.
    pub top: f64,
    /// Top of the first row.
    pub rows_y: f64,
    /// Height of a row.
    pub row_height: f64,
    /// How many rows.
    pub rows: usize,
    /// From a row's top to the base line of its cells.
    pub base: f64,
    /// Extra lanes of pins below the first.
    pub lanes: f64,
    /// Left edge and width of each group.
    pub groups: Vec<(f64, f64)>,
    /// Height of the line of consumers without partitions, under the rows.
    pub idle_height: f64,
}

impl Plan {
    /// A plan that fills a room of this size.
    pub fn new(view: &StageView, labels: Labels, room_width: f64, room_height: f64) -> Plan {
        let columns = view.brokers.len();
        let rows = view.partitions.len().max(1);
        let producers: Vec<&ProducerView> = view.producers.iter().filter(|producer| producer.topic.is_some()).collect();
        let producer_width = producers.iter().map(|producer| producer_box(producer)).fold(0.0, f64::max);
        let mut labels_x = MARGIN + 4.0;
        if producer_width > 0.0 {
            labels_x += producer_width + 16.0;
            if topics(view).any(|topic| writers(view, topic).count() > 1) {
                labels_x += 8.0;
            }
        }
        let labels_width =
            view.partitions.iter().map(|partition| partition_label(partition, labels)).fold(52.0, f64::max);
        let brokers_x = labels_x + labels_width + 6.0;
        let mut column = natural_column(columns);
        let group_widths: Vec<f64> = view.groups.iter().map(|group| group_width(group, labels)).collect();
        let groups_total: f64 = group_widths.iter().map(|width| width + 10.0).sum();
        let right = if group_widths.is_empty() { 0.0 } else { groups_total - 10.0 + 18.0 };
        let others = brokers_x + right + MARGIN - COLUMN_GAP;
        let mut natural_width = others + columns as f64 * (column + COLUMN_GAP);

        let lanes = lanes(view);
        let mut row_height = if rows >= 4 { 116.0 } else { 132.0 } + lanes;
        for topic in topics(view) {
            let of_topic = view.partitions.iter().filter(|partition| partition.tp.topic == topic).count().max(1);
            let stacked = writers(view, topic).count() as f64 * 70.0;
            row_height = row_height.max((stacked / of_topic as f64).ceil());
        }
        // A consumer without partitions stands under the rows where no row is free, and never on a store.
        let spare = if view.stores.is_empty() { rows } else { 1 };
        let idle = view.groups.iter().any(|group| group.members.len() > spare);
        let idle_height = if idle { 26.0 } else { 0.0 };
        let footer = idle_height + if view.stores.is_empty() { 4.0 } else { 54.0 };
        let mut natural_height = HEAD + rows as f64 * row_height + footer;

        // Scale the drawing as a whole, then give what is left over in one direction to columns or rows.
        let (room_width, room_height) = (room_width.max(320.0), room_height.max(200.0));
        let scale = (room_width / natural_width).min(room_height / natural_height);
        let (width, height) = (room_width / scale, room_height / scale);
        let wider = ((width - natural_width) / columns.max(1) as f64).min(column * 0.5).max(0.0).floor();
        column += wider;
        natural_width += wider * columns as f64;
        let taller = ((height - natural_height) / rows as f64).min(172.0 - row_height).max(0.0).floor();
        row_height += taller;
        natural_height += taller * rows as f64;
        let left = ((width - natural_width) / 2.0).max(0.0).floor();
        let top = ((height - natural_height) / 2.0).max(0.0).floor();

        let bare = row_height - lanes;
        let base = (60.0 + (bare - 116.0).clamp(0.0, 16.0) / 2.0 + ((bare - 132.0) / 3.0).clamp(0.0, 14.0)).round();
        let mut x = left + brokers_x + columns as f64 * (column + COLUMN_GAP) - COLUMN_GAP + 18.0;
        let mut groups = Vec::new();
        for width in group_widths {
            groups.push((x, width));
            x += width + 10.0;
        }
        Plan {
            width: width.max(natural_width),
            height: height.max(natural_height),
            producers_x: left + MARGIN,
            producer_width,
            labels_x: left + labels_x,
            labels_width,
            brokers_x: left + brokers_x,
            column,
            columns,
            top,
            rows_y: top + HEAD,
            row_height,
            rows,
            base,
            lanes,
            groups,
            idle_height,
        }
    }

    /// Top of a row.
    pub fn row(&self, row: usize) -> f64 {
        self.rows_y + row as f64 * self.row_height
    }

    /// Lower end of the rows.
    pub fn rows_bottom(&self) -> f64 {
        self.row(self.rows)
    }

    /// Base line of a row's cells.
    pub fn base_of(&self, row: usize) -> f64 {
        self.row(row) + self.base
    }

    /// The clients' wire of a row.
    pub fn rail(&self, row: usize) -> f64 {
        self.base_of(row) - 51.5
    }

    /// The followers' wire of a row.
    pub fn rail_r(&self, row: usize) -> f64 {
        self.base_of(row) - 41.5
    }

    /// Where an election's line runs in a row.
    pub fn election(&self, row: usize) -> f64 {
        self.base_of(row) + 48.0 + self.lanes
    }

    /// A broker's column, header included.
    pub fn broker(&self, column: usize) -> Rect {
        let x = self.brokers_x + column as f64 * (self.column + COLUMN_GAP);
        Rect::new(x, self.top + 28.0, self.column, self.rows_bottom() - self.top - 28.0)
    }

    /// Lower edge of the brokers' headers.
    pub fn head_bottom(&self) -> f64 {
        self.top + 54.0
    }

    /// The wire to the controller.
    pub fn heartbeat_y(&self) -> f64 {
        self.top + 19.5
    }

    /// The wire to the group coordinators.
    pub fn lobby_y(&self) -> f64 {
        self.top + 60.5
    }

    /// Right edge of the last broker.
    pub fn brokers_right(&self) -> f64 {
        self.brokers_x + self.columns as f64 * (self.column + COLUMN_GAP) - COLUMN_GAP
    }

    /// Where a leader's star stands in a column, and where wires go down to it.
    pub fn slot_x(&self, column: usize) -> f64 {
        self.broker(column).x + 14.5
    }

    /// The middle of a leader's star.
    pub fn star_y(&self, row: usize) -> f64 {
        self.base_of(row) - 10.0
    }

    /// Where a replica's log is drawn.
    pub fn strip(&self, row: usize, column: usize) -> StripFrame {
        let broker = self.broker(column);
        StripFrame {
            x: broker.x + 28.0,
            base: self.base_of(row),
            left: broker.x + 26.0,
            right: broker.right() - 5.0,
            pitch: PITCH,
            tall: 20.0,
            low: 12.0,
        }
    }

    /// How many records fit in a column.
    pub fn capacity(&self) -> usize {
        // Where columns are wide enough there is always room for LEO beside its line.
        let reserve = if self.column >= 170.0 { 79.0 } else { 52.0 };
        (((self.column - reserve) / PITCH).floor().max(2.0)) as usize
    }
}

/// The column of a broker.
pub fn column_of(view: &StageView, broker: BrokerId) -> Option<usize> {
    view.brokers.iter().position(|candidate| candidate.id == broker)
}

/// The topics on the stage, each once, in the order of their rows.
pub fn topics(view: &StageView) -> impl Iterator<Item = TopicId> + '_ {
    let first = |index: usize| index.checked_sub(1).and_then(|before| view.partitions.get(before));
    view.partitions.iter().enumerate().filter_map(move |(index, partition)| {
        let topic = partition.tp.topic;
        (first(index).map(|before| before.tp.topic) != Some(topic)).then_some(topic)
    })
}

/// The producers that write to a topic.
pub fn writers(view: &StageView, topic: TopicId) -> impl Iterator<Item = &ProducerView> + '_ {
    view.producers.iter().filter(move |producer| producer.topic == Some(topic))
}

/// The most columns that fit are those of one broker; nine are narrow.
fn natural_column(columns: usize) -> f64 {
    match columns {
        0 | 1 => 260.0,
        2 => 220.0,
        3 => 196.0,
        4 => 172.0,
        5 => 156.0,
        _ => 140.0,
    }
}

fn producer_box(producer: &ProducerView) -> f64 {
    (TextStyle::NameStrong.width(&producer.name) + 20.0).clamp(74.0, 132.0).ceil()
}

fn partition_label(partition: &PartitionView, labels: Labels) -> f64 {
    let isr = isr_text(&partition.assignment);
    let name = TextStyle::LabelStrong.width(&partition.name);
    let width = name.max(TextStyle::Mark.width(&isr)).max(TextStyle::Word.width(&labels.no_leader()));
    width.max(TextStyle::Word.width(&labels.epoch(88))).min(112.0).ceil()
}

/// `ISR 2, 3`; without blanks where there are many.
pub fn isr_text(isr: &[BrokerId]) -> String {
    let ids: Vec<String> = isr.iter().map(ToString::to_string).collect();
    let separator = if ids.len() > 4 { "," } else { ", " };
    format!("ISR {}", ids.join(separator))
}

fn group_width(group: &GroupView, labels: Labels) -> f64 {
    let member = group.members.iter().map(|member| TextStyle::NameStrong.width(&member.name) + 20.0);
    let words = [
        TextStyle::NameStrong.width(&group.name) + 4.0,
        TextStyle::WordStrong.width(&labels.group_rebalancing()) + 2.0,
        TextStyle::Word.width(&labels.lag(999)) + 16.0,
    ];
    member.chain(words).fold(62.0, f64::max).min(132.0).ceil()
}

fn lanes(view: &StageView) -> f64 {
    let most = view
        .partitions
        .iter()
        .map(|partition| view.groups.iter().filter(|group| pins::place(group, partition.tp).is_some()).count());
    LANE * most.max().unwrap_or(0).saturating_sub(1) as f64
}
