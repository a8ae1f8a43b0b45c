//! A link holds a whole run; links made once open for ever; nothing a link says can hurt.

use crate::test;
use highwater_engine::command::Command;
use highwater_engine::history::Recorded;
use highwater_engine::ids::NodeId;
use highwater_engine::link::{self, LinkError};
use highwater_engine::rng::SimRng;
use highwater_engine::scenario::{Scenario, Story};
use highwater_engine::time::{Duration, Instant};
use highwater_tests::random_world::{Faults, recording};

/// Links as they were made once, by version, with the text inside. A new version adds a line; none is ever taken away
/// or changed.
const MADE_ONCE: &[(&str, &str, &str)] = &[
    ("leader-failover", include_str!("../links/1-leader-failover.txt"), include_str!("../links/1-leader-failover.kdl")),
    (
        "queue-and-pubsub",
        include_str!("../links/1-queue-and-pubsub.txt"),
        include_str!("../links/1-queue-and-pubsub.kdl"),
    ),
    ("swarm-34", include_str!("../links/1-swarm.txt"), include_str!("../links/1-swarm.kdl")),
];

#[test]
fn a_link_holds_the_whole_run() {
    for seed in 0..20 {
        let recording = recording(seed, Faults::All);
        let code = link::write("random", &recording, Instant::ZERO + Duration::from_secs(30)).unwrap();
        let scenario = link::read(&code).unwrap();
        let story = Story::tell(&scenario, scenario.seed).unwrap();
        assert_eq!(story.recording, recording);
        assert!(code.len() < 2_000, "seed {seed}: {} characters", code.len());
    }
}

#[test]
fn links_made_once_open_for_ever() {
    for (name, text, kdl) in MADE_ONCE {
        let code = text.trim().strip_prefix("#/x/").unwrap();
        let (scenario, story) = link::open(code).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(scenario.name, *name);
        // What happens in it may change when the engine learns; seed, world and commands may not.
        let written = Scenario::parse(kdl).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert_eq!(scenario, written, "{name}");
        let given = Story::tell(&written, written.seed).unwrap();
        assert_eq!(story.recording, given.recording, "{name}");
        assert_eq!(story.recording.commands.len(), kdl.matches("\nat ").count(), "{name}");
        assert!(story.end > 100, "{name}: only {} events", story.end);
        // A link made of it today brings the same run.
        let again = link::write(name, &story.recording, story.end_at).unwrap();
        assert_eq!(link::open(&again).unwrap().1.recording, story.recording, "{name}");
    }
}

#[test]
fn a_run_of_a_thousand_commands_fits_into_a_link_and_a_longer_one_says_so() {
    let mut long = recording(1, Faults::All);
    let give = |n: u64| {
        let command = Command::Send { producer: NodeId(4), count: 1 + n as u32 % 5 };
        Recorded { after: 0, at: Instant::ZERO + Duration::from_millis(2_000 + 7 * n), command }
    };
    long.commands = (0..1_000).map(give).collect();
    let code = link::write("long", &long, Instant::ZERO + Duration::from_secs(5)).unwrap();
    assert_eq!(link::open(&code).unwrap().1.recording, long);
    long.commands = (0..3_000).map(give).collect();
    let refused = link::write("long", &long, Instant::ZERO + Duration::from_secs(5)).unwrap_err();
    assert_eq!(refused.to_string(), "the link asks for 3000 commands; at most 2000 can be opened");
}

#[test]
fn a_run_longer_than_a_link_may_tell_opens_and_goes_on_when_time_passes() {
    let busy = "producer p topic=t every=\"1ms\"\nat \"200s\" { kill 1; }";
    let text = format!("brokers 1\nnetwork latency=\"1ms\"\ntopic t\n{busy}\nstory {{ run \"300s\"; }}");
    let (_, story) = link::open(&link::pack(&text)).unwrap();
    assert!(story.end <= link::EVENTS_MAX && story.end_at < Instant::ZERO + Duration::from_secs(200));
    assert_eq!(story.recording.commands.len(), 1, "what comes later is not forgotten");
    let waits = text.replace("run \"300s\"", "until lost 7 within=\"300s\"");
    let refused = link::open(&link::pack(&waits)).unwrap_err();
    assert_eq!(refused, LinkError::Endless { most: link::EVENTS_MAX });
}

