//! The chart of sign-ins.

use leptos::prelude::*;

use super::{Day, text};
use crate::ui::{ColumnHeaders, Table};

/// The height of the bars' drawing, and its width for each day. It is stretched to the chart's size.
const HEIGHT: i64 = 120;
const WIDTH: i64 = 20;

/// Draws two bars per day between labelled axes. Each day is a radio button, so that a pointer, the arrow
/// keys and a screen reader reach its numbers without a script. A table repeats them.
#[component]
pub fn Chart(days: Vec<Day>) -> impl IntoView {
    let most = days.iter().map(|it| it.signed_in.max(it.refused)).max().unwrap_or(0);
    let top = axis_end(most);
    let columns = days.iter().map(|day| column(day, top)).collect_view();
    let dates = [days.first(), days.get(days.len() / 2), days.last()]
        .into_iter()
        .flatten()
        .map(|day| view! { <span>{date(day.at)}</span> })
        .collect_view();
    let rows = days.into_iter().rev().map(|day| {
        view! {
            <tr>
                <th scope="row">{date(day.at)}</th>
                <td class="number">{day.signed_in}</td>
                <td class="number">{day.refused}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <p class="legend hint">
            <span class="key signed-in"></span>
            {text::SIGNED_IN} " "
            <span class="key refused"></span>
            {text::REFUSED}
        </p>
        <fieldset class="chart">
            <legend class="visually-hidden">{text::CHART_TITLE}</legend>
            <div class="values" aria-hidden="true">
                <span>{top}</span>
                <span>{top / 2}</span>
                <span>"0"</span>
            </div>
            <div class="days">{columns}</div>
            <div class="dates" aria-hidden="true">
                {dates}
            </div>
        </fieldset>
        <details class="confirm">
            <summary class="button quiet">{text::SHOW_TABLE}</summary>
            <Table
                label=text::TABLE
                heads=view! { <ColumnHeaders labels=text::COLUMNS/> }.into_any()
            >
                {rows}
            </Table>
        </details>
    }
}

fn column(day: &Day, top: i64) -> impl IntoView + use<> {
    let numbers = text::day(&date(day.at), day.signed_in, day.refused);
    let bar = |x: i64, value: i64, class: &'static str| {
        let height = value * HEIGHT / top;
        view! { <rect class=class x=x y=HEIGHT - height width="8" height=height/> }
    };
    view! {
        <label class="day">
            <input type="radio" name="day" class="visually-hidden"/>
            <svg
                viewBox=format!("0 0 {WIDTH} {HEIGHT}")
                preserveAspectRatio="none"
                aria-hidden="true"
                focusable="false"
            >
                {bar(1, day.signed_in, "signed-in")}
                {bar(10, day.refused, "refused")}
            </svg>
            <span class="numbers-of-day">{numbers}</span>
        </label>
    }
}

/// Returns the end of an axis for values up to this one: an even number with few digits.
fn axis_end(most: i64) -> i64 {
    let mut step = 2_i64;
    while most > step.saturating_mul(5) {
        step *= 10;
    }
    (most.max(1) + step - 1) / step * step
}

/// Formats a time's date as `2026-11-24`.
fn date(at: i64) -> String {
    crate::text::utc(at).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_an_even_number_not_far_above_its_values() {
        for (most, end) in
            [(0, 2), (1, 2), (2, 2), (3, 4), (10, 10), (11, 20), (46, 60), (101, 200), (999, 1000)]
        {
            assert_eq!(axis_end(most), end, "{most}");
        }
    }
}
