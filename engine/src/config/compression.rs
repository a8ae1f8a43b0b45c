//! How batches are compressed: the producer's choice, the topic's, and gzip's level.

use super::value::ConfigValue;

/// A codec of record batches, by its Kafka name (`CompressionType`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum CompressionType {
    /// Records are stored as they are.
    #[default]
    None,
    /// DEFLATE with a gzip header: small, slow.
    Gzip,
    /// Snappy in the framing of snappy-java (xerial).
    Snappy,
    /// An LZ4 frame of independent blocks of 64 KiB.
    Lz4,
    /// A Zstandard frame (KIP-110).
    Zstd,
}

impl CompressionType {
    /// All of them in the order of their numbers.
    pub const ALL: [CompressionType; 5] = [
        CompressionType::None,
        CompressionType::Gzip,
        CompressionType::Snappy,
        CompressionType::Lz4,
        CompressionType::Zstd,
    ];

    /// Its number in a batch's attributes.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// The codec with a number; none for 5 to 7, which no codec has.
    pub fn of_id(id: u8) -> Option<CompressionType> {
        CompressionType::ALL.get(usize::from(id)).copied()
    }

    /// Its name in settings and in the output of Kafka's tools.
    pub fn name(self) -> &'static str {
        match self {
            CompressionType::None => "none",
            CompressionType::Gzip => "gzip",
            CompressionType::Snappy => "snappy",
            CompressionType::Lz4 => "lz4",
            CompressionType::Zstd => "zstd",
        }
    }

    fn named(text: &str) -> Option<CompressionType> {
        CompressionType::ALL.into_iter().find(|codec| codec.name() == text)
    }
}

impl ConfigValue for CompressionType {
    const EXPECTED: &'static str = "none, gzip, snappy, lz4 or zstd";
    const WORDS: &'static [&'static str] = &["none", "gzip", "snappy", "lz4", "zstd"];
    fn print(&self) -> String {
        self.name().to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        CompressionType::named(text)
    }
}

/// How a topic wants its batches compressed (`BrokerCompressionType`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum BrokerCompressionType {
    /// As the producer sent them.
    #[default]
    Producer,
    /// With this codec: the leader compresses anew what comes otherwise.
    Codec(CompressionType),
}

impl BrokerCompressionType {
    /// The codec of a batch that came with another one, as far as this leaves a choice.
    pub fn target(self, source: CompressionType) -> CompressionType {
        match self {
            BrokerCompressionType::Producer => source,
            BrokerCompressionType::Codec(codec) => codec,
        }
    }
}

impl ConfigValue for BrokerCompressionType {
    const EXPECTED: &'static str = "producer, uncompressed, gzip, snappy, lz4 or zstd";
    const WORDS: &'static [&'static str] = &["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"];
    fn print(&self) -> String {
        match self {
            BrokerCompressionType::Producer => "producer",
            BrokerCompressionType::Codec(CompressionType::None) => "uncompressed",
            BrokerCompressionType::Codec(codec) => codec.name(),
        }
        .to_owned()
    }
    fn parse(text: &str) -> Option<Self> {
        match text {
            "producer" => Some(BrokerCompressionType::Producer),
            "uncompressed" => Some(BrokerCompressionType::Codec(CompressionType::None)),
            "none" => None,
            codec => CompressionType::named(codec).map(BrokerCompressionType::Codec),
        }
    }
}

/// `compression.gzip.level` (KIP-390): 1 is quick, 9 is small, −1 is the library's own choice (6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GzipLevel(pub i8);

impl GzipLevel {
    /// Kafka's default.
    pub const DEFAULT: GzipLevel = GzipLevel(-1);

    /// The level as the library counts.
    pub fn effective(self) -> u8 {
        u8::try_from(self.0).unwrap_or(6)
    }
}

impl ConfigValue for GzipLevel {
    const EXPECTED: &'static str = "-1 or 1 to 9";
    const WORDS: &'static [&'static str] = &["-1", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    fn print(&self) -> String {
        self.0.to_string()
    }
    fn parse(text: &str) -> Option<Self> {
        GzipLevel::WORDS.contains(&text).then(|| text.parse().ok().map(GzipLevel))?
    }
}
