//! The page `/admin/users`.

use leptos::prelude::*;

use super::{UserList, UserQuery, UserRow, UserStatus, list_users};
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
        <PageTitle text="Users"/>
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
            view! {
                <EmptyState title="Nobody is found" text="Try fewer words, or another filter."/>
            }
                .into_any()
        } else {
            let heads = view! {
                <SortableHeader label="E-mail" href=it.by_email sorted=by_email/>
                <ColumnHeaders labels=["State", "Roles", "Last seen"]/>
                <SortableHeader label="Created" href=it.by_created sorted=by_created/>
            };
            view! {
                <Table label="Users" heads=heads.into_any()>
                    {it.users.into_iter().map(|it| row(it, now)).collect_view()}
                </Table>
            }
                .into_any()
        }}
        <Pagination
            label="Pages of users"
            first=it.first.map(|it| (it, "First"))
            next=it.next.map(|it| (it, "Next"))
        />
    }
}

/// Renders the filter as a GET form: it needs no script, and the resulting URL can be bookmarked.
#[component]
fn Filter(query: UserQuery, roles: Vec<(String, String)>) -> impl IntoView {
    let UserQuery { q, state, role, sort, .. } = query;
    let states = [
        ("", "Any state"),
        ("disabled", "Disabled"),
        ("unverified", "Address not proven"),
        ("deleting", "About to go"),
    ];
    let state = states
        .map(|(word, text)| view! { <option value=word selected=word == state>{text}</option> });
    let any = std::iter::once((String::new(), "Any role".to_owned()));
    let role = any.chain(roles).map(|(id, name)| {
        let is_chosen = id == role;
        view! { <option value=id selected=is_chosen>{name}</option> }
    });
    view! {
        <form class="filter" method="get" action="/admin/users" role="search">
            <label class="visually-hidden" for="q">"Words of an address or a name"</label>
            <input id="q" name="q" type="search" value=q placeholder="Address or name" autocomplete="off"/>
            <label class="visually-hidden" for="state">"State"</label>
            <select id="state" name="state">{state.collect_view()}</select>
            <label class="visually-hidden" for="role">"Role"</label>
            <select id="role" name="role">{role.collect_view()}</select>
            {(!sort.is_empty()).then(|| view! { <input type="hidden" name="sort" value=sort/> })}
            <button type="submit" class="button">"Find users"</button>
        </form>
    }
}

fn row(it: UserRow, now: i64) -> impl IntoView {
    let href = format!("/admin/user?id={}", it.id);
    let email = it.email.unwrap_or_else(|| "No address".to_owned());
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
    let badge = |text: String| view! { <span class="badge">{text}</span> }.into_any();
    let disabled = match it.disabled_until {
        Some(at) => format!("Disabled until {}", utc(at)),
        None => "Disabled".to_owned(),
    };
    let all = [
        it.is_disabled.then_some(disabled),
        (!it.is_verified).then(|| "Address not proven".to_owned()),
        it.deletes_at.map(|at| format!("Goes {}", utc(at))),
    ];
    all.into_iter().flatten().map(badge).collect()
}
