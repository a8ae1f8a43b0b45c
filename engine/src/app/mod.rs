//! The users' programs around the clients: what is sent when, how long a record takes, what becomes of its effect.
//!
//! Modelled: a workload that sends records at a pace, which can be changed while it runs; processing time; a database with or without a dedupe table.
//! Programs that read and write are in `client::processor`.
//! Absent: failing processing, side effects other than one row.

mod database;
mod program;
mod workload;

pub use database::{Database, DatabaseRequest, DatabaseResponse};
pub use program::{PAUSE_MIN, Pace, Program};
pub use workload::{TransactionWorkload, Workload};
