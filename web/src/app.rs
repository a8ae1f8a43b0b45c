//! The page's own state, and its root.

use crate::action::{self, Action};
use crate::api;
use crate::autosave;
use crate::components::{
    Asked, Black, ContextMenu, Deed, FormSheet, HelpSheet, Home, MenuAt, Narration, Narrator, NoticeCard, Palette,
    Panel, Workbench, open_file,
};
use crate::files;
use crate::i18n::{Locale, td_string};
use crate::lessons::{Chapter, Source};
use crate::notice::{self, Notice};
use crate::route::{Route, Screen, language_tag, locale_named};
use crate::scene::{ColourBy, Target};
use crate::session::{Refused, Run, Session};
use crate::sharing;
use crate::theme::{self, Theme};
use highwater_engine::command::Command;
use highwater_engine::view::PacketKind;
use leptos::prelude::*;
use std::collections::BTreeSet;
use wasm_bindgen_futures::spawn_local;

const LANGUAGE: &str = "highwater.language";

/// Kept while single letters are no keys.
const LETTERS: &str = "highwater.letters";

/// Words that follow the language: `tr!(page, transport.play)` is a function of the locale.
#[macro_export]
macro_rules! tr {
    ($page:expr, $($key:ident).+) => {
        $page.words(|locale| $crate::i18n::td_string!(locale, page.$($key).+))
    };
}

/// What every part of the page may read and change.
#[derive(Clone, Copy)]
pub struct Page {
    /// The language.
    pub locale: RwSignal<Locale>,
    /// The look.
    pub theme: RwSignal<Theme>,
    /// What the address says.
    pub route: RwSignal<Route>,
    /// The run on the screen.
    pub session: RwSignal<Option<Session>>,
    /// How often another route or language was wished for.
    turns: StoredValue<u64, LocalStorage>,
    /// A run on its way to the sandbox.
    pub carried: StoredValue<Option<Run>, LocalStorage>,
    /// The address of the link that the sandbox came from, as long as nobody has changed the run.
    pub link: StoredValue<String, LocalStorage>,
    /// Where the sandbox is kept.
    pub slot: StoredValue<autosave::Slot, LocalStorage>,
    /// The moment of a lesson from which the sandbox was entered.
    pub origin: RwSignal<Option<Route>>,
    /// Packets that are not shown.
    pub hidden: RwSignal<BTreeSet<PacketKind>>,
    /// What colours tell.
    pub colour_by: RwSignal<ColourBy>,
    /// What went wrong.
    pub notice: RwSignal<Option<Notice>>,
    /// The menu that is open.
    pub menu: RwSignal<Option<MenuAt>>,
    /// What is asked before it is done.
    pub asked: RwSignal<Option<Asked>>,
    /// Whether single letters are keys.
    pub letters: RwSignal<bool>,
    /// Whether the help sheet is open.
    pub help: RwSignal<bool>,
    /// Whether the command palette is open.
    pub palette: RwSignal<bool>,
    /// Which panel lies under the stage.
    pub panel: RwSignal<Panel>,
    /// Whether the inspector is open, where it is not always.
    pub inspector: RwSignal<bool>,
    /// Whether the stage stands alone.
    pub present: RwSignal<bool>,
    /// Whether the screen is black.
    pub black: RwSignal<bool>,
    /// How much a screen reader is told.
    pub narration: RwSignal<Narration>,
    /// What a screen reader is told.
    pub spoken: RwSignal<String>,
}

impl Page {
    fn new(route: Route, locale: Locale) -> Page {
        Page {
            turns: StoredValue::new_local(0),
            locale: RwSignal::new(locale),
            theme: RwSignal::new(
                route
                    .theme
                    .or_else(|| query("theme=").and_then(|name| Theme::named(&name)))
                    .unwrap_or_else(Theme::preferred),
            ),
            route: RwSignal::new(route),
            session: RwSignal::new(None),
            carried: StoredValue::new_local(None),
            link: StoredValue::new_local(String::new()),
            slot: StoredValue::new_local(autosave::Slot::default()),
            origin: RwSignal::new(None),
            colour_by: RwSignal::new(ColourBy::Producer),
            hidden: RwSignal::new(BTreeSet::from([PacketKind::Heartbeat, PacketKind::Metadata])),
            notice: RwSignal::new(None),
            menu: RwSignal::new(None),
            asked: RwSignal::new(None),
            letters: RwSignal::new(theme::recall(LETTERS).is_none()),
            help: RwSignal::new(false),
            palette: RwSignal::new(false),
            panel: RwSignal::new(Panel::Timeline),
            inspector: RwSignal::new(false),
            present: RwSignal::new(false),
            black: RwSignal::new(false),
            narration: RwSignal::new(Narration::preferred()),
            spoken: RwSignal::new(String::new()),
        }
    }

    /// The page that a component stands on.
    pub fn here() -> Page {
        expect_context::<Page>()
    }

    /// Words that follow the language. One type for all of them: every other closure costs the page a kilobyte or two.
    pub fn words(self, word: fn(Locale) -> &'static str) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
        move || word(self.locale.get())
    }

