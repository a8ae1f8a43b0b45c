//! Rows, columns and their places.

use crate::i18n::labels::Labels;
use crate::scene::geometry::Rect;
use crate::scene::text::TextStyle;
use highwater_engine::ids::TopicPartition;
use highwater_engine::view::StageView;

/// The most rows and the most columns that are drawn one by one.
const MOST_ROWS: usize = 24;
const MOST_COLUMNS: usize = 12;
/// The most producers with a box of their own; the others share the last.
pub const MOST_PRODUCERS: usize = 20;

/// Above the rows: the controller, the brokers' heads, the way to the coordinators.
const HEAD: f64 = 54.0;
const MARGIN: f64 = 10.0;
const GAP: f64 = 3.0;

/// One partition, or several drawn together.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The partitions, by their places in the view.
    pub partitions: std::ops::Range<usize>,
    /// The one to look at when one comes nearer.
    pub first: TopicPartition,
}

/// One broker, or several drawn together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// The brokers, by their places in the view.
    pub brokers: std::ops::Range<usize>,
}

/// Where everything goes, in stage units: pixels, unless there is very little room.
#[derive(Clone, PartialEq, Debug)]
pub struct Grid {
    /// Width of the viewBox.
    pub width: f64,
    /// Height of the viewBox.
    pub height: f64,
    /// The rows from above.
    pub rows: Vec<Row>,
    /// The columns from the left.
    pub columns: Vec<Column>,
    /// Width of a producer's box; 0 without producers.
    pub producer_width: f64,
    /// Left edge of the rows' names.
    pub labels_x: f64,
    /// Room for the rows' names.
    pub labels_width: f64,
    /// Left edge of the first column.
    pub columns_x: f64,
    /// Width of a column.
    pub column: f64,
    /// Height of a row.
    pub row_height: f64,
    /// Height of a producer's place.
    pub producer_height: f64,
    /// Left edge of the first group.
    pub groups_x: f64,
    /// Width of a group; 0 without groups.
    pub group_width: f64,
}

impl Grid {
    /// The grid that fills a room of this size.
    pub fn new(view: &StageView, labels: Labels, room_width: f64, room_height: f64) -> Grid {
        let (rows, columns) = (rows(view, labels), columns(view));
        let summed = rows.len() < view.partitions.len() || columns.len() < view.brokers.len();
        let writers = view.producers.iter().filter(|producer| producer.topic.is_some());
        let producer_width = writers
            .map(|producer| (TextStyle::NameStrong.width(&producer.name) + 18.0).clamp(46.0, 72.0))
            .fold(0.0, f64::max);
        let labels_x = MARGIN + if producer_width > 0.0 { producer_width + 14.0 } else { 0.0 };
        let labels_width =
            rows.iter().map(|row| TextStyle::Label.width(&row.name) + 4.0).fold(40.0, f64::max).min(104.0);
        let columns_x = labels_x + labels_width + 4.0;
        let groups = view.groups.len() as f64;
        let group_width = match view.groups.len() {
            0 => 0.0,
            1..=2 => 96.0,
            _ => 58.0,
        };
        let right = MARGIN + groups * (group_width + GAP) + if groups > 0.0 { 12.0 } else { 0.0 };
        let count = columns.len().max(1) as f64;
        let foot = if summed { 20.0 } else { 6.0 };
        // Narrower or lower than this nothing can be read: then the whole is drawn smaller.
        let least_width = columns_x + count * (36.0 + GAP) + right;
        let boxes = view.producers.iter().filter(|it| it.topic.is_some()).count().clamp(1, MOST_PRODUCERS) as f64;
        let least_height = HEAD + (rows.len().max(1) as f64 * 15.0).max(boxes * 19.0) + foot;
        let scale = (room_width.max(320.0) / least_width).min(room_height.max(200.0) / least_height).min(1.0);
        let (width, height) = (room_width.max(320.0) / scale, room_height.max(200.0) / scale);
        let column = ((width - columns_x - right) / count - GAP).clamp(36.0, 240.0).floor();
        let row_height = ((height - HEAD - foot) / rows.len().max(1) as f64).clamp(15.0, 84.0);
        let producer_height = ((height - HEAD - foot) / boxes).min(58.0);
        let groups_x = columns_x + count * (column + GAP) + 12.0;
        Grid {
            width,
            height,
            rows,
            columns,
            producer_width,
            labels_x,
            labels_width,
            columns_x,
            column,
            row_height,
            producer_height,
            groups_x,
            group_width,
        }
    }

