//! The rail at the side of wide screens, and the bar below narrow ones.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{Logo, text};

/// An entry: its path, its label, and its icon as one path on a grid of 24.
#[derive(Clone, Copy, Debug)]
pub struct RailEntry {
    pub href: &'static str,
    pub label: &'static str,
    pub icon: &'static str,
    /// Other pages that belong to it.
    pub pages: &'static [&'static str],
}

/// The number of entries in the bar of a narrow screen; the others are under "More".
const IN_BAR: usize = 5;

/// Renders the links to the other pages. Needs no script: "More" links to a fragment of the page.
#[component]
pub fn Rail(
    /// The navigation's accessible name.
    label: &'static str,
    /// The path of the first page, with which all others begin.
    home: &'static str,
    site_name: String,
    entries: Vec<RailEntry>,
    /// Content at the rail's end.
    children: Children,
) -> impl IntoView {
    let mut first = entries;
    let rest = first.split_off(first.len().min(IN_BAR));
    // `:target` lasts as long as the document does, even after navigation to another page.
    let closed = RwSignal::new(false);
    let path = use_location().pathname;
    let item = move |it: RailEntry| {
        let is_current = move || {
            path.with(|path| is_current(it.href, home, path) || it.pages.contains(&path.as_str()))
        };
        view! {
            <li>
                <a href=it.href aria-current=move || is_current().then_some("page")>
                    <Icon path=it.icon/>
                    <span>{it.label}</span>
                </a>
            </li>
        }
    };
    let has_more = !rest.is_empty();
    view! {
        <header class="rail">
            <a href=home class="brand">
                <Logo/>
                <span>{site_name}</span>
            </a>
            <nav aria-label=label>
                <ul>
                    {first.into_iter().map(item).collect_view()}
                    {has_more.then(|| view! {
                        <li class="more-link">
                            <a href="#more" rel="external" on:click=move |_| closed.set(false)>
                                <Icon path="M5 12h.01M12 12h.01M19 12h.01"/>
                                <span>{text::MORE}</span>
                            </a>
                        </li>
                    })}
                </ul>
                {has_more.then(|| view! {
                    <ul
                        class="more"
                        class:closed=closed
                        id="more"
                        on:click=move |_| closed.set(true)
                    >
                        {rest.into_iter().map(item).collect_view()}
                    </ul>
                })}
            </nav>
            <div class="rail-foot">{children()}</div>
        </header>
    }
}

/// Returns whether an entry leads to the page at `path`, or to one above it.
fn is_current(href: &str, home: &str, path: &str) -> bool {
    let below = path.strip_prefix(href);
    below.is_some_and(|it| it.is_empty() || (href != home && it.starts_with('/')))
}

#[component]
fn Icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
            <path
                fill="none"
                stroke="currentColor"
                stroke-width="1.75"
                stroke-linecap="round"
                stroke-linejoin="round"
                d=path
            />
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_is_current_on_its_page_and_the_pages_below() {
        let is_on = |href, path| is_current(href, "/admin", path);
        assert!(is_on("/admin", "/admin"));
        assert!(is_on("/admin/users", "/admin/users"));
        assert!(is_on("/admin/users", "/admin/users/x"));
        assert!(!is_on("/admin", "/admin/users"));
        assert!(!is_on("/admin/users", "/admin"));
        assert!(!is_on("/admin/user", "/admin/users"));
    }
}
