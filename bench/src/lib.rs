//! The benchmark worlds as a WebAssembly module without any glue: `run.mjs` calls these functions and keeps the time.

use highwater_engine::bench_worlds::{self, World};
use highwater_engine::sim::Observe;

fn world(index: u32) -> Option<World> {
    bench_worlds::all().into_iter().nth(index as usize)
}

/// The length of a world's name in bytes, and 0 behind the last world.
#[unsafe(no_mangle)]
pub extern "C" fn name_length(index: u32) -> u32 {
    world(index).map_or(0, |world| world.name.len() as u32)
}

/// One byte of a world's name.
#[unsafe(no_mangle)]
pub extern "C" fn name_byte(index: u32, at: u32) -> u32 {
    world(index).and_then(|world| world.name.as_bytes().get(at as usize).copied()).map_or(0, u32::from)
}

/// How long a world is run, in simulated seconds.
#[unsafe(no_mangle)]
pub extern "C" fn seconds(index: u32) -> f64 {
    world(index).map_or(0.0, |world| world.length.0 as f64 / 1e6)
}

/// Runs a world from its start to its end, with listeners or without; how many events that took.
#[unsafe(no_mangle)]
pub extern "C" fn run(index: u32, recorded: u32) -> f64 {
    let observe = if recorded == 0 { Observe::NOTHING } else { Observe::ALL };
    world(index).and_then(|world| world.run(observe).ok()).unwrap_or(0) as f64
}
