//! A group under the stage: who reads which partition, how far, and how far behind; every rebalance; both clocks of
//! every member. The columns are those of `kafka-consumer-groups.sh`.

use super::drawn_panel::Drawn;
use super::inspector::escape;
use super::timeline::{axis, end_of};
use crate::i18n::{Locale, say, td_string};
use crate::kafka::{host, member_id};
use crate::scene::{Target, number};
use crate::session::words::Names;
use crate::session::{GroupHistory, PartitionHistory, Rebalance, Run, Trigger, group_history};
use highwater_engine::event::GroupState;
use highwater_engine::ids::{GroupId, NodeId};
use highwater_engine::share::ShareRecordState;
use highwater_engine::sim::NodeKind;
use highwater_engine::time::{Duration, Instant};
use highwater_engine::view::*;
use std::fmt::Write as _;

/// The panel.
pub const GROUP: Drawn =
    Drawn { class: "group-panel", name: |locale| td_string!(locale, page.panel.group), period: 0.25, draw: panel };

/// The group that is selected, whose member is, or that the beat is about; else the first.
fn group_of(run: &Run, view: &StageView, selection: Option<Target>) -> Option<GroupId> {
    let directory = run.simulation().directory();
    let of_node = |node| match directory.node_kind(node) {
        Some(NodeKind::Consumer(group)) => Some(group),
        _ => None,
    };
    let selected = match selection {
        Some(Target::Group(group)) => Some(group),
        Some(Target::Node(node)) => of_node(node),
        _ => None,
    };
    let focus = || {
        let focus = run.beats().get(run.beat()?)?.focus.clone()?;
        directory.find_group(&focus).or_else(|| of_node(directory.find_node(&focus)?))
    };
    selected.or_else(focus).or_else(|| view.groups.first().map(|group| group.id))
}

fn panel(run: &Run, selection: Option<Target>, locale: Locale) -> String {
    let view = run.view();
    let shown = group_of(run, &view, selection).and_then(|id| view.groups.iter().find(|group| group.id == id));
    let Some(group) = shown else {
        return format!("<p class=\"quiet\">{}</p>", td_string!(locale, page.group.none));
    };
    let history = group_history(run.past().iter(), group.id, run.now());
    let writer = Writer {
        group,
        history: &history,
        names: Names { directory: run.simulation().directory(), locale },
        seed: run.recording().seed,
        now: run.now(),
        end: end_of(run),
    };
    let mut out = String::new();
    writer.head(&view.groups, &mut out);
    if group.share {
        writer.shared(&mut out);
    } else {
        writer.partitions(&mut out);
    }
    writer.members(&mut out);
    out
}

/// Records of one partition shown.
const CELLS_MOST: usize = 60;

struct Writer<'a> {
    group: &'a GroupView,
    history: &'a GroupHistory,
    names: Names<'a>,
    seed: u64,
    now: Instant,
    end: Instant,
}

