//! Every word a reader sees is in `locales/` or `lessons/`, in both languages.

#![allow(clippy::unwrap_used, reason = "a test may stop where a program may not")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What is called so in every language: Kafka's own names for what it prints and measures, and the heads of its consoles' tables.
const KAFKA: [&str; 6] = [
    "producer id / epoch",
    "<span>producer id <b>{id}</b> · epoch <b>{epoch}</b></span>",
    "max latency",
    "Out of sync replicas",
    "Under min ISR",
    "Total lag",
];

/// What no reader sees: answers to programs, and a world's text.
const UNSEEN: [&str; 5] = [
    "line {}, column {}: {}",
    "not loaded: ",
    "scenario empty seed=1\\nbrokers 3\\n",
    // Classes that only say how soon a button may go.
    "fixed less",
    "fixed lesser",
];

/// What Kafka's own tools and logs print, and how they are called, is English everywhere.
const TOOLS: [&str; 2] = ["src/kafka/", "src/components/inspector/cli.rs"];

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, ending, found),
            false if path.to_str().is_some_and(|name| name.ends_with(ending)) => found.push(path),
            false => {}
        }
    }
}

/// The string literals of a source text, each with its line; none of its tests, comments and attributes.
fn literals(source: &str) -> Vec<(usize, String)> {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut text: Option<(usize, String)> = None;
    for (index, line) in source.lines().enumerate() {
        if text.is_none() && line.trim_start().starts_with("#[") {
            continue;
        }
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            match (&mut text, letter) {
                (None, '/') if letters.peek() == Some(&'/') => break,
                (None, '\'') if letters.peek() == Some(&'"') => drop(letters.next()),
                (None, '"') => text = Some((index + 1, String::new())),
                (None, _) => {}
                (Some((_, said)), '\\') => {
                    said.push('\\');
                    said.extend(letters.next());
                }
                (Some(_), '"') => found.extend(text.take()),
                (Some((_, said)), other) => said.push(other),
            }
        }
    }
    found
}

/// A text without its marks, its places for values and its code.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut until = None;
    for letter in text.chars() {
        match until {
            Some(end) if letter == end => until = None,
            Some(_) => continue,
            None => match letter {
                '<' => until = Some('>'),
                '{' => until = Some('}'),
                '`' => until = Some('`'),
                '\\' => bare.push(' '),
                _ => bare.push(letter),
            },
        }
        if until.is_some() {
            bare.push(' ');
        }
    }
    bare
}

/// Whether something is an English word, as prose has it: `min.insync.replicas`, `NOT_LEADER`, `x-1` are none.
fn is_word(token: &str) -> bool {
    let word = token.trim_matches(|letter: char| !letter.is_alphanumeric());
    let mut letters = word.chars();
    word.len() >= 2
        && letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|it| it.is_ascii_lowercase() || it == '\'')
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}

/// The longest run of English words.
fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for token in bare(text).split_whitespace() {
        // Chinese letters stand beside English words without a space.
        for part in token.split(|letter: char| !letter.is_ascii()) {
            run = if is_word(part) { run + 1 } else { 0 };
            longest = longest.max(run);
        }
    }
    longest
}

/// The names of classes in the styles.
fn classes() -> BTreeSet<String> {
    let mut styles = Vec::new();
    files(&web().join("../static/css"), ".css", &mut styles);
    let of = |text: String| -> Vec<String> {
        let name = |part: &str| part.chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '-').collect();
        text.split('.').skip(1).map(name).collect()
    };
    styles.iter().flat_map(|style| of(fs::read_to_string(style).unwrap())).collect()
}

#[test]
fn no_sentence_stands_in_the_program() {
    let classes = classes();
    let mut sources = Vec::new();
    files(&web().join("src"), ".rs", &mut sources);
    let mut seen = 0;
    let mut wrong = Vec::new();
    for path in sources {
        let name = path.strip_prefix(web()).unwrap().to_string_lossy().replace('\\', "/");
        // Tests speak to nobody.
        if TOOLS.iter().any(|tools| name.starts_with(tools)) || name.ends_with("_test.rs") || name.ends_with("tests.rs")
        {
            continue;
        }
        for (line, text) in literals(&fs::read_to_string(&path).unwrap()) {
            seen += 1;
            let bare = bare(&text);
            let words = bare.split_whitespace().filter(|token| is_word(token)).count();
            let is_code =
                text.contains(['[', '=']) && !text.contains('<') || text.contains("calc(") || text.contains("//");
            let is_class = bare.split_whitespace().all(|token| classes.contains(token) || token.contains(':'));
            let known = KAFKA.contains(&text.as_str()) || UNSEEN.contains(&text.as_str());
            if is_chinese(&text) || (words >= if text.contains('<') { 1 } else { 2 } && !is_code && !is_class && !known)
            {
                wrong.push(format!("{name}:{line}: {text:?}"));
            }
        }
    }
    assert!(seen > 2_000, "the sources were read: {seen} texts");
    assert!(wrong.is_empty(), "words outside locales/ and lessons/:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_in_the_other_language() {
    let book = highwater_words::read(&web()).unwrap();
    let mut wrong = Vec::new();
    let mut compare = |place: &str, english: &str, chinese: &str| {
        if is_chinese(english) && !place.ends_with("other_language") {
            wrong.push(format!("{place}: Chinese in English: {english}"));
        }
        // A sentence has a translation; a name, a setting or a figure may be the same.
        if longest_run(english) >= 3 && !is_chinese(chinese) || longest_run(chinese) >= 4 {
            wrong.push(format!("{place}: English in Chinese: {chinese}"));
        }
    };
    for (index, key) in book.keys.iter().enumerate() {
        compare(key, &book.words[0][index], &book.words[1][index]);
    }
    let mut lessons = Vec::new();
    files(&web().join("lessons"), "en.md", &mut lessons);
    assert!(lessons.len() > 50);
    for english in lessons {
        let chinese = english.with_file_name("zh-CN.md");
        let place = english.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let (english, chinese) = (fs::read_to_string(&english).unwrap(), fs::read_to_string(&chinese).unwrap());
        assert_eq!(english.matches("\n## ").count(), chinese.matches("\n## ").count(), "{place}: as many parts");
        let paragraphs = |text: &str| text.split("\n\n").map(str::to_owned).collect::<Vec<_>>();
        let (english, chinese) = (paragraphs(&english), paragraphs(&chinese));
        for (english, chinese) in english.iter().zip(&chinese) {
            compare(&place, english, chinese);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_test_knows_a_sentence_when_it_sees_one() {
    let source = "fn a() { view! { <p title=\"Something is wrong\">\"All is well\"</p> } } // \"not this one\"\n#[doc = \"nor this\"]\n";
    let said: Vec<String> = literals(source).into_iter().map(|(_, text)| text).collect();
    assert_eq!(said, ["Something is wrong", "All is well"]);
    assert_eq!(longest_run("见 `kill the broker now` 与 acks=all，the leader is gone"), 4);
    assert_eq!(longest_run("min.insync.replicas NOT_LEADER_OR_FOLLOWER LEO"), 0);
    assert!(!is_word("LEO") && !is_word("log.dirs") && is_word("Broker") && is_word("leader,"));
}
