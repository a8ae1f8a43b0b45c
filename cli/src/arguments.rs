//! The words of a call.

use highwater_engine::time::Duration;
use std::collections::VecDeque;

/// Words and options that are taken one by one, so that what is left over is a mistake.
pub struct Arguments {
    words: VecDeque<String>,
    options: Vec<(String, Option<String>)>,
}

/// Options that stand alone.
const FLAGS: &[&str] = &["--json", "--all", "--kdl", "--sessions", "--exhaustive"];

impl Arguments {
    /// Splits a call into words and `--options`.
    pub fn of(raw: impl Iterator<Item = String>) -> Arguments {
        let mut arguments = Arguments { words: VecDeque::new(), options: Vec::new() };
        let mut raw = raw.peekable();
        while let Some(word) = raw.next() {
            if !word.starts_with("--") || word == "--help" {
                arguments.words.push_back(word);
            } else if let Some((name, value)) = word.split_once('=') {
                arguments.options.push((name.to_owned(), Some(value.to_owned())));
            } else if FLAGS.contains(&word.as_str()) {
                arguments.options.push((word, None));
            } else {
                let value = raw.next();
                arguments.options.push((word, value));
            }
        }
        arguments
    }

    /// The next word.
    pub fn word(&mut self) -> Option<String> {
        self.words.pop_front()
    }

    /// The value of an option.
    pub fn option(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(place) = self.options.iter().position(|(known, _)| known == name) else { return Ok(None) };
        self.options.remove(place).1.map(Some).ok_or_else(|| format!("{name} needs a value"))
    }

    /// A number.
    pub fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        let Some(text) = self.option(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| format!("{name}: \"{text}\" is not a whole number"))
    }

    /// A duration with its unit.
    pub fn duration(&mut self, name: &str) -> Result<Option<Duration>, String> {
        let Some(text) = self.option(name)? else { return Ok(None) };
        let parsed = Duration::parse(&text);
        parsed.map(Some).ok_or_else(|| format!("{name}: \"{text}\" is not a duration such as 500ms or 60s"))
    }

    /// Whether an option that stands alone is there.
    pub fn flag(&mut self, name: &str) -> bool {
        let place = self.options.iter().position(|(known, _)| known == name);
        place.is_some_and(|place| {
            self.options.remove(place);
            true
        })
    }

    /// What nobody took is a mistake.
    pub fn finish(&mut self) -> Result<(), String> {
        if let Some((name, _)) = self.options.first() {
            return Err(format!("{name} is not an option of this command"));
        }
        match self.words.pop_front() {
            Some(word) => Err(format!("\"{word}\" is one word too many")),
            None => Ok(()),
        }
    }
}
