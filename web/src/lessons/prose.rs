//! A lesson's words: a section for every beat, a question for every prediction.
//! They are written in Markdown; when the page is built, `words/` turns it into HTML and leaves the lines that
//! are read here as they are.
//!
//! ```text
//! ## dead | Broker 1 is dead
//! It stopped answering at {at}.
//! ## predict:fate | What becomes of records 6 and 7?
//! 1. They are lost
//! 2. Each is stored once
//! ---
//! The producer sends them again.
//! ```

use std::collections::BTreeMap;

/// What stands beside the stage at one beat.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Beat {
    /// Its heading, as HTML.
    pub heading: String,
    /// Paragraphs of HTML, with `{name}` for what the run decides.
    pub body: String,
}

/// A question to answer before it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Question {
    /// The question, as HTML.
    pub text: String,
    /// What one may expect.
    pub options: Vec<String>,
    /// Why it is as it is.
    pub explanation: String,
}

/// A lesson in one language.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Prose {
    /// By the beat's key.
    pub beats: BTreeMap<String, Beat>,
    /// By the prediction's key.
    pub questions: BTreeMap<String, Question>,
}

impl Prose {
    /// Reads a lesson's file. Text that fits nowhere belongs to the section before it.
    pub fn parse(text: &str) -> Prose {
        let mut prose = Prose::default();
        let mut rest = text;
        let mut sections: Vec<(&str, &str, String)> = Vec::new();
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = after;
            if let Some(section) = line.strip_prefix("## ") {
                let (key, heading) = section.split_once('|').unwrap_or((section, ""));
                sections.push((key.trim(), heading.trim(), String::new()));
            } else if let Some((_, _, body)) = sections.last_mut() {
                body.push_str(line);
                body.push('\n');
            }
        }
        for (key, heading, body) in sections {
            match key.strip_prefix("predict:") {
                Some(key) => prose.questions.insert(key.trim().to_owned(), question(heading, &body)).map(|_| ()),
                None => {
                    let beat = Beat { heading: heading.to_owned(), body: body.trim().to_owned() };
                    prose.beats.insert(key.to_owned(), beat).map(|_| ())
                }
            };
        }
        prose
    }
}

fn question(text: &str, body: &str) -> Question {
    let mut question = Question { text: text.to_owned(), ..Question::default() };
    let mut lines = body.lines();
    for line in lines.by_ref() {
        if line.trim() == "---" {
            break;
        }
        let numbered = line.trim().split_once(['.', '．', '、']);
        if let Some((_, option)) = numbered.filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit())) {
            question.options.push(option.trim().to_owned());
        }
    }
    question.explanation = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    question
}

/// Puts the run's values in the place of `{name}`; an unknown name stays as it is, so that it is seen.
pub fn fill(text: &str, bindings: &BTreeMap<String, String>) -> String {
    // The words are HTML by now; a value is text.
    let escaped: Vec<(&str, String)> = bindings
        .iter()
        .map(|(name, value)| (name.as_str(), value.replace('&', "&amp;").replace('<', "&lt;")))
        .collect();
    let values: Vec<(&str, &dyn std::fmt::Display)> =
        escaped.iter().map(|(name, value)| (*name, value as &dyn std::fmt::Display)).collect();
    crate::i18n::say(text, &values)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: &str = "## dead | Broker 1 is dead\nAt {at} it *stopped*.\n\n\
        ## predict:fate | What becomes of 6 and 7?\n1. Lost\n2. Stored once\n---\nThe producer {who}.\n";

    #[test]
    fn a_lesson_is_read_in_its_parts() {
        let prose = Prose::parse(LESSON);
        assert_eq!(prose.beats["dead"].heading, "Broker 1 is dead");
        let question = &prose.questions["fate"];
        assert_eq!(question.options, ["Lost", "Stored once"]);
        assert_eq!(question.explanation, "The producer {who}.");
        assert_eq!(question.text, "What becomes of 6 and 7?");
    }

    #[test]
    fn the_runs_values_come_into_the_text_and_unknown_names_stay() {
        let bindings = BTreeMap::from([("at".to_owned(), "<4.2 s".to_owned())]);
        assert_eq!(fill("at {at}, {nobody} { open", &bindings), "at &lt;4.2 s, {nobody} { open");
    }
}
