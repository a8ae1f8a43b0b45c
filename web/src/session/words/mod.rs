//! What happened and why, in sentences, in both languages. Pure, so that tests can read them.

mod cause;
mod event;
mod names;
mod promise;

pub use cause::cause_sentence;
pub use event::event_sentence;
pub use names::Names;
pub use promise::{guarantee_words, promise_words, reasons_words};
