//! Light, dark, or for the projector; and what the browser remembers of it, when it may.

/// How the page looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on dark blue.
    Dark,
    /// Black on white, larger and thicker, for the back row.
    Projector,
}

const KEY: &str = "highwater.theme";

impl Theme {
    /// In the order of the button.
    pub const ALL: [Theme; 3] = [Theme::Light, Theme::Dark, Theme::Projector];

    /// Its name in the document and in storage.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Projector => "projector",
        }
    }

    /// The theme of this name.
    pub fn named(name: &str) -> Option<Theme> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// The one after this on the button.
    pub fn next(self) -> Theme {
        match self {
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Projector,
            Theme::Projector => Theme::Light,
        }
    }

    /// What the reader chose last, or else what the system prefers.
    pub fn preferred() -> Theme {
        recall(KEY)
            .and_then(|name| Theme::named(&name))
            .unwrap_or_else(|| if prefers("(prefers-color-scheme: dark)") { Theme::Dark } else { Theme::Light })
    }

    /// Puts it on the document.
    pub fn apply(self) {
        if let Some(root) = root() {
            let _ = root.set_attribute("data-theme", self.name());
        }
    }

    /// Keeps it for the next visit, if the browser lets the page keep anything.
    pub fn remember(self) {
        keep(KEY, self.name());
    }
}

/// Whether a media query holds now.
pub fn prefers(query: &str) -> bool {
    web_sys::window().and_then(|window| window.match_media(query).ok().flatten()).is_some_and(|list| list.matches())
}

/// Whether the reader asked for less motion.
pub fn reduced_motion() -> bool {
    prefers("(prefers-reduced-motion: reduce)")
}

/// The document's root element.
pub fn root() -> Option<web_sys::Element> {
    web_sys::window()?.document()?.document_element()
}

/// What the browser kept under a key; private windows and frames of others refuse, and that is fine.
pub fn recall(key: &str) -> Option<String> {
    web_sys::window()?.local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value, if the browser lets the page.
pub fn keep(key: &str, value: &str) {
    if let Some(Ok(Some(storage))) = web_sys::window().map(|window| window.local_storage()) {
        let _ = storage.set_item(key, value);
    }
}

/// Whether the browser lets the page keep anything.
pub fn can_keep() -> bool {
    web_sys::window().is_some_and(|window| matches!(window.local_storage(), Ok(Some(_))))
}

/// Forgets what was kept under a key.
pub fn forget(key: &str) {
    if let Some(Ok(Some(storage))) = web_sys::window().map(|window| window.local_storage()) {
        let _ = storage.remove_item(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_button_goes_through_all_themes_and_names_are_their_own() {
        let mut theme = Theme::Light;
        for _ in 0..3 {
            assert_eq!(Theme::named(theme.name()), Some(theme));
            theme = theme.next();
        }
        assert_eq!(theme, Theme::Light);
        assert_eq!(Theme::named("neon"), None);
    }
}
