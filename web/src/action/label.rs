//! What actions are called.

use super::Action;
use crate::i18n::{Locale, say, td_string};
use highwater_engine::history::Goal;
use highwater_engine::protocol::ErrorCode;

/// An action's words.
pub fn label(action: Action, locale: Locale) -> String {
    macro_rules! t {
        ($key:ident) => {
            td_string!(locale, page.action.$key).to_owned()
        };
    }
    match action {
        Action::TogglePlay => t!(toggle_play),
        Action::EventForward => t!(event_forward),
        Action::EventBack => t!(event_back),
        Action::TenForward => t!(ten_forward),
        Action::TenBack => t!(ten_back),
        Action::BeatForward => t!(beat_forward),
        Action::BeatBack => t!(beat_back),
        Action::ToStart => t!(to_start),
        Action::ToEnd => t!(to_end),
        Action::HourForward => t!(hour_forward),
        Action::Slower => t!(slower),
        Action::Faster => t!(faster),
        Action::LoopStart => t!(loop_start),
        Action::LoopEnd => t!(loop_end),
        Action::LoopClear => t!(loop_clear),
        Action::Undo => t!(undo),
        Action::Redo => t!(redo),
        Action::TakeControls => t!(take_controls),
        Action::Number(n) => say(td_string!(locale, page.action.number), &[("n", &n)]),
        Action::NumberToggle(n) => say(td_string!(locale, page.action.number_toggle), &[("n", &n)]),
        Action::Until(Goal::Loss) => t!(until_loss),
        Action::Until(Goal::Election) => t!(until_election),
        Action::Until(Goal::Rebalance) => t!(until_rebalance),
        Action::Until(Goal::IsrChange) => t!(until_isr),
        Action::Until(Goal::Lag(n)) => say(td_string!(locale, page.action.until_lag), &[("n", &n)]),
        Action::Until(Goal::Breach) => t!(until_breach),
        Action::Promises => t!(promises),
        Action::Branches => t!(branches),
        Action::OtherBranch => t!(other_branch),
        Action::CompareBranches => t!(compare_branches),
        Action::Describe => t!(describe),
        Action::Inspector => t!(inspector),
        Action::Sequence => t!(sequence),
        Action::Charts => t!(charts),
        Action::GroupPanel => t!(group_panel),
        Action::ProducerPanel => t!(producer_panel),
        Action::EventPanel => t!(event_panel),
        Action::TablePanel => t!(table_panel),
        Action::RecordPanel => t!(record_panel),
        Action::ZoomIn => t!(zoom_in),
        Action::ZoomOut => t!(zoom_out),
        Action::ZoomFit => t!(zoom_fit),
        Action::Palette => t!(palette),
        Action::AddBroker => t!(add_broker),
        Action::AddTopic => t!(add_topic),
        Action::AddPartition => t!(add_partition),
        Action::AddProducer => t!(add_producer),
        Action::AddGroup => t!(add_group),
        Action::AddConsumer => t!(add_consumer),
        Action::AddQueue => t!(add_queue),
        Action::Remove => t!(remove),
        Action::Language => t!(language),
        Action::Theme => t!(theme),
        Action::Present => t!(present),
        Action::FullScreen => t!(full_screen),
        Action::Black => t!(black),
        Action::OpenHome => t!(open_home),
        Action::OpenSandbox => t!(open_sandbox),
        Action::LetterKeys => t!(letter_keys),
        Action::Help => t!(help),
        Action::DownloadTrace => t!(download_trace),
        Action::OpenScenario => t!(open_scenario),
        Action::DownloadScenario => t!(download_scenario),
        Action::CopyLink => t!(copy_link),
        Action::StartAfresh => t!(start_afresh),
        Action::EarlierSandbox => t!(earlier_sandbox),
        Action::Escape => t!(escape),
        Action::Menu => t!(menu),
        Action::Kill => t!(kill),
        Action::PowerOff => t!(power_off),
        Action::Stop => t!(stop),
        Action::Start => t!(start),
        Action::Freeze => t!(freeze),
        Action::Thaw => t!(thaw),
        Action::Isolate => t!(isolate),
        Action::Cut => t!(cut),
        Action::Heal => t!(heal),
        Action::Drop => t!(drop),
        Action::SendOne => t!(send_one),
        Action::SendFive => t!(send_five),
        Action::SeekBeginning => t!(seek_beginning),
        Action::SeekEnd => t!(seek_end),
        Action::ElectPreferred => t!(elect_preferred),
        Action::ElectUnclean => t!(elect_unclean),
        Action::AddReplica => t!(add_replica),
        Action::RemoveReplica => t!(remove_replica),
        Action::CancelReassignment => t!(cancel_reassignment),
        Action::GrowTopic => t!(grow_topic),
        Action::DeleteTopic => t!(delete_topic),
        Action::PowerTorn => t!(power_torn),
        Action::DiskFull => t!(disk_full),
        Action::DiskFreed => t!(disk_freed),
        Action::DiskLost => t!(disk_lost),
        Action::CutOneWay => t!(cut_one_way),
        Action::HealOne => t!(heal_one),
        Action::DropNext => t!(drop_next),
        Action::DelayNext => t!(delay_next),
        Action::Latency => t!(latency),
        Action::Processing => t!(processing),
        Action::Workload => t!(workload),
        Action::Tombstone => t!(tombstone),
        Action::PausePartitions => t!(pause_partitions),
        Action::ResumePartitions => t!(resume_partitions),
        Action::SeekOffset => t!(seek_offset),
        Action::SeekTime => t!(seek_time),
        Action::Corrupt => t!(corrupt),
        Action::DeleteRecords => t!(delete_records),
    }
}

/// Why something cannot be asked now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The process does not run.
    NotRunning,
    /// The process runs already.
    Running,
    /// The process is not frozen.
    NotFrozen,
    /// The process is frozen already.
    Frozen,
    /// No link is cut.
    NothingToHeal,
    /// The message has arrived.
    Arrived,
    /// No controller is active.
    NoController,
    /// There is nothing there that this could be done to.
    NotThere,
    /// The topic is compacted and never deletes.
    CompactedOnly,
    /// The controller would refuse.
    Refused(ErrorCode),
}

/// The words of a refusal.
pub fn reason(refusal: Refusal, locale: Locale) -> String {
    let words = match refusal {
        Refusal::NotRunning => td_string!(locale, page.refusal.not_running),
        Refusal::Running => td_string!(locale, page.refusal.running),
        Refusal::NotFrozen => td_string!(locale, page.refusal.not_frozen),
        Refusal::Frozen => td_string!(locale, page.refusal.frozen),
        Refusal::NothingToHeal => td_string!(locale, page.refusal.nothing_to_heal),
        Refusal::Arrived => td_string!(locale, page.refusal.arrived),
        Refusal::NotThere => td_string!(locale, page.notice.why_not_there),
        Refusal::CompactedOnly => td_string!(locale, page.notice.why_compacted),
        Refusal::NoController => td_string!(locale, page.refusal.no_controller),
        Refusal::Refused(code) => return say(td_string!(locale, page.refusal.refused), &[("code", &code.name())]),
    };
    words.to_owned()
}