    /// Whether rows or columns stand for several things.
    pub fn is_summed(&self) -> bool {
        self.rows.iter().any(|row| row.partitions.len() > 1)
            || self.columns.iter().any(|column| column.brokers.len() > 1)
    }

    /// Top of a row.
    pub fn row(&self, row: usize) -> f64 {
        HEAD + row as f64 * self.row_height
    }

    /// The middle of a row.
    pub fn middle(&self, row: usize) -> f64 {
        self.row(row) + self.row_height / 2.0
    }

    /// The place of a tile.
    pub fn tile(&self, row: usize, column: usize) -> Rect {
        let x = self.columns_x + column as f64 * (self.column + GAP);
        Rect::new(x, self.row(row) + 1.5, self.column, self.row_height - 3.0)
    }

    /// The head of a column.
    pub fn head(&self, column: usize) -> Rect {
        Rect::new(self.columns_x + column as f64 * (self.column + GAP), 24.0, self.column, 19.0)
    }

    /// The line to the controller, over the heads.
    pub fn controller_y(&self) -> f64 {
        14.5
    }

    /// The line to the coordinators, under the heads.
    pub fn lobby_y(&self) -> f64 {
        48.5
    }

    /// Left edge of a group.
    pub fn group(&self, group: usize) -> f64 {
        self.groups_x + group as f64 * (self.group_width + GAP)
    }

    /// Where producers' wires run down.
    pub fn bus_x(&self) -> f64 {
        self.labels_x - 7.0
    }

    /// The row of a partition, by its place in the view.
    pub fn row_of(&self, partition: usize) -> Option<usize> {
        self.rows.iter().position(|row| row.partitions.contains(&partition))
    }

    /// The column of a broker, by its place in the view.
    pub fn column_of(&self, broker: usize) -> Option<usize> {
        self.columns.iter().position(|column| column.brokers.contains(&broker))
    }
}

fn rows(view: &StageView, labels: Labels) -> Vec<Row> {
    let row = |name: String, from: usize, to: usize| {
        Some(Row { name, partitions: from..to, first: view.partitions.get(from)?.tp })
    };
    let all = view.partitions.len();
    if all <= MOST_ROWS {
        return view.partitions.iter().enumerate().filter_map(|(at, it)| row(it.name.clone(), at, at + 1)).collect();
    }
    let mut rows: Vec<Row> = Vec::new();
    for (at, partition) in view.partitions.iter().enumerate() {
        if let Some(row) = rows.last_mut().filter(|row| row.first.topic == partition.tp.topic) {
            row.partitions.end = at + 1;
        } else if rows.len() < MOST_ROWS {
            let topic = partition.name.rsplit_once('-').map_or(partition.name.as_str(), |(topic, _)| topic);
            rows.extend(row(topic.to_owned(), at, at + 1));
        } else {
            break;
        }
    }
    if let Some(last) = rows.last_mut().filter(|row| row.partitions.end < all) {
        // More topics than rows: the last row is everything else.
        last.partitions.end = all;
        last.name = labels.others();
    }
    rows
}

fn columns(view: &StageView) -> Vec<Column> {
    let each = view.brokers.len().div_ceil(MOST_COLUMNS).max(1);
    let starts = (0..view.brokers.len()).step_by(each);
    starts.map(|from| Column { brokers: from..(from + each).min(view.brokers.len()) }).collect()
}
