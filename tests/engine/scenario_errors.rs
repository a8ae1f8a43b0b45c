//! A mistake in a scenario is named with its place and what to do; nothing is taken of a text with a mistake.

use crate::test;
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
    assert!(Scenario::parse("").is_ok(), "an empty world is a world");
}
