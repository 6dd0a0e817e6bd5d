//! Changes a user's profile.

use crate::server::context::YEAR;
use crate::server::feature::AppCookie;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::user::{Appearance, DisplayName, server};

/// Changes the name of the signed-in user.
pub async fn rename(app: &App, user: &SignedIn, name: &DisplayName) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    lock_signed_in(app, &mut tx, user).await?;
    server::rename(&mut tx, &user.user_id, name, app.clock.now()).await?;
    tx.commit().await
}

/// The cookie that holds the appearance of pages in this browser.
pub static APPEARANCE: AppCookie = AppCookie {
    name: "portcullis-appearance",
    is_well_formed: |_| true,
    is_ours: |_, word| Box::pin(async move { Ok(Appearance::from_word(word).as_str() == word) }),
    ends_with_session: false,
};

/// Saves the appearance in a cookie, so that pages have the right colours from the first byte.
pub fn remember_appearance(cx: &Context, word: &str) {
    cx.set(&APPEARANCE, Appearance::from_word(word).as_str().to_owned(), YEAR);
}
