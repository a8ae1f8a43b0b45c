//! What is seen: each file shows one thing and asks through [`crate::action`].

mod black;
mod charts;
mod context_menu;
mod describe;
mod help_sheet;
mod home;
mod icon;
mod inspector;
mod ledger;
mod legend;
mod moments;
mod narrator;
mod notice_card;
mod open_file;
mod panels;
mod prediction;
mod scrub;
mod sequence;
mod stage;
mod story;
mod timeline;
mod top_bar;
mod transport;
mod twin;
mod workbench;

pub use black::Black;
pub use context_menu::{ContextMenu, MenuAt};
pub use describe::describe;
pub use help_sheet::HelpSheet;
pub use home::Home;
pub use narrator::Narrator;
pub use notice_card::NoticeCard;
pub use open_file::{open_file, open_text};
pub use panels::Panel;
pub use workbench::Workbench;
