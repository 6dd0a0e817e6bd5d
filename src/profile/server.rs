//! Changing what the profile says.

use crate::server::context::YEAR;
use crate::server::feature::AppCookie;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_alive};
use crate::user::{Appearance, DisplayName, server};

/// Gives the user who is signed in another name.
pub async fn rename(app: &App, user: &SignedIn, name: &DisplayName) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    lock_alive(app, &mut tx, user).await?;
    server::rename(&mut tx, &user.user_id, name, app.clock.now()).await?;
    tx.commit().await
}

/// How pages look in this browser.
pub static APPEARANCE: AppCookie = AppCookie {
    name: "portcullis-appearance",
    has_form: |_| true,
    is_ours: |_, word| Box::pin(async move { Ok(Appearance::from_word(word).as_str() == word) }),
    ends_with_session: false,
};

/// Keeps the appearance in a cookie, so that the first byte is coloured right.
pub fn remember_appearance(cx: &Context, word: &str) {
    cx.set(&APPEARANCE, Appearance::from_word(word).as_str().to_owned(), YEAR);
}
