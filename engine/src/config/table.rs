//! All tables of settings, for the inspector and the golden vectors.

use super::value::{ConfigError, ConfigKey};
use super::{
    BrokerConfig, ConsumerConfig, ControllerConfig, ProducerConfig, ShareBrokerConfig, ShareConsumerConfig,
    ShareGroupConfig, TopicConfig, TopicDefaults,
};

/// The settings of one struct.
#[derive(Clone, Copy, Debug)]
pub struct ConfigTable {
    /// Whose settings, in Kafka's words.
    pub owner: &'static str,
    /// Every modelled setting.
    pub keys: fn() -> Vec<ConfigKey>,
    /// What a setting reads as after it was set on top of the defaults.
    pub try_set: fn(&str, &str) -> Result<String, ConfigError>,
}

macro_rules! tables {
    ($($config:ty),* $(,)?) => {
        /// One line per struct declared with `config_struct!`.
        pub const TABLES: &[ConfigTable] = &[ $( ConfigTable {
            owner: <$config>::OWNER,
            keys: <$config>::keys,
            try_set: |name, text| {
                let mut config = <$config>::default();
                config.set(name, text)?;
                Ok(config.get(name).unwrap_or_default())
            },
        }, )* ];
    };
}

tables![
    BrokerConfig,
    TopicDefaults,
    ControllerConfig,
    TopicConfig,
    ProducerConfig,
    ConsumerConfig,
    ShareBrokerConfig,
    ShareGroupConfig,
    ShareConsumerConfig,
];
