//! The steps of a story.

use super::command::{COMMANDS, read_command};
use super::document::{Line, Source};
use super::fact::{Fact, FactKind};
use super::matcher::EventPattern;
use crate::audit::Promise;
use crate::sim::Directory;
use crate::time::{Duration, Instant};

/// The verbs of a story besides commands.
const VERBS: &[&str] = &["wait", "until", "run", "say", "predict", "expect", "bind"];

/// How long a `wait` or `until` may take unless it says otherwise.
const WITHIN: Duration = Duration::from_secs(120);

/// One step of a story, with its line in the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Line, from 1.
    pub line: u32,
    /// What to do.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StepKind {
    /// Give a command now.
    Command(CommandTemplate),
    /// Wait for an event.
    Wait(EventPattern, Duration),
    /// Wait until a fact is true.
    Until(Expectation, Duration),
    /// Let time pass.
    Run(Duration),
    /// A beat: the prose under this key is told.
    Say { key: String, focus: Option<String> },
    /// A beat that asks before it tells.
    Predict { key: String, options: u32, answer: u32, focus: Option<String> },
    /// This must be true now.
    Expect(Expectation),
    /// Remember a fact's value under a name.
    Bind { name: String, fact: Fact },
}

/// A command of the first part of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timed {
    /// How many events have happened when it is given; 0 for one that is known from the start.
    pub after: u64,
    /// When it is carried out.
    pub at: Instant,
    /// What.
    pub command: CommandTemplate,
}

/// A command whose names are looked up when it is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandTemplate {
    /// The verb.
    pub verb: &'static str,
    /// Names of nodes, or `$bound`.
    pub nodes: Vec<String>,
    /// Other words.
    pub words: Vec<String>,
    /// A duration.
    pub span: Option<Duration>,
    /// `one-way` or `response`.
    pub flag: bool,
}

/// A fact compared with a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectation {
    /// What is looked at.
    pub fact: Fact,
    /// What it should be: a text, or a number after `>=`, `<=`, `>`, `<` or `!=`; `$bound` stands for a bound value.
    pub value: String,
}

pub(super) fn read_story(story: &Line<'_>, directory: &Directory, source: &mut Source<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for node in story.children() {
        let mut line = Line::new(node);
        let kind = match line.name() {
            "wait" => read_wait(&mut line, directory, source),
            "until" => read_until(&mut line, source),
            "run" => {
                let span = line.required("a duration", source);
                line.read_duration("run", &span, source).map(StepKind::Run)
            }
            "say" => Some(StepKind::Say { key: line.required("a key", source), focus: line.property("focus") }),
            "predict" => read_predict(&mut line, source),
            "expect" => read_expectation(&mut line, source).map(StepKind::Expect),
            "bind" => read_bind(&mut line, source),
            name if COMMANDS.contains(&name) => read_command(&mut line, directory, source).map(StepKind::Command),
            other => {
                let known: Vec<&str> = VERBS.iter().chain(COMMANDS).copied().collect();
                source.unknown(node, "step of a story", other, &known);
                continue;
            }
        };
        line.finish(&["within", "focus", "options", "answer"], source);
        let before = source.errors.len();
        source.error(node, "", "");
        let at = source.errors.pop().map_or(0, |error| error.line);
        debug_assert_eq!(before, source.errors.len());
        steps.extend(kind.map(|kind| Step { line: at, kind }));
    }
    steps
}

fn read_wait(line: &mut Line<'_>, directory: &Directory, source: &mut Source<'_>) -> Option<StepKind> {
    let within = line.duration("within", source).unwrap_or(WITHIN);
    let name = line.required("an event", source);
    let pattern = EventPattern { name, fields: line.settings() };
    match pattern.problem(directory) {
        None => Some(StepKind::Wait(pattern, within)),
        Some((word, known)) => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            source.unknown(line.node, "event or field", &word, &known);
            None
        }
    }
}

fn read_until(line: &mut Line<'_>, source: &mut Source<'_>) -> Option<StepKind> {
    let within = line.duration("within", source).unwrap_or(WITHIN);
    read_expectation(line, source).map(|expectation| StepKind::Until(expectation, within))
}

fn read_predict(line: &mut Line<'_>, source: &mut Source<'_>) -> Option<StepKind> {
    let key = line.required("a key", source);
    let options: u32 = line.number("options", source).unwrap_or(3);
    let answer: u32 = line.number("answer", source).unwrap_or(0);
    if !(1..=options.min(9)).contains(&answer) {
        source.error(
            line.node,
            format!("answer={answer} is not one of the {options} options"),
            "write: predict key options=3 answer=2",
        );
        return None;
    }
    Some(StepKind::Predict { key, options, answer, focus: line.property("focus") })
}

fn read_bind(line: &mut Line<'_>, source: &mut Source<'_>) -> Option<StepKind> {
    let name = line.required("a name", source);
    read_fact(line, source).map(|fact| StepKind::Bind { name, fact })
}

fn read_fact(line: &mut Line<'_>, source: &mut Source<'_>) -> Option<Fact> {
    let name = line.required("a fact", source);
    let Some(kind) = FactKind::find(&name) else {
        let known: Vec<&str> = FactKind::ALL.iter().map(|kind| kind.name()).collect();
        source.unknown(line.node, "fact", &name, &known);
        return None;
    };
    let subjects: Vec<String> = (0..kind.subjects()).map(|_| line.required("what it is about", source)).collect();
    if kind == FactKind::Broken {
        let known: Vec<&str> = Promise::ALL.iter().map(|promise| promise.name()).collect();
        let unknown = subjects.iter().find(|subject| !known.contains(&subject.as_str()));
        unknown.into_iter().for_each(|subject| source.unknown(line.node, "promise", subject, &known));
    }
    Some(Fact { kind, subjects })
}

fn read_expectation(line: &mut Line<'_>, source: &mut Source<'_>) -> Option<Expectation> {
    let fact = read_fact(line, source)?;
    let value = line.required("a value", source);
    Some(Expectation { fact, value })
}
