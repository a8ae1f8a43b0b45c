//! How fast simulated time passes on the wall clock, and the loop that lets it pass.

mod frames;
mod pace;
mod speed;

pub use frames::{Frames, now_seconds};
pub use pace::{Pace, PaceWords};
pub use speed::Speed;
