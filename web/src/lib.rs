//! The page around the engine.
//!
//! `Simulation → view → Scene → paint`: [`scene`] turns a view into plain geometry, [`paint`] shows it,
//! [`session`] owns the run and its story, [`playback`] decides how fast time passes,
//! [`action`] is the one list of what can be asked, and [`components`] only show and ask.

pub mod action;
pub mod api;
pub mod app;
mod autosave;
pub mod components;
pub mod files;
pub mod i18n;
pub mod kafka;
pub mod lessons;
pub mod notice;
pub mod paint;
pub mod playback;
pub mod route;
pub mod save;
pub mod scene;
pub mod sequence;
pub mod session;
mod sharing;
pub mod theme;

pub use app::start;
