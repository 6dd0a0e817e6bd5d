//! The page `/admin/audit`.

use leptos::prelude::*;

use super::{EXPORT_PATH, LogActor, LogList, LogParty, LogQuery, LogRow, list_audit, text};
use crate::audit::{EventKind, subject};
use crate::paths::use_query;
use crate::ui::{ColumnHeaders, EmptyState, Loaded, Moment, PageTitle, Pagination, Table};

/// Renders `/admin/audit`.
pub fn audit_page() -> impl IntoView {
    let query = use_query();
    let asked = Memo::new(move |_| LogQuery {
        user: query.get("user"),
        actor: query.get("actor"),
        kind: query.get("kind"),
        from: query.get("from"),
        until: query.get("until"),
        before: query.get("before"),
    });
    let list = Resource::new(move || asked.get(), list_audit);
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=list view=log/>
    }
}

fn log(it: LogList) -> impl IntoView {
    let now = it.now;
    view! {
        <Filter query=it.query.clone()/>
        {it
            .notes
            .into_iter()
            .map(|it| view! { <p class="hint" role="status">{it.to_string()}</p> })
            .collect_view()}
        <LogTable rows=it.rows now=now/>
        <Pagination
            label=text::PAGES
            first=it.first.map(|it| (it, text::NEWEST))
            next=it.next.map(|it| (it, text::OLDER))
        />
        <Export query=it.query/>
        <p class="hint">{text::seal_progress(it.sealed, it.unsealed)}</p>
    }
}

/// Lists events, newest first.
#[component]
pub fn LogTable(
    rows: Vec<LogRow>,
    now: i64,
    /// Whether all events concern one user, whom the page already names.
    #[prop(optional)]
    is_single_user: bool,
) -> impl IntoView {
    if rows.is_empty() {
        return view! { <EmptyState title=text::EMPTY text=text::EMPTY_LEAD/> }.into_any();
    }
    let heads = if is_single_user {
        view! { <ColumnHeaders labels=text::COLUMNS_OF_ONE_USER/> }.into_any()
    } else {
        view! { <ColumnHeaders labels=text::COLUMNS/> }.into_any()
    };
    view! {
        <Table label=text::LIST heads=heads>
            {rows.into_iter().map(|it| event(it, now, is_single_user)).collect_view()}
        </Table>
    }
    .into_any()
}

fn event(it: LogRow, now: i64, is_single_user: bool) -> impl IntoView {
    let kind = EventKind::from_word(&it.kind);
    let (description, about) = match kind {
        Some(kind) => (kind.to_string(), subject(kind, it.about)),
        None => (it.kind, it.about),
    };
    view! {
        <tr class:warning=it.is_warning>
            <td><Moment at=it.at now=now/></td>
            <th scope="row">
                {description}
                {(!about.is_empty()).then(|| view! { <span class="hint">{about}</span> })}
            </th>
            {(!is_single_user).then(|| view! { <td>{it.user.map(party)}</td> })}
            <td>{it.actor.map(actor)}</td>
            <td>
                <span class="address">{it.address}</span>
                {it.device.map(|it| view! { <span class="hint">{it.to_string()}</span> })}
            </td>
        </tr>
    }
}

fn party(it: LogParty) -> impl IntoView {
    view! { <a href=format!("/admin/user?id={}", it.id) class="address">{it.name}</a> }
}

fn actor(it: LogActor) -> AnyView {
    match it {
        LogActor::CommandLine => text::COMMAND_LINE.into_any(),
        LogActor::User(it) => party(it).into_any(),
    }
}

/// Renders the filter as a GET form: it needs no script, and the resulting URL can be bookmarked.
#[component]
fn Filter(query: LogQuery) -> impl IntoView {
    let LogQuery { user, actor, kind, from, until, .. } = query;
    let any = std::iter::once(("", text::ALL_EVENTS.to_owned()));
    let kinds = any.chain(EventKind::ALL.iter().map(|it| (it.as_str(), it.to_string())));
    let kinds = kinds.map(|(word, label)| {
        let is_chosen = word == kind;
        view! { <option value=word selected=is_chosen>{label}</option> }
    });
    view! {
        <form class="filter" method="get" action="/admin/audit" role="search">
            <label class="stacked">
                {text::USER}
                <input name="user" value=user autocomplete="off"/>
            </label>
            <label class="stacked">
                {text::ACTOR}
                <input name="actor" value=actor autocomplete="off"/>
            </label>
            <label class="stacked">
                {text::EVENT}
                <select name="kind">{kinds.collect_view()}</select>
            </label>
            <label class="stacked">
                {text::FROM}
                <input name="from" type="date" value=from/>
            </label>
            <label class="stacked">
                {text::BEFORE}
                <input name="until" type="date" value=until/>
            </label>
            <button type="submit" class="button">{text::FIND}</button>
        </form>
    }
}

/// Renders the export as a native form even when hydrated: the response is a file, not a page.
#[component]
fn Export(query: LogQuery) -> impl IntoView {
    let LogQuery { user, actor, kind, from, until, .. } = query;
    let fields =
        [("user", user), ("actor", actor), ("kind", kind), ("from", from), ("until", until)];
    view! {
        <form method="post" action=EXPORT_PATH class="filter">
            {fields
                .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
                .collect_view()}
            <label class="stacked">
                {text::FORMAT}
                <select name="format">
                    <option value="jsonl">{text::JSON_LINES}</option>
                    <option value="csv">{text::CSV}</option>
                </select>
            </label>
            <button type="submit" class="button">{text::EXPORT}</button>
        </form>
    }
}
