//! Searches and lists users for the administration.

use serde::Serialize;

use super::{UserId, words};
use crate::args;
use crate::form::RowId;
use crate::record;
use crate::server::db::query::Query;
use crate::server::{App, Error};
use crate::user::Email;

/// The most users that a search by words finds. With more matches, the administrator must narrow the search.
pub const MAX_MATCHES: i64 = 1000;

/// The filter and the order of a list of users.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Beginnings of words in email addresses and names.
    pub words: String,
    pub state: Option<UserState>,
    /// The id of a role that the users hold.
    pub role: Option<String>,
    pub sort: Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserState {
    Disabled,
    Unverified,
    /// Account deletion is pending.
    Deleting,
}

impl UserState {
    pub const ALL: [Self; 3] = [Self::Disabled, Self::Unverified, Self::Deleting];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Unverified => "unverified",
            Self::Deleting => "deleting",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Newest,
    Oldest,
    Email,
    EmailDescending,
}

impl Sort {
    pub const ALL: [Self; 4] = [Self::Newest, Self::Oldest, Self::Email, Self::EmailDescending];

    /// Returns the word used in URLs. A leading hyphen reverses the order.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "-created",
            Self::Oldest => "created",
            Self::Email => "email",
            Self::EmailDescending => "-email",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

record! {
    /// A user in a list. Times are in Unix seconds.
    #[derive(Clone, Debug, Serialize)]
    pub struct ListedUser {
        pub id: String,
        pub email: Option<String>,
        pub email_verified_at: Option<i64>,
        pub display_name: String,
        pub created_at: i64,
        pub disabled_at: Option<i64>,
        pub disabled_until: Option<i64>,
        pub disabled_reason: String,
        pub deletes_at: Option<i64>,
        /// The number of changes by administrators.
        pub revision: i64,
        /// The newest `seen_at` of the user's live sessions.
        pub seen_at: Option<i64>,
        /// The names of the user's roles, separated by spaces.
        pub roles: Option<String>,
    }
}

/// A page of the users that were found.
#[derive(Clone, Debug)]
pub struct UserPage {
    pub users: Vec<ListedUser>,
    /// The id after which the next page starts; `None` on the last page.
    pub next: Option<String>,
    /// Whether more users match than a search finds.
    pub is_truncated: bool,
}

const SELECT: &str = "
    SELECT u.id, u.email, u.email_verified_at, u.display_name, u.created_at, u.disabled_at,
        u.disabled_until, u.disabled_reason, u.deletes_at, u.revision,
        (SELECT MAX(s.seen_at) FROM sessions s WHERE s.user_id = u.id AND s.epoch = u.session_epoch)
            AS seen_at,
        (SELECT STRING_AGG(r.name, ' ') FROM user_roles x JOIN roles r ON r.id = x.role_id
            WHERE x.user_id = u.id) AS roles
    FROM users u
    WHERE 1 = 1";

const FIND_KEY: &str = "
    SELECT COALESCE(email_key, '')
    FROM users
    WHERE id = $1";

/// The greatest character. It ends the range of words that share a beginning.
const END: char = '\u{10FFFF}';

/// Adds a query for the users who have all of these words, at most one more than [`MAX_MATCHES`].
fn match_words<'a>(query: &mut Query<'a>, words: &'a [String]) {
    query.sql("SELECT a.user_id FROM user_words a WHERE ");
    // The longest word matches the fewest users.
    let mut words: Vec<_> = words.iter().collect();
    words.sort_by_key(|it| std::cmp::Reverse(it.len()));
    for (n, word) in words.iter().enumerate() {
        let end = format!("{word}{END}");
        if n == 0 {
            query.sql("a.word >= ").bind(word.as_str()).sql(" AND a.word < ").bind(end);
        } else {
            query.sql(" AND EXISTS (SELECT 1 FROM user_words b WHERE b.user_id = a.user_id AND ");
            query.sql("b.word >= ").bind(word.as_str()).sql(" AND b.word < ").bind(end).sql(")");
        }
    }
    query.sql(" ORDER BY a.word, a.user_id LIMIT ").bind(MAX_MATCHES + 1);
}

