//! Data of the user list.

use url::form_urlencoded::Serializer;

use super::{ListNote, UserList, UserQuery, UserRow, UserStatus};
use crate::role::server::list as list_roles;
use crate::server::{App, Error};
use crate::user::server::search::{self, ListedUser, Sort, UserFilter, UserState};

/// Users per page.
const PAGE: usize = 50;

/// Returns a page of users. Unknown values in the query are ignored and reported as notes.
pub async fn list(app: &App, query: UserQuery) -> Result<UserList, Error> {
    let roles: Vec<(String, String)> =
        list_roles(app).await?.into_iter().map(|it| (it.id, it.name)).collect();
    let mut notes = Vec::new();
    let role = roles.iter().find(|it| it.0 == query.role).map(|it| it.0.clone());
    let state = UserState::from_word(&query.state);
    if role.is_none() && !query.role.is_empty() || state.is_none() && !query.state.is_empty() {
        notes.push(ListNote::UnknownFilter);
    }
    let sort = Sort::from_word(&query.sort);
    if sort.is_none() && !query.sort.is_empty() {
        notes.push(ListNote::UnknownSort);
    }
    let words: String = query.q.chars().take(200).collect();
    let filter = UserFilter { words, state, role, sort: sort.unwrap_or_default() };
    let mut after = query.after.clone();
    let mut found = search::find(app, &filter, &after, PAGE).await?;
    if found.is_none() {
        notes.push(ListNote::UnknownPosition);
        after = String::new();
        found = search::find(app, &filter, "", PAGE).await?;
    }
    let (users, next, is_truncated) =
        found.map(|it| (it.users, it.next, it.is_truncated)).unwrap_or_default();
    if is_truncated {
        notes.push(ListNote::Truncated);
    }
    let query = UserQuery {
        q: filter.words.clone(),
        state: state.map_or("", UserState::as_str).to_owned(),
        role: filter.role.clone().unwrap_or_default(),
        sort: sort.map_or("", Sort::as_str).to_owned(),
        after,
    };
    let (email, created) = match filter.sort {
        Sort::Email => (Sort::EmailDescending, Sort::Newest),
        Sort::Newest => (Sort::Email, Sort::Oldest),
        Sort::EmailDescending | Sort::Oldest => (Sort::Email, Sort::Newest),
    };
    let now = app.clock.now();
    Ok(UserList {
        users: users.into_iter().map(|it| row(it, now)).collect(),
        first: (!query.after.is_empty()).then(|| path(&query, None, "")),
        next: next.map(|it| path(&query, None, &it)),
        by_email: path(&query, Some(email), ""),
        by_created: path(&query, Some(created), ""),
        query,
        notes,
        roles,
        now,
    })
}

/// Returns the path of this list with another order or position.
fn path(query: &UserQuery, sort: Option<Sort>, after: &str) -> String {
    let mut fields = Serializer::new(String::new());
    let sort = match sort {
        Some(sort) => sort.as_str(),
        None => &query.sort,
    };
    for (name, value) in [
        ("q", query.q.as_str()),
        ("state", &query.state),
        ("role", &query.role),
        ("sort", sort),
        ("after", after),
    ] {
        if !value.is_empty() {
            fields.append_pair(name, value);
        }
    }
    match fields.finish().as_str() {
        "" => "/admin/users".to_owned(),
        fields => format!("/admin/users?{fields}"),
    }
}

/// Summarises a user's state.
#[must_use]
pub fn status(it: &ListedUser, now: i64) -> UserStatus {
    UserStatus {
        is_verified: it.email_verified_at.is_some(),
        is_disabled: it.disabled_at.is_some() && it.disabled_until.is_none_or(|at| at > now),
        disabled_until: it.disabled_until,
        deletes_at: it.deletes_at,
    }
}

fn row(it: ListedUser, now: i64) -> UserRow {
    UserRow {
        status: status(&it, now),
        roles: it.roles.iter().flat_map(|it| it.split(' ')).map(str::to_owned).collect(),
        id: it.id,
        email: it.email,
        name: it.display_name,
        seen_at: it.seen_at,
        created_at: it.created_at,
    }
}
