//! The colours of packets, as the theme says them.

use web_sys::{Element, Window};

/// Colours and line widths read from CSS custom properties.
#[derive(Clone, PartialEq, Debug)]
pub struct Palette {
    /// `--ink`.
    pub ink: String,
    /// `--ink-2`.
    pub ink_2: String,
    /// `--ink-3`.
    pub ink_3: String,
    /// `--line`.
    pub line: String,
    /// `--leader`.
    pub leader: String,
    /// `--paper-side`.
    pub side: String,
    /// `--hatch`.
    pub hatch: String,
    /// `--sans`.
    pub sans: String,
    /// `--t-small`.
    pub small: String,
    /// `--paper`.
    pub paper: String,
    /// `--follower`.
    pub follower: String,
    /// `--trouble`.
    pub trouble: String,
    /// `--packet-edge`.
    pub edge: String,
    /// `--producer-1` to `--producer-4`.
    pub producers: [String; 4],
    /// `--stroke`, in stage units.
    pub stroke: f64,
}

impl Palette {
    /// Reads the colours in force at an element.
    pub fn read(window: &Window, element: &Element) -> Palette {
        let style = window.get_computed_style(element).ok().flatten();
        let get = |name: &str| {
            let value = style.as_ref().and_then(|style| style.get_property_value(name).ok()).unwrap_or_default();
            let value = value.trim();
            if value.is_empty() { "currentColor".to_owned() } else { value.to_owned() }
        };
        let stroke = get("--stroke").trim_end_matches("px").parse().unwrap_or(1.5);
        Palette {
            ink: get("--ink"),
            ink_2: get("--ink-2"),
            ink_3: get("--ink-3"),
            line: get("--line"),
            leader: get("--leader"),
            side: get("--paper-side"),
            hatch: get("--hatch"),
            sans: get("--sans"),
            small: get("--t-small"),
            paper: get("--paper"),
            follower: get("--follower"),
            trouble: get("--trouble"),
            edge: get("--packet-edge"),
            producers: [get("--producer-1"), get("--producer-2"), get("--producer-3"), get("--producer-4")],
            stroke,
        }
    }

    /// The colour of a producer's messages.
    pub fn producer(&self, index: usize) -> &str {
        self.producers.get(index % self.producers.len()).map_or("", String::as_str)
    }
}
