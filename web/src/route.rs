//! What the address says after `#`: which screen, and which moment of it. Any static host will do.

use crate::components::Panel;
use crate::i18n::Locale;
use crate::playback::Speed;
use crate::theme::Theme;

/// A screen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Screen {
    /// The first screen.
    #[default]
    Home,
    /// A lesson, by the name of its folder.
    Lesson(String),
    /// The free cluster.
    Sandbox,
    /// A whole run, in the code that follows; it opens in the sandbox.
    Shared(String),
}

/// A moment of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// After this many engine events.
    Event(u64),
    /// At this simulated millisecond.
    Millis(u64),
    /// At this beat, from 1.
    Beat(usize),
}

/// Everything the address says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Route {
    /// The screen.
    pub screen: Screen,
    /// The moment, unless it is the start.
    pub moment: Option<Moment>,
    /// The language, when the link fixes one.
    pub lang: Option<Locale>,
    /// The look, when the link fixes one.
    pub theme: Option<Theme>,
    /// Whether the page stands in a frame of another one: the stage and its controls only.
    pub embed: bool,
    /// Whether the reader may look and step, and change nothing (`mode=play`).
    pub play_only: bool,
    /// How fast time passes at first (`speed=0.5`).
    pub speed: Option<Speed>,
    /// Which panel lies under the stage at first (`panels=events`).
    pub panel: Option<Panel>,
    /// Whether keys are left to the page around the frame (`keys=0`).
    pub no_keys: bool,
}

impl Route {
    /// A screen from its start.
    pub fn to(screen: Screen) -> Route {
        Route { screen, ..Route::default() }
    }

    /// Reads an address' fragment, with or without its `#`. What it does not know it leaves out.
    pub fn parse(fragment: &str) -> Route {
        let fragment = fragment.trim_start_matches('#');
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let screen = match (parts.next(), parts.next()) {
            (Some("s"), Some(lesson)) if is_name(lesson) => Screen::Lesson(lesson.to_owned()),
            (Some("sandbox"), _) => Screen::Sandbox,
            // Whatever it says is judged when it is opened, so that a damaged link is told from none.
            (Some("x"), code) => Screen::Shared(code.unwrap_or_default().to_owned()),
            _ => Screen::Home,
        };
        let mut route = Route::to(screen);
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "event" => route.moment = value.parse().ok().map(Moment::Event),
                "t" => route.moment = value.parse().ok().map(Moment::Millis),
                "beat" => route.moment = value.parse().ok().map(Moment::Beat),
                "lang" => route.lang = locale_named(value),
                "theme" => route.theme = Theme::named(value),
                "embed" => route.embed = value != "0",
                "mode" => route.play_only = value == "play",
                "speed" => route.speed = Speed::named(value),
                "panels" => route.panel = Panel::named(value),
                "keys" => route.no_keys = value == "0",
                _ => {}
            }
        }
        route
    }

    /// The address' fragment, with its `#`.
    pub fn fragment(&self) -> String {
        let path = match &self.screen {
            Screen::Home => "#/".to_owned(),
            Screen::Lesson(name) => format!("#/s/{name}"),
            Screen::Sandbox => "#/sandbox".to_owned(),
            Screen::Shared(code) => format!("#/x/{code}"),
        };
        let mut query = Vec::new();
        match self.moment {
            Some(Moment::Event(event)) => query.push(format!("event={event}")),
            Some(Moment::Millis(millis)) => query.push(format!("t={millis}")),
            Some(Moment::Beat(beat)) => query.push(format!("beat={beat}")),
            None => {}
        }
        if let Some(lang) = self.lang {
            query.push(format!("lang={}", language_tag(lang)));
        }
        if let Some(theme) = self.theme {
            query.push(format!("theme={}", theme.name()));
        }
        if self.embed {
            query.push("embed=1".to_owned());
        }
        if self.play_only {
            query.push("mode=play".to_owned());
        }
        if let Some(speed) = self.speed {
            query.push(format!("speed={}", speed.name()));
        }
        if let Some(panel) = self.panel {
            query.push(format!("panels={}", panel.name()));
        }
        if self.no_keys {
            query.push("keys=0".to_owned());
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

/// The language that a tag of a link or a browser asks for: any Chinese is ours, and English, and nothing else.
pub fn locale_named(tag: &str) -> Option<Locale> {
    let tag = tag.to_ascii_lowercase();
    if tag == "zh" || tag.starts_with("zh-") {
        Some(Locale::zh_CN)
    } else if tag == "en" || tag.starts_with("en-") {
        Some(Locale::en)
    } else {
        None
    }
}

/// The tag for `<html lang>`.
pub fn language_tag(locale: Locale) -> &'static str {
    match locale {
        Locale::en => "en",
        Locale::zh_CN => "zh-CN",
    }
}

/// Whether this can be a lesson's name: links come from anywhere.
fn is_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_the_screen_and_the_moment() {
        let route = Route::parse("#/s/02-leader-failover?event=1204&lang=zh-CN");
        assert_eq!(route.screen, Screen::Lesson("02-leader-failover".to_owned()));
        assert_eq!(route.moment, Some(Moment::Event(1204)));
        assert_eq!(route.lang, Some(Locale::zh_CN));
        assert_eq!(Route::parse("#/sandbox").screen, Screen::Sandbox);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for moment in [None, Some(Moment::Event(7)), Some(Moment::Millis(13_206)), Some(Moment::Beat(3))] {
            let shared = Screen::Shared("1-_aZ09".to_owned());
            for screen in [Screen::Home, Screen::Sandbox, Screen::Lesson("a-1".to_owned()), shared] {
                for lang in [None, Some(Locale::en), Some(Locale::zh_CN)] {
                    for theme in [None, Some(Theme::Projector)] {
                        let (embed, no_keys) = (theme.is_some(), lang.is_some());
                        let (play_only, speed) = (no_keys, embed.then_some(Speed::Half));
                        let panel = no_keys.then_some(Panel::Events);
                        let screen = screen.clone();
                        let route = Route { screen, moment, lang, theme, embed, play_only, speed, panel, no_keys };
                        assert_eq!(Route::parse(&route.fragment()), route);
                    }
                }
            }
        }
    }

    #[test]
    fn nonsense_leads_home_and_breaks_nothing() {
        for text in ["", "#", "#/nowhere", "#/s/", "#/s/../../etc", "#/s/<b>?event=x&lang=fr&&=", "#?%%%"] {
            let route = Route::parse(text);
            assert_eq!((route.screen, route.moment, route.lang), (Screen::Home, None, None), "{text}");
        }
    }
}
