//! The lessons that come with the page: their scripts, their prose, and the order to take them in.
//!
//! A lesson is a folder of `lessons/`. Folders that share their leading number form a chapter:
//! `03-commit-and-loss` names it and `03a-acks-1`, `03b-acks-all` are its stories. A folder without a script
//! only names its chapter. From 20 on the number's first digit is the theme: `21-…` is about storage, `31-…` about
//! producers, `41-…` about groups. Titles and leads come with the language's words; script and prose are files of their own.

mod prose;

pub use prose::{Beat as BeatProse, Prose, Question, fill};

use crate::files::{self, LANGUAGES, LESSONS, SOURCES};
use crate::i18n::{self, Locale};
use highwater_engine::scenario::{Scenario, ScenarioError};

/// One folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source {
    /// Its place among all.
    pub number: usize,
    /// The folder's name.
    pub name: &'static str,
    /// How many beats it tells.
    pub beats: usize,
    /// Whether there is something to run.
    pub has_script: bool,
    /// Whether it is told.
    pub has_prose: bool,
}

/// The scenario that runs on the first screen.
const HOME: &str = "00-home";

/// The scenario that an empty sandbox starts with.
const SANDBOX: &str = "00-sandbox";

impl Source {
    /// The lesson of this name.
    pub fn named(name: &str) -> Option<Source> {
        SOURCES.iter().copied().find(|source| source.name == name)
    }

    /// What runs on the first screen.
    pub fn home() -> Option<Source> {
        Source::named(HOME)
    }

    /// What an empty sandbox starts with.
    pub fn sandbox() -> Option<Source> {
        Source::named(SANDBOX).or_else(Source::home)
    }

    /// Its title.
    pub fn title(&self, locale: Locale) -> &'static str {
        i18n::lesson(locale, self.number).0
    }

    /// One paragraph of HTML for its card.
    pub fn lead(&self, locale: Locale) -> &'static str {
        i18n::lesson(locale, self.number).1
    }

    /// The file of its script.
    pub fn script_file(&self) -> Option<String> {
        self.has_script.then(|| format!("{LESSONS}{}.kdl", self.name))
    }

    /// The file of its prose in a language.
    pub fn prose_file(&self, locale: Locale) -> Option<String> {
        self.has_prose.then(|| format!("{LESSONS}{}.{}.txt", self.name, LANGUAGES[locale as usize]))
    }

    /// Its scenario, once that has been fetched.
    pub fn scenario(&self) -> Result<Scenario, Vec<ScenarioError>> {
        if self.name == HOME {
            return Scenario::outlined(files::HOME);
        }
        let script = self.script_file().and_then(|file| files::text(&file));
        Scenario::parse(script.unwrap_or_default())
    }

    /// Its prose, once that has been fetched.
    pub fn prose(&self, locale: Locale) -> Prose {
        let prose = self.prose_file(locale).and_then(|file| files::text(&file));
        Prose::parse(prose.unwrap_or_default())
    }

    /// The number its folder starts with.
    fn chapter(&self) -> &'static str {
        let digits = self.name.bytes().take_while(u8::is_ascii_digit).count();
        &self.name[..digits]
    }
}

/// What a chapter is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// The three ways on from the first screen.
    First,
    /// Logs on disks, replication, controllers: folders 20 to 29.
    Storage,
    /// Producers and transactions: 30 to 39.
    Producers,
    /// Consumers and groups: 40 to 49.
    Consumers,
}

impl Theme {
    /// The themes listed below the first screen, in order.
    pub const LISTED: [Theme; 3] = [Theme::Storage, Theme::Producers, Theme::Consumers];

    /// Its chapters, in order.
    pub fn chapters(self) -> Vec<Chapter> {
        Chapter::all().into_iter().filter(|chapter| chapter.theme() == self).collect()
    }
}

/// Lessons that belong together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chapter {
    /// Whose title and lead stand for all.
    pub front: Source,
    /// What can be played, in order.
    pub stories: Vec<Source>,
}

impl Chapter {
    /// All chapters with something to play, in order.
    pub fn all() -> Vec<Chapter> {
        let mut chapters: Vec<Chapter> = Vec::new();
        for source in SOURCES.iter().filter(|source| !matches!(source.chapter(), "" | "00")) {
            let story = source.has_script.then_some(*source);
            match chapters.iter_mut().find(|chapter| chapter.front.chapter() == source.chapter()) {
                Some(chapter) => chapter.stories.extend(story),
                None => chapters.push(Chapter { front: *source, stories: story.into_iter().collect() }),
            }
        }
        chapters.retain(|chapter| !chapter.stories.is_empty());
        chapters
    }

    /// What it is about.
    pub fn theme(&self) -> Theme {
        match self.front.chapter().as_bytes().first() {
            Some(b'2') => Theme::Storage,
            Some(b'3') => Theme::Producers,
            Some(b'4') => Theme::Consumers,
            _ => Theme::First,
        }
    }

    /// The chapter that a story or a front belongs to.
    pub fn of(name: &str) -> Option<Chapter> {
        Chapter::all()
            .into_iter()
            .find(|chapter| chapter.front.name == name || chapter.stories.iter().any(|story| story.name == name))
    }

    /// The story that a name means: itself, or the first of the chapter it names.
    pub fn story(name: &str) -> Option<Source> {
        let chapter = Chapter::of(name)?;
        chapter.stories.iter().copied().find(|story| story.name == name).or(chapter.stories.first().copied())
    }
}

/// The story after this one, in any chapter.
pub fn after(name: &str) -> Option<Source> {
    let stories: Vec<Source> = Chapter::all().into_iter().flat_map(|chapter| chapter.stories).collect();
    let here = stories.iter().position(|story| story.name == name)?;
    stories.get(here + 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_tell_the_same_beats() {
        for source in SOURCES {
            let (en, zh) = (source.prose(Locale::en), source.prose(Locale::zh_CN));
            let keys = |prose: &Prose| prose.beats.keys().cloned().collect::<Vec<_>>();
            let options = |prose: &Prose| {
                prose.questions.iter().map(|(key, question)| (key.clone(), question.options.len())).collect::<Vec<_>>()
            };
            assert_eq!(keys(&en), keys(&zh), "{}", source.name);
            assert_eq!(options(&en), options(&zh), "{}", source.name);
            assert_eq!(source.beats, en.beats.len(), "{}", source.name);
            let titles = [source.title(Locale::en), source.title(Locale::zh_CN)];
            assert!(titles.iter().all(|title| !title.is_empty()), "{}", source.name);
        }
    }

    #[test]
    fn the_first_screen_runs_what_its_script_says() {
        let outlined = Source::home().map(|home| home.scenario());
        let script = include_str!("../lessons/00-home/script.kdl");
        assert_eq!(outlined, Some(Scenario::parse(script)));
    }

    #[test]
    fn every_story_of_a_chapter_is_found_by_its_name() {
        for chapter in Chapter::all() {
            assert_eq!(Chapter::story(chapter.front.name), chapter.stories.first().copied());
            for story in &chapter.stories {
                assert_eq!(Chapter::story(story.name), Some(*story));
            }
        }
    }
}
