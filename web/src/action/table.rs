//! The table: every action with its name, its keys and where it may be asked.

use super::{Action, Chord};
use highwater_engine::history::Goal;

/// Where an action may be asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// On every screen.
    Everywhere,
    /// Where a run is on the page.
    Run,
    /// Where a story or a sandbox is on the page, not on the first screen.
    Workbench,
    /// In the sandbox only.
    Sandbox,
    /// In the menu of something on the stage.
    Menu,
}

/// One line of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What is asked.
    pub action: Action,
    /// Its name for tests and links.
    pub name: &'static str,
    /// The keys that ask it.
    pub keys: &'static [Chord],
    /// Where.
    pub scope: Scope,
}

const fn on(action: Action, name: &'static str, scope: Scope, keys: &'static [Chord]) -> Entry {
    Entry { action, name, keys, scope }
}

const fn key(key: &'static str) -> Chord {
    Chord::plain(key)
}

/// All of them, in the order of the help sheet.
pub const TABLE: &[Entry] = &[
    on(Action::TogglePlay, "toggle-play", Scope::Run, &[key("Space"), key("k")]),
    on(Action::EventForward, "event-forward", Scope::Workbench, &[key("ArrowRight")]),
    on(Action::EventBack, "event-back", Scope::Workbench, &[key("ArrowLeft")]),
    on(Action::TenForward, "ten-forward", Scope::Workbench, &[key("ArrowRight").shift()]),
    on(Action::TenBack, "ten-back", Scope::Workbench, &[key("ArrowLeft").shift()]),
    on(Action::BeatForward, "beat-forward", Scope::Workbench, &[key("PageDown")]),
    on(Action::BeatBack, "beat-back", Scope::Workbench, &[key("PageUp")]),
    on(Action::ToStart, "to-start", Scope::Workbench, &[key("Home")]),
    on(Action::ToEnd, "to-end", Scope::Workbench, &[key("End")]),
    on(Action::HourForward, "hour-forward", Scope::Workbench, &[key("End").shift()]),
    on(Action::Slower, "slower", Scope::Run, &[key("-")]),
    on(Action::Faster, "faster", Scope::Run, &[key("="), key("+")]),
    on(Action::LoopStart, "loop-start", Scope::Workbench, &[key("[")]),
    on(Action::LoopEnd, "loop-end", Scope::Workbench, &[key("]")]),
    on(Action::LoopClear, "loop-clear", Scope::Workbench, &[key("{")]),
    on(Action::Undo, "undo", Scope::Workbench, &[key("z").ctrl()]),
    on(Action::Redo, "redo", Scope::Workbench, &[key("z").ctrl().shift(), key("y").ctrl()]),
    on(Action::TakeControls, "take-controls", Scope::Workbench, &[key("c")]),
    on(Action::Number(1), "number-1", Scope::Workbench, &[key("1")]),
    on(Action::Number(2), "number-2", Scope::Workbench, &[key("2")]),
    on(Action::Number(3), "number-3", Scope::Workbench, &[key("3")]),
    on(Action::Number(4), "number-4", Scope::Workbench, &[key("4")]),
    on(Action::Number(5), "number-5", Scope::Workbench, &[key("5")]),
    on(Action::Number(6), "number-6", Scope::Workbench, &[key("6")]),
    on(Action::Number(7), "number-7", Scope::Workbench, &[key("7")]),
    on(Action::Number(8), "number-8", Scope::Workbench, &[key("8")]),
    on(Action::Number(9), "number-9", Scope::Workbench, &[key("9")]),
    on(Action::NumberToggle(1), "toggle-1", Scope::Workbench, &[key("1").alt()]),
    on(Action::NumberToggle(2), "toggle-2", Scope::Workbench, &[key("2").alt()]),
    on(Action::NumberToggle(3), "toggle-3", Scope::Workbench, &[key("3").alt()]),
    on(Action::NumberToggle(4), "toggle-4", Scope::Workbench, &[key("4").alt()]),
    on(Action::NumberToggle(5), "toggle-5", Scope::Workbench, &[key("5").alt()]),
    on(Action::NumberToggle(6), "toggle-6", Scope::Workbench, &[key("6").alt()]),
    on(Action::NumberToggle(7), "toggle-7", Scope::Workbench, &[key("7").alt()]),
    on(Action::NumberToggle(8), "toggle-8", Scope::Workbench, &[key("8").alt()]),
    on(Action::NumberToggle(9), "toggle-9", Scope::Workbench, &[key("9").alt()]),
    on(Action::Until(Goal::Loss), "until-loss", Scope::Workbench, &[key("n")]),
    on(Action::Until(Goal::Election), "until-election", Scope::Workbench, &[]),
    on(Action::Until(Goal::Rebalance), "until-rebalance", Scope::Workbench, &[]),
    on(Action::Until(Goal::IsrChange), "until-isr", Scope::Workbench, &[]),
    on(Action::Until(Goal::Lag(10)), "until-lag-10", Scope::Workbench, &[]),
    on(Action::Until(Goal::Lag(100)), "until-lag-100", Scope::Workbench, &[]),
    on(Action::Until(Goal::Lag(1_000)), "until-lag-1000", Scope::Workbench, &[]),
    on(Action::Until(Goal::Breach), "until-breach", Scope::Workbench, &[key("n").shift()]),
    on(Action::Menu, "menu", Scope::Workbench, &[key("ContextMenu"), key("F10").shift()]),
    on(Action::Inspector, "inspector", Scope::Workbench, &[key("i")]),
    on(Action::Sequence, "sequence", Scope::Workbench, &[key("s")]),
    on(Action::Charts, "charts", Scope::Workbench, &[key("m")]),
    on(Action::GroupPanel, "group-panel", Scope::Workbench, &[key("g")]),
    on(Action::ProducerPanel, "producer-panel", Scope::Workbench, &[key("x")]),
    on(Action::EventPanel, "event-panel", Scope::Workbench, &[key("e")]),
    on(Action::TablePanel, "table-panel", Scope::Workbench, &[key("w")]),
    on(Action::RecordPanel, "record-panel", Scope::Workbench, &[key("r")]),
    on(Action::Promises, "promises", Scope::Workbench, &[key("v")]),
    on(Action::Branches, "branches", Scope::Workbench, &[key("b").shift()]),
    on(Action::OtherBranch, "other-branch", Scope::Workbench, &[key("y")]),
    on(Action::CompareBranches, "compare-branches", Scope::Workbench, &[key("y").shift()]),
    on(Action::ZoomIn, "zoom-in", Scope::Workbench, &[key("z")]),
    on(Action::ZoomOut, "zoom-out", Scope::Workbench, &[key("z").shift()]),
    on(Action::ZoomFit, "zoom-fit", Scope::Workbench, &[key("0")]),
    on(Action::Palette, "palette", Scope::Everywhere, &[key("k").ctrl(), key("/")]),
    on(Action::AddBroker, "add-broker", Scope::Sandbox, &[]),
    on(Action::AddTopic, "add-topic", Scope::Sandbox, &[]),
    on(Action::AddPartition, "add-partition", Scope::Sandbox, &[]),
    on(Action::AddProducer, "add-producer", Scope::Sandbox, &[]),
    on(Action::AddGroup, "add-group", Scope::Sandbox, &[]),
    on(Action::AddConsumer, "add-consumer", Scope::Sandbox, &[]),
    on(Action::AddQueue, "add-queue", Scope::Sandbox, &[]),
    on(Action::Remove, "remove", Scope::Sandbox, &[key("Delete")]),
    on(Action::Describe, "describe", Scope::Run, &[key("d")]),
    on(Action::Present, "present", Scope::Workbench, &[key("p")]),
    on(Action::FullScreen, "full-screen", Scope::Everywhere, &[key("f")]),
    on(Action::Black, "black", Scope::Workbench, &[key("b"), key(".")]),
    on(Action::Language, "language", Scope::Everywhere, &[key("l")]),
    on(Action::Theme, "theme", Scope::Everywhere, &[key("t")]),
    on(Action::DownloadTrace, "download-trace", Scope::Run, &[key("t").shift()]),
    on(Action::OpenScenario, "open-scenario", Scope::Everywhere, &[key("o")]),
    on(Action::DownloadScenario, "download-scenario", Scope::Workbench, &[key("o").shift()]),
    on(Action::CopyLink, "copy-link", Scope::Workbench, &[key("l").shift()]),
    on(Action::StartAfresh, "start-afresh", Scope::Sandbox, &[]),
    on(Action::EarlierSandbox, "earlier-sandbox", Scope::Sandbox, &[]),
    on(Action::OpenHome, "home", Scope::Everywhere, &[]),
    on(Action::OpenSandbox, "sandbox", Scope::Everywhere, &[]),
    on(Action::LetterKeys, "letter-keys", Scope::Everywhere, &[]),
    on(Action::Help, "help", Scope::Everywhere, &[key("?")]),
    on(Action::Escape, "escape", Scope::Everywhere, &[key("Escape")]),
    on(Action::Kill, "kill", Scope::Menu, &[key("k")]),
    on(Action::PowerOff, "power-off", Scope::Menu, &[key("o")]),
    on(Action::Stop, "stop", Scope::Menu, &[key("s")]),
    on(Action::Start, "start", Scope::Menu, &[key("r")]),
    on(Action::Freeze, "freeze", Scope::Menu, &[key("f")]),
    on(Action::Thaw, "thaw", Scope::Menu, &[key("u")]),
    on(Action::Isolate, "isolate", Scope::Menu, &[key("i")]),
    on(Action::Cut, "cut", Scope::Menu, &[]),
    on(Action::Heal, "heal", Scope::Menu, &[key("h")]),
    on(Action::Drop, "drop", Scope::Menu, &[key("d")]),
    on(Action::SendOne, "send-one", Scope::Menu, &[key("n")]),
    on(Action::SendFive, "send-five", Scope::Menu, &[key("m")]),
    on(Action::SeekBeginning, "seek-beginning", Scope::Menu, &[key("b")]),
    on(Action::SeekEnd, "seek-end", Scope::Menu, &[key("e")]),
    on(Action::ElectPreferred, "elect-preferred", Scope::Menu, &[key("p")]),
    on(Action::ElectUnclean, "elect-unclean", Scope::Menu, &[]),
    on(Action::AddReplica, "add-replica", Scope::Menu, &[]),
    on(Action::RemoveReplica, "remove-replica", Scope::Menu, &[]),
    on(Action::CancelReassignment, "cancel-reassignment", Scope::Menu, &[key("c")]),
    on(Action::GrowTopic, "grow-topic", Scope::Menu, &[]),
    on(Action::DeleteTopic, "delete-topic", Scope::Menu, &[]),
    on(Action::PowerTorn, "power-torn", Scope::Menu, &[key("t")]),
    on(Action::DiskFull, "disk-full", Scope::Menu, &[]),
    on(Action::DiskFreed, "disk-freed", Scope::Menu, &[]),
    on(Action::DiskLost, "disk-lost", Scope::Menu, &[]),
    on(Action::CutOneWay, "cut-one-way", Scope::Menu, &[]),
    on(Action::HealOne, "heal-one", Scope::Menu, &[]),
    on(Action::DropNext, "drop-next", Scope::Menu, &[key("x")]),
    on(Action::DelayNext, "delay-next", Scope::Menu, &[key("l")]),
    on(Action::Latency, "latency", Scope::Menu, &[key("y")]),
    on(Action::Processing, "processing", Scope::Menu, &[key("v")]),
    on(Action::Workload, "workload", Scope::Menu, &[key("w")]),
    on(Action::Tombstone, "tombstone", Scope::Menu, &[key("q")]),
    on(Action::PausePartitions, "pause-partitions", Scope::Menu, &[key("a")]),
    on(Action::ResumePartitions, "resume-partitions", Scope::Menu, &[key("g")]),
    on(Action::SeekOffset, "seek-offset", Scope::Menu, &[key("j")]),
    on(Action::SeekTime, "seek-time", Scope::Menu, &[key("z")]),
    on(Action::Corrupt, "corrupt", Scope::Menu, &[]),
    on(Action::DeleteRecords, "delete-records", Scope::Menu, &[]),
];

/// An action's line.
pub fn entry(action: Action) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.action == action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::label;
    use crate::i18n::Locale;
    use std::collections::BTreeSet;

    #[test]
    fn no_key_and_no_name_is_given_twice() {
        let mut names = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for entry in TABLE {
            assert!(names.insert(entry.name), "{}", entry.name);
            for chord in entry.keys {
                // A menu is modal: its keys are its own.
                assert!(keys.insert((entry.scope == Scope::Menu, chord.cap())), "{}: {}", entry.name, chord.cap());
            }
        }
    }

    #[test]
    fn every_action_has_a_label_of_its_own_in_both_languages() {
        for locale in [Locale::en, Locale::zh_CN] {
            let mut labels = BTreeSet::new();
            for entry in TABLE {
                let label = label(entry.action, locale);
                assert!(!label.is_empty(), "{}", entry.name);
                assert!(labels.insert(label), "{} in {locale:?}", entry.name);
            }
        }
    }
}
