//! What went wrong, where, and what to do; and the card for the worst case.

use crate::i18n::{Locale, say, td_string};
use highwater_engine::scenario::ScenarioError;

/// Something the reader must know and can do something about. Whatever ran goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// A scenario could not be read.
    BadScenario {
        /// The file's name, or nothing for pasted text.
        file: String,
        /// What and where.
        errors: Vec<ScenarioError>,
    },
    /// A file could not be read at all.
    UnreadableFile {
        /// Its name.
        file: String,
    },
    /// There is no such lesson.
    NoSuchLesson {
        /// What the link asked for.
        name: String,
    },
    /// A command was refused.
    Refused {
        /// The engine's words.
        why: String,
    },
    /// What the reader did made the script lose its thread.
    LeftScript,
}

impl Notice {
    /// One line: what happened.
    pub fn title(&self, locale: Locale) -> String {
        match self {
            Notice::BadScenario { file, errors } if file.is_empty() => {
                say(td_string!(locale, page.notice.bad_pasted_scenario), &[("count", &errors.len())])
            }
            Notice::BadScenario { file, errors } => {
                say(td_string!(locale, page.notice.bad_scenario), &[("file", file), ("count", &errors.len())])
            }
            Notice::UnreadableFile { file } => say(td_string!(locale, page.notice.unreadable), &[("file", file)]),
            Notice::NoSuchLesson { name } => say(td_string!(locale, page.notice.no_such_lesson), &[("name", name)]),
            Notice::Refused { why } => say(td_string!(locale, page.notice.refused), &[("why", why)]),
            Notice::LeftScript => td_string!(locale, page.notice.left_script).to_owned(),
        }
    }

    /// What to do, and what has stayed as it was.
    pub fn advice(&self, locale: Locale) -> &'static str {
        match self {
            Notice::BadScenario { .. } | Notice::UnreadableFile { .. } => {
                td_string!(locale, page.notice.nothing_changed)
            }
            Notice::NoSuchLesson { .. } => td_string!(locale, page.notice.choose_another),
            Notice::Refused { .. } => td_string!(locale, page.notice.nothing_changed),
            Notice::LeftScript => td_string!(locale, page.notice.left_script_advice),
        }
    }
}

/// Where a mistake of a scenario is, as text: `line 4, column 9`.
pub fn place_of(error: &ScenarioError, locale: Locale) -> String {
    say(td_string!(locale, page.notice.place), &[("line", &error.line), ("column", &error.column)])
}

/// Shows a card in both languages when the program panics. It is plain elements: by then nothing else works.
pub fn install_crash_card() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        show_crash_card(&info.to_string());
    }));
}

fn show_crash_card(report: &str) -> Option<()> {
    let document = web_sys::window()?.document()?;
    if document.get_element_by_id("crash").is_some() {
        return None;
    }
    let add = |parent: &web_sys::Element, tag: &str, lang: &str, text: &str| -> Option<web_sys::Element> {
        let element = document.create_element(tag).ok()?;
        if !lang.is_empty() {
            let _ = element.set_attribute("lang", lang);
        }
        element.set_text_content((!text.is_empty()).then_some(text));
        parent.append_child(&element).ok()?;
        Some(element)
    };
    let card = document.create_element("section").ok()?;
    let _ = card.set_attribute("id", "crash");
    let _ = card.set_attribute("class", "crash");
    let _ = card.set_attribute("role", "alert");
    for locale in [Locale::en, Locale::zh_CN] {
        let lang = crate::route::language_tag(locale);
        add(&card, "h2", lang, td_string!(locale, page.crash.title))?;
        add(&card, "p", lang, td_string!(locale, page.crash.advice))?;
        let link = add(&card, "a", lang, td_string!(locale, page.crash.reload))?;
        // A link to this very address with another query loads the page anew without any script.
        let moment = js_sys::Date::now() as u64;
        let hash = web_sys::window()?.location().hash().unwrap_or_default();
        let _ = link.set_attribute("href", &format!("?again={moment}{hash}"));
        let _ = link.set_attribute("class", "btn btn-line");
    }
    add(&card, "pre", "", report)?;
    document.body()?.append_child(&card).ok()?;
    Some(())
}
