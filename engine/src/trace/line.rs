//! One line of a trace: JSON written by hand, so that the same facts give the same bytes everywhere.

use crate::ids::{Offset, TopicPartition};

/// A line that is being written.
pub(super) struct Line {
    text: String,
}

impl Line {
    /// Line `n` at time `t`.
    pub fn new(n: u64, t: u64, ev: &str) -> Line {
        let mut line = Line { text: String::with_capacity(160) };
        line.text.push_str("{\"n\":");
        line.number(n as i64);
        line.text.push_str(",\"t\":");
        line.number(t as i64);
        line.text("ev", ev)
    }

    /// The finished line.
    pub fn end(mut self) -> String {
        self.text.push_str("}\n");
        self.text
    }

    fn key(&mut self, key: &str) {
        if !self.text.ends_with(['{', '[']) {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }

    fn number(&mut self, value: i64) {
        let mut digits = [0u8; 20];
        let mut place = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            place -= 1;
            digits[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            self.text.push('-');
        }
        self.text.extend(digits[place..].iter().map(|digit| char::from(*digit)));
    }

    fn string(&mut self, text: &str) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.text.push('"');
        for c in text.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                c if (c as u32) < 0x20 => {
                    self.text.push_str("\\u00");
                    self.text.push(char::from(HEX[(c as usize) >> 4]));
                    self.text.push(char::from(HEX[(c as usize) & 15]));
                }
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }

    pub fn int(mut self, key: &str, value: impl Into<i64>) -> Line {
        self.key(key);
        self.number(value.into());
        self
    }

    pub fn text(mut self, key: &str, value: &str) -> Line {
        self.key(key);
        self.string(value);
        self
    }

    pub fn hex(self, key: &str, value: u64) -> Line {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let digits: String =
            (0..16).rev().map(|place| char::from(HEX[((value >> (4 * place)) & 15) as usize])).collect();
        self.text(key, &digits)
    }

    pub fn flag(mut self, key: &str, value: bool) -> Line {
        self.key(key);
        self.text.push_str(if value { "true" } else { "false" });
        self
    }

    pub fn null(mut self, key: &str) -> Line {
        self.key(key);
        self.text.push_str("null");
        self
    }

    /// Text, or null.
    pub fn maybe(self, key: &str, value: Option<&str>) -> Line {
        match value {
            Some(value) => self.text(key, value),
            None => self.null(key),
        }
    }

    /// A list whose items `write` adds one by one.
    pub fn list<T>(mut self, key: &str, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Item<'_>, T)) -> Line {
        self.key(key);
        self.text.push('[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            write(&mut Item { line: &mut self }, item);
        }
        self.text.push(']');
        self
    }

    pub fn ints<T: Into<i64>>(self, key: &str, items: impl IntoIterator<Item = T>) -> Line {
        self.list(key, items, |item, value| item.int(value))
    }

    pub fn texts<'a>(self, key: &str, items: impl IntoIterator<Item = &'a str>) -> Line {
        self.list(key, items, |item, value| item.text(value))
    }

    pub fn tp(mut self, key: &str, tp: TopicPartition) -> Line {
        self.key(key);
        Item { line: &mut self }.tp(tp);
        self
    }

    pub fn tps<'a>(self, key: &str, items: impl IntoIterator<Item = &'a TopicPartition>) -> Line {
        self.list(key, items, |item, tp| item.tp(*tp))
    }

    pub fn positions(self, key: &str, items: impl IntoIterator<Item = (TopicPartition, Offset)>) -> Line {
        self.list(key, items, |item, (tp, offset)| item.position(tp, offset))
    }

    /// Opens an object; [`Line::close`] closes it.
    pub fn open(mut self, key: &str) -> Line {
        self.key(key);
        self.text.push('{');
        self
    }

    pub fn close(mut self) -> Line {
        self.text.push('}');
        self
    }
}

/// An item of a list.
pub(super) struct Item<'a> {
    line: &'a mut Line,
}

impl Item<'_> {
    pub fn int(&mut self, value: impl Into<i64>) {
        self.line.number(value.into());
    }

    pub fn text(&mut self, value: &str) {
        self.line.string(value);
    }

    pub fn tp(&mut self, tp: TopicPartition) {
        self.line.text.push_str("[\"T");
        self.line.number(i64::from(tp.topic.0));
        self.line.text.push_str("\",");
        self.line.number(i64::from(tp.partition));
        self.line.text.push(']');
    }

    pub fn position(&mut self, tp: TopicPartition, offset: Offset) {
        self.line.text.push('[');
        self.tp(tp);
        self.line.text.push(',');
        self.line.number(offset.0);
        self.line.text.push(']');
    }

    pub fn record(&mut self, tp: TopicPartition, offset: Offset, value: &str) {
        self.line.text.push('[');
        self.tp(tp);
        self.line.text.push(',');
        self.line.number(offset.0);
        self.line.text.push(',');
        self.line.string(value);
        self.line.text.push(']');
    }

    /// An object; fields follow with [`Item::field`].
    pub fn object(&mut self, write: impl FnOnce(&mut Item<'_>)) {
        self.line.text.push('{');
        write(self);
        self.line.text.push('}');
    }

    pub fn field_int(&mut self, key: &str, value: impl Into<i64>) {
        self.line.key(key);
        self.line.number(value.into());
    }

    pub fn field_text(&mut self, key: &str, value: &str) {
        self.line.key(key);
        self.line.string(value);
    }

    pub fn field_flag(&mut self, key: &str, value: bool) {
        self.line.key(key);
        self.line.text.push_str(if value { "true" } else { "false" });
    }

    pub fn field_null(&mut self, key: &str) {
        self.line.key(key);
        self.line.text.push_str("null");
    }
}
