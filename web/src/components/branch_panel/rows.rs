//! What the panel of branches shows, as plain data.

use crate::components::timeline::end_of;
use crate::i18n::{Locale, say, td_string};
use crate::session::words::{Names, cause_sentence, event_sentence};
use crate::session::{Parting, Run, Verdict};
use highwater_engine::history::{Branch, CauseKind, Place, TurnId};
use highwater_engine::sim::{Directory, Emitted};
use highwater_engine::time::Instant;

/// All branches, and what their axis spans.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tree {
    /// In the order of the rows.
    pub branches: Vec<Branch>,
    /// The moment shown.
    pub now: Instant,
    /// Where the axis ends.
    pub end: Instant,
    /// How many branches were forgotten.
    pub forgotten: u32,
}

/// A branch's row without what changes as time passes.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// The turn that began the branch.
    pub first: TurnId,
    /// Its given name, or what was done.
    pub name: String,
    /// How many rows above it the branch it left has its row; none for the first.
    pub above: Option<usize>,
    /// Where each of its acts was done.
    pub acts: Vec<Place>,
}

impl Tree {
    /// The tree of a run.
    pub fn of(run: &Run) -> Tree {
        let branches = run.branch_list();
        let known = branches.iter().map(|branch| branch.known.at).max().unwrap_or_default();
        Tree { now: run.now(), end: end_of(run).max(known), forgotten: run.branches().forgotten(), branches }
    }

    /// How far along the axis a moment lies, in percent.
    pub fn place(&self, at: Instant) -> f64 {
        at.0.min(self.end.0) as f64 * 100.0 / self.end.0.max(1) as f64
    }

    /// Where a branch's line begins and ends, in percent.
    pub fn line(&self, row: usize) -> (f64, f64) {
        let Some(branch) = self.branches.get(row) else { return (0.0, 0.0) };
        let known = if branch.shown { branch.known.at.max(self.now) } else { branch.known.at };
        (self.place(branch.from.at), self.place(known.max(branch.from.at)))
    }

    /// The moment at a share of the axis, on a branch no later than it is known.
    pub fn moment(&self, row: usize, share: f64) -> Instant {
        let at = Instant((self.end.0 as f64 * share.clamp(0.0, 1.0)) as u64);
        self.branches.get(row).map_or(at, |branch| at.min(branch.known.at))
    }

    /// The rows with their names.
    pub fn rows(&self, run: &Run, locale: Locale) -> Vec<Row> {
        let row = |(index, branch): (usize, &Branch)| Row {
            first: branch.first,
            name: name_of(branch, run, locale),
            above: branch.parent.map(|parent| index - parent),
            acts: branch.acts.clone(),
        };
        self.branches.iter().enumerate().map(row).collect()
    }
}

/// What a branch is called: as somebody called it, or by the act that began it.
pub fn name_of(branch: &Branch, run: &Run, locale: Locale) -> String {
    if branch.name.is_empty() { described(branch, run, locale) } else { branch.name.clone() }
}

/// A branch by the act that began it.
pub fn described(branch: &Branch, run: &Run, locale: Locale) -> String {
    if branch.parent.is_none() {
        return td_string!(locale, page.branch.first).to_owned();
    }
    let told = run.branches().act(branch.first).and_then(|command| {
        // Processes are numbered as in the world of the act.
        let directory = Directory::of(&run.branches().recording(branch.first)?.spec);
        let names = Names { directory: &directory, locale };
        Some(cause_sentence(&CauseKind::Command(command.clone()), &names))
    });
    let told = told.unwrap_or_else(|| td_string!(locale, page.branch.reworked).to_owned());
    let what = told.trim_end_matches(['.', '。']);
    say(td_string!(locale, page.branch.acts), &[("what", &what), ("at", &branch.from.at)])
}

/// A place to go to: the branch's tip, the place, the branch's name.
pub type Jump = (TurnId, Place, String);

