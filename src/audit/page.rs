//! `/dashboard/activity`.

use leptos::prelude::*;

use super::{ActivityList, ActivityView, list_activity};
use crate::form::RowId;
use crate::lazy_page;
use crate::paths::use_query;
use crate::ui::{EmptyState, Loaded, Moment, PageTitle, Pagination};

lazy_page!(
    /// `/dashboard/activity`.
    ActivityPage => activity_page
);

fn activity_page() -> impl IntoView {
    let query = use_query();
    let before = Memo::new(move |_| query.get("before"));
    let list = Resource::new(move || before.get(), |before| list_activity(RowId::from(before)));
    view! {
        <PageTitle text="Activity"/>
        <p class="lead">"What happened to your account, the newest first. If something here was not you, change your password."</p>
        <Loaded data=list view=activity/>
    }
}

fn activity(it: ActivityList) -> impl IntoView {
    let now = it.now;
    let is_empty = it.events.is_empty();
    view! {
        {is_empty.then(|| view! {
            <EmptyState
                title="Nothing yet"
                text="Sign-ins and changes to your account will be listed here."
            />
        })}
        {(!is_empty).then(|| view! {
            <ol class="card events">
                {it.events.into_iter().map(|it| view! { <Event event=it now=now/> }).collect_view()}
            </ol>
        })}
        <Pagination
            label="Pages of the history"
            first=(!it.is_first).then(|| ("/dashboard/activity".to_owned(), "Newest"))
            next=it.older.map(|it| (format!("/dashboard/activity?before={it}"), "Older"))
        />
    }
}

#[component]
fn Event(event: ActivityView, now: i64) -> impl IntoView {
    let where_from = match (event.browser.as_str(), event.address.as_str()) {
        ("", "") => None,
        ("", address) => Some((String::new(), address.to_owned())),
        (browser, address) => Some((format!("{browser} on {}", event.system), address.to_owned())),
    };
    view! {
        <li class="event" class:warning=event.is_warning>
            <p class="event-what">
                {event.description}
                {(!event.about.is_empty())
                    .then(|| view! { <span class="event-about">{event.about}</span> })}
            </p>
            <p class="hint">
                <Moment at=event.at now=now/>
                {(!event.is_own).then_some(" · by an administrator")}
                {where_from.map(|(browser, address)| view! {
                    <span>{if browser.is_empty() { browser } else { format!(" · {browser}") }}</span>
                    <span class="address">{format!(" · {address}")}</span>
                })}
            </p>
        </li>
    }
}