    /// What a button does that asks for an action; one type for all of them too.
    pub fn asks(self, action: Action) -> impl Fn(web_sys::MouseEvent) + Copy + 'static {
        move |_| action::ask(action, self)
    }

    /// The other language, in place, as soon as its words are here.
    pub fn set_locale(self, locale: Locale) {
        let keep = move || theme::keep(LANGUAGE, language_tag(locale));
        self.turn(self.route.get_untracked(), locale, keep);
    }

    /// To a route and a language, as soon as all texts for them are here; until then, and if they cannot be had,
    /// everything stays as it is.
    fn turn(self, route: Route, locale: Locale, then: impl Fn() + 'static) {
        self.turns.update_value(|turns| *turns += 1);
        let turn = self.turns.get_value();
        let show = move |route| {
            then();
            if self.locale.get_untracked() != locale {
                self.locale.set(locale);
            }
            match sharing::arrive(self, route) {
                Some(route) => self.route.set(route),
                None => sharing::stay(self),
            }
        };
        let needed = files::needed(locale, lesson_of(&route.screen));
        if needed.is_empty() {
            return show(route);
        }
        spawn_local(async move {
            match files::fetch(needed).await {
                // A later wish has overtaken this one.
                _ if self.turns.get_value() != turn => {}
                Ok(()) => show(route),
                Err(file) => {
                    self.notice.set(Some(Notice::NotLoaded { file }));
                    replace_address(&self.route.with_untracked(Route::fragment));
                }
            }
        });
    }

    /// Another look.
    pub fn set_theme(self, theme: Theme) {
        theme.remember();
        self.theme.set(theme);
    }

    /// The stage alone, or not; the projector's look comes with it.
    pub fn set_present(self, present: bool) {
        self.present.set(present);
        if present {
            self.menu.set(None);
        }
    }

    /// To another screen.
    pub fn go(self, route: Route) {
        if let Some(window) = web_sys::window() {
            let _ = window.location().set_hash(&route.fragment());
        }
    }

    /// Says something to a screen reader.
    pub fn say(self, text: String) {
        self.spoken.set(text);
    }

    /// Whether the link that led here lets one look and step, and nothing else; who tries more is told.
    pub fn is_play_only(self) -> bool {
        let is_so = self.route.with_untracked(|route| route.play_only);
        if is_so {
            self.notice.set(Some(Notice::PlayOnly));
        }
        is_so
    }

    /// Asks something of the run; a refusal is shown.
    pub fn act(self, session: Session, command: Command) {
        if self.is_play_only() {
            return;
        }
        match session.act(command) {
            Ok(()) if session.read(Run::left_script) == Some(true) => self.notice.set(Some(Notice::LeftScript)),
            Ok(()) => self.notice.set(None),
            Err(why) => self.notice.set(Some(Notice::Refused { why: Refused::Command(why) })),
        }
    }

    /// Does what a menu or the palette offers, or first asks what it asks.
    pub fn ask_or_act(self, session: Session, title: &str, form: bool, command: Command) {
        if form {
            self.asked.set(Some(Asked { title: title.to_owned(), deed: Deed::Command(command) }));
        } else {
            self.act(session, command);
        }
    }

    /// Whether single letters are keys; kept for the next visit (WCAG 2.1.4).
    pub fn set_letters(self, letters: bool) {
        self.letters.set(letters);
        if letters { theme::forget(LETTERS) } else { theme::keep(LETTERS, "off") }
    }

    /// Changes the run's world; whether it was possible. A refusal is shown.
    pub fn rework(self, session: Session, change: impl FnOnce(&mut Run) -> Result<(), Refused>) -> bool {
        if self.is_play_only() {
            return false;
        }
        match session.rework(change) {
            Ok(()) => self.notice.set(None),
            Err(why) => {
                self.notice.set(Some(Notice::Refused { why }));
                return false;
            }
        }
        true
    }

    /// Lets the reader choose a scenario's file.
    pub fn choose_file(self) {
        open_file(self);
    }

    /// Opens the menu of what is focused, or else selected.
    pub fn open_menu_at_focus(self, session: Session) -> bool {
        let focused =
            web_sys::window().and_then(|window| window.document()).and_then(|document| document.active_element());
        let target = focused.as_ref().and_then(|element| Target::parse(&element.get_attribute("data-target")?));
        let Some(target) = target.or(session.selection.get_untracked()) else { return false };
        self.open_menu(target, focused);
        true
    }

    /// Opens a thing's menu under an element.
    pub fn open_menu(self, target: Target, under: Option<web_sys::Element>) {
        let at = under.map(|element| element.get_bounding_client_rect());
        let (x, y) = at.map_or((120.0, 120.0), |rect| (rect.left() + 8.0, rect.bottom().min(rect.top() + 32.0)));
        self.menu.set(Some(MenuAt { target, x, y }));
    }
}

/// The language of the last visit, or the browser's, or English.
fn preferred_language() -> Locale {
    let asked = query("lang=").and_then(|tag| locale_named(&tag));
    let kept = || theme::recall(LANGUAGE).and_then(|tag| locale_named(&tag));
    let browser = || web_sys::window()?.navigator().language().and_then(|tag| locale_named(&tag));
    asked.or_else(kept).or_else(browser).unwrap_or(Locale::en)
}