/// What a comparison says, and in which branch the reader can go to which place.
pub fn verdict(parting: &Parting, run: &Run, locale: Locale) -> Option<(String, Vec<Jump>)> {
    let list = run.branch_list();
    let [one, other] = parting.tips.map(|tip| list.iter().find(|branch| branch.turns.contains(&tip)));
    let names = [name_of(one?, run, locale), name_of(other?, run, locale)];
    let [one, other] = &names;
    let (difference, directories) = match &parting.verdict {
        Verdict::Goes => return Some((td_string!(locale, page.branch.comparing).to_owned(), Vec::new())),
        Verdict::Same(at) => {
            let words = say(td_string!(locale, page.branch.same), &[("one", one), ("other", other), ("at", at)]);
            return Some((words, Vec::new()));
        }
        Verdict::Differ(difference, directories) => (difference, directories),
    };
    let until = difference.at();
    let sentence = |emitted: &Option<Emitted>, directory: &Directory| match emitted {
        Some(it) => {
            let event = event_sentence(&it.event, &Names { directory, locale });
            say(td_string!(locale, page.branch.event), &[("event", &event), ("at", &it.at)])
        }
        None => say(td_string!(locale, page.branch.nothing), &[("at", &until)]),
    };
    let events = [sentence(&difference.one, &directories[0]), sentence(&difference.other, &directories[1])];
    let parts: [(&str, &dyn std::fmt::Display); 5] =
        [("at", &until), ("one", one), ("event", &events[0]), ("other", other), ("other_event", &events[1])];
    let mut words = say(td_string!(locale, page.branch.differ), &parts);
    if let Some((field, one, other)) = difference.field() {
        let parts: [(&str, &dyn std::fmt::Display); 3] = [("field", &field), ("one", &one), ("other", &other)];
        words = format!("{words} {}", say(td_string!(locale, page.branch.field), &parts));
    }
    let sides = [&difference.one, &difference.other].into_iter().zip(parting.tips).zip(names);
    let jumps = sides.filter_map(|((emitted, tip), name)| {
        let emitted = emitted.as_ref()?;
        Some((tip, Place { n: emitted.n, at: emitted.at }, name))
    });
    Some((words, jumps.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_engine::command::Command;
    use highwater_engine::event::StopKind;
    use highwater_engine::ids::NodeId;
    use highwater_engine::scenario::Scenario;

    fn second(at: u64) -> Instant {
        Instant(at * 1_000_000)
    }

    fn run() -> Run {
        let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                    producer p1 topic=orders start=\"2s\" every=\"100ms\" acks=all\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        for (broker, at) in [(1, 10), (2, 6)] {
            run.seek_time(second(14));
            run.seek_time(second(at));
            run.act(Command::Stop { node: NodeId(broker), how: StopKind::Crash }).unwrap();
        }
        run.seek_time(second(9));
        run
    }

    #[test]
    fn a_row_says_what_was_done_and_its_line_leaves_another_where_that_was() {
        let mut run = run();
        let tree = Tree::of(&run);
        let rows = tree.rows(&run, Locale::en);
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["As it began", "You killed broker 1, 10.000 s", "You killed broker 2, 6.000 s"]);
        assert_eq!(rows.iter().map(|row| row.above).collect::<Vec<_>>(), [None, Some(1), Some(1)]);
        assert_eq!(tree.line(2), (tree.place(second(6)), tree.place(second(9))));
        assert_eq!(tree.moment(2, 1.0), tree.branches[2].known.at, "no later than it is known");
        run.rename(rows[2].first, " two ");
        assert_eq!(Tree::of(&run).rows(&run, Locale::en)[2].name, "two");
        assert_eq!(Tree::of(&run).rows(&run, Locale::zh_CN)[0].name, "最初的运行");
    }

    #[test]
    fn one_sentence_says_which_event_differs_and_when() {
        let run = run();
        let tip = run.branch_list()[0].tip;
        let mut comparison = run.compare(tip).unwrap();
        let mut parting = Parting { tips: [run.branches().here(), tip], verdict: Verdict::Goes };
        assert_eq!(verdict(&parting, &run, Locale::en).unwrap().0, "Comparing …");
        parting.follow(&mut comparison, second(14), || true);
        let (words, jumps) = verdict(&parting, &run, Locale::en).unwrap();
        let begins = "The first event that differs is at 6.000 s. In “You killed broker 2, 6.000 s”: Broker 2 is killed. (6.000 s)";
        assert!(words.starts_with(begins), "{words}");
        assert_eq!(jumps.len(), 2);
        assert_eq!(jumps[0].1.at, second(6));
    }
}
