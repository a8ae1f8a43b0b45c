//! Changing the world itself: more brokers, a new topic, settings that only a start reads.
//!
//! What joins a world is described in it as absent (stopped, late) and is then started by a command at the moment shown:
//! the past stays as it was, event for event, and a run stays what it is, a seed, a world and commands. A setting that
//! no running cluster takes is changed in the description: the world is told again from its start, to the same moment.

use super::run::Run;
use highwater_engine::command::{Command, Rejected};
use highwater_engine::history::{Recorded, Recording};
use highwater_engine::ids::{GroupId, NodeId};
use highwater_engine::scenario::Story;
use highwater_engine::sim::{Directory, Spec, SpecError};
use std::rc::Rc;

/// Something that a world describes as absent, and that joins it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Joining {
    /// A process, by its name.
    Process(String),
    /// A topic, by its name.
    Topic(String),
}

/// Why a world was not changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Such a world cannot be.
    World(SpecError),
    /// The running cluster does not take it.
    Command(Rejected),
}

impl From<SpecError> for Refused {
    fn from(error: SpecError) -> Refused {
        Refused::World(error)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::World(error) => error.fmt(out),
            Refused::Command(why) => why.fmt(out),
        }
    }
}

impl Run {
    /// Changes the world; refused as a whole when such a world cannot be.
    pub fn rework(&mut self, change: impl FnOnce(&mut Spec)) -> Result<(), Refused> {
        let mut spec = self.recording().spec.clone();
        change(&mut spec);
        Ok(self.retell(spec, false)?)
    }

    /// Describes what is absent so far, and lets it join at the moment shown. Nothing before that moment changes;
    /// refused as a whole when the world or one of the commands cannot be.
    pub fn join(&mut self, change: impl FnOnce(&mut Spec) -> Vec<Joining>) -> Result<(), Refused> {
        let mut spec = self.recording().spec.clone();
        let joining = change(&mut spec);
        let directory = Directory::of(&spec);
        let command = |joining: &Joining| match joining {
            Joining::Process(name) => directory.find_node(name).map(|node| Command::Start { node }),
            Joining::Topic(name) => directory.find_topic(name).map(|topic| Command::CreateTopic { topic }),
        };
        let commands: Vec<Command> = joining.iter().filter_map(command).collect();
        let (cursor, now) = (self.cursor(), self.now());
        let next = self.branches().after().map(|(turn, _)| turn);
        self.retell(spec, true)?;
        self.seek_event(cursor);
        self.stand_at(now);
        let done = commands.into_iter().try_for_each(|command| self.act_along(command));
        if done.is_err() {
            // The description alone is no change.
            self.drop_act(next, cursor, now);
        }
        done.map_err(Refused::Command)
    }

    /// Several commands here and now that are one step for undo; refused as a whole.
    pub fn act_together(&mut self, commands: Vec<Command>) -> Result<(), Rejected> {
        let (cursor, now) = (self.cursor(), self.now());
        let next = self.branches().after().map(|(turn, _)| turn);
        let mut commands = commands.into_iter();
        let Some(first) = commands.next() else { return Ok(()) };
        self.act(first)?;
        let done = commands.try_for_each(|command| self.act_along(command));
        if done.is_err() {
            self.drop_act(next, cursor, now);
        }
        done
    }

    /// Tells a world again; `extended`: only absent things were added to it, so that everything happens as it did.
    fn retell(&mut self, spec: Spec, extended: bool) -> Result<(), SpecError> {
        spec.validate()?;
        let now = self.now();
        match self.scenario().filter(|_| self.has_story()) {
            Some(scenario) => {
                let mut scenario = (*scenario).clone();
                scenario.spec = spec;
                let story = Story::tell(&scenario, self.recording().seed)?;
                self.begin_again(story.recording.clone(), Some((Rc::new(scenario), story)))?;
            }
            None => {
                let (old, seed) = (Directory::of(&self.recording().spec), self.recording().seed);
                let new = Directory::of(&spec);
                let keeps_future = !self.can_undo_redo().0;
                let given = self.recording().commands.iter().filter(|given| keeps_future || given.at <= now);
                let commands: Vec<Recorded> = given
                    .filter_map(|given| {
                        let command = translate(&given.command, &old, &new, extended)?;
                        // Else given at the beginning for their moments: event numbers of the old world mean nothing.
                        Some(Recorded { after: if extended { given.after } else { 0 }, at: given.at, command })
                    })
                    .collect();
                self.begin_again(Recording { seed, spec, commands }, None)?;
            }
        }
        self.seek_time(now);
        Ok(())
    }
}

/// A command to the same processes of another world; none when one of them is not there, or when it names a message or a
/// fault by a number that only the old world knew.
fn translate(command: &Command, old: &Directory, new: &Directory, same_events: bool) -> Option<Command> {
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
        | Command::PowerCut { node: at, .. }
        | Command::Corrupt { node: at, .. }
        | Command::Disk { node: at, .. }
        | Command::Configure { node: at, .. }
        | Command::Remove { node: at }
        | Command::Tombstone { producer: at, .. }
        | Command::Workload { producer: at, .. }
        | Command::Send { producer: at, .. } => node(at)?,
        Command::Cut { from, to, .. } | Command::DropNext { from, to, .. } | Command::DelayNext { from, to, .. } => {
            node(from)?;
            node(to)?;
        }
        Command::Seek { group, .. } => *group = translate_group(*group, old, new)?,
        Command::Drop { .. } if !same_events => return None,
        // A fault is healed by its number; with the same faults before it the number is the same.
        _ => {}
    }
    Some(command)
}

fn translate_group(group: GroupId, old: &Directory, new: &Directory) -> Option<GroupId> {
    new.find_group(old.group_name(group))
}
