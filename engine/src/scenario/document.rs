//! Reading KDL nodes: arguments and properties that are taken one by one, so that what is left over is a mistake.
//!
//! Nothing here is hot, and every directive calls most of it: `inline(never)` keeps one copy of each.

use super::error::ScenarioError;
use super::guard;
use super::node::Node;
use crate::config::edit_distance;
use crate::time::Duration;
use kdl::KdlDocument;

/// Of the same usual mistake nobody reads more.
const MISTAKES_MAX: usize = 20;

/// What to do about most mistakes in KDL itself.
const UNITS_AND_WORDS: &str =
    "values with a unit need quotation marks, as in latency=\"2ms\"; true and false are #true and #false";

/// The source text, to turn spans into lines and columns, and the mistakes found so far.
pub(super) struct Source<'a> {
    text: &'a str,
    pub errors: Vec<ScenarioError>,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str) -> Source<'a> {
        Source { text, errors: Vec::new() }
    }

    /// Parses the text; none when it is not KDL, or not fit to look at.
    pub fn document(&mut self) -> Option<Vec<Node>> {
        if let Err(refused) = guard::fit(self.text) {
            self.error_at(refused.offset, refused.message, refused.help.to_owned());
            return None;
        }
        match KdlDocument::parse_v2(self.text) {
            Ok(document) => Some(document.nodes().iter().map(Node::of).collect()),
            Err(error) => {
                self.usual_mistakes();
                let found = !self.errors.is_empty();
                for diagnostic in error.diagnostics.iter().take(if found { 0 } else { 5 }) {
                    let message = diagnostic.message.clone().unwrap_or_else(|| "this is not KDL".to_owned());
                    let help = diagnostic.help.clone().unwrap_or_else(|| UNITS_AND_WORDS.to_owned());
                    self.error_at(diagnostic.span.offset(), message, help);
                }
                if self.errors.is_empty() {
                    self.error_at(0, "this is not KDL".to_owned(), "see https://kdl.dev".to_owned());
                }
                None
            }
        }
    }

    /// Mistakes nearly everybody makes once; the parser's own words for them help little.
    fn usual_mistakes(&mut self) {
        let mut offset = 0;
        for line in self.text.split_inclusive('\n') {
            if self.errors.len() >= MISTAKES_MAX {
                return;
            }
            let code = line.split("//").next().unwrap_or_default();
            let mut start = 0;
            for word in code.split([' ', '\t', '=', '{', '}', ';', '\n', '\r']) {
                let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
                let quoted = code[..start].matches('"').count() % 2 == 1;
                if !quoted && digits > 0 && word[digits..].starts_with(|c: char| c.is_ascii_alphabetic()) {
                    let message = format!("{word} has a unit and needs quotation marks");
                    self.error_at(offset + start, message, format!("write \"{word}\""));
                } else if !quoted && (word == "true" || word == "false") {
                    self.error_at(offset + start, format!("{word} is not a KDL word"), format!("write #{word}"));
                }
                start += word.len() + 1;
            }
            offset += line.len();
        }
    }

    #[inline(never)]
    pub fn error_at(&mut self, offset: usize, message: String, help: String) {
        let end = (0..=offset.min(self.text.len())).rev().find(|end| self.text.is_char_boundary(*end)).unwrap_or(0);
        let before = &self.text[..end];
        let line = before.matches('\n').count() as u32 + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) as u32 + 1;
        self.errors.push(ScenarioError { line, column, message, help });
    }

    #[inline(never)]
    pub fn error(&mut self, node: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.error_at(node.offset, message.into(), help.into());
    }

    /// A word that is not one of `known`.
    #[inline(never)]
    pub fn unknown(&mut self, node: &Node, what: &str, word: &str, known: &[&str]) {
        let nearest = known.iter().min_by_key(|candidate| edit_distance(candidate, word));
        let help = match nearest.filter(|near| edit_distance(near, word) <= near.len() / 2 + 1) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("possible here: {}", known.join(", ")),
        };
        self.error(node, format!("unknown {what} \"{word}\""), help);
    }
}

/// One node whose parts are taken one by one.
pub(super) struct Line<'a> {
    pub node: &'a Node,
    arguments: std::collections::VecDeque<&'a str>,
    properties: Vec<(&'a str, &'a str)>,
}

impl<'a> Line<'a> {
    pub fn new(node: &'a Node) -> Line<'a> {
        let mut line = Line { node, arguments: Default::default(), properties: Vec::new() };
        for (name, value) in &node.entries {
            match name {
                Some(name) => line.properties.push((name, value)),
                None => line.arguments.push_back(value),
            }
        }
        line
    }

    pub fn name(&self) -> &'a str {
        &self.node.name
    }

    pub fn children(&self) -> impl Iterator<Item = &'a Node> {
        self.node.children.iter()
    }

    /// The next argument, if there is one more.
    #[inline(never)]
    pub fn argument(&mut self) -> Option<String> {
        self.arguments.pop_front().map(str::to_owned)
    }

    #[inline(never)]
    pub fn required(&mut self, what: &str, source: &mut Source<'_>) -> String {
        self.argument().unwrap_or_else(|| {
            source.error(
                self.node,
                format!("\"{}\" needs {what}", self.name()),
                format!("write: {} {what} …", self.name()),
            );
            String::new()
        })
    }

    #[inline(never)]
    pub fn property(&mut self, name: &str) -> Option<String> {
        let place = self.properties.iter().position(|(known, _)| *known == name)?;
        Some(self.properties.remove(place).1.to_owned())
    }

    #[inline(never)]
    pub fn flag(&mut self, name: &str, source: &mut Source<'_>) -> bool {
        let Some(text) = self.property(name) else { return false };
        match text.as_str() {
            "true" => true,
            "false" => false,
            _ => {
                source.error(
                    self.node,
                    format!("{name}={text} is neither true nor false"),
                    format!("write {name}=#true"),
                );
                false
            }
        }
    }

    #[inline(never)]
    pub fn number<T: std::str::FromStr>(&mut self, name: &str, source: &mut Source<'_>) -> Option<T> {
        let text = self.property(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            source.error(
                self.node,
                format!("{name}={text} is not a whole number that fits"),
                format!("write a number, as in {name}=3"),
            );
        }
        value
    }

    #[inline(never)]
    pub fn duration(&mut self, name: &str, source: &mut Source<'_>) -> Option<Duration> {
        let text = self.property(name)?;
        self.read_duration(name, &text, source)
    }

    #[inline(never)]
    pub fn read_duration(&self, name: &str, text: &str, source: &mut Source<'_>) -> Option<Duration> {
        let value = Duration::parse(text);
        if value.is_none() {
            let help = "a number with its unit, in quotation marks: \"500us\", \"20ms\", \"1.5s\", \"2min\"";
            source.error(self.node, format!("{name}: \"{text}\" is not a duration"), help);
        }
        value
    }

    /// Every property that is left: settings by Kafka's name.
    #[inline(never)]
    pub fn settings(&mut self) -> Vec<(String, String)> {
        self.properties.drain(..).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What nobody took is a mistake.
    #[inline(never)]
    pub fn finish(&mut self, known: &[&str], source: &mut Source<'_>) {
        for (name, _) in std::mem::take(&mut self.properties) {
            source.unknown(self.node, &format!("property of \"{}\"", self.name()), name, known);
        }
        if let Some(extra) = self.argument() {
            source.error(self.node, format!("\"{}\" does not take \"{extra}\"", self.name()), "remove it");
        }
    }
}
