//! What the suites share. The suites themselves are in `main.rs` and run natively, in Node and in a browser.

pub use highwater_engine::swarm::world as random_world;
pub mod long_run;
pub mod story;
