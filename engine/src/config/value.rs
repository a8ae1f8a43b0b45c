//! How a configuration value is written, read and refused.

use crate::time::Duration;
use thiserror::Error;

/// One modelled setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigKey {
    /// `broker`, `topic`, `producer`, `consumer`.
    pub owner: &'static str,
    /// Kafka's name.
    pub name: &'static str,
    /// Kafka's default, as Kafka prints it.
    pub default: String,
    /// `ms`, `B`, `records` and so on; `none` for words.
    pub unit: &'static str,
    /// Smallest and largest number, both inclusive; `None` where the values are words.
    pub valid: Option<(i64, i64)>,
    /// The words it may be, where the values are words.
    pub words: &'static [&'static str],
}

impl ConfigKey {
    /// What may be written: the range, or the words.
    pub fn allowed(&self) -> String {
        match self.valid {
            Some((least, most)) => format!("{least}..{most}"),
            None => self.words.join(", "),
        }
    }
}

/// A configuration value that was refused, and why.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ConfigError {
    /// The name is not one of the owner's modelled settings.
    #[error("{owner} has no modelled setting \"{name}\"{}", nearest.as_ref().map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default())]
    Unknown {
        /// Whose setting it would be.
        owner: &'static str,
        /// The name as written.
        name: String,
        /// The modelled name that looks most like it.
        nearest: Option<&'static str>,
    },
    /// Kafka's setting for a compressor that has levels there and one level here.
    #[error(
        "{name} ({least}..{most}, default {default}) is not modelled: the compressor here has one level; of the codecs only gzip has its own, compression.gzip.level"
    )]
    OneLevel {
        /// Kafka's name of the setting.
        name: &'static str,
        /// Kafka's smallest level.
        least: i64,
        /// Kafka's largest level.
        most: i64,
        /// Kafka's default.
        default: i64,
    },
    /// The value cannot be read as this setting's type.
    #[error("{name}=\"{value}\" is not {expected} (default {default})")]
    Malformed {
        /// The setting.
        name: &'static str,
        /// The text as written.
        value: String,
        /// What it should look like.
        expected: &'static str,
        /// Kafka's default.
        default: String,
    },
    /// The value lies outside Kafka's range.
    #[error("{name}={value} is outside {least}..{most} (default {default})")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// The number as written.
        value: i64,
        /// Smallest allowed.
        least: i64,
        /// Largest allowed.
        most: i64,
        /// Kafka's default.
        default: String,
    },
    /// The value does not go with another setting.
    #[error("{name}={value} {rule} (default {default})")]
    Conflict {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it must be, and with what.
        rule: &'static str,
        /// Kafka's default.
        default: String,
    },
}

/// KIP-390's other levels: name, smallest, largest, default.
const ONE_LEVEL: [(&str, i64, i64, i64); 2] =
    [("compression.lz4.level", 1, 17, 9), ("compression.zstd.level", -131_072, 22, 3)];

impl ConfigError {
    /// The error for a name that is in no table, with the nearest name that is.
    pub fn unknown(owner: &'static str, name: &str, keys: &[&'static str]) -> ConfigError {
        let one_level = ONE_LEVEL.iter().find(|(known, ..)| *known == name);
        if let Some((name, least, most, default)) = one_level.filter(|_| keys.contains(&"compression.gzip.level")) {
            return ConfigError::OneLevel { name, least: *least, most: *most, default: *default };
        }
        let nearest = keys
            .iter()
            .map(|key| (edit_distance(key, name), *key))
            .min()
            .filter(|(distance, near)| *distance <= near.len() / 2)
            .map(|(_, near)| near);
        ConfigError::Unknown { owner, name: name.to_owned(), nearest }
    }

    /// The same error, naming Kafka's default.
    pub(super) fn with_default(mut self, printed: impl FnOnce() -> Option<String>) -> ConfigError {
        if let ConfigError::Malformed { default, .. } | ConfigError::OutOfRange { default, .. } = &mut self {
            *default = printed().unwrap_or_default();
        }
        self
    }
}

/// A type a setting can have.
pub trait ConfigValue: Sized {
    /// Kafka's unit of the printed number.
    const UNIT: &'static str = "none";
    /// The words it may be, when it is not a number.
    const WORDS: &'static [&'static str] = &[];
    /// What a value looks like, for the error message.
    const EXPECTED: &'static str;
    /// As Kafka prints it.
    fn print(&self) -> String;
    /// Reads what Kafka would accept; range is checked elsewhere.
    fn parse(text: &str) -> Option<Self>;
    /// The number the range applies to.
    fn number(&self) -> Option<i64> {
        None
    }
}

/// Reads a value, checks it against the setting's range and puts it in place. The error does not know the default yet.
#[inline(never)]
pub(super) fn set_within<T: ConfigValue>(
    field: &mut T,
    name: &'static str,
    valid: Option<(i64, i64)>,
    text: &str,
) -> Result<(), ConfigError> {
    let default = String::new();
    let Some(value) = T::parse(text.trim()) else {
        // A number, but not one its type can hold.
        if let (Some((least, most)), Ok(value)) = (valid, text.trim().parse::<i64>())
            && !(least..=most).contains(&value)
        {
            return Err(ConfigError::OutOfRange { name, value, least, most, default });
        }
        return Err(ConfigError::Malformed { name, value: text.to_owned(), expected: T::EXPECTED, default });
    };
    if let (Some((least, most)), Some(number)) = (valid, value.number())
        && !(least..=most).contains(&number)
    {
        return Err(ConfigError::OutOfRange { name, value: number, least, most, default });
    }
    *field = value;
    Ok(())
}

macro_rules! integer_value {
    ($($ty:ty),*) => { $(
        impl ConfigValue for $ty {
            const EXPECTED: &'static str = "a whole number";
            fn print(&self) -> String { self.to_string() }
            fn parse(text: &str) -> Option<Self> { text.parse().ok() }
            fn number(&self) -> Option<i64> { Some(i64::from(*self)) }
        }
    )* };
}
integer_value!(i16, i32, i64, u32);

impl ConfigValue for bool {
    const WORDS: &'static [&'static str] = &["true", "false"];
    const EXPECTED: &'static str = "true or false";
    fn print(&self) -> String {
        self.to_string()
    }
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl ConfigValue for Option<String> {
    const EXPECTED: &'static str = "a name, or nothing";
    fn print(&self) -> String {
        self.clone().unwrap_or_default()
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "null" => Some(None),
            name => Some(Some(name.to_owned())),
        }
    }
}

impl ConfigValue for Duration {
    const UNIT: &'static str = "ms";
    const EXPECTED: &'static str = "a whole number of milliseconds";
    fn print(&self) -> String {
        if *self == NEVER { i64::MAX.to_string() } else { self.as_millis().to_string() }
    }
    fn parse(text: &str) -> Option<Self> {
        let millis = text.parse::<i64>().ok()?;
        if millis == i64::MAX { Some(NEVER) } else { u64::try_from(millis).ok().map(Duration::from_millis) }
    }
    fn number(&self) -> Option<i64> {
        if *self == NEVER { Some(i64::MAX) } else { i64::try_from(self.as_millis()).ok() }
    }
}

/// Kafka's `Long.MAX_VALUE` milliseconds: never.
pub const NEVER: Duration = Duration(u64::MAX);

/// Levenshtein distance, to suggest the name that was meant.
pub fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(80).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(80).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}
