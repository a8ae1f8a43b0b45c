//! Read-only pictures of a simulation as plain data: what the page draws and the command line prints.
//!
//! A view is built for what is asked (a [`Lens`]), not for everything, and costs what it shows.
//! It holds no references into the simulation and no words in any human language.

mod build;
mod build_group;
mod flight;
mod group;
mod inside;
mod ledger_view;
mod stage;
mod transaction;

pub use build::{best_image, cell, ledger, stage};
pub use build_group::share_partition;
pub use flight::{FlightView, PacketKind, departed_at, flights, packet_kind, quickest};
pub use group::*;
pub use inside::*;
pub use ledger_view::LedgerView;
pub use stage::*;
pub use transaction::*;
