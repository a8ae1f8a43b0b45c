//! Metrics over the whole run, under Kafka's names.

use super::drawn_panel::Drawn;
use super::inspector::escape;
use super::timeline::end_of;
use super::transport::clock;
use crate::i18n::{Locale, say, td_string};
use crate::scene::Target;
use crate::session::{BUCKET, Meter, Run};
use highwater_engine::ids::GroupId;
use highwater_engine::time::Instant;
use std::fmt::Write as _;

/// How many values a chart tells apart.
const COLUMNS: usize = 300;
const HEIGHT: f64 = 60.0;

/// The panel.
pub const CHARTS: Drawn =
    Drawn { class: "charts", name: |locale| td_string!(locale, page.panel.charts), period: 0.25, draw: charts };

/// All charts as markup.
fn charts(run: &Run, _: Option<Target>, locale: Locale) -> String {
    let spec = &run.recording().spec;
    let mut out = String::new();
    for meter in Meter::ALL {
        let applies = match meter {
            Meter::Lag => !spec.groups.is_empty(),
            Meter::MessagesIn | Meter::UnderReplicated => spec.brokers > 0,
            Meter::IsrShrinks | Meter::IsrExpands => spec.brokers > 1,
            Meter::Latency => true,
        };
        if applies {
            let what = match meter {
                Meter::MessagesIn => td_string!(locale, page.chart.messages_in),
                Meter::Lag => td_string!(locale, page.chart.lag),
                Meter::UnderReplicated => td_string!(locale, page.chart.under_replicated),
                Meter::IsrShrinks => td_string!(locale, page.chart.isr_shrinks),
                Meter::IsrExpands => td_string!(locale, page.chart.isr_expands),
                Meter::Latency => td_string!(locale, page.chart.latency),
            };
            let values = run.tally().meters.values(meter, run.now());
            chart(run, (meter.name(), what), &values, locale, &mut out);
        }
    }
    let groups = run.simulation().directory().group_names();
    for (group, name) in (0..).map(GroupId).zip(groups.iter()) {
        let values = run.tally().meters.group_lag(group, run.now());
        if values.iter().any(|value| *value > 0.0) {
            let what = say(td_string!(locale, page.chart.group_lag), &[("group", &name)]);
            chart(run, ("records-lag", &escape(&what)), &values, locale, &mut out);
        }
    }
    out
}

/// A value as it is read: whole where it is whole.
fn figure(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// One chart: its name and what it counts, its values now and at most, the curve, and the time under it. A click on the
/// curve leads to that moment.
fn chart(run: &Run, (name, what): (&str, &str), values: &[f64], locale: Locale, out: &mut String) {
    let (end, now) = (end_of(run), run.now());
    let most = values.iter().copied().fold(0.0, f64::max);
    let last = values.last().copied().unwrap_or(0.0);
    let most_word = td_string!(locale, page.chart.most);
    let _ = write!(
        out,
        "<div class=\"chart\"><div class=\"chart-head\"><code>{name}</code><span>{what}</span><b>{}</b><small>{most_word} {}</small></div>",
        figure(last),
        figure(most),
    );
    let (line, area) = curve(values, end, now, most);
    let x = now.0 as f64 * 1_000.0 / end.0.max(1) as f64;
    let _ = write!(
        out,
        "<svg data-span=\"{}\" viewBox=\"0 0 1000 {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path class=\"spark-fill\" d=\"{area}\"/><path class=\"spark\" d=\"{line}\"/><path class=\"chart-now\" d=\"M{x:.1} 0V{HEIGHT}\"/></svg><div class=\"chart-axis\" aria-hidden=\"true\"><span>{}</span><span>{}</span><span>{}</span></div></div>",
        end.0,
        clock(Instant(0)),
        clock(Instant(end.0 / 2)),
        clock(end),
    );
}

/// A line of stairs and the area under it. Where there are more values than columns the highest one is shown.
fn curve(values: &[f64], end: Instant, now: Instant, most: f64) -> (String, String) {
    if values.is_empty() {
        return (String::new(), String::new());
    }
    let x = |bucket: usize| ((bucket as u64 * BUCKET.0).min(now.0)) as f64 * 1_000.0 / end.0.max(1) as f64;
    let y = |value: f64| HEIGHT - 1.0 - value * (HEIGHT - 6.0) / most.max(1.0);
    let together = values.len().div_ceil(COLUMNS);
    let mut line = String::new();
    for (index, stretch) in values.chunks(together).enumerate() {
        let highest = stretch.iter().copied().fold(0.0, f64::max);
        let first = index * together;
        let start = if index == 0 { "M0 " } else { "V" };
        let _ = write!(line, "{start}{:.1}H{:.1}", y(highest), x(first + stretch.len()));
    }
    let area = format!("{line}V{HEIGHT}H0Z");
    (line, area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_few_steps_and_keeps_its_peak() {
        let mut values = vec![1.0; 40_000];
        values[31_234] = 9.0;
        let (line, area) = curve(&values, Instant(10_000_000_000), Instant(10_000_000_000), 9.0);
        assert!(line.matches('H').count() <= COLUMNS);
        assert!(line.contains("V5.0H"), "the peak is drawn at the top");
        assert!(area.ends_with('Z'));
    }

    #[test]
    fn figures_are_as_long_as_they_must_be() {
        assert_eq!([figure(0.0), figure(3.0), figure(2.55), figure(123.4)], ["0", "3", "2.5", "123"]);
    }
}