impl Writer<'_> {
    fn locale(&self) -> Locale {
        self.names.locale
    }

    /// Name, state, generation, assignor, coordinator; other groups to turn to; the last rebalance in a sentence.
    fn head(&self, groups: &[GroupView], out: &mut String) {
        let (group, locale) = (self.group, self.locale());
        out.push_str("<p class=\"group-head\">");
        for other in groups {
            let mark = if other.id == group.id { " aria-current=\"true\"" } else { "" };
            let target = Target::Group(other.id).format();
            let _ = write!(out, "<button data-target=\"{target}\"{mark}>{}</button>", escape(&other.name));
        }
        let protocol = match (group.share, group.modern) {
            (true, _) => "share",
            (_, true) => "consumer",
            _ => "classic",
        };
        let assignor = group.assignor.unwrap_or("–");
        let epoch = if group.modern || group.share {
            td_string!(locale, page.group.epoch)
        } else {
            td_string!(locale, page.fact.generation)
        };
        let coordinator = self.names.broker(group.coordinator.unwrap_or(highwater_engine::ids::BrokerId::NONE));
        let _ = write!(
            out,
            "<code>{}</code><span>{epoch} <b>{}</b></span><span>{protocol} · {assignor}</span><span>{} {coordinator}</span>",
            group.state.name(),
            group.generation,
            td_string!(locale, page.fact.coordinator),
        );
        let lag: i64 = group.offsets.iter().map(|offset| offset.lag).sum();
        let _ = write!(out, "<span>{} <b>{lag}</b></span></p>", td_string!(locale, page.fact.lag));
        if let Some(last) = self.history.rebalances.last() {
            let _ = write!(out, "<p class=\"group-last\">{}</p>", escape(&self.rebalance(last)));
        }
    }

    fn rebalance(&self, rebalance: &Rebalance) -> String {
        let locale = self.locale();
        let why = match rebalance.trigger {
            Trigger::Joined(client) => {
                say(td_string!(locale, page.group.because_joined), &[("client", &self.names.node(client))])
            }
            Trigger::Left(client, _) => {
                say(td_string!(locale, page.group.because_left), &[("client", &self.names.node(client))])
            }
            Trigger::Other => td_string!(locale, page.group.because_other).to_owned(),
        };
        let took = self.names.span(rebalance.to.unwrap_or(self.now).since(rebalance.from));
        let count = self.history.rebalances.len();
        let parts: [(&str, &dyn std::fmt::Display); 3] = [("count", &count), ("why", &why), ("span", &took)];
        let first = match rebalance.to {
            Some(_) => say(td_string!(locale, page.group.rebalance_done), &parts),
            None => say(td_string!(locale, page.group.rebalance_goes_on), &parts),
        };
        let stopped = |(client, span): &(NodeId, Duration)| {
            let (client, span) = (self.names.node(*client), self.names.span(*span));
            say(td_string!(locale, page.group.stopped_for), &[("client", &client), ("span", &span)])
        };
        let stopped: Vec<String> = rebalance.stopped.iter().map(stopped).collect();
        let second = if stopped.is_empty() {
            td_string!(locale, page.group.nobody_stopped).to_owned()
        } else {
            say(
                td_string!(locale, page.group.stopped),
                &[("members", &stopped.join(td_string!(locale, page.name.list_separator)))],
            )
        };
        format!("{first} {second}")
    }

    fn place(&self, at: Instant) -> f64 {
        at.0.min(self.end.0) as f64 * 100.0 / self.end.0.max(1) as f64
    }

    /// One bar of a lane.
    fn bar(&self, class: &str, from: Instant, to: Instant, word: &str, least: f64, out: &mut String) {
        let (left, right) = (self.place(from), self.place(to));
        let word = if right - left > least { word } else { "" };
        let _ = write!(
            out,
            "<i class=\"{class}\" style=\"left:{}%;width:{}%\"><span>{}</span></i>",
            number(left),
            number((right - left).max(0.25)),
            escape(word),
        );
    }

    /// States in one lane, then a lane for each partition with its offsets.
    fn partitions(&self, out: &mut String) {
        let locale = self.locale();
        let _ = write!(
            out,
            "<table class=\"group-table\"><thead><tr><th scope=\"col\">PARTITION</th><th scope=\"col\" class=\"wide-cell\">{}</th><th scope=\"col\" class=\"figure-cell\">CURRENT-OFFSET</th><th scope=\"col\" class=\"figure-cell\">LOG-END-OFFSET</th><th scope=\"col\" class=\"figure-cell\" colspan=\"2\">LAG</th></tr></thead><tbody>",
            td_string!(locale, page.group.read_by),
        );
        let _ = write!(
            out,
            "<tr class=\"phases\"><th scope=\"row\">{}</th><td><div class=\"read-lane\">",
            td_string!(locale, page.group.state_lane)
        );
        for phase in &self.history.phases {
            let class = match phase.state {
                GroupState::Stable => "phase stable",
                GroupState::Empty => "phase empty",
                _ => "phase moving",
            };
            let word = match phase.state {
                GroupState::Stable => phase.generation.to_string(),
                GroupState::Empty => String::new(),
                state => state.name().to_owned(),
            };
            let least = if phase.state == GroupState::Stable { 2.0 } else { 26.0 };
            self.bar(class, phase.from, phase.to, &word, least, out);
        }
        self.now_line(out);
        out.push_str("</div></td><td></td><td></td><td></td><td></td></tr>");
        for offset in &self.group.offsets {
            let empty = PartitionHistory::default();
            let history = self.history.partitions.get(&offset.tp).unwrap_or(&empty);
            let name = self.names.tp(offset.tp);
            let target = Target::Partition(offset.tp).format();
            let _ = write!(
                out,
                "<tr><th scope=\"row\"><button data-target=\"{target}\">{}</button></th><td><div class=\"read-lane\">",
                escape(&name)
            );
            for stretch in &history.readers {
                match stretch.reader {
                    Some(reader) => {
                        let index = self.group.members.iter().position(|member| member.node == reader).unwrap_or(0);
                        let word = self.names.node(reader);
                        self.bar(&format!("reader r{}", index % 4), stretch.from, stretch.to, &word, 2.5, out);
                    }
                    None => {
                        let word = self.names.span(stretch.to.since(stretch.from));
                        self.bar("reader nobody", stretch.from, stretch.to, &word, 8.5, out);
                    }
                }
            }
            self.now_line(out);
            let committed = offset.committed.map_or_else(|| "-".to_owned(), |committed| committed.to_string());
            let lag = offset.committed.map_or_else(|| "-".to_owned(), |_| offset.lag.to_string());
            let _ = write!(
                out,
                "</div></td><td class=\"figure-cell\">{committed}</td><td class=\"figure-cell\">{}</td><td class=\"figure-cell\"><b>{lag}</b></td><td class=\"spark-cell\">{}</td></tr>",
                offset.high_watermark,
                self.spark(history),
            );
        }
        let _ = write!(out, "<tr class=\"axis-row\"><td></td><td><div class=\"read-axis\">");
        for second in axis(self.end) {
            let _ = write!(out, "<i style=\"left:{}%\">{second}</i>", number(self.place(Instant(second * 1_000_000))));
        }
        out.push_str("</div></td><td></td><td></td><td></td><td></td></tr></tbody></table>");
    }

    /// A share group's partitions: every record between SPSO and SPEO with its state, holder, lock and delivery count.
    fn shared(&self, out: &mut String) {
        let locale = self.locale();
        let _ = write!(
            out,
            "<table class=\"group-table\"><thead><tr><th scope=\"col\">PARTITION</th><th scope=\"col\" class=\"wide-cell\">{}</th><th scope=\"col\" class=\"figure-cell\">START-OFFSET</th><th scope=\"col\" class=\"figure-cell\">SPEO</th><th scope=\"col\" class=\"figure-cell\">LAG</th></tr></thead><tbody>",
            td_string!(locale, page.group.records_in_flight),
        );
        for offset in &self.group.offsets {
            let share = self.group.shared.iter().find(|share| share.tp == offset.tp);
            let target = Target::Partition(offset.tp).format();
            let _ = write!(
                out,
                "<tr><th scope=\"row\"><button data-target=\"{target}\">{}</button></th><td><div class=\"share-lane\">",
                escape(&self.names.tp(offset.tp))
            );
            let cells = share.map(|share| share.cells.as_slice()).unwrap_or_default();
            if let Some(share) = share.filter(|share| share.cells.is_empty()) {
                let text = say(td_string!(locale, page.group.nothing_in_flight), &[("start", &share.start)]);
                let _ = write!(out, "<span class=\"quiet-word\">{}</span>", escape(&text));
            }
            for cell in cells.iter().take(CELLS_MOST) {
                self.cell(cell, out);
            }
            if cells.len() > CELLS_MOST {
                let _ = write!(out, "<span class=\"quiet-word\">+{}</span>", cells.len() - CELLS_MOST);
            }
            let figure = |value: Option<i64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
            let _ = write!(
                out,
                "</div></td><td class=\"figure-cell\">{}</td><td class=\"figure-cell\">{}</td><td class=\"figure-cell\"><b>{}</b></td></tr>",
                figure(share.map(|share| share.start.0)),
                figure(share.map(|share| share.end.0)),
                figure(share.map(|_| offset.lag)),
            );
        }
        out.push_str("</tbody></table>");
    }

    /// One record: its offset and delivery count, the colour of who has it, and how much of the lock is left.
    fn cell(&self, cell: &ShareCellView, out: &mut String) {
        let locale = self.locale();
        let state = match cell.state {
            ShareRecordState::Available => td_string!(locale, page.legend.share_available),
            ShareRecordState::Acquired => td_string!(locale, page.legend.share_acquired),
            ShareRecordState::Acknowledged => td_string!(locale, page.legend.share_acknowledged),
            ShareRecordState::Archived => td_string!(locale, page.legend.share_archived),
        };
        let (class, left, title) = match (cell.holder, cell.until) {
            (Some(holder), Some(until)) => {
                let left = until.since(self.now);
                let client = self.names.node(holder);
                let parts: [(&str, &dyn std::fmt::Display); 5] = [
                    ("offset", &cell.offset),
                    ("state", &state),
                    ("client", &client),
                    ("count", &cell.delivery_count),
                    ("span", &self.names.span(left)),
                ];
                let index = crate::scene::share_cells::holder(self.group, cell);
                (format!("acquired r{index}"), Some(left), say(td_string!(locale, page.group.held_by), &parts))
            }
            _ => {
                let parts: [(&str, &dyn std::fmt::Display); 3] =
                    [("offset", &cell.offset), ("state", &state), ("count", &cell.delivery_count)];
                let class = match cell.state {
                    ShareRecordState::Acknowledged => "done",
                    ShareRecordState::Archived => "gone",
                    _ => "free",
                };
                (class.to_owned(), None, say(td_string!(locale, page.group.cell), &parts))
            }
        };
        let count = if cell.delivery_count > 1 { format!("<sup>{}</sup>", cell.delivery_count) } else { String::new() };
        let lock =
            left.map(|left| format!("<u style=\"width:{}%\"></u>", number((left.0 as f64 / 300_000.0).min(100.0))));
        let _ = write!(
            out,
            "<i class=\"share-cell {class}\" title=\"{}\">{}{count}{}</i>",
            escape(&title),
            cell.offset,
            lock.unwrap_or_default(),
        );
    }

    fn now_line(&self, out: &mut String) {
        let _ = write!(out, "<u style=\"left:{}%\"></u>", number(self.place(self.now)));
    }

    /// The lag as a staircase.
    fn spark(&self, history: &PartitionHistory) -> String {
        const HEIGHT: f64 = 16.0;
        let most = history.lag.iter().map(|(_, lag)| *lag).max().unwrap_or(0).max(4) as f64;
        let x = |at: Instant| at.0 as f64 * 100.0 / self.now.0.max(1) as f64;
        let y = |lag: u64| HEIGHT - 1.0 - lag as f64 * (HEIGHT - 2.0) / most;
        let mut line = String::new();
        for (index, (at, lag)) in history.lag.iter().enumerate() {
            let start = if index == 0 { format!("M{} {}", number(x(*at)), number(y(0))) } else { String::new() };
            let _ = write!(line, "{start}H{}V{}", number(x(*at)), number(y(*lag)));
        }
        if !line.is_empty() {
            line.push_str("H100");
        }
        format!(
            "<svg viewBox=\"0 0 100 {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path class=\"spark\" d=\"{line}\"/></svg>"
        )
    }

    /// One row for each consumer, and for each member the coordinator still counts on although nobody is behind it.
    fn members(&self, out: &mut String) {
        let locale = self.locale();
        let epoch = if self.group.modern || self.group.share { "MEMBER-EPOCH" } else { "GENERATION" };
        let _ = write!(
            out,
            "<table class=\"group-table\"><thead><tr><th scope=\"col\">CLIENT-ID</th><th scope=\"col\" class=\"rest\">CONSUMER-ID</th><th scope=\"col\" class=\"rest\">HOST</th><th scope=\"col\" class=\"figure-cell\">{epoch}</th><th scope=\"col\">ASSIGNMENT</th><th scope=\"col\" class=\"clock-cell\">{}<code>session.timeout.ms</code></th><th scope=\"col\" class=\"clock-cell\">{}<code>max.poll.interval.ms</code></th></tr></thead><tbody>",
            td_string!(locale, page.group.heartbeat_thread),
            td_string!(locale, page.group.poll_thread),
        );
        for member in &self.group.members {
            let mut registered = self.group.registered.iter().filter(|known| known.node == member.node).peekable();
            if registered.peek().is_none() {
                self.member(member, None, out);
            }
            for known in registered {
                self.member(member, Some(known), out);
            }
        }
        out.push_str("</tbody></table>");
    }

    fn member(&self, member: &MemberView, known: Option<&RegisteredView>, out: &mut String) {
        let locale = self.locale();
        let target = Target::Node(member.node).format();
        let (id, epoch) = match known {
            Some(known) => {
                let instance = known.instance.as_deref();
                let drawn = self.group.modern || self.group.share;
                let id = member_id(self.seed, &member.name, instance, known.member, drawn);
                (id, known.epoch.to_string())
            }
            None => ("-".to_owned(), "-".to_owned()),
        };
        let short: String = if id.len() > 18 { format!("{}…", &id[..15]) } else { id.clone() };
        let assigned = known.map(|known| self.names.tps(&known.assigned)).filter(|text| !text.is_empty());
        let mut doing = assigned.unwrap_or_else(|| "–".to_owned());
        if let Some(known) = known
            && self.group.modern
            && known.phase != Some(highwater_engine::coordinator::MemberPhase::Stable)
        {
            doing = say(
                td_string!(locale, page.group.on_its_way),
                &[("has", &doing), ("target", &self.names.tps(&known.target))],
            );
        }
        let _ = write!(
            out,
            "<tr><th scope=\"row\"><button data-target=\"{target}\">{}</button></th><td class=\"rest\" title=\"{}\"><code>{}</code></td><td class=\"rest\"><code>{}</code></td><td class=\"figure-cell\">{epoch}</td><td>{}</td>",
            escape(&member.name),
            escape(&id),
            escape(&short),
            host(member.node.0),
            escape(&doing),
        );
        let session = match known {
            Some(known) if known.waits => Clock::Word(td_string!(locale, page.group.waits_for_others)),
            Some(known) => Clock::Runs(self.now.since(known.heard_at), known.session_timeout),
            None => Clock::Word(td_string!(locale, page.group.no_member)),
        };
        let poll = match (member.process, member.clocks) {
            (ProcessView::Down(_), _) | (_, None) => Clock::Word(td_string!(locale, page.group.down)),
            (_, Some(clocks)) if clocks.last_poll == self.now => Clock::Word(td_string!(locale, page.group.in_poll)),
            (_, Some(clocks)) => Clock::Runs(self.now.since(clocks.last_poll), clocks.max_poll_interval),
        };
        for clock in [session, poll] {
            self.clock(&clock, out);
        }
        out.push_str("</tr>");
    }

    /// A clock: how much of its time is gone.
    fn clock(&self, clock: &Clock, out: &mut String) {
        match clock {
            Clock::Word(word) => {
                let _ = write!(out, "<td class=\"clock-cell\"><span class=\"quiet-word\">{}</span></td>", escape(word));
            }
            Clock::Runs(gone, of) => {
                let share = (gone.0 as f64 * 100.0 / of.0.max(1) as f64).min(100.0);
                let class = if share > 66.0 { "dial late" } else { "dial" };
                let _ = write!(
                    out,
                    "<td class=\"clock-cell\"><div class=\"{class}\"><i style=\"width:{}%\"></i></div><span>{} / {}</span></td>",
                    number(share),
                    self.names.span(*gone),
                    self.names.span(*of),
                );
            }
        }
    }
}

enum Clock {
    /// It runs: time gone, and the time it has.
    Runs(Duration, Duration),
    /// It stands still, and why.
    Word(&'static str),
}