/// Texts no page would have written.
fn strange_texts() -> Vec<String> {
    let world = |line: &str| {
        format!("brokers 1\nnetwork latency=\"1ms\"\ntopic t\nproducer p topic=t\n{line}\nstory {{ run \"5s\"; }}")
    };
    let mut texts: Vec<String> = [
        "",
        "{",
        "}",
        "\0",
        "brokers",
        "brokers -1",
        "brokers 1e99",
        "scenario",
        "story { story { story; }; }",
        "at",
        "at \"x\"",
        "at \"1s\" after=-1 { heal; }",
        "at \"1s\" { jump; }",
        "lesson ../../../etc/passwd",
        "scenario \"<script>alert(1)</script>\"",
        "topic \"<img src=x onerror=alert(1)>\"",
        "scenario \"\u{202e}drowssap\"",
        "topic t partitions=2147483647",
        "brokers 4294967295",
        "brokers 1000",
        "brokers 30\ntopic t partitions=20000 replication-factor=30",
        "group g topic=\"\"",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.extend(
        [
            // A producer that sends every tenth of a millisecond, for ever and for a hundred years.
            "producer z topic=t every=\"100us\"\nat \"1s\" { send z 4294967295; }",
            "producer z topic=t every=\"0us\"",
            "at \"18446744073709551615us\" { heal; }",
            "at \"1s\" after=18446744073709551615 { kill 1; }",
            "at \"1s\" { latency \"0us\"; }",
            "at \"1s\" { drop 18446744073709551615; heal 99; }",
            "at \"1s\" { processing p \"18446744073709551615us\"; }",
            "story { run \"999999h\"; }",
            "story { until lost \">99\" within=\"999999h\"; }",
        ]
        .map(world),
    );
    for depth in [31, 33, 1_000, 20_000] {
        texts.push(format!("{}{}", "a { ".repeat(depth), "}".repeat(depth)));
    }
    for (word, times) in
        [("1a ", 20_000), ("brokers 1\n", 6_000), ("\"", 60_000), ("(a)", 20_000), ("topic t\n", 8_000)]
    {
        texts.push(word.repeat(times));
    }
    texts
}

/// Codes from anywhere: cut, changed, of other versions, bombs, and strange texts well packed.
fn hostile_codes() -> Vec<String> {
    let good = MADE_ONCE[0].1.trim().strip_prefix("#/x/").unwrap();
    let mut rng = SimRng::stream(1, "hostile links");
    let mut codes: Vec<String> = strange_texts().iter().map(|text| link::pack(text)).collect();
    codes.push(link::pack(&"\n".repeat(5_000_000)));
    codes.push(link::pack(&"a".repeat(70_000)));
    codes.push("1".to_owned() + &"A".repeat(60_000));
    codes.push("1".to_owned() + &"A".repeat(10_000_000));
    codes.extend((0..10).map(|digit| format!("{digit}{}", &good[1..])));
    codes.extend(
        ["", "1", "1AAAA", "x", "é", "1é", "1AAAé", "<script>", "1%00", "../", "javascript:alert(1)"]
            .map(str::to_owned),
    );
    while codes.len() < 200 {
        codes.push(good[..rng.below(good.len() as u64) as usize].to_owned());
    }
    while codes.len() < 320 {
        let place = 1 + rng.below(good.len() as u64 - 1) as usize;
        let letter = b"ABab09-_"[rng.below(8) as usize] as char;
        codes.push(format!("{}{letter}{}", &good[..place], &good[place + 1..]));
    }
    codes
}

#[test]
fn three_hundred_hostile_links_are_refused_in_time_or_are_harmless() {
    let good = MADE_ONCE[0].1.trim().strip_prefix("#/x/").unwrap();
    let (mut refused, codes) = (0, hostile_codes());
    for code in &codes {
        #[cfg(not(target_arch = "wasm32"))]
        let begun = std::time::Instant::now();
        match link::open(code) {
            Ok((_, story)) => assert!(story.end <= link::EVENTS_MAX),
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
                let told = matches!(&error, LinkError::Scenario(errors) if errors.iter().all(|e| e.line > 0));
                assert!(told || !matches!(error, LinkError::Scenario(_)));
            }
        }
        #[cfg(not(target_arch = "wasm32"))]
        {
            let start: String = code.chars().take(60).collect();
            assert!(begun.elapsed().as_millis() < 1_000, "{start}… takes {:?}", begun.elapsed());
        }
    }
    assert!(codes.len() >= 300 && refused >= 280, "{refused} of {}", codes.len());
    assert!(link::open(good).is_ok());
}
