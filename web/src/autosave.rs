//! The sandbox is kept in the browser: what somebody built is there on the next visit, and nothing takes its place
//! unasked.
//!
//! Runs that somebody changed lie on a shelf, the last one first. Each page has a name of its own there, so two windows
//! do not write over each other; a page that goes on with a run from the shelf takes that run's place.

use crate::app::{Page, replace_address};
use crate::notice::Notice;
use crate::route::{Route, Screen};
use crate::session::{Purpose, Run, Session};
use crate::sharing;
use crate::theme;
use leptos::prelude::*;

const KEY: &str = "highwater.sandboxes";

/// So many runs are kept.
const KEPT_MAX: usize = 8;

/// The runs that are kept, the last one first: name and address, a line for each. Where somebody tried several things, the
/// other branches follow the address, after a tab each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Shelf(Vec<(String, String)>);

impl Shelf {
    /// What the browser kept; lines that are none are left out.
    fn parse(text: &str) -> Shelf {
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        Shelf(lines.map(|(name, address)| (name.to_owned(), address.to_owned())).take(KEPT_MAX).collect())
    }

    fn text(&self) -> String {
        self.0.iter().map(|(name, address)| format!("{name} {address}\n")).collect()
    }

    /// Puts a run on top, in place of its own earlier states and of the run it goes on with.
    fn put(&mut self, slot: &Slot, address: &str) {
        self.0.retain(|(name, _)| *name != slot.name && Some(name) != slot.heir.as_ref());
        self.0.insert(0, (slot.name.clone(), address.to_owned()));
        self.0.truncate(KEPT_MAX);
    }

    /// The run below a page's own; the first one when it has none, and again after the last.
    fn below(&self, slot: &Slot) -> Option<&(String, String)> {
        let own = self.0.iter().position(|(name, _)| *name == slot.name || Some(name) == slot.heir.as_ref());
        let mut round = self.0.iter().cycle().skip(own.map_or(0, |own| own + 1)).take(self.0.len());
        round.find(|(_, address)| *address != AFRESH)
    }
}

/// Stands on the shelf for a sandbox nobody has touched yet.
const AFRESH: &str = "#/sandbox";

/// The place of a page's run on the shelf.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Slot {
    name: String,
    /// The run it goes on with.
    heir: Option<String>,
}

fn shelf() -> Shelf {
    Shelf::parse(&theme::recall(KEY).unwrap_or_default())
}

/// Another run begins on this page; `heir` is the name of the one it goes on with.
pub fn begin(page: Page, heir: Option<String>) {
    let name = format!("{:x}{:x}", js_sys::Date::now() as u64, (js_sys::Math::random() * 65_536.0) as u64);
    page.slot.set_value(Slot { name, heir });
}

/// Keeps the sandbox, if somebody changed it. A page in a frame keeps nothing: it belongs to the page around it.
pub fn keep(page: Page, session: Session) {
    let touched = session.read(Run::is_touched) == Some(true);
    if session.purpose != Purpose::Sandbox || !touched || page.route.with_untracked(|route| route.embed) {
        return;
    }
    // A run too long for a link keeps its last state that was not.
    let Ok(route) = sharing::route_of(page, session) else { return };
    let branches = session.read(Run::kept_branches).unwrap_or_default();
    let mut shelf = shelf();
    page.slot.with_value(|slot| shelf.put(slot, &format!("{}{branches}", route.fragment())));
    theme::keep(KEY, &shelf.text());
    if !page.link.with_value(String::is_empty) {
        // The address was another run's: that of the link this one began as.
        page.link.set_value(String::new());
        replace_address(&page.route.with_untracked(Route::fragment));
    }
}

/// The run that was left in the sandbox, and a notice that says so; none when there is none, or when it cannot be opened.
pub fn restore(page: Page) -> Option<Run> {
    if page.route.with_untracked(|route| route.embed) {
        return None;
    }
    let (name, address) = shelf().0.into_iter().next()?;
    bring(page, name, &address)
}

/// The run below the present one.
pub fn restore_earlier(page: Page) -> Option<Run> {
    let (name, address) = page.slot.with_value(|slot| shelf().below(slot).cloned())?;
    bring(page, name, &address)
}

fn bring(page: Page, name: String, address: &str) -> Option<Run> {
    let (address, branches) = address.split_once('\t').unwrap_or((address, ""));
    let route = Route::parse(address);
    let Screen::Shared(code) = &route.screen else { return None };
    match sharing::open(code) {
        Ok(mut run) => {
            run.plant_branches(branches);
            route.moment.inspect(|moment| sharing::move_to(&mut run, *moment));
            begin(page, Some(name));
            page.notice.set(Some(Notice::Restored));
            Some(run)
        }
        Err(error) => {
            page.notice.set(Some(Notice::BadLink { error }));
            None
        }
    }
}

/// The next visit finds a fresh sandbox too; what was there before lies below it.
pub fn mark_afresh(page: Page) {
    begin(page, None);
    let mut shelf = shelf();
    if !shelf.0.is_empty() {
        page.slot.with_value(|slot| shelf.put(slot, AFRESH));
        theme::keep(KEY, &shelf.text());
    }
}

#[cfg(test)]
mod tests {
    use super::{AFRESH, KEPT_MAX, Shelf, Slot};

    fn slot(name: &str, heir: Option<&str>) -> Slot {
        Slot { name: name.to_owned(), heir: heir.map(str::to_owned) }
    }

    #[test]
    fn a_page_writes_over_its_own_run_and_the_one_it_goes_on_with_and_no_other() {
        let mut shelf = Shelf::default();
        shelf.put(&slot("monday", None), "#/x/1a");
        shelf.put(&slot("monday", None), "#/x/1b");
        shelf.put(&slot("other-window", None), "#/x/1c");
        shelf.put(&slot("tuesday", Some("monday")), "#/x/1d");
        assert_eq!(shelf.text(), "tuesday #/x/1d\nother-window #/x/1c\n");
        assert_eq!(Shelf::parse(&shelf.text()), shelf);
    }

    #[test]
    fn branches_lie_beside_their_run_and_a_line_without_them_is_one_too() {
        let text = "a #/x/1a?event=3\t-|0|0\t0|4|5\nold #/x/1b\n";
        assert_eq!(Shelf::parse(text).text(), text);
    }

    #[test]
    fn earlier_runs_come_in_turn_and_a_fresh_sandbox_is_none_of_them() {
        let mut shelf = Shelf::default();
        shelf.put(&slot("a", None), "#/x/1a");
        shelf.put(&slot("b", None), "#/x/1b");
        shelf.put(&slot("c", None), AFRESH);
        let below = |own: &Slot| shelf.below(own).map(|(name, _)| name.as_str());
        assert_eq!(below(&slot("c", None)), Some("b"));
        assert_eq!(below(&slot("new", Some("b"))), Some("a"));
        assert_eq!(below(&slot("new", Some("a"))), Some("b"));
        assert_eq!(Shelf::default().below(&slot("a", None)), None);
    }

    #[test]
    fn a_shelf_has_an_end_and_nonsense_on_it_is_left_out() {
        let text: String = (0..20).map(|n| format!("{n} #/x/1\nnonsense\n")).collect();
        assert_eq!(Shelf::parse(&text).0.len(), KEPT_MAX);
        assert_eq!(Shelf::parse("\0\n\n"), Shelf::default());
    }
}
