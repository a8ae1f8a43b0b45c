//! What is refused before the parser sees it: it is recursive, and slow with what it does not understand, so a text
//! made to hurt would take the page down. Nothing a scenario needs is lost.

/// Longest text that is looked at, in bytes.
const TEXT_MAX: usize = 256 * 1024;
/// Longest line, in bytes.
const LINE_MAX: usize = 1024;
/// Most lines: the parser takes four times as long for twice as many.
pub(super) const LINES_MAX: usize = 2_000;
/// Deepest nesting of braces.
const DEPTH_MAX: usize = 32;
/// Most things taken out by `/-`.
const TAKEN_OUT_MAX: usize = 50;
/// Most strings in a line.
const STRINGS_MAX: usize = 64;

/// Where a text is refused, why, and what to do.
pub(super) struct Refused {
    /// In bytes from the start.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
}

fn refused<T>(offset: usize, message: String, help: &'static str) -> Result<T, Refused> {
    Err(Refused { offset, message, help })
}

/// Whether a text is fit for the parser.
pub(super) fn fit(text: &str) -> Result<(), Refused> {
    let size = text.len();
    if size > TEXT_MAX {
        let message = format!("the text has {size} bytes; at most {TEXT_MAX} are read");
        return refused(0, message, "split it, or remove what is not a scenario");
    }
    let (mut offset, mut state) = (0, State::default());
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.len() > LINE_MAX {
            let message = format!("this line has {} bytes; at most {LINE_MAX} are read", line.len());
            return refused(offset, message, "put each thing on a line of its own, children in braces");
        }
        if index == LINES_MAX {
            let message = format!("the text goes on after {LINES_MAX} lines; no more are read");
            return refused(offset, message, "split it, or remove what is not a scenario");
        }
        fit_line(line, offset, &mut state)?;
        offset += line.len();
    }
    if state.comment {
        return refused(size, "a comment has no end".to_owned(), "end it with */");
    }
    Ok(())
}

/// What the lines so far have opened.
#[derive(Default)]
struct State {
    depth: usize,
    comment: bool,
    taken_out: usize,
}

/// Whether a line is fit: strings end where they began, and nothing is nested too deep.
fn fit_line(line: &str, start: usize, state: &mut State) -> Result<(), Refused> {
    let bytes = line.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(b'\n');
    let (mut index, mut strings) = (0, 0);
    while index < bytes.len() {
        match (at(index), at(index + 1)) {
            (b'/', b'*') if state.comment => {
                let message = "a comment begins inside a comment".to_owned();
                return refused(start + index, message, "end the first one with */");
            }
            (b'*', b'/') if state.comment => (state.comment, index) = (false, index + 1),
            _ if state.comment => {}
            (b'/', b'/') => return Ok(()),
            (b'/', b'*') => (state.comment, index) = (true, index + 1),
            (b'/', b'-') => {
                state.taken_out += 1;
                if state.taken_out > TAKEN_OUT_MAX {
                    let message = format!("more than {TAKEN_OUT_MAX} things are taken out with /-");
                    return refused(start + index, message, "remove what is taken out");
                }
            }
            (b'"', _) => {
                let raw = index > 0 && at(index - 1) == b'#';
                let Some(end) = string_end(bytes, index + 1, raw) else {
                    let message = "this quotation mark has no partner on its line".to_owned();
                    return refused(start + index, message, "close the string before the line ends");
                };
                strings += 1;
                if strings > STRINGS_MAX {
                    let message = format!("more than {STRINGS_MAX} strings on a line");
                    return refused(start + index, message, "put each thing on a line of its own");
                }
                index = end;
            }
            (b'(', _) => {
                let message = "a type annotation means nothing in a scenario".to_owned();
                return refused(start + index, message, "remove the parentheses, or put the words in quotation marks");
            }
            (b'\\', _) => {
                let message = "a backslash means nothing outside a string".to_owned();
                return refused(start + index, message, "put what belongs together in braces, a line for each thing");
            }
            (b'{', _) => {
                state.depth += 1;
                if state.depth > DEPTH_MAX {
                    let message = format!("braces are nested deeper than {DEPTH_MAX}");
                    return refused(start + index, message, "a scenario needs three levels");
                }
            }
            (b'}', _) => match state.depth.checked_sub(1) {
                Some(depth) => state.depth = depth,
                None => return refused(start + index, "this brace closes nothing".to_owned(), "remove it"),
            },
            _ => {}
        }
        index += 1;
    }
    Ok(())
}

/// Where a string ends that began before `from`.
fn string_end(bytes: &[u8], from: usize, raw: bool) -> Option<usize> {
    let mut index = from;
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'\\' if !raw => index += 1,
            b'"' => return Some(index),
            _ => {}
        }
        index += 1;
    }
    None
}
