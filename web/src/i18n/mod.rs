//! Words in the reader's language: one locale type for page and stage, keys checked when compiling.
//!
//! `td_string!(locale, page.play)` and `td_string!(locale, stage.leader)` give the words;
//! no other place holds a string that a reader sees, but the lessons' prose.
//! Where a sentence has values, its text holds `{name}` and [`say`] puts them in.
//!
//! A language's words are a file beside the page, fetched before the language is shown; those of `always.json` are part
//! of the program.

pub mod labels;
mod say;

/// The number of every word, in modules as the locales' objects are.
#[allow(missing_docs, non_upper_case_globals)]
pub mod keys {
    include!(concat!(env!("OUT_DIR"), "/keys.rs"));
}

pub use crate::td_string;
pub use say::say;

use crate::files::{self, ALWAYS, WORD_FILES, WORDS};
use std::cell::OnceCell;

/// A language of the page.
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Locale {
    /// English.
    en,
    /// Simplified Chinese.
    zh_CN,
}

/// The number of a word.
#[derive(Clone, Copy, Debug)]
pub struct Key(usize);

/// The words behind a key: `td_string!(locale, page.home.title)`.
#[macro_export]
macro_rules! td_string {
    ($locale:expr, $space:ident $(. $key:ident)+) => {
        $crate::i18n::word($locale, $crate::i18n::keys::$space $(:: $key)+)
    };
}

/// The words behind a key. Empty as long as the language's file has not been fetched.
pub fn word(locale: Locale, key: Key) -> &'static str {
    let always = &ALWAYS[locale as usize];
    match key.0.checked_sub(always.len()) {
        Some(number) => words(locale).get(number).copied().unwrap_or_default(),
        None => always[key.0],
    }
}

/// Title and lead of a lesson.
pub fn lesson(locale: Locale, number: usize) -> (&'static str, &'static str) {
    let words = words(locale);
    let at = |index: usize| words.get(WORDS + index).copied().unwrap_or_default();
    (at(2 * number), at(2 * number + 1))
}

fn words(locale: Locale) -> &'static [&'static str] {
    thread_local! {
        static READ: [OnceCell<&'static [&'static str]>; 2] = const { [OnceCell::new(), OnceCell::new()] };
    }
    READ.with(|read| {
        let Some(text) = files::text(WORD_FILES[locale as usize]) else { return &[][..] };
        read[locale as usize].get_or_init(|| text.split("\n\n").collect::<Vec<_>>().leak())
    })
}
