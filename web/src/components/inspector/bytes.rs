//! What lies on a broker's disk: its directories, a directory's files, a file's batches, a batch's bytes with every field named.
//!
//! The way down is by selecting: a broker, one of its replicas, one of its records.

use super::lookup::picture;
use super::markup::escape;
use crate::i18n::{Locale, say, td_string};
use crate::kafka::LOG_DIR;
use crate::scene::Target;
use crate::session::Run;
use highwater_engine::ids::{BrokerId, Offset, TopicPartition};
use highwater_engine::replication::Replica;
use highwater_engine::sim::{Actor, Directory, NodeKind, Simulation};
use highwater_engine::storage::format::{Field, INDEX_ENTRY_BYTES, TIME_ENTRY_BYTES, checked_size, fields_of};
use highwater_engine::storage::{Log, LookupSteps, RecordBatch, Segment};
use std::fmt::Write as _;

/// Batches shown around the chosen one.
const AROUND: usize = 6;
/// Most bytes of a field that are written out.
const FIELD_BYTES: usize = 96;

/// The tab.
pub fn bytes(target: Target, run: &Run, locale: Locale) -> String {
    let simulation = run.simulation();
    let directory = simulation.directory();
    let mut page = Files { out: String::new(), directory, locale };
    match target {
        Target::Node(node) => {
            if let (Some(NodeKind::Broker(broker)), Some(Actor::Broker(actor))) =
                (directory.node_kind(node), simulation.actor(node))
            {
                page.directories(broker, actor.replicas().iter());
            }
        }
        Target::Partition(tp) => {
            let view = run.view();
            let leader = view.partitions.iter().find(|partition| partition.tp == tp).map(|partition| partition.leader);
            if let Some((broker, replica)) = leader.and_then(|leader| replica_of(simulation, leader, tp)) {
                page.replica(broker, tp, replica);
            }
        }
        Target::Replica(broker, tp) => {
            if let Some((broker, replica)) = replica_of(simulation, broker, tp) {
                page.replica(broker, tp, replica);
            }
        }
        Target::Record(broker, tp, offset) => {
            if let Some((broker, replica)) = replica_of(simulation, broker, tp) {
                page.record(broker, tp, &replica.log, offset);
            }
        }
        Target::Group(_) | Target::Queue(_) | Target::Envelope(_) | Target::Lost(_) => {}
    }
    if page.out.is_empty() {
        let _ = write!(page.out, "<p class=\"quiet\">{}</p>", td_string!(locale, page.bytes.none));
    }
    page.out
}

fn replica_of(simulation: &Simulation, broker: BrokerId, tp: TopicPartition) -> Option<(BrokerId, &Replica)> {
    simulation.actors().find_map(|(_, actor)| match actor {
        Actor::Broker(actor) if actor.id == broker => actor.replicas().get(&tp).map(|replica| (broker, replica)),
        _ => None,
    })
}

struct Files<'a> {
    out: String,
    directory: &'a Directory,
    locale: Locale,
}

