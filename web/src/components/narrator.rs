//! What a screen reader hears: events, not frames, and never more often than one can listen to. What is lost is said at
//! once; how much of the rest is said is up to the reader.

use crate::app::Page;
use crate::i18n::{Locale, say, td_string};
use crate::session::words::{Names, event_sentence};
use crate::session::{Session, is_decisive};
use crate::theme;
use gloo_timers::callback::Timeout;
use highwater_engine::event::Event;
use highwater_engine::sim::Emitted;
use leptos::prelude::*;

/// Milliseconds between two announcements.
const PAUSE: u32 = 1_500;

/// Most sentences in one of them; the rest is counted.
const SENTENCES: usize = 4;

const KEY: &str = "highwater.narration";

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Narration {
    /// Nothing but losses.
    Off,
    /// Decisive events; of steps all.
    #[default]
    Key,
    /// The others too, counted.
    All,
}

impl Narration {
    /// In the order of the choice.
    pub const ALL: [Narration; 3] = [Narration::Off, Narration::Key, Narration::All];

    /// Its name in storage.
    pub fn name(self) -> &'static str {
        match self {
            Narration::Off => "off",
            Narration::Key => "key",
            Narration::All => "all",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Narration> {
        Self::ALL.into_iter().find(|narration| narration.name() == name)
    }

    /// What the reader chose last.
    pub fn preferred() -> Narration {
        theme::recall(KEY).and_then(|name| Narration::named(&name)).unwrap_or_default()
    }

    /// Keeps it for the next visit.
    pub fn remember(self) {
        theme::keep(KEY, self.name());
    }

    /// Its words.
    pub fn words(self, locale: Locale) -> &'static str {
        match self {
            Narration::Off => td_string!(locale, page.narration.off),
            Narration::Key => td_string!(locale, page.narration.key),
            Narration::All => td_string!(locale, page.narration.all),
        }
    }
}

/// The polite region, and the one that interrupts.
#[component]
pub fn Narrator() -> impl IntoView {
    let page = Page::here();
    let told = StoredValue::new_local(0u64);
    let alarm = RwSignal::new(String::new());
    let waiting: StoredValue<Option<Timeout>, LocalStorage> = StoredValue::new_local(None);
    Effect::new(move || {
        let Some(session) = page.session.get() else { return };
        session.version.track();
        let cursor = session.read(|run| run.cursor()).unwrap_or(0);
        let before = told.get_value();
        if cursor <= before {
            // A jump back is told by where one lands, not by what is undone.
            told.set_value(cursor);
            return;
        }
        if waiting.with_value(Option::is_none) {
            let timeout = Timeout::new(PAUSE, move || {
                waiting.set_value(None);
                if page.session.get_untracked().is_some() {
                    tell(page, session, told, alarm);
                }
            });
            waiting.set_value(Some(timeout));
        }
    });
    view! {
        <div class="sr" role="status" aria-live="polite" id="narrator">{move || page.spoken.get()}</div>
        <div class="sr" role="alert" id="alarm">{move || alarm.get()}</div>
    }
}

fn tell(page: Page, session: Session, told: StoredValue<u64, LocalStorage>, alarm: RwSignal<String>) {
    let locale = page.locale.get_untracked();
    let stepping = !session.playing.try_get_untracked().unwrap_or(false);
    let said = session.read(|run| {
        let names = Names { directory: run.simulation().directory(), locale };
        let (from, to) = (told.get_value() + 1, run.cursor());
        told.set_value(to);
        let events: Vec<&Emitted> = run.history().events_between(from, to).iter().collect();
        // Whoever steps wants to hear every event; whoever watches, the decisive ones.
        let close = stepping && to.saturating_sub(from) < SENTENCES as u64;
        narrate(&events, page.narration.get_untracked(), close, &names)
    });
    let Some((text, loss)) = said else { return };
    if alarm.get_untracked() != loss {
        alarm.set(loss);
    }
    if !text.is_empty() {
        page.say(text);
    }
}

/// What is said of some events: politely, and at once. Each loss is said once.
fn narrate(events: &[&Emitted], how_much: Narration, close: bool, names: &Names<'_>) -> (String, String) {
    let locale = names.locale;
    let is_loss = |event: &Event| matches!(event, Event::AckedRecordLost { .. } | Event::QueueLost { .. });
    let (lost, rest): (Vec<&Emitted>, Vec<&Emitted>) = events.iter().copied().partition(|it| is_loss(&it.event));
    let mut loss = lost.first().map(|first| event_sentence(&first.event, names)).unwrap_or_default();
    if lost.len() > 1 {
        loss = format!("{loss} {}", say(td_string!(locale, page.narration.more), &[("count", &(lost.len() - 1))]));
    }
    if how_much == Narration::Off {
        return (String::new(), loss);
    }
    let (told, passed): (Vec<&Emitted>, Vec<&Emitted>) =
        rest.into_iter().partition(|it| close || is_decisive(&it.event));
    let skipped = told.len().saturating_sub(SENTENCES);
    let mut sentences: Vec<String> = told[skipped..].iter().map(|it| event_sentence(&it.event, names)).collect();
    if skipped > 0 {
        sentences.insert(0, say(td_string!(locale, page.narration.more), &[("count", &skipped)]));
    }
    if how_much == Narration::All {
        sentences.extend(counted(&passed, locale));
    }
    (sentences.join(" "), loss)
}

/// What happens all the time, as one sentence of figures.
fn counted(events: &[&Emitted], locale: Locale) -> Option<String> {
    let count = |wanted: fn(&Event) -> bool| events.iter().filter(|it| wanted(&it.event)).count();
    let sent = count(|event| matches!(event, Event::RecordSent { .. }));
    let acked = count(|event| matches!(event, Event::RecordAcked { .. }));
    let processed = count(|event| matches!(event, Event::RecordProcessed { .. }));
    let parts: [(&str, &dyn std::fmt::Display); 3] = [("sent", &sent), ("acked", &acked), ("processed", &processed)];
    (sent + acked + processed > 0).then(|| say(td_string!(locale, page.narration.counted), &parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Run;
    use highwater_engine::scenario::Scenario;
    use highwater_engine::time::Instant;

    #[test]
    fn losses_are_said_at_once_and_the_rest_as_wished() {
        let text = "scenario t seed=7\nbrokers 1\ntopic orders partitions=1 replication-factor=1\n\
                    producer p1 topic=orders start=\"5s\" every=\"100ms\" acks=1\n\
                    at \"8s\" { power-off \"broker 1\" }\nat \"10s\" { start \"broker 1\" }\n";
        let mut run = Run::of_scenario(Scenario::parse(text).unwrap()).unwrap();
        run.seek_time(Instant(30_000_000));
        let names = Names { directory: run.simulation().directory(), locale: Locale::en };
        let events: Vec<&Emitted> = run.past().iter().collect();
        let (polite, loss) = narrate(&events, Narration::Off, false, &names);
        assert!(polite.is_empty() && loss.contains("lost") && loss.ends_with("more."), "{loss}");
        let (polite, _) = narrate(&events, Narration::Key, false, &names);
        assert!(polite.starts_with("And ") && !polite.contains("acknowledged,"), "{polite}");
        let (polite, _) = narrate(&events, Narration::All, false, &names);
        let acked = run.past().iter().filter(|it| matches!(it.event, Event::RecordAcked { .. })).count();
        assert!(polite.contains(&format!("{acked} acknowledged")), "{polite}");
    }
}
