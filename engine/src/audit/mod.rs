//! What became of every record, judged from the events alone.
//!
//! Modelled: the ledger of sent, acknowledged, stored, delivered, processed and lost records, per group and queue; what
//! a configuration gives up, with the reason; promises of the protocol.
//! How all of them stand is counted beside the events, so a run may forget those.
//! Absent: totals per producer, partition and group.

mod chunked;
mod contents;
mod fate;
mod guarantee;
mod guarantees;
mod ledger;
mod losses;
mod promise;
mod promises;
mod standing;
mod standstill;

pub use fate::{Fate, Reading};
pub use guarantee::{Because, Guarantee, Reasons};
pub use guarantees::ProducerTerms;
pub use ledger::{Ledger, Totals};
pub use promise::Promise;
pub use promises::Promises;
pub use standing::{Standing, Standings};
pub use standstill::Standstill;
