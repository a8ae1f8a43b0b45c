//! Changing the world itself: other settings, more brokers, a new topic.
//!
//! The world is told again from its start, with the same seed and the same commands, to the same moment. That keeps a
//! run what it is: a seed, a world and commands. It also means that a changed setting held from the beginning.

use super::run::Run;
use highwater_engine::command::Command;
use highwater_engine::history::{History, Recorded, Recording};
use highwater_engine::ids::{GroupId, NodeId};
use highwater_engine::scenario::Story;
use highwater_engine::sim::{Directory, Spec, SpecError};
use std::rc::Rc;

impl Run {
    /// Changes the world; refused as a whole when such a world cannot be.
    pub fn rework(&mut self, change: impl FnOnce(&mut Spec)) -> Result<(), SpecError> {
        let mut spec = self.recording().spec.clone();
        change(&mut spec);
        self.retell(spec, None)
    }

    /// The same; the process that the change names is started at the moment shown.
    pub fn rework_starting(&mut self, change: impl FnOnce(&mut Spec) -> Option<String>) -> Result<(), SpecError> {
        let mut spec = self.recording().spec.clone();
        let newcomer = change(&mut spec).and_then(|name| Directory::of(&spec).find_node(&name));
        self.retell(spec, newcomer.map(|node| Command::Start { node }))
    }

    fn retell(&mut self, spec: Spec, then: Option<Command>) -> Result<(), SpecError> {
        spec.validate()?;
        let now = self.now();
        let past = self.past_here();
        match self.scenario().filter(|_| self.has_story()) {
            Some(scenario) => {
                let mut scenario = (*scenario).clone();
                scenario.spec = spec;
                let story = Story::tell(&scenario, self.recording().seed)?;
                let history = History::new(story.recording.clone())?;
                self.begin_again(history, Some((Rc::new(scenario), story)), past);
            }
            None => {
                let (old, seed) = (Directory::of(&self.recording().spec), self.recording().seed);
                let new = Directory::of(&spec);
                let keeps_future = !self.can_undo_redo().0;
                let given = self.recording().commands.iter().filter(|given| keeps_future || given.at <= now);
                let mut commands: Vec<Recorded> = given
                    .filter_map(|given| {
                        let command = translate(&given.command, &old, &new)?;
                        // Given at the beginning for their moments: event numbers of the old world mean nothing here.
                        Some(Recorded { after: 0, at: given.at, command })
                    })
                    .collect();
                commands.extend(then.into_iter().map(|command| Recorded { after: 0, at: now, command }));
                let history = History::new(Recording { seed, spec, commands })?;
                self.begin_again(history, None, past);
            }
        }
        self.seek_time(now);
        Ok(())
    }
}

/// A command to the same processes of another world; none when one of them is not there, or when it names a message or a
/// fault by a number that only the old world knew.
fn translate(command: &Command, old: &Directory, new: &Directory) -> Option<Command> {
    let node = |node: &mut NodeId| match new.find_node(old.node_name(*node)) {
        Some(known) => {
            *node = known;
            Some(())
        }
        None => None,
    };
    let mut command = command.clone();
    match &mut command {
        Command::Stop { node: at, .. }
        | Command::Start { node: at }
        | Command::Pause { node: at }
        | Command::Resume { node: at }
        | Command::Isolate { node: at }
        | Command::Processing { node: at, .. }
        | Command::PausePartitions { node: at, .. }
        | Command::Send { producer: at, .. } => node(at)?,
        Command::Cut { from, to, .. } | Command::DropNext { from, to, .. } | Command::DelayNext { from, to, .. } => {
            node(from)?;
            node(to)?;
        }
        Command::Seek { group, .. } => *group = translate_group(*group, old, new)?,
        Command::Drop { .. } => return None,
        // A fault is healed by its number; with the same faults before it the number is the same.
        _ => {}
    }
    Some(command)
}

fn translate_group(group: GroupId, old: &Directory, new: &Directory) -> Option<GroupId> {
    new.find_group(old.group_name(group))
}
