//! Tables of many rows, and the way through their pages.

use leptos::prelude::*;

/// A table that scrolls by itself where it is wider than the screen, with the heads of its columns.
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

/// The head of a column by which the rows can be ordered: a link, which turns the order round where
/// it is this column's already.
#[component]
pub fn SortHead(
    word: &'static str,
    href: String,
    /// `ascending` or `descending`, where the rows are ordered by it.
    sorted: Option<&'static str>,
) -> impl IntoView {
    view! {
        <th scope="col" aria-sort=sorted>
            <a href=href>{word}</a>
        </th>
    }
}

/// The heads of columns that only say what stands below them.
#[component]
pub fn Heads<const N: usize>(
    words: [&'static str; N],
    /// Whether a last column holds what can be done, which needs no word to be seen.
    #[prop(optional)]
    acts: bool,
) -> impl IntoView {
    view! {
        {words.map(|it| view! { <th scope="col">{it}</th> }).collect_view()}
        {acts.then(|| view! { <th scope="col"><span class="visually-hidden">"Acts"</span></th> })}
    }
}

/// Leads from one page of a list to the next, and back to the first.
#[component]
pub fn Pages(
    label: &'static str,
    /// The address of the first page, and its word; none where this is it.
    first: Option<(String, &'static str)>,
    /// The address of the next page, and its word; none where this is the last.
    next: Option<(String, &'static str)>,
) -> impl IntoView {
    view! {
        <nav class="pages" aria-label=label>
            {[first, next]
                .into_iter()
                .flatten()
                .map(|(href, word)| view! { <a class="button" href=href>{word}</a> })
                .collect_view()}
        </nav>
    }
}

/// What a list says where nothing is in it.
#[component]
pub fn Nothing(title: &'static str, #[prop(into)] text: String) -> impl IntoView {
    view! {
        <section class="card empty">
            <h2>{title}</h2>
            <p>{text}</p>
        </section>
    }
}
