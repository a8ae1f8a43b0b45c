//! Every setting under its Kafka name, with Kafka's default, unit and range.
//!
//! One file per owner. A struct is declared once through [`config_struct!`], which also writes the table of keys that
//! the scenario language, the inspector and `highwater vectors` read: there is no second list to forget.
//! A line is `"kafka.name" => field: Type = default, range, "unit";` (the unit may be left out where the type says it), and
//! a new struct gets a line in `table.rs`.
//! Durations are Kafka's `…ms` integers on the outside and [`crate::time::Duration`] inside.
//!
//! Absent: settings of features that are not modelled yet; a name that is not in a table is refused by name.

mod broker;
mod compression;
mod consumer;
mod controller;
mod feature;
mod group_values;
mod producer;
mod share;
mod table;
mod topic;
mod topic_defaults;
mod value;
mod words;

pub use broker::BrokerConfig;
pub use compression::{BrokerCompressionType, CompressionType, GzipLevel};
pub use consumer::{ConsumerConfig, IsolationLevel, OffsetsStorage};
pub use controller::ControllerConfig;
pub use feature::{ControllerMode, FeatureConfig, PlacementRule, TruncationMode};
pub use group_values::{AutoOffsetReset, GroupProtocol, OptionalName, ServerAssignors, Strategies};
pub use producer::{Acks, MetadataRecovery, PartitionerClass, ProducerConfig};
pub use share::{
    NOT_FOR_SHARE_GROUPS, ShareAcknowledgementMode, ShareAcquireMode, ShareBrokerConfig, ShareConsumerConfig,
    ShareGroupConfig,
};
pub use table::{ConfigTable, TABLES};
pub use topic::TopicConfig;
pub use topic_defaults::TopicDefaults;
pub use value::{ConfigError, ConfigKey, ConfigValue, NEVER, edit_distance};
pub use words::{CleanupPolicy, Millis, Ratio, ReplicaSelector, Seconds, TimestampType};

/// Declares one owner's settings: the struct, its defaults, and access by Kafka's name.
macro_rules! config_struct {
    (
        $(#[$meta:meta])* $name:ident, owner $owner:literal;
        $( $(#[$doc:meta])* $key:literal => $field:ident : $ty:ty = $default:expr, $valid:expr $(, $unit:literal)?; )*
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        pub struct $name {
            $( $(#[$doc])* pub $field: $ty, )*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $( $field: $default, )* }
            }
        }

        impl $name {
            /// Who owns these settings, in Kafka's words.
            pub const OWNER: &'static str = $owner;

            /// Every modelled setting with its default and range, in the order of declaration.
            pub fn keys() -> Vec<$crate::config::ConfigKey> {
                let defaults = $name::default();
                vec![ $( $crate::config::ConfigKey {
                    owner: $owner,
                    name: $key,
                    default: $crate::config::ConfigValue::print(&defaults.$field),
                    unit: [$($unit,)? <$ty as $crate::config::ConfigValue>::UNIT][0],
                    valid: $valid,
                    words: <$ty as $crate::config::ConfigValue>::WORDS,
                }, )* ]
            }

            /// The value of `name` as Kafka would print it, or none when it is not modelled.
            pub fn get(&self, name: &str) -> Option<String> {
                match name {
                    $( $key => Some($crate::config::ConfigValue::print(&self.$field)), )*
                    _ => None,
                }
            }

            /// Sets `name` to `text`; on error nothing changes and the error names key, range and default.
            pub fn set(&mut self, name: &str, text: &str) -> Result<(), $crate::config::ConfigError> {
                let result = match name {
                    $( $key => $crate::config::value::set_within(&mut self.$field, $key, $valid, text), )*
                    _ => Err($crate::config::ConfigError::unknown($owner, name, &[$($key),*])),
                };
                result.map_err(|error| error.with_default(|| $name::default().get(name)))
            }
        }
    };
}
use config_struct;
