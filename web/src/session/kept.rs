//! The branches of a run as text, for the browser's store: for each, after a tab, the place of the branch it left, where it
//! left it, how far it is known, its name and its code. The branch that is shown has no code: it is kept as an address.

use super::run::Run;
use highwater_engine::history::{Branch, Kept, Place};
use highwater_engine::link;
use highwater_engine::scenario::Story;
use highwater_engine::time::Instant;
use std::fmt::Write as _;

/// Letters that the branches of one run may take in the browser's store. Beyond that only the one shown is kept.
const TEXT_MAX: usize = 256 * 1024;

impl Run {
    /// Its branches as text; empty when there is only one.
    pub fn kept_branches(&self) -> String {
        let list = self.branch_list();
        let mut text = String::new();
        if list.len() < 2 {
            return text;
        }
        for branch in &list {
            let Some(code) = self.code_of(branch) else { return String::new() };
            let parent = branch.parent.map_or("-".to_owned(), |parent| parent.to_string());
            let (from, known, name) = (branch.from, branch.known, guarded(&branch.name));
            let _ = write!(text, "\t{parent}|{}|{}|{}|{}|{name}|{code}", from.n, from.at.0, known.n, known.at.0);
        }
        if text.len() > TEXT_MAX { String::new() } else { text }
    }

    /// A branch's code, made once as long as it is known no further. None when it is longer than a link.
    fn code_of(&self, branch: &Branch) -> Option<String> {
        if branch.shown {
            return Some(String::new());
        }
        let mut codes = self.codes.borrow_mut();
        if let Some((_, code)) =
            codes.get(&branch.tip).filter(|(known, code)| *known == branch.known && !code.is_empty())
        {
            return Some(code.clone());
        }
        let code = link::write(self.name(), &self.branches().recording(branch.tip)?, branch.known.at).ok()?;
        codes.insert(branch.tip, (branch.known, code.clone()));
        Some(code)
    }

    /// Puts branches that were kept around this run; whether they were its own, and none of them was damaged.
    pub fn plant_branches(&mut self, text: &str) -> bool {
        let mut shown = None;
        let mut codes = Vec::new();
        let branches = text.split('\t').enumerate().map(|(index, line)| {
            let (mut kept, code) = read(line)?;
            if code.is_empty() {
                shown = Some(index);
                kept.recording = self.recording().clone();
            } else {
                let scenario = link::read(code).ok()?;
                kept.recording = Story::recording_of(&scenario, scenario.seed);
            }
            codes.push((kept.known, code.to_owned()));
            Some(kept)
        });
        let branches: Option<Vec<Kept>> = branches.collect();
        let Some((branches, here)) = branches.zip(shown) else { return false };
        if !self.history.plant(&branches, here) {
            return false;
        }
        let tips = self.branch_list().into_iter().map(|branch| branch.tip);
        *self.codes.borrow_mut() = tips.zip(codes).collect();
        true
    }
}

/// One branch, its recording still to come, and its code.
fn read(line: &str) -> Option<(Kept, &str)> {
    let fields: Vec<&str> = line.split('|').collect();
    let [parent, n, at, known, known_at, name, code] = fields[..] else { return None };
    let parent = if parent == "-" { None } else { Some(parent.parse().ok()?) };
    let from = Place { n: n.parse().ok()?, at: Instant(at.parse().ok()?) };
    let known = Place { n: known.parse().ok()?, at: Instant(known_at.parse().ok()?) };
    let name = name.replace("%7c", "|").replace("%25", "%");
    Some((Kept { name, parent, from, known, recording: Default::default() }, code))
}

/// A name without what separates fields and lines.
fn guarded(name: &str) -> String {
    name.replace(char::is_control, " ").replace('%', "%25").replace('|', "%7c")
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

    /// Three branches, of which the second is shown.
    fn run() -> Run {
        let text = "scenario t seed=7\nbrokers 3\ntopic orders partitions=1 replication-factor=3 min.insync.replicas=2\n\
                    producer p1 topic=orders start=\"2s\" every=\"100ms\" acks=all\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        for (broker, at) in [(1, 6), (2, 10)] {
            run.turn_to(0, None);
            run.seek_time(second(14));
            run.seek_time(second(at));
            run.act(Command::Stop { node: NodeId(broker), how: StopKind::Crash }).unwrap();
            run.seek_time(second(12));
        }
        let here = run.branches().here();
        run.rename(here, "100 % | without\ttwo");
        run
    }

    /// The same run on the next visit: its own link, and the branches around it.
    fn next_visit(run: &Run) -> Run {
        let (scenario, story) = link::open(&run.code().unwrap()).unwrap();
        Run::of_story(scenario, story).unwrap()
    }

    #[test]
    fn the_next_visit_finds_every_branch_with_its_name_and_goes_on_with_any() {
        let mut run = run();
        let text = run.kept_branches();
        let mut again = next_visit(&run);
        assert!(again.plant_branches(text.strip_prefix('\t').unwrap()));
        let outline = |run: &Run| {
            let list = run.branch_list();
            list.into_iter()
                .map(|it| (it.name.replace('\t', " "), it.parent, it.from, it.known.at, it.shown))
                .collect::<Vec<_>>()
        };
        assert_eq!(outline(&again), outline(&run));
        assert_eq!(outline(&run).len(), 3);
        assert_eq!(again.kept_branches(), text, "and it is kept again as it is");
        for branch in [2, 0, 1] {
            for run in [&mut run, &mut again] {
                if let Some(place) = run.turn_to(branch, None) {
                    assert!(run.hurry(place, || true));
                }
                run.seek_time(second(12));
            }
            assert_eq!(again.simulation().state_hash(), run.simulation().state_hash(), "branch {branch}");
        }
        assert!(again.undo(), "from a branch back to the one it left");
        assert_eq!(again.now(), second(10));
    }

    #[test]
    fn what_is_damaged_or_not_there_leaves_the_run_alone() {
        let run = run();
        let text = run.kept_branches();
        let text = text.strip_prefix('\t').unwrap();
        let cut = &text[..text.len() / 2];
        let swapped: Vec<&str> = text.split('\t').rev().collect();
        for broken in ["", "nonsense", "-|0|0|0|0||", cut, &swapped.join("\t"), &text.replace('|', "||")] {
            let mut again = next_visit(&run);
            let planted = again.plant_branches(broken);
            assert_eq!(again.branch_list().len(), 1, "{broken}");
            assert!(!planted || broken == "-|0|0|0|0||");
        }
    }

    #[test]
    fn one_branch_alone_is_its_address() {
        let text = "scenario t seed=7\nbrokers 1\n";
        assert_eq!(Run::of_scenario(Scenario::parse(text).unwrap()).unwrap().kept_branches(), "");
    }
}
