//! The page `/admin/audit`.

use leptos::prelude::*;

use super::{EXPORT_PATH, LogList, LogParty, LogQuery, LogRow, list_audit};
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
        <PageTitle text="Audit log"/>
        <Loaded data=list view=log/>
    }
}

fn log(it: LogList) -> impl IntoView {
    let now = it.now;
    let waiting = match it.unsealed {
        0 => String::new(),
        1 => ", and one more waits".to_owned(),
        n => format!(", and {n} more wait"),
    };
    let sealed = format!("{} events are sealed{waiting}.", it.sealed);
    view! {
        <Filter query=it.query.clone() kinds=it.kinds/>
        {it
            .notes
            .into_iter()
            .map(|it| view! { <p class="hint" role="status">{it.to_string()}</p> })
            .collect_view()}
        <LogTable rows=it.rows now=now/>
        <Pagination
            label="Pages of the log"
            first=it.first.map(|it| (it, "Newest"))
            next=it.next.map(|it| (it, "Older"))
        />
        <Export query=it.query/>
        <p class="hint">{sealed}</p>
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
        return view! {
            <EmptyState title="Nothing is found" text="Nothing of the kind happened, or it was too long ago."/>
        }
            .into_any();
    }
    let heads = if is_single_user {
        view! { <ColumnHeaders labels=["When", "What", "By", "From"]/> }.into_any()
    } else {
        view! { <ColumnHeaders labels=["When", "What", "User", "By", "From"]/> }.into_any()
    };
    view! {
        <Table label="Events" heads=heads>
            {rows.into_iter().map(|it| event(it, now, is_single_user)).collect_view()}
        </Table>
    }
    .into_any()
}

fn event(it: LogRow, now: i64, is_single_user: bool) -> impl IntoView {
    let has_about = !it.about.is_empty();
    view! {
        <tr class:warning=it.is_warning>
            <td><Moment at=it.at now=now/></td>
            <th scope="row">
                {it.description}
                {has_about.then(|| view! { <span class="hint">{it.about}</span> })}
            </th>
            {(!is_single_user).then(|| view! { <td>{it.user.map(party)}</td> })}
            <td>{it.actor.map(party)}</td>
            <td>
                <span class="address">{it.address}</span>
                {(!it.browser.is_empty()).then(|| view! { <span class="hint">{it.browser}</span> })}
            </td>
        </tr>
    }
}

fn party(it: LogParty) -> AnyView {
    match it.id {
        Some(id) => view! { <a href=format!("/admin/user?id={id}") class="address">{it.name}</a> }
            .into_any(),
        None => it.name.into_any(),
    }
}

/// Renders the filter as a GET form: it needs no script, and the resulting URL can be bookmarked.
#[component]
fn Filter(query: LogQuery, kinds: Vec<(String, String)>) -> impl IntoView {
    let LogQuery { user, actor, kind, from, until, .. } = query;
    let any = std::iter::once((String::new(), "Anything".to_owned()));
    let kinds = any.chain(kinds).map(|(word, text)| {
        let is_chosen = word == kind;
        view! { <option value=word selected=is_chosen>{text}</option> }
    });
    view! {
        <form class="filter" method="get" action="/admin/audit" role="search">
            <label class="stacked">"User" <input name="user" value=user autocomplete="off"/></label>
            <label class="stacked">"By" <input name="actor" value=actor autocomplete="off"/></label>
            <label class="stacked">"What" <select name="kind">{kinds.collect_view()}</select></label>
            <label class="stacked">"From" <input name="from" type="date" value=from/></label>
            <label class="stacked">"Before" <input name="until" type="date" value=until/></label>
            <button type="submit" class="button">"Find events"</button>
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
                "Export these as"
                <select name="format">
                    <option value="jsonl">"JSON Lines"</option>
                    <option value="csv">"CSV"</option>
                </select>
            </label>
            <button type="submit" class="button">"Export events"</button>
        </form>
    }
}