/// Returns the page of users after the named one, or `None` if that user does not exist.
pub async fn find(
    app: &App,
    filter: &UserFilter,
    after: &str,
    limit: usize,
) -> Result<Option<UserPage>, Error> {
    let id = RowId::from(after.to_owned());
    let key: Option<String> = match after {
        "" => Some(String::new()),
        _ => app.db.scalar_optional(FIND_KEY, args![id.as_str()]).await?,
    };
    let Some(key) = key else { return Ok(None) };
    // Email addresses are stored with the domain in ASCII, so search for that form.
    let address = filter.words.parse::<Email>();
    let search_words = words::of(address.as_ref().map_or(&filter.words, Email::as_str));
    let mut query = Query::new(SELECT);
    narrow(&mut query, filter, &search_words);
    start_after(&mut query, filter.sort, after, &key);
    order(&mut query, filter.sort, !search_words.is_empty());
    query.sql(" LIMIT ").bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
    let mut users: Vec<ListedUser> = query.fetch_all(&app.db).await?;
    let has_more = users.len() > limit;
    users.truncate(limit);
    let next = users.last().filter(|_| has_more).map(|it| it.id.clone());
    Ok(Some(UserPage { is_truncated: is_truncated(app, &search_words).await?, users, next }))
}

fn narrow<'a>(query: &mut Query<'a>, filter: &'a UserFilter, search_words: &'a [String]) {
    if !search_words.is_empty() {
        query.sql(" AND u.id IN (");
        match_words(query, search_words);
        query.sql(")");
    }
    match filter.state {
        Some(UserState::Disabled) => query.sql(" AND u.disabled_at IS NOT NULL"),
        Some(UserState::Unverified) => query.sql(" AND u.email_verified_at IS NULL"),
        Some(UserState::Deleting) => query.sql(" AND u.deletes_at IS NOT NULL"),
        None => query,
    };
    if let Some(role) = &filter.role {
        query.sql(" AND u.id IN (SELECT user_id FROM user_roles WHERE role_id = ");
        query.bind(role).sql(")");
    }
}

/// Adds the condition for the users after `after`, if it names one.
fn start_after<'a>(query: &mut Query<'a>, sort: Sort, after: &'a str, key: &'a str) {
    if after.is_empty() {
        return;
    }
    match sort {
        Sort::Newest => query.sql(" AND u.id < ").bind(after),
        Sort::Oldest => query.sql(" AND u.id > ").bind(after),
        Sort::Email | Sort::EmailDescending => {
            let sign = if sort == Sort::Email { " > (" } else { " < (" };
            query.sql(" AND (COALESCE(u.email_key, ''), u.id)").sql(sign);
            query.bind(key).sql(", ").bind(after).sql(")")
        }
    };
}

/// Adds the order. A search sorts by an expression, which has no index: with one, PostgreSQL would read all
/// users in its order until it had met enough of those that the search found.
fn order(query: &mut Query<'_>, sort: Sort, is_search: bool) {
    let no_index = if is_search { " || ''" } else { "" };
    let (key, end) = match sort {
        Sort::Newest => ("u.id", " DESC"),
        Sort::Oldest => ("u.id", ""),
        Sort::Email => ("COALESCE(u.email_key, '')", ", u.id"),
        Sort::EmailDescending => ("COALESCE(u.email_key, '')", " DESC, u.id DESC"),
    };
    query.sql(" ORDER BY ").sql(key).sql(no_index).sql(end);
}

async fn is_truncated(app: &App, search_words: &[String]) -> Result<bool, Error> {
    if search_words.is_empty() {
        return Ok(false);
    }
    let mut query = Query::new("SELECT COUNT(*) FROM (");
    match_words(&mut query, search_words);
    query.sql(") w");
    let counted: Vec<(i64,)> = query.fetch_all(&app.db).await?;
    Ok(counted.first().is_some_and(|it| it.0 > MAX_MATCHES))
}

/// Finds one user, with the columns of a list.
pub async fn find_one(app: &App, user_id: &UserId) -> Result<Option<ListedUser>, Error> {
    let mut query = Query::new(SELECT);
    query.sql(" AND u.id = ").bind(user_id.as_str());
    Ok(query.fetch_all(&app.db).await?.pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_orders_and_states_round_trip_through_their_words() {
        for sort in Sort::ALL {
            assert_eq!(Sort::from_word(sort.as_str()), Some(sort));
        }
        for state in UserState::ALL {
            assert_eq!(UserState::from_word(state.as_str()), Some(state));
        }
        assert_eq!((Sort::from_word("name"), UserState::from_word("")), (None, None));
    }
}
