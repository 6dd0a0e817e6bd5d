//! `/dashboard/activity`.

use leptos::prelude::*;

use super::sentence::subject;
use super::{ActivityList, ActivityView, list_activity, text};
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
        <PageTitle text=text::TITLE/>
        <p class="lead">{text::LEAD}</p>
        <Loaded data=list view=activity/>
    }
}

fn activity(it: ActivityList) -> impl IntoView {
    let now = it.now;
    let is_empty = it.events.is_empty();
    view! {
        {is_empty.then(|| view! {
            <EmptyState title=text::EMPTY text=text::EMPTY_LEAD/>
        })}
        {(!is_empty).then(|| view! {
            <ol class="card events">
                {it.events.into_iter().map(|it| view! { <Event event=it now=now/> }).collect_view()}
            </ol>
        })}
        <Pagination
            label=text::PAGES
            first=(!it.is_first).then(|| ("/dashboard/activity".to_owned(), text::NEWEST))
            next=it.older.map(|it| (format!("/dashboard/activity?before={it}"), text::OLDER))
        />
    }
}

#[component]
fn Event(event: ActivityView, now: i64) -> impl IntoView {
    view! {
        <li class="event" class:warning=event.kind.is_warning()>
            <p class="event-what">
                {event.kind.to_string()}
                {(!event.about.is_empty()).then(|| view! {
                    <span class="event-about">{subject(event.kind, event.about)}</span>
                })}
            </p>
            <p class="hint">
                <Moment at=event.at now=now/>
                {(!event.is_own).then(|| format!(" · {}", text::BY_ADMINISTRATOR))}
                {event.device.map(|it| view! { <span>{format!(" · {it}")}</span> })}
                {(!event.address.is_empty())
                    .then(|| view! { <span class="address">{format!(" · {}", event.address)}</span> })}
            </p>
        </li>
    }
}
