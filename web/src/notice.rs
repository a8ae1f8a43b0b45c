//! What went wrong, where, and what to do; and the card for the worst case.

use crate::i18n::{Locale, say, td_string};
use crate::route::language_tag;
use crate::session::Refused;
use highwater_engine::command::Rejected;
use highwater_engine::config::ConfigError;
use highwater_engine::link::{LinkError, What};
use highwater_engine::scenario::ScenarioError;
use highwater_engine::sim::SpecError;
use web_sys::Element;

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
    /// A part of the page could not be fetched.
    NotLoaded {
        /// Which file.
        file: String,
    },
    /// A command was refused.
    Refused {
        /// Why.
        why: Refused,
    },
    /// A setting that no running broker takes was changed, and the run told again.
    ToldAgain {
        /// The setting.
        name: String,
        /// Its new value.
        value: String,
    },
    /// What the reader did made the script lose its thread.
    LeftScript,
    /// A link, or a story from a file, cannot be opened, or a link cannot be made.
    BadLink {
        /// Why.
        error: LinkError,
    },
    /// The address of the run, to take along.
    Link {
        /// The address.
        url: String,
        /// Whether the clipboard has it.
        copied: bool,
    },
    /// The sandbox is as it was left.
    Restored,
    /// What was looked for does not happen.
    NotFound,
    /// The link lets one look, not change.
    PlayOnly,
    /// No earlier sandbox was kept.
    NothingKept,
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
            Notice::NotLoaded { file } => say(td_string!(locale, page.notice.not_loaded), &[("file", file)]),
            Notice::Refused { why } => {
                let why = match why {
                    Refused::World(error) => world_error(error, locale),
                    Refused::Command(why) => rejection(why, locale),
                };
                say(td_string!(locale, page.notice.refused), &[("why", &why)])
            }
            Notice::ToldAgain { name, value } => {
                say(td_string!(locale, page.notice.told_again), &[("name", name), ("value", value)])
            }
            Notice::LeftScript => td_string!(locale, page.notice.left_script).to_owned(),
            Notice::BadLink { error } => link_error(error, locale),
            Notice::Link { copied: true, .. } => td_string!(locale, page.notice.link_copied).to_owned(),
            Notice::Link { .. } => td_string!(locale, page.notice.link).to_owned(),
            Notice::Restored => td_string!(locale, page.notice.restored).to_owned(),
            Notice::NotFound => td_string!(locale, page.notice.not_found).to_owned(),
            Notice::PlayOnly => td_string!(locale, page.notice.play_only).to_owned(),
            Notice::NothingKept => td_string!(locale, page.notice.nothing_kept).to_owned(),
        }
    }

    /// What to do, and what has stayed as it was.
    pub fn advice(&self, locale: Locale) -> &'static str {
        match self {
            Notice::BadScenario { .. } | Notice::UnreadableFile { .. } => {
                td_string!(locale, page.notice.nothing_changed)
            }
            Notice::NoSuchLesson { .. } => td_string!(locale, page.notice.choose_another),
            Notice::NotLoaded { .. } => td_string!(locale, page.notice.try_again),
            Notice::Refused { .. } => td_string!(locale, page.notice.nothing_changed),
            Notice::LeftScript => td_string!(locale, page.notice.left_script_advice),
            Notice::BadLink { error: LinkError::Cut } => td_string!(locale, page.notice.copy_again),
            Notice::BadLink { .. } | Notice::NothingKept => td_string!(locale, page.notice.nothing_changed),
            Notice::NotFound => td_string!(locale, page.notice.not_found_advice),
            Notice::Link { .. } => td_string!(locale, page.notice.link_advice),
            Notice::ToldAgain { .. } => td_string!(locale, page.notice.told_again_advice),
            Notice::Restored => td_string!(locale, page.notice.restored_advice),
            Notice::PlayOnly => td_string!(locale, page.notice.play_only_advice),
        }
    }

    /// Whether nothing went wrong.
    pub fn is_good(&self) -> bool {
        matches!(self, Notice::Link { .. } | Notice::Restored | Notice::ToldAgain { .. } | Notice::PlayOnly)
    }

    /// The mistakes of a scenario's text.
    pub fn mistakes(&self) -> &[ScenarioError] {
        match self {
            Notice::BadScenario { errors, .. } | Notice::BadLink { error: LinkError::Scenario(errors) } => errors,
            _ => &[],
        }
    }
}