impl Files<'_> {
    fn link(&mut self, target: Target, text: &str) {
        let _ = write!(self.out, "<button class=\"at\" data-target=\"{}\">{}</button>", target.format(), escape(text));
    }

    fn line(&mut self, text: &str) {
        let _ = write!(self.out, "<p>{}</p>", escape(text));
    }

    fn head(&mut self, columns: &[&str]) {
        self.out.push_str("<table class=\"files\"><thead><tr>");
        for column in columns {
            let _ = write!(self.out, "<th scope=\"col\">{column}</th>");
        }
        self.out.push_str("</tr></thead><tbody>");
    }

    fn directories<'r>(&mut self, broker: BrokerId, replicas: impl Iterator<Item = (&'r TopicPartition, &'r Replica)>) {
        let _ = write!(self.out, "<h3><code>{LOG_DIR}</code></h3>");
        let (segments, size) = (td_string!(self.locale, page.bytes.segments), td_string!(self.locale, page.bytes.size));
        self.head(&["", segments, size]);
        // The users' topics first, then the coordinators' with something in them.
        let mut all: Vec<(&TopicPartition, &Replica)> = replicas.collect();
        all.retain(|(tp, replica)| !tp.topic.is_internal() || replica.log.log_end_offset() > Offset::ZERO);
        all.sort_by_key(|(tp, _)| (tp.topic.is_internal(), **tp));
        for (tp, replica) in all {
            self.out.push_str("<tr><td>");
            self.link(Target::Replica(broker, *tp), &format!("{}/", self.directory.tp_name(*tp)));
            let _ = write!(
                self.out,
                "</td><td>{}</td><td>{}</td></tr>",
                replica.log.segments().count(),
                replica.log.size()
            );
        }
        self.out.push_str("</tbody></table>");
    }

    fn replica(&mut self, broker: BrokerId, tp: TopicPartition, replica: &Replica) {
        let log = &replica.log;
        let _ = write!(self.out, "<h3><code>{LOG_DIR}/{}</code></h3>", escape(&self.directory.tp_name(tp)));
        let (start, end, flushed) = (log.log_start_offset(), log.log_end_offset(), log.durable_to());
        let words = td_string!(self.locale, page.bytes.reaches);
        self.line(&say(words, &[("start", &start), ("end", &end), ("flushed", &flushed)]));
        self.head(&[td_string!(self.locale, page.bytes.file), td_string!(self.locale, page.bytes.size)]);
        for segment in log.segments() {
            let base = segment.base_offset();
            self.out.push_str("<tr><td>");
            let name = Segment::file_name(base, ".log");
            match segment.batches().next() {
                Some(first) => self.link(Target::Record(broker, tp, first.base_offset), &name),
                None => self.out.push_str(&name),
            }
            let _ = write!(self.out, "</td><td>{}</td></tr>", segment.size());
            let offsets = segment.indexes().offsets.entries().len() as u64 * u64::from(INDEX_ENTRY_BYTES);
            let times = segment.indexes().times.entries().len() as u64 * u64::from(TIME_ENTRY_BYTES);
            for (suffix, size) in [(".index", offsets), (".timeindex", times)] {
                let _ = write!(self.out, "<tr><td>{}</td><td>{size}</td></tr>", Segment::file_name(base, suffix));
            }
        }
        let mut checkpoint = format!("0\n{}\n", log.epochs().entries().len());
        for entry in log.epochs().entries() {
            let _ = writeln!(checkpoint, "{} {}", entry.epoch, entry.start_offset);
        }
        let _ = write!(self.out, "<tr><td>leader-epoch-checkpoint</td><td>{}</td></tr>", checkpoint.len());
        self.out.push_str("</tbody></table>");
        let _ =
            write!(self.out, "<pre class=\"cli\" tabindex=\"0\"><b>leader-epoch-checkpoint</b>\n{checkpoint}</pre>");
    }

    fn record(&mut self, broker: BrokerId, tp: TopicPartition, log: &Log, offset: Offset) {
        let Some(segment) = log.segments().rfind(|segment| segment.base_offset() <= offset) else { return };
        let file = Segment::file_name(segment.base_offset(), ".log");
        self.out.push_str("<p class=\"crumbs\">");
        self.link(Target::Replica(broker, tp), &format!("{}/", self.directory.tp_name(tp)));
        let _ = write!(self.out, " <code>{file}</code></p>");
        self.lookup(log, offset, &file);
        let batches: Vec<&RecordBatch> = segment.batches().collect();
        let chosen = batches.partition_point(|batch| batch.next_offset() <= offset);
        self.head(&["baseOffset", "lastOffset", "position", "size"]);
        let mut position = 0;
        for (index, batch) in batches.iter().enumerate() {
            if index.abs_diff(chosen) <= AROUND {
                let _ = write!(self.out, "<tr{}><td>", if index == chosen { " class=\"here\"" } else { "" });
                self.link(Target::Record(broker, tp, batch.base_offset), &batch.base_offset.to_string());
                let (last, size) = (batch.last_offset(), batch.size_in_bytes);
                let _ = write!(self.out, "</td><td>{last}</td><td>{position}</td><td>{size}</td></tr>");
            }
            position += u64::from(batch.size_in_bytes);
        }
        self.out.push_str("</tbody></table>");
        if let Some(batch) = batches.get(chosen) {
            self.batch(batch);
        }
    }

    /// How a broker finds the offset: the name of the file, the index, a short scan.
    fn lookup(&mut self, log: &Log, offset: Offset, file: &str) {
        let Some(steps) = LookupSteps::of(log, offset) else { return };
        let segment = log.segments().find(|segment| segment.base_offset() == steps.segment);
        let entries = segment.map_or(0, |segment| segment.indexes().offsets.entries().len());
        let (probes, scanned) = (steps.probes.len(), steps.scanned.len());
        let words = if entries == 0 {
            td_string!(self.locale, page.bytes.lookup_no_index)
        } else {
            td_string!(self.locale, page.bytes.lookup)
        };
        let text = say(
            words,
            &[
                ("offset", &offset),
                ("file", &file),
                ("entries", &entries),
                ("probes", &probes),
                ("near", &steps.entry.0),
                ("position", &steps.entry.1),
                ("scanned", &scanned),
            ],
        );
        self.line(&text);
        self.out.extend(segment.map(|segment| picture(segment, &steps)));
    }

    fn batch(&mut self, batch: &RecordBatch) {
        let bytes = batch.bytes();
        match checked_size(&bytes) {
            Ok(_) => self.line(td_string!(self.locale, page.bytes.whole)),
            Err(error) => {
                let words = say(td_string!(self.locale, page.bytes.damaged), &[("error", &error)]);
                let _ = write!(self.out, "<p class=\"trouble\">{}</p>", escape(&words));
            }
        }
        let fields = fields_of(&bytes);
        self.hex(&bytes, &fields, 0);
        self.fields(batch, &fields, 0);
        if let Some(packed) = &batch.packed {
            let (codec, from, to) = (packed.codec.name(), packed.expanded, packed.block.len());
            let words = td_string!(self.locale, page.bytes.packed);
            self.line(&say(words, &[("codec", &codec), ("from", &from), ("to", &to)]));
            let inside = RecordBatch { packed: None, damage: None, ..RecordBatch::clone(batch) }.bytes();
            let records: Vec<Field> = fields_of(&inside).into_iter().filter(|field| field.record.is_some()).collect();
            self.hex(&inside, &records, fields.len());
            self.fields(batch, &records, fields.len());
        }
    }

    /// The bytes, field by field; the numbers tie each to its line in the table.
    fn hex(&mut self, bytes: &[u8], fields: &[Field], first: usize) {
        self.out.push_str("<div class=\"hex\" aria-hidden=\"true\">");
        for (number, field) in fields.iter().enumerate() {
            let _ = write!(self.out, "<span data-f=\"{}\">{}</span> ", first + number, hex(bytes, field));
        }
        self.out.push_str("</div>");
    }

    fn fields(&mut self, batch: &RecordBatch, fields: &[Field], first: usize) {
        self.out.push_str("<table class=\"files fields\"><tbody>");
        let mut record = None;
        for (number, field) in fields.iter().enumerate() {
            if field.record != record {
                record = field.record;
                let offset = record.and_then(|index| batch.iter().nth(index as usize)).map(|(offset, _)| offset);
                let words = td_string!(self.locale, page.bytes.record);
                let title = say(words, &[("offset", &offset.unwrap_or_default())]);
                let _ = write!(self.out, "<tr><th colspan=\"3\" scope=\"rowgroup\">{title}</th></tr>");
            }
            let value: String = field.value.chars().take(40).collect();
            let _ = write!(
                self.out,
                "<tr tabindex=\"0\" data-f=\"{}\"><td>{}</td><td>{}</td><td>{}</td></tr>",
                first + number,
                field.name,
                field.to - field.from,
                escape(&value),
            );
        }
        self.out.push_str("</tbody></table>");
    }
}

/// A field's bytes in hexadecimal; of a long one the beginning.
fn hex(bytes: &[u8], field: &Field) -> String {
    let all = bytes.get(field.from..field.to).unwrap_or_default();
    let mut text = String::new();
    for byte in all.iter().take(FIELD_BYTES) {
        let _ = write!(text, "{byte:02x}");
    }
    if all.len() > FIELD_BYTES {
        text.push('…');
    }
    text
}