/// A value of the address' query, which stands before the fragment: `?theme=dark#/`.
fn query(key: &str) -> Option<String> {
    let query = web_sys::window()?.location().search().ok()?;
    query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix(key)).map(str::to_owned)
}

fn address() -> Route {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    Route::parse(&hash.unwrap_or_default())
}

/// Puts the address' fragment in the place of the present one; nothing follows it.
pub fn replace_address(fragment: &str) {
    let Some(window) = web_sys::window() else { return };
    let Ok(history) = window.history() else { return };
    // Refused in some frames; the address is a convenience there.
    let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(fragment));
}

/// The lesson whose texts a screen needs.
fn lesson_of(screen: &Screen) -> Option<Source> {
    match screen {
        Screen::Home => None,
        Screen::Lesson(name) => Chapter::story(name),
        Screen::Sandbox | Screen::Shared(_) => Source::sandbox(),
    }
}

/// Starts the page as soon as its words are here; called once, by `main`.
pub fn start() {
    notice::install_crash_card();
    let route = address();
    let locale = route.lang.unwrap_or_else(preferred_language);
    let needed = files::needed(locale, lesson_of(&route.screen));
    spawn_local(async move {
        if let Err(file) = files::fetch(needed).await {
            notice::show_incomplete_card(&file);
            return;
        }
        if let Some(early) =
            web_sys::window().and_then(|window| window.document()).and_then(|it| it.get_element_by_id("early"))
        {
            early.remove();
        }
        mount_to_body(move || view! { <App route locale /> });
    });
}

/// The root.
#[component]
fn App(route: Route, locale: Locale) -> impl IntoView {
    let page = Page::new(route, locale);
    provide_context(page);
    if page.route.with_untracked(|route| matches!(route.screen, Screen::Shared(_))) {
        let home = Route::to(Screen::Home);
        let route = sharing::arrive(page, page.route.get_untracked());
        page.route.set(route.unwrap_or(home));
    }
    let listener = window_event_listener(leptos::ev::hashchange, move |_| {
        let route = address();
        if let Some(theme) = route.theme {
            page.theme.set(theme);
        }
        let locale = route.lang.unwrap_or_else(|| page.locale.get_untracked());
        page.turn(route, locale, || {});
    });
    on_cleanup(move || listener.remove());
    Effect::new(move || {
        // The back row needs more than the front row does.
        let theme = page.theme.get();
        if page.present.get() && theme == Theme::Light { Theme::Projector.apply() } else { theme.apply() }
    });
    Effect::new(move || tell_document(page));
    pause_when_hidden(page);
    action::listen(page);
    api::install(page);
    let screen = Memo::new(move |_| page.route.with(|route| route.screen.clone()));
    view! {
        <div class="page" class:presenting=move || page.present.get() class:embedding=move || page.route.with(|route| route.embed)>
            {move || {
                page.present.set(false);
                match screen.get() {
                    Screen::Home => view! { <Home /> }.into_any(),
                    screen => view! { <Workbench screen /> }.into_any(),
                }
            }}
        </div>
        <NoticeCard />
        <ContextMenu />
        {once(move || page.help.get(), || HelpSheet().into_any())}
        {once(move || page.palette.get(), || Palette().into_any())}
        {once(move || page.asked.with(Option::is_some), || FormSheet().into_any())}
        <Narrator />
        <Black />
    }
}

/// A sheet that is made when it is first wanted, and stays: a first visit has no use for it.
fn once(is_wanted: impl Fn() -> bool + Send + Sync + 'static, sheet: fn() -> AnyView) -> impl IntoView {
    let was_wanted = Memo::new(move |before| before == Some(&true) || is_wanted());
    move || was_wanted.get().then(sheet)
}

/// Title and language of the document follow the page's.
fn tell_document(page: Page) {
    let locale = page.locale.get();
    let name = td_string!(locale, page.brand);
    let title = page.route.with(|route| match &route.screen {
        Screen::Home => format!("{name} · {}", td_string!(locale, page.home.title)),
        Screen::Sandbox | Screen::Shared(_) => format!("{} · {name}", td_string!(locale, page.sandbox.title)),
        Screen::Lesson(lesson) => {
            let title = Chapter::story(lesson).map(|story| story.title(locale)).unwrap_or_default();
            format!("{title} · {name}")
        }
    });
    if let Some(root) = theme::root() {
        let _ = root.set_attribute("lang", language_tag(locale));
    }
    if let Some(document) = web_sys::window().and_then(|window| window.document()) {
        document.set_title(&title);
    }
}

/// A page that nobody sees does nothing.
fn pause_when_hidden(page: Page) {
    let listener = window_event_listener_untyped("visibilitychange", move |_| {
        let hidden = web_sys::window().and_then(|window| window.document()).is_some_and(|document| document.hidden());
        if let Some(session) = page.session.get_untracked().filter(|_| hidden) {
            session.pause();
        }
    });
    on_cleanup(move || listener.remove());
}
