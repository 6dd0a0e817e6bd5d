//! The words of email addresses and names, by which users are found. They are written in the same transaction
//! as the email address or name.

use crate::args;
use crate::server::Error;
use crate::server::db::query::Query;
use crate::server::db::{Db, Tx};
use crate::server::timekeeper;
use crate::text::nfc;
use crate::user::server::UserId;

/// In bytes. Longer words are cut to this length.
const MAX_LENGTH: usize = 40;

/// The most words that are stored for a user and used in a search.
const MAX_WORDS: usize = 24;

const FIND: &str = "
    SELECT COALESCE(email_key, ''), display_name
    FROM users
    WHERE id = $1";

const CLEAR: &str = "
    DELETE FROM user_words
    WHERE user_id = $1";

const HAS_WORDS: &str = "
    SELECT COUNT(*)
    FROM (SELECT 1 FROM user_words LIMIT 1) w";

const LIST: &str = "
    SELECT id
    FROM users
    WHERE id > $1
    ORDER BY id
    LIMIT 500";

/// Splits a text into search words: its distinct runs of letters and digits, in lower case and in NFC.
#[must_use]
pub fn of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in nfc(text).split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()) {
        let mut word = word.to_lowercase();
        let mut end = word.len().min(MAX_LENGTH);
        while !word.is_char_boundary(end) {
            end -= 1;
        }
        word.truncate(end);
        if words.len() < MAX_WORDS && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Rewrites a user's words from the user's current row.
pub async fn write(tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    let (email, name): (String, String) = tx.fetch_one(FIND, args![user_id.as_str()]).await?;
    tx.execute(CLEAR, args![user_id.as_str()]).await?;
    let words = of(&format!("{email} {name}"));
    if words.is_empty() {
        return Ok(());
    }
    let mut insert = Query::new("INSERT INTO user_words (word, user_id) VALUES ");
    for (n, word) in words.into_iter().enumerate() {
        insert.sql(if n == 0 { "(" } else { ", (" });
        insert.bind(word).sql(", ").bind(user_id.as_str()).sql(")");
    }
    insert.execute_in(tx).await.map(drop)
}

/// Writes the words of all users if the table is empty, as it is when the users are older than the table.
pub async fn fill(db: &Db) -> Result<(), Error> {
    let mut tx = db.begin().await?;
    // If two processes start together, only one fills the table.
    timekeeper::lock(&mut tx).await?;
    let found: i64 = tx.scalar(HAS_WORDS, args![]).await?;
    if found > 0 {
        return Ok(());
    }
    let mut after = String::new();
    loop {
        let ids: Vec<String> = tx.scalar_all(LIST, args![&after]).await?;
        let Some(last) = ids.last() else { break };
        after.clone_from(last);
        for id in ids {
            write(&mut tx, &id.into()).await?;
        }
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_split_into_lowercase_composed_words() {
        assert_eq!(
            of("ada.lovelace+x@example.com Ada Lovelace"),
            ["ada", "lovelace", "x", "example", "com"]
        );
        assert_eq!(of("Größe, ÉTÉ"), ["größe", "été"]);
        assert_eq!(of("Gro\u{308}ße, E\u{301}TE\u{301}"), ["größe", "été"]);
        assert!(of("@.-_ ").is_empty());
    }

    proptest! {
        #[test]
        fn words_are_few_short_and_not_empty(text in "\\PC{0,400}") {
            let words = of(&text);
            prop_assert!(words.len() <= MAX_WORDS);
            for word in &words {
                prop_assert!(!word.is_empty() && word.len() <= MAX_LENGTH);
            }
        }
    }
}