/// Why a command was not carried out.
fn rejection(why: &Rejected, locale: Locale) -> String {
    let words = match why {
        Rejected::UnknownNode(_) => td_string!(locale, page.notice.why_no_process),
        Rejected::NotRunning(_) => td_string!(locale, page.notice.why_down),
        Rejected::AlreadyRunning(_) => td_string!(locale, page.notice.why_up),
        Rejected::NotInFlight(_) => td_string!(locale, page.notice.why_arrived),
        Rejected::UnknownFault(_) => td_string!(locale, page.notice.why_no_fault),
        Rejected::SameNode(_) => td_string!(locale, page.notice.why_itself),
        Rejected::WrongKind(..) => td_string!(locale, page.notice.why_kind),
        Rejected::NoController => td_string!(locale, page.refusal.no_controller),
        Rejected::Refused(code) => return say(td_string!(locale, page.refusal.refused), &[("code", &code.name())]),
        // Which setting, its value and its range: names and figures.
        Rejected::BadSetting(_, why) => return say(td_string!(locale, page.notice.why_setting), &[("why", why)]),
        Rejected::UnknownGroup(_) => td_string!(locale, page.notice.why_no_group),
        Rejected::NotThere(_) => td_string!(locale, page.notice.why_not_there),
        Rejected::CompactedOnly(_) => td_string!(locale, page.notice.why_compacted),
    };
    words.to_owned()
}

/// Why a world cannot be.
fn world_error(error: &SpecError, locale: Locale) -> String {
    match error {
        SpecError::Config { error: ConfigError::Malformed { name, value, default, .. }, .. } => say(
            td_string!(locale, page.notice.why_malformed),
            &[("name", name), ("value", value), ("default", default)],
        ),
        SpecError::Config { error: ConfigError::OutOfRange { name, value, least, most, default }, .. } => say(
            td_string!(locale, page.notice.why_range),
            &[("name", name), ("value", value), ("least", least), ("most", most), ("default", default)],
        ),
        SpecError::Config { error, .. } => say(td_string!(locale, page.notice.why_setting), &[("why", error)]),
        SpecError::OutOfRange { what, least, most, found } => say(
            td_string!(locale, page.notice.why_number),
            &[("what", what), ("least", least), ("most", most), ("found", found)],
        ),
        SpecError::UnknownName { name, .. } => say(td_string!(locale, page.notice.why_no_name), &[("name", name)]),
        SpecError::DuplicateName(name) => say(td_string!(locale, page.notice.why_name_taken), &[("name", name)]),
        SpecError::CollidingTopics(name, other) => {
            say(td_string!(locale, page.notice.why_colliding_topics), &[("name", name), ("other", other)])
        }
        SpecError::BadName(name) => say(td_string!(locale, page.notice.why_bad_name), &[("name", name)]),
    }
}

