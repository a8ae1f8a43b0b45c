//! A mistake in a scenario is named with its place and what to do; nothing is taken of a text with a mistake.

use crate::test;
use highwater_engine::rng::SimRng;
use highwater_engine::scenario::Scenario;

#[track_caller]
fn refused(text: &str, line: u32, column: u32, message: &str, help: &str) {
    let errors = Scenario::parse(text).expect_err("this text has a mistake");
    let found = errors.iter().any(|error| {
        (error.line, error.column) == (line, column) && error.message.contains(message) && error.help.contains(help)
    });
    assert!(found, "wanted {line}:{column} {message} / {help}, found:\n{errors:#?}");
}

#[test]
fn every_mistake_has_line_column_reason_and_advice() {
    refused("brokers 3\ntopik t", 2, 1, "unknown directive \"topik\"", "did you mean \"topic\"");
    refused("brokers three", 1, 1, "not a number of brokers", "brokers 3");
    refused("brokers 3\n\n  topic t partitions=x", 3, 3, "partitions=x", "number");
    refused("brokers 3\ntopic t replication-factor=4", 2, 1, "must be 1..3, found 4", "nothing was changed");
    refused("brokers 3\ntopic t min.insync.replica=2", 2, 1, "min.insync.replica", "");
    refused("brokers 3\ntopic t\nproducer p topic=u", 3, 1, "names the topic \"u\"", "");
    refused("brokers 3\ntopic t\nproducer p topic=t acks=2", 3, 1, "acks=\"2\" is not 0, 1 or all", "");
    refused("brokers 3\ntopic t\nproducer p topic=t every=\"5 minutes\"", 3, 1, "not a duration", "20ms");
    refused("brokers 3\nnetwork latency=2ms", 2, 17, "needs quotation marks", "write \"2ms\"");
    refused("brokers 3\nqueue q persistent=true", 2, 20, "true is not a KDL word", "#true");
    refused("brokers 3\nstory {\n    kil \"broker 1\"\n}", 3, 5, "unknown step", "did you mean \"kill\"");
    refused("brokers 3\nstory {\n    kill \"broker 4\"\n}", 3, 5, "unknown node \"broker 4\"", "did you mean");
    refused("brokers 3\nstory {\n    wait LeaderElect\n}", 3, 5, "LeaderElect", "LeaderElected");
    refused("brokers 3\nstory {\n    expect acked\n}", 3, 5, "needs a value", "");
    refused("brokers 3\nstory {\n    predict q options=3 answer=4\n}", 3, 5, "answer=4", "answer=2");
    refused("brokers 3\nstory {\n    expect broken StrongIs 1\n}", 3, 5, "unknown promise \"StrongIs\"", "StrongIsr");
    refused("brokers 3 {", 1, 11, "", "");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let errors = Scenario::parse("brokrs 3\ntopc t\nproducr p").expect_err("three mistakes");
    assert_eq!(errors.len(), 3);
}

#[test]
fn hostile_texts_are_refused_quickly() {
    assert!(Scenario::parse(&"{".repeat(100_000)).is_err());
    assert!(Scenario::parse(&"a ".repeat(1_000_000)).is_err());
    assert!(Scenario::parse("brokers 999999999").is_err());
    assert!(Scenario::parse("brokers 3\ntopic t partitions=2147483647").is_err());
    assert!(Scenario::parse("brokers 3\ntopic t\nproducer p topic=t every=\"0us\"").is_err());
    assert!(Scenario::parse("brokers 3\ntopic \"<script>alert(1)</script>\"").is_err());
    assert!(Scenario::parse("brokers -1").is_err());
    // The parser is recursive, and slow with what it does not understand: neither may reach the reader.
    refused(&"\"".repeat(60_000), 1, 1, "60000 bytes; at most 1024", "a line of its own");
    refused("brokers 3\ntopic \"t", 2, 7, "no partner on its line", "close the string");
    refused("brokers 3\n}", 2, 1, "closes nothing", "remove it");
    refused("brokers (u8)3", 1, 9, "type annotation", "remove the parentheses");
    refused(&"(a)".repeat(20_000), 1, 1, "60000 bytes; at most 1024", "a line of its own");
    refused(&"brokers 3\n".repeat(8_000), 2_001, 1, "after 2000 lines", "split it");
    for line in [
        "\"".repeat(1_000),
        "(a)".repeat(340),
        "a{".repeat(15),
        "/*".repeat(500),
        "#\"".repeat(500),
        "\"\" ".repeat(60),
        "a;".repeat(500),
        "a=b ".repeat(250),
        "}".repeat(1_000),
        "\\ ".repeat(500),
        "/-".repeat(500),
    ] {
        assert!(Scenario::parse(&line).is_err(), "{line}");

        assert!(Scenario::parse(&format!("{line}\n").repeat(200)).is_err(), "200 times {line}");
    }
    assert!(Scenario::parse("").is_ok(), "an empty world is a world");
}

/// Signs of the language in any order: a text is taken or refused, and the page goes on.
#[test]
fn noise_is_refused_and_breaks_nothing() {
    const SIGNS: [&str; 28] = [
        "{",
        "}",
        "(",
        ")",
        "\"",
        "\"\"\"",
        "#",
        "#true",
        ";",
        "=",
        "/",
        "/-",
        "//",
        "/*",
        "*/",
        "\\",
        "-",
        "+",
        ".",
        "0x",
        "1_0",
        "e9",
        " ",
        "\n",
        "\r",
        "brokers",
        "topic t",
        "高水位",
    ];
    let mut rng = SimRng::stream(7, "noise");
    for round in 0..400 {
        // Few different signs at a time: long runs of one are what hurts a parser.
        let mut few: Vec<&str> = Vec::new();
        for _ in 0..=rng.below(5) {
            few.extend(rng.pick(&SIGNS));
        }
        let mut text = String::new();
        for _ in 0..rng.below(3_000) {
            text.extend(rng.pick(&few).copied());
        }
        if let Err(errors) = Scenario::parse(&text) {
            assert!(errors.iter().all(|error| error.line > 0 && !error.message.is_empty()), "round {round}: {text}");
        }
    }
}

#[test]
fn topic_names_are_those_that_kafka_takes() {
    let longest = "a".repeat(249);
    let refusal = |names: &[&str]| {
        let text: String = names.iter().map(|name| format!("topic \"{name}\"\n")).collect();
        match Scenario::parse(&format!("brokers 1\n{text}")) {
            Ok(_) => String::new(),
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
        }
    };
    for name in ["a", "A.b-c_9", "...", longest.as_str()] {
        assert_eq!(refusal(&[name]), "", "{name}");
    }
    for name in [".", "..", "a b", "a/b", "über", format!("{longest}a").as_str()] {
        assert!(refusal(&[name]).contains("is not a possible name"), "{name}");
    }
    // Metrics write both as `a_b`.
    assert!(refusal(&["a.b", "a_b"]).contains("collides"));
    assert_eq!(refusal(&["a.b", "a-b"]), "");
}
