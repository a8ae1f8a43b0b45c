//! What can be asked of the page: one list that buttons, menus, keys, the help sheet and tests share.

mod build;
mod chord;
mod draft;
mod form;
mod items;
mod keyboard;
mod label;
mod perform;
mod table;
mod tools;
mod zoom;

use highwater_engine::history::Goal;

pub use build::{ADDITIONS, build_as};
pub use chord::Chord;
pub use draft::{DRAFTED, draft, wish};
pub use form::{Field, FieldKind, fields, fill};
pub use items::{Item, items, partition_items, process_of};
pub use keyboard::listen;
pub use label::{Refusal, label, reason};
pub use perform::{ask, perform};
pub use table::{Entry, Scope, TABLE, entry};
pub use zoom::{opens, turn};

/// Everything that can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Play or pause.
    TogglePlay,
    /// One event forward.
    EventForward,
    /// One event back.
    EventBack,
    /// Ten events forward.
    TenForward,
    /// Ten events back.
    TenBack,
    /// On to the next beat.
    BeatForward,
    /// Back to the beat before.
    BeatBack,
    /// To the start.
    ToStart,
    /// To the end.
    ToEnd,
    /// An hour later.
    HourForward,
    /// Slower.
    Slower,
    /// Faster.
    Faster,
    /// A loop begins at the moment shown.
    LoopStart,
    /// It ends at the moment shown.
    LoopEnd,
    /// No loop.
    LoopClear,
    /// Take a command back.
    Undo,
    /// Give it again.
    Redo,
    /// Leave the story and go on alone.
    TakeControls,
    /// Choose an answer, or a broker, by its number.
    Number(u8),
    /// Kill or restart a broker by its number.
    NumberToggle(u8),
    /// Say what is on the stage.
    Describe,
    /// Show or hide the inspector.
    Inspector,
    /// The space-time diagram, or back to the timeline.
    Sequence,
    /// Metrics, or back to the timeline.
    Charts,
    /// A group with its readers, offsets and clocks, or back to the timeline.
    GroupPanel,
    /// A producer's memory, batches and transaction, or back to the timeline.
    ProducerPanel,
    /// Every event, or back to the timeline.
    EventPanel,
    /// Topics, partitions and groups as tables, or back to the timeline.
    TablePanel,
    /// The ledger record by record, or back to the timeline.
    RecordPanel,
    /// Nearer: from the cluster to a topic, from a topic to a partition.
    ZoomIn,
    /// Farther.
    ZoomOut,
    /// As near as everything can be read.
    ZoomFit,
    /// The command palette.
    Palette,
    /// Another broker.
    AddBroker,
    /// Another topic.
    AddTopic,
    /// Another partition for the selected topic.
    AddPartition,
    /// A producer for the selected topic or queue.
    AddProducer,
    /// Another group.
    AddGroup,
    /// A consumer in the selected group, or a worker of the selected queue.
    AddConsumer,
    /// A queue with a worker and a producer.
    AddQueue,
    /// Take the selected thing out of the world.
    Remove,
    /// The other language.
    Language,
    /// The next theme.
    Theme,
    /// The stage alone, for the back row.
    Present,
    /// The whole screen.
    FullScreen,
    /// A black screen.
    Black,
    /// The first screen.
    OpenHome,
    /// The sandbox.
    OpenSandbox,
    /// Whether single letters are keys.
    LetterKeys,
    /// The keys.
    Help,
    /// The trace of the run, as a file.
    DownloadTrace,
    /// A scenario from a file.
    OpenScenario,
    /// The whole run as a file that opens again.
    DownloadScenario,
    /// The address of this run at this moment.
    CopyLink,
    /// A sandbox nobody has touched.
    StartAfresh,
    /// A sandbox that was left for another.
    EarlierSandbox,
    /// On to the next thing of a kind.
    Until(Goal),
    /// What is promised, what was given up and why.
    Promises,
    /// What was tried, as a tree.
    Branches,
    /// The branch shown before this one.
    OtherBranch,
    /// This branch beside the one shown before it.
    CompareBranches,
    /// Close what is open, or select nothing.
    Escape,
    /// The menu of what is selected.
    Menu,
    /// Kill a process.
    Kill,
    /// Cut its power.
    PowerOff,
    /// Stop it in order.
    Stop,
    /// Start it.
    Start,
    /// Freeze it.
    Freeze,
    /// Let it go on.
    Thaw,
    /// Cut it off from everybody.
    Isolate,
    /// Cut one link.
    Cut,
    /// Heal the network.
    Heal,
    /// Drop a message.
    Drop,
    /// Send one record.
    SendOne,
    /// Send five records.
    SendFive,
    /// A group back to the beginning.
    SeekBeginning,
    /// A group to the end.
    SeekEnd,
    /// The preferred replica leads again.
    ElectPreferred,
    /// Anyone alive leads.
    ElectUnclean,
    /// One more replica.
    AddReplica,
    /// One replica less.
    RemoveReplica,
    /// Stop a reassignment.
    CancelReassignment,
    /// One more partition.
    GrowTopic,
    /// Delete a topic.
    DeleteTopic,
    /// Cut a machine's power while a batch is half written.
    PowerTorn,
    /// Fill a disk.
    DiskFull,
    /// Make room on it.
    DiskFreed,
    /// Take a disk away.
    DiskLost,
    /// Cut one direction of a link.
    CutOneWay,
    /// Heal one fault.
    HealOne,
    /// Drop the next message of a kind.
    DropNext,
    /// Delay the next request of a kind.
    DelayNext,
    /// The latency of every link.
    Latency,
    /// How long a consumer or worker takes for a record.
    Processing,
    /// A producer's pace, number of records and keys.
    Workload,
    /// A record with a key and no value.
    Tombstone,
    /// `pause` on everything assigned.
    PausePartitions,
    /// `resume` on everything assigned.
    ResumePartitions,
    /// A group to an offset.
    SeekOffset,
    /// A group to a moment.
    SeekTime,
    /// Flip a bit of a stored batch.
    Corrupt,
    /// DeleteRecords.
    DeleteRecords,
}
