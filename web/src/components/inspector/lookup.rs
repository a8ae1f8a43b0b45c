//! How a broker finds an offset, drawn: the index entries its binary search looks at, in their order, and the batches it
//! then reads over in the log.

use super::markup::escape;
use highwater_engine::ids::Offset;
use highwater_engine::storage::{LookupSteps, Segment};
use std::fmt::Write as _;

/// So many batches of a long scan are drawn from its beginning; the last always is.
const SCANNED: usize = 8;

/// The two rows: the `.index` with the probes numbered, the `.log` with the scan.
pub fn picture(segment: &Segment, steps: &LookupSteps) -> String {
    let name = |suffix| Segment::file_name(segment.base_offset(), suffix);
    let entries = segment.indexes().offsets.entries();
    let mut out = String::from("<div class=\"lookup\">");
    if !steps.probes.is_empty() {
        let mut seen: Vec<usize> = steps.probes.clone();
        // The entry it settles on may lie left of the last one it looked at.
        let offset_of = |index: usize| entries.get(index).map(|entry| steps.segment + i64::from(entry.relative_offset));
        let found = (0..entries.len()).find(|index| offset_of(*index) == Some(steps.entry.0));
        seen.extend(found);
        seen.sort_unstable();
        seen.dedup();
        let _ = write!(out, "<p><code>{}</code></p><ol>", escape(&name(".index")));
        let mut next = 0;
        for index in seen {
            let Some(entry) = entries.get(index) else { continue };
            if index > next {
                out.push_str("<li class=\"gap\">…</li>");
            }
            next = index + 1;
            let turn =
                steps.probes.iter().position(|probe| *probe == index).map_or(steps.probes.len(), |turn| turn + 1);
            let here = if Some(index) == found { " class=\"here\"" } else { "" };
            let _ = write!(
                out,
                "<li{here} style=\"--n:{turn}\"><b>{}</b><span>@{}</span>",
                offset_of(index).unwrap_or(Offset::ZERO),
                entry.position,
            );
            if steps.probes.contains(&index) {
                let _ = write!(out, "<i>{turn}</i>");
            }
            out.push_str("</li>");
        }
        if next < entries.len() {
            out.push_str("<li class=\"gap\">…</li>");
        }
        out.push_str("</ol>");
    }
    let _ = write!(out, "<p><code>{}</code></p><ol>", escape(&name(".log")));
    let last = steps.scanned.len().saturating_sub(1);
    for (index, (base, position)) in steps.scanned.iter().enumerate() {
        if index >= SCANNED && index < last {
            if index == SCANNED {
                out.push_str("<li class=\"gap\">…</li>");
            }
            continue;
        }
        let turn = steps.probes.len() + 1 + index.min(SCANNED);
        let here = if index == last { " class=\"here\"" } else { "" };
        let _ = write!(out, "<li{here} style=\"--n:{turn}\"><b>{base}</b><span>@{position}</span></li>");
    }
    out.push_str("</ol></div>");
    out
}
