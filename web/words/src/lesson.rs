//! Lessons: a folder with a script, and the prose in every language.

use crate::LANGUAGES;
use crate::markdown::render;
use std::fs;
use std::path::Path;

/// One folder of `lessons/`.
pub struct Lesson {
    /// The folder's name.
    pub name: String,
    /// The scenario, or nothing.
    pub script: String,
    /// Its words, for each of [`LANGUAGES`].
    pub told: Vec<Told>,
}

/// A lesson's words in one language.
pub struct Told {
    /// Its title.
    pub title: String,
    /// One paragraph of HTML for its card.
    pub lead: String,
    /// Beats and questions, with HTML for the Markdown in them.
    pub prose: String,
}

impl Lesson {
    /// How many beats are told.
    pub fn beats(&self) -> usize {
        let sections = self.told[0].prose.lines().filter(|line| line.starts_with("## "));
        sections.filter(|line| !line.starts_with("## predict:")).count()
    }

    /// Whether it is told, in every language.
    pub fn has_prose(&self) -> bool {
        self.told.iter().all(|told| !told.prose.is_empty())
    }

    /// Its files by name, those that have anything in them.
    pub(crate) fn files(&self) -> Vec<(String, &str)> {
        let prose = self.told.iter().zip(LANGUAGES);
        let prose = prose.map(|(told, language)| (format!("{}.{language}.txt", self.name), told.prose.as_str()));
        let all = prose.chain([(format!("{}.kdl", self.name), self.script.as_str())]);
        all.filter(|file| !file.1.is_empty()).collect()
    }
}

/// Every lesson, so that adding a lesson is adding a folder.
pub fn read(folder: &Path) -> Result<Vec<Lesson>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let folders = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    let mut lessons: Vec<Lesson> = folders.map(|path| lesson(&path)).collect::<Result<_, _>>()?;
    lessons.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(lessons)
}

fn lesson(folder: &Path) -> Result<Lesson, String> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let script = folder.join("script.kdl");
    let script = if script.is_file() { text(&script)? } else { String::new() };
    let told = LANGUAGES.map(|language| Ok(told(&text(&folder.join(format!("{language}.md")))?)));
    Ok(Lesson { name, script, told: told.into_iter().collect::<Result<_, String>>()? })
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn told(markdown: &str) -> Told {
    let rendered = render(markdown);
    let (head, prose) = match rendered.find("## ") {
        Some(at) => rendered.split_at(at),
        None => (rendered.as_str(), ""),
    };
    let (title, lead) = head.split_once('\n').unwrap_or((head, ""));
    Told {
        title: title.trim_start_matches("# ").trim().to_owned(),
        lead: lead.trim().to_owned(),
        prose: prose.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_is_read_in_its_parts() {
        let told = told("# Leader failover\nWhat happens\nnow?\n\n## dead | Broker 1 is *dead*\nAt {at} it stopped.\n");
        assert_eq!(told.title, "Leader failover");
        assert_eq!(told.lead, "<p>What happens\nnow?</p>");
        assert_eq!(told.prose, "## dead | Broker 1 is <em>dead</em>\n<p>At {at} it stopped.</p>\n");
    }
}
