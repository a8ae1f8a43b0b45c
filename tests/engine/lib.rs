//! What the suites share. The suites themselves are in `main.rs` and run natively, in Node and in a browser.

pub mod random_world;
pub mod story;
