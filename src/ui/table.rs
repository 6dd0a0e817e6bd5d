//! Tables of many rows, and their pagination.

use leptos::prelude::*;

use super::text;

/// Renders a table with its column heads. It scrolls on its own if it is wider than the screen.
#[component]
pub fn Table(
    /// What the rows are.
    label: &'static str,
    heads: AnyView,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="table card" role="region" aria-label=label tabindex="0">
            <table>
                <thead><tr>{heads}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// Renders the head of a sortable column: a link, which reverses the order if the rows are sorted by this
/// column already.
#[component]
pub fn SortableHeader(
    label: &'static str,
    href: String,
    /// `ascending` or `descending`, if the rows are sorted by it.
    sorted: Option<&'static str>,
) -> impl IntoView {
    view! {
        <th scope="col" aria-sort=sorted>
            <a href=href>{label}</a>
        </th>
    }
}

/// Renders the heads of columns that can't be sorted.
#[component]
pub fn ColumnHeaders<const N: usize>(
    labels: [&'static str; N],
    /// Whether a last column holds actions; its head is visually hidden.
    #[prop(optional)]
    has_actions: bool,
) -> impl IntoView {
    view! {
        {labels.map(|it| view! { <th scope="col">{it}</th> }).collect_view()}
        {has_actions.then(|| view! {
            <th scope="col"><span class="visually-hidden">{text::ACTIONS}</span></th>
        })}
    }
}

/// Links to the next page of a list and back to the first.
#[component]
pub fn Pagination(
    label: &'static str,
    /// The first page's URL and label; None on the first page.
    first: Option<(String, &'static str)>,
    /// The next page's URL and label; None on the last page.
    next: Option<(String, &'static str)>,
) -> impl IntoView {
    view! {
        <nav class="pages" aria-label=label>
            {[first, next]
                .into_iter()
                .flatten()
                .map(|(href, label)| view! { <a class="button" href=href>{label}</a> })
                .collect_view()}
        </nav>
    }
}

/// Renders the text of an empty list.
#[component]
pub fn EmptyState(title: &'static str, #[prop(into)] text: String) -> impl IntoView {
    view! {
        <section class="card empty">
            <h2>{title}</h2>
            <p>{text}</p>
        </section>
    }
}