/// What is wrong with a link.
fn link_error(error: &LinkError, locale: Locale) -> String {
    let words = match error {
        LinkError::Empty => td_string!(locale, page.notice.link_empty),
        LinkError::Newer => td_string!(locale, page.notice.link_newer),
        LinkError::Cut => td_string!(locale, page.notice.link_cut),
        LinkError::Damaged => td_string!(locale, page.notice.link_damaged),
        LinkError::Unwritable(_) => td_string!(locale, page.notice.link_unwritable),
        LinkError::TooLong { found, most } => {
            return say(td_string!(locale, page.notice.link_too_long), &[("found", found), ("most", most)]);
        }
        LinkError::TooLarge { what, found, most } => {
            let words = match what {
                What::Brokers => td_string!(locale, page.notice.link_brokers),
                What::Partitions => td_string!(locale, page.notice.link_partitions),
                What::Programs => td_string!(locale, page.notice.link_programs),
                What::Commands => td_string!(locale, page.notice.link_commands),
            };
            return say(words, &[("found", found), ("most", most)]);
        }
        LinkError::Endless { most } => return say(td_string!(locale, page.notice.link_endless), &[("most", most)]),
        LinkError::World(error) => {
            return say(td_string!(locale, page.notice.link_world), &[("why", &world_error(error, locale))]);
        }
        LinkError::Scenario(errors) => {
            return say(td_string!(locale, page.notice.link_scenario), &[("count", &errors.len())]);
        }
    };
    words.to_owned()
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

/// Shows a card in both languages when a part of the page could not be fetched before anything was shown.
pub fn show_incomplete_card(file: &str) {
    show_card(file, |card, locale| {
        let column = add(card, "div", language_tag(locale), "")?;
        add(&column, "h2", "", td_string!(locale, always.incomplete.title))?;
        add(&column, "p", "", td_string!(locale, always.incomplete.advice))?;
        let link = add(&column, "a", "", td_string!(locale, always.incomplete.reload))?;
        // A link to this very address with another query loads the page anew without any script.
        let moment = js_sys::Date::now() as u64;
        let hash = web_sys::window()?.location().hash().unwrap_or_default();
        let _ = link.set_attribute("href", &format!("?again={moment}{hash}"));
        let _ = link.set_attribute("class", "btn btn-line");
        Some(())
    });
}

/// Shows the card: what happened, and three ways on. Its buttons are plain script (`static/crash.js`), because after a
/// panic nothing here can be trusted any more.
pub fn show_crash_card(report: &str) -> Option<()> {
    let window = web_sys::window()?;
    let before = js_sys::Reflect::get(&window, &"highwaterBefore".into()).ok();
    let recording = before.and_then(|before| js_sys::Reflect::get(&before, &"report".into()).ok()?.as_string());
    let address = window.location().href().unwrap_or_default();
    show_card(&format!("{report}\n\n{address}\n\n{}", recording.unwrap_or_default()), |card, locale| {
        let column = add(card, "div", language_tag(locale), "")?;
        add(&column, "h2", "", td_string!(locale, always.crash.title))?;
        add(&column, "p", "", td_string!(locale, always.crash.advice))?;
        let ways = add(&column, "p", "", "")?;
        let _ = ways.set_attribute("class", "do");
        for (what, word) in [
            ("before", td_string!(locale, always.crash.before)),
            ("afresh", td_string!(locale, always.crash.afresh)),
            ("copy", td_string!(locale, always.crash.copy)),
        ] {
            let button = add(&ways, "button", "", word)?;
            let _ = button.set_attribute("class", "btn btn-line");
            let _ = button.set_attribute("data-crash", what);
        }
        Some(())
    })
}

fn show_card(report: &str, tell: fn(&Element, Locale) -> Option<()>) -> Option<()> {
    let document = web_sys::window()?.document()?;
    if document.get_element_by_id("crash").is_some() {
        return None;
    }
    let card = document.create_element("section").ok()?;
    let _ = card.set_attribute("id", "crash");
    let _ = card.set_attribute("class", "crash");
    let _ = card.set_attribute("role", "alert");
    let words = add(&card, "div", "", "")?;
    let _ = words.set_attribute("class", "words");
    for locale in [Locale::en, Locale::zh_CN] {
        tell(&words, locale)?;
    }
    add(&card, "pre", "", report)?;
    document.body()?.append_child(&card).ok()?;
    Some(())
}

fn add(parent: &Element, tag: &str, lang: &str, text: &str) -> Option<Element> {
    let element = parent.owner_document()?.create_element(tag).ok()?;
    if !lang.is_empty() {
        let _ = element.set_attribute("lang", lang);
    }
    element.set_text_content((!text.is_empty()).then_some(text));
    parent.append_child(&element).ok()?;
    Some(element)
}
/// Keeps the last moment at which all was well, for the card: its address here, and the whole one for the report.
pub fn remember_before(fragment: &str, address: &str) {
    let before = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&before, &"fragment".into(), &fragment.into());
    let _ = js_sys::Reflect::set(&before, &"report".into(), &address.into());
    if let Some(window) = web_sys::window() {
        let _ = js_sys::Reflect::set(&window, &"highwaterBefore".into(), &before);
    }
}
