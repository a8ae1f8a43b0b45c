//! Every word of the page, from `locales/` and `lessons/`: read once by the page's `build.rs`, which turns keys into
//! numbers and files into names, and once after the build, which writes the files. Names carry a hash of the content, that
//! of all lessons together is their folder's, so both sides agree and a browser never mixes two builds.

mod lesson;
mod locale;
mod markdown;
mod outline;

pub use lesson::Lesson;
pub use locale::{ALWAYS, LANGUAGES};
pub use outline::outline;

use std::path::Path;

/// A file beside the page.
pub struct File {
    /// Its name, which changes with its content.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// The FNV-1a hash of texts.
fn hash<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    let bytes = texts.flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// All words.
pub struct Book {
    /// The interface's keys with dots, as `page.home.title`; those of [`ALWAYS`] first.
    pub keys: Vec<String>,
    /// For each of [`LANGUAGES`] the interface's words, in the order of the keys.
    pub words: Vec<Vec<String>>,
    /// The lessons, in the order of their names.
    pub lessons: Vec<Lesson>,
}

/// Reads the folders `locales` and `lessons` of the page. A key that one language lacks is an error.
pub fn read(web: &Path) -> Result<Book, String> {
    let (keys, words) = locale::read(&web.join("locales"))?;
    let lessons = lesson::read(&web.join("lessons"))?;
    Ok(Book { keys, words, lessons })
}

impl Book {
    /// How many words at the beginning are part of the program.
    pub fn always(&self) -> usize {
        self.keys.iter().take_while(|key| key.starts_with(&format!("{ALWAYS}."))).count()
    }

    /// The interface in one language, by its place in [`LANGUAGES`]: the words that are not part of the program, then
    /// title and lead of every lesson, with an empty line between any two.
    pub fn interface(&self, language: usize) -> File {
        let words = self.words[language][self.always()..].iter();
        let lessons = self.lessons.iter().flat_map(|lesson| {
            let told = &lesson.told[language];
            [&told.title, &told.lead]
        });
        let lines: Vec<&str> = words.chain(lessons).map(String::as_str).collect();
        let text = lines.join("\n\n");
        File { name: format!("words.{}-{:016x}.txt", LANGUAGES[language], hash([text.as_str()].into_iter())), text }
    }

    /// The folder of the lessons' files, with a stroke at its end.
    pub fn lessons_folder(&self) -> String {
        let files = self.lessons.iter().flat_map(Lesson::files).collect::<Vec<_>>();
        format!("lessons-{:016x}/", hash(files.iter().flat_map(|(name, text)| [name.as_str(), text])))
    }

    /// Every file that the page may fetch.
    pub fn files(&self) -> Vec<File> {
        let interface = (0..LANGUAGES.len()).map(|language| self.interface(language));
        let folder = self.lessons_folder();
        let lessons = self.lessons.iter().flat_map(Lesson::files);
        let lessons = lessons.map(|(name, text)| File { name: format!("{folder}{name}"), text: text.to_owned() });
        interface.chain(lessons).collect()
    }
}
