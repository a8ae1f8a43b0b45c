//! Words in the reader's language: one locale type for page and stage, keys checked when compiling.
//!
//! `td_string!(locale, page.play)` and `td_string!(locale, stage.leader)` give the words;
//! no other place holds a string that a reader sees, but the lessons' prose.
//! Where a sentence has many values, its text holds `{name}` and [`say`] puts them in.

pub mod labels;
mod say;

#[allow(clippy::all, clippy::pedantic, missing_docs, unused)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/locales.rs"));
}

pub use generated::i18n::Locale;
pub use leptos_i18n::td_string;
pub use say::say;
