//! Which user the subject of a limit stands for.

use super::UserId;
use crate::on;
use crate::server::digest::digest;
use crate::server::{App, Error, limits};

/// How many users one query reads.
const AT_ONCE: i64 = 5000;

const LIST: &str = "
    SELECT id, email_key
    FROM users
    WHERE id > $1
    ORDER BY id
    LIMIT $2";

/// Whether a limit is counted for this user's account: by the digest of their email, by their id, or
/// by the digest of that where they have no email. What a browser of theirs is counted by has a part
/// that names it.
#[must_use]
pub fn is_of(subject: &str, user_id: &str, email_key: Option<&str>) -> bool {
    subject.split(' ').any(|part| {
        part == user_id
            || part == digest(user_id)
            || email_key.is_some_and(|it| part == limits::account_of(it))
    })
}

/// The user for whose account a limit is counted. A digest names nobody, so it is compared with all
/// users; none where it belongs to an email without an account, or to an IP address.
pub async fn find_owner(app: &App, subject: &str) -> Result<Option<UserId>, Error> {
    let mut after = String::new();
    loop {
        let rows: Vec<(String, Option<String>)> = on!(&app.db, db => sqlx::query_as(LIST)
            .bind(&after)
            .bind(AT_ONCE)
            .fetch_all(db)
            .await)?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        after.clone_from(last);
        // Off the threads that answer requests.
        let subject = subject.to_owned();
        let owner = tokio::task::spawn_blocking(move || {
            rows.into_iter().find(|(id, key)| is_of(&subject, id, key.as_deref()))
        })
        .await
        .map_err(std::io::Error::other)?;
        if let Some((id, _)) = owner {
            return Ok(Some(id.into()));
        }
    }
}
