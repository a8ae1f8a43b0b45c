//! What became of every record, judged from the events alone.
//!
//! Modelled: the ledger of sent, acknowledged, stored, delivered, processed and lost records, per group and queue.
//! Absent: the named promises and the exported history; they build on the same events.

mod chunked;
mod fate;
mod guarantee;
mod guarantees;
mod ledger;
mod promise;

pub use fate::{Fate, Reading};
pub use guarantee::{Because, Guarantee, Reasons};
pub use guarantees::ProducerTerms;
pub use ledger::{Ledger, Totals};
pub use promise::Promise;
