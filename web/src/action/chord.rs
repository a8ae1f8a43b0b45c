//! A key with what is held down beside it.

/// A key with its modifiers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Chord {
    /// As the browser names the key; letters in lower case, space as `Space`.
    pub key: &'static str,
    /// With Ctrl, or ⌘ on a Mac.
    pub ctrl: bool,
    /// With Shift; for signs that need Shift anyway it is ignored.
    pub shift: bool,
    /// With Alt.
    pub alt: bool,
}

impl Chord {
    /// The key alone.
    pub const fn plain(key: &'static str) -> Chord {
        Chord { key, ctrl: false, shift: false, alt: false }
    }

    /// With Shift.
    pub const fn shift(self) -> Chord {
        Chord { shift: true, ..self }
    }

    /// With Ctrl.
    pub const fn ctrl(self) -> Chord {
        Chord { ctrl: true, ..self }
    }

    /// With Alt.
    pub const fn alt(self) -> Chord {
        Chord { alt: true, ..self }
    }

    /// Whether it is one letter, digit or sign, alone or with Shift: what a slip of the tongue or of a finger can press
    /// (WCAG 2.1.4).
    pub fn is_single_sign(&self) -> bool {
        self.key.chars().count() == 1 && !self.ctrl && !self.alt
    }

    /// Whether this is what was pressed.
    pub fn matches(&self, key: &str, ctrl: bool, shift: bool, alt: bool) -> bool {
        let key = if key == " " { "Space" } else { key };
        let is_sign = self.key.len() == 1 && !self.key.as_bytes()[0].is_ascii_alphabetic();
        self.key.eq_ignore_ascii_case(key) && self.ctrl == ctrl && self.alt == alt && (is_sign || self.shift == shift)
    }

    /// As it is written on a key cap.
    pub fn cap(&self) -> String {
        let key = match self.key {
            "ArrowRight" => "→",
            "ArrowLeft" => "←",
            "Escape" => "Esc",
            "{" => "Shift+[",
            "ContextMenu" => "Menu",
            key => key,
        };
        let key = if key.len() == 1 { key.to_ascii_uppercase() } else { key.to_owned() };
        let mut cap = String::new();
        for (held, name) in [(self.ctrl, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+")] {
            if held {
                cap.push_str(name);
            }
        }
        cap + &key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chord_is_its_key_and_what_is_held() {
        let undo = Chord::plain("z").ctrl();
        assert!(undo.matches("z", true, false, false));
        assert!(!undo.matches("z", true, true, false));
        assert!(!undo.matches("z", false, false, false));
        assert!(Chord::plain("?").matches("?", false, true, false));
        assert!(Chord::plain("Space").matches(" ", false, false, false));
        assert!(Chord::plain("b").shift().is_single_sign() && Chord::plain("?").is_single_sign());
        assert!(!undo.is_single_sign() && !Chord::plain("Escape").is_single_sign());
        assert_eq!(Chord::plain("z").ctrl().shift().cap(), "Ctrl+Shift+Z");
        assert_eq!(Chord::plain("ArrowRight").shift().cap(), "Shift+→");
    }
}
