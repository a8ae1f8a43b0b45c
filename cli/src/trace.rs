//! `highwater trace`: what happened, for checkers that share no code with the engine.

use crate::arguments::Arguments;
use crate::open::open;
use flate2::Compression;
use flate2::write::GzEncoder;
use highwater_engine::scenario::Story;
use highwater_engine::time::Instant;
use highwater_engine::trace::Exporter;
use std::fs::File;
use std::io::{BufWriter, Write};

/// Bytes gathered before they are written.
const PIECE: usize = 1 << 16;

/// Writes a scenario's trace. False when the scenario cannot be read.
pub fn trace(mut arguments: Arguments) -> Result<bool, String> {
    let path = arguments.word().ok_or("trace needs a scenario file")?;
    let seed = arguments.number("--seed")?;
    let until = arguments.duration("--until")?;
    let level = arguments.number("--level")?.unwrap_or(1);
    let out = arguments.option("--out")?;
    arguments.finish()?;
    if !(1..=2).contains(&level) {
        return Err(format!("--level: there is no level {level}; 1 is without messages, 2 with them"));
    }
    let Some(scenario) = open(&path) else { return Ok(false) };
    let story = Story::tell(&scenario, seed.unwrap_or(scenario.seed)).map_err(|error| error.to_string())?;
    let until = match until {
        Some(until) => Instant::ZERO + until,
        None => story.end_at,
    };
    let exporter = Exporter::new(&story.recording, until, level as u8).map_err(|error| error.to_string())?;
    let failed = |error: std::io::Error| format!("the trace cannot be written: {error}");
    match out {
        None => write_all(exporter, &mut BufWriter::new(std::io::stdout().lock())).map_err(failed)?,
        Some(out) => {
            let file = BufWriter::new(File::create(&out).map_err(|error| format!("{out} cannot be written: {error}"))?);
            if out.ends_with(".gz") {
                let mut packed = GzEncoder::new(file, Compression::default());
                write_all(exporter, &mut packed).map_err(failed)?;
                packed.finish().and_then(|mut file| file.flush()).map_err(failed)?;
            } else {
                let mut file = file;
                write_all(exporter, &mut file).map_err(failed)?;
            }
        }
    }
    Ok(true)
}

fn write_all(mut exporter: Exporter<'_>, out: &mut impl Write) -> std::io::Result<()> {
    let mut text = String::new();
    loop {
        let more = exporter.step(&mut text);
        if text.len() >= PIECE || !more {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
        if !more {
            return out.flush();
        }
    }
}
