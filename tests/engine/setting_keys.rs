//! No setting without a test that shows its effect, and none that takes what Kafka would refuse.

use crate::test;
use highwater_engine::config::{
    BrokerConfig, ConfigError, ConfigKey, ConsumerConfig, ControllerConfig, ProducerConfig, TopicConfig,
};

const TABLE: &str = include_str!("../README.md");

const SOURCES: [(&str, &str); 5] = [
    ("compression", include_str!("compression.rs")),
    ("setting_keys", include_str!("setting_keys.rs")),
    ("producer_settings", include_str!("producer_settings.rs")),
    ("producers", include_str!("producers.rs")),
    ("transactions", include_str!("transactions.rs")),
];

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_setting_of_a_producer_has_a_test_that_shows_its_effect() {
    let (_, table) = TABLE.split_once("## Producer settings, key by key").expect("the table is gone");
    let rows: Vec<(Vec<&str>, Vec<&str>)> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .map(|(keys, tests)| (quoted(keys), quoted(tests)))
        .collect();
    for (module, name) in rows.iter().flat_map(|(_, tests)| tests).filter_map(|test| test.split_once("::")) {
        let source = SOURCES.iter().find(|(known, _)| *known == module).map(|(_, source)| *source);
        let source = source.unwrap_or_else(|| panic!("{module} is not among the sources here"));
        assert!(source.contains(&format!("#[test]\nfn {name}()")), "there is no test {module}::{name}");
    }
    let keys = ProducerConfig::keys();
    for key in &keys {
        let shown =
            rows.iter().any(|(of, tests)| of.contains(&key.name) && tests.iter().any(|test| test.contains("::")));
        assert!(shown, "no test shows the effect of {}", key.name);
    }
    let strangers = rows.iter().flat_map(|(of, _)| of).find(|name| keys.iter().all(|key| key.name != **name));
    assert_eq!(strangers, None, "a row for what is not modelled");
}

type Set = fn(&str, &str) -> Result<(), ConfigError>;

/// Everything that can be set, and how.
fn settings() -> Vec<(Vec<ConfigKey>, Set)> {
    vec![
        (ProducerConfig::keys(), |name, text| ProducerConfig::default().set(name, text)),
        (ConsumerConfig::keys(), |name, text| ConsumerConfig::default().set(name, text)),
        (TopicConfig::keys(), |name, text| TopicConfig::default().set(name, text)),
        (BrokerConfig::keys(), |name, text| BrokerConfig::default().set(name, text)),
        (ControllerConfig::keys(), |name, text| ControllerConfig::default().set(name, text)),
    ]
}

#[test]
fn a_number_outside_its_range_or_a_wrong_word_is_refused_with_key_range_and_default() {
    let mut tried = 0;
    for (keys, set) in settings() {
        for key in keys {
            let (name, default) = (key.name, &key.default);
            if let Some((least, most)) = key.valid {
                for wrong in [least.checked_sub(1), most.checked_add(1)].into_iter().flatten() {
                    let refused = set(name, &wrong.to_string()).expect_err(name).to_string();
                    assert_eq!(refused, format!("{name}={wrong} is outside {least}..{most} (default {default})"));
                    tried += 1;
                }
            }
            if !key.words.is_empty() {
                let refused = set(name, "nonsense").expect_err(name).to_string();
                assert!(refused.starts_with(&format!("{name}=\"nonsense\" is not ")), "{refused}");
                assert!(refused.ends_with(&format!("(default {default})")), "{refused}");
                tried += 1;
            }
        }
        let unknown = set("linger.msec", "1").expect_err("there is no such setting").to_string();
        assert!(unknown.contains("\"linger.msec\""), "{unknown}");
    }
    assert!(tried > 100, "only {tried} wrong values were tried");
}

#[test]
fn a_level_that_no_compressor_here_has_is_refused_with_kafkas_range() {
    let refused = |name: &str| ProducerConfig::default().set(name, "3").expect_err(name).to_string();
    assert!(refused("compression.lz4.level").starts_with("compression.lz4.level (1..17, default 9) is not modelled"));
    assert!(refused("compression.zstd.level").starts_with("compression.zstd.level (-131072..22, default 3)"));
}
