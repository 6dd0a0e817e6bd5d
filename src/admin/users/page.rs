//! The page `/admin/users`.

use leptos::prelude::*;

use super::{UserList, UserQuery, UserRow, UserStatus, list_users, text};
use crate::paths::use_query;
use crate::text::utc;
use crate::ui::{
    ColumnHeaders, EmptyState, Loaded, Moment, PageTitle, Pagination, SortableHeader, Table,
};

/// Renders `/admin/users`.
pub fn users_page() -> impl IntoView {
    let query = use_query();
    let asked = Memo::new(move |_| UserQuery {
        q: query.get("q"),
        state: query.get("state"),
        role: query.get("role"),
        sort: query.get("sort"),
        after: query.get("after"),
    });
    let list = Resource::new(move || asked.get(), list_users);
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=list view=users/>
    }
}

fn users(it: UserList) -> impl IntoView {
    let now = it.now;
    let is_empty = it.users.is_empty();
    let sorted = |forward: &str, backward: &str, default: bool| match it.query.sort.as_str() {
        sort if sort == forward => Some("ascending"),
        sort if sort == backward || sort.is_empty() && default => Some("descending"),
        _ => None,
    };
    let (by_email, by_created) =
        (sorted("email", "-email", false), sorted("created", "-created", true));
    view! {
        <Filter query=it.query roles=it.roles/>
        {it.notes.into_iter().map(|it| view! { <p class="hint" role="status">{it.to_string()}</p> }).collect_view()}
        {if is_empty {
            view! { <EmptyState title=text::EMPTY text=text::EMPTY_LEAD/> }.into_any()
        } else {
            let heads = view! {
                <SortableHeader label=text::EMAIL href=it.by_email sorted=by_email/>
                <ColumnHeaders labels=text::COLUMNS/>
                <SortableHeader label=text::CREATED href=it.by_created sorted=by_created/>
            };
            view! {
                <Table label=text::LIST heads=heads.into_any()>
                    {it.users.into_iter().map(|it| row(it, now)).collect_view()}
                </Table>
            }
                .into_any()
        }}
        <Pagination
            label=text::PAGES
            first=it.first.map(|it| (it, text::FIRST))
            next=it.next.map(|it| (it, text::NEXT))
        />
    }
}

/// Renders the filter as a GET form: it needs no script, and the resulting URL can be bookmarked.
#[component]
fn Filter(query: UserQuery, roles: Vec<(String, String)>) -> impl IntoView {
    let UserQuery { q, state, role, sort, .. } = query;
    let states = [
        ("", text::ANY_STATUS),
        ("disabled", text::DISABLED),
        ("unverified", text::NOT_VERIFIED),
        ("deleting", text::DELETION_PENDING),
    ];
    let state = states
        .map(|(word, label)| view! { <option value=word selected=word == state>{label}</option> });
    let any = std::iter::once((String::new(), text::ANY_ROLE.to_owned()));
    let role = any.chain(roles).map(|(id, name)| {
        let is_chosen = id == role;
        view! { <option value=id selected=is_chosen>{name}</option> }
    });
    view! {
        <form class="filter" method="get" action="/admin/users" role="search">
            <label class="visually-hidden" for="q">{text::SEARCH}</label>
            <input
                id="q"
                name="q"
                type="search"
                value=q
                placeholder=text::SEARCH
                autocomplete="off"
            />
            <label class="visually-hidden" for="state">{text::STATUS}</label>
            <select id="state" name="state">{state.collect_view()}</select>
            <label class="visually-hidden" for="role">{text::ROLE}</label>
            <select id="role" name="role">{role.collect_view()}</select>
            {(!sort.is_empty()).then(|| view! { <input type="hidden" name="sort" value=sort/> })}
            <button type="submit" class="button">{text::FIND}</button>
        </form>
    }
}

fn row(it: UserRow, now: i64) -> impl IntoView {
    let href = format!("/admin/user?id={}", it.id);
    let email = it.email.unwrap_or_else(|| text::NO_EMAIL.to_owned());
    view! {
        <tr>
            <th scope="row">
                <a href=href class="address">{email}</a>
                {(!it.name.is_empty()).then(|| view! { <span class="hint">{it.name}</span> })}
            </th>
            <td>{badges(&it.status)}</td>
            <td>{it.roles.join(", ")}</td>
            <td>{it.seen_at.map(|at| view! { <Moment at=at now=now/> })}</td>
            <td><Moment at=it.created_at now=now/></td>
        </tr>
    }
}

/// Renders a badge for each unusual state of a user.
#[must_use]
pub fn badges(it: &UserStatus) -> Vec<AnyView> {
    let badge = |label: String| view! { <span class="badge">{label}</span> }.into_any();
    let disabled = match it.disabled_until {
        Some(at) => text::disabled_until(&utc(at)),
        None => text::DISABLED.to_owned(),
    };
    let all = [
        it.is_disabled.then_some(disabled),
        (!it.is_verified).then(|| text::NOT_VERIFIED.to_owned()),
        it.deletes_at.map(|at| text::deleted_at(&utc(at))),
    ];
    all.into_iter().flatten().map(badge).collect()
}
