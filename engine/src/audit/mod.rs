//! What became of every record, judged from the events alone.
//!
//! Modelled: the ledger of sent, acknowledged, stored, delivered, processed and lost records, per group and queue; what
//! a configuration gives up, with the reason; promises of the protocol.
//! How all of them stand is counted beside the events, so a run may forget those.
//! Absent: totals per consumer: a group is counted as a whole.

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
mod totals;
mod verdict;

pub use fate::{Fate, Reading};
pub use guarantee::{Because, Guarantee, Reasons};
pub use guarantees::ProducerTerms;
pub use ledger::Ledger;
pub use promise::Promise;
pub use promises::Promises;
pub use standing::{Standing, Standings};
pub use standstill::Standstill;
pub use totals::Totals;
pub use verdict::Verdict;
