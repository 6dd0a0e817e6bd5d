//! Lists a user's sessions for pages and commands.

use super::{SignedIn, trusted};
use crate::args;
use crate::device::Device;
use crate::proof::server::Methods;
use crate::record;
use crate::server::clock::SKEW;
use crate::server::device;
use crate::server::{App, Error};
use crate::session::{SessionList, SessionView};
use crate::user::server::UserId;

const LIST: &str = "
    SELECT id, address, browser, created_at, seen_at, methods
    FROM sessions
    WHERE user_id = $1 AND expires_at > $2 AND epoch = $3 AND seen_at <= $4
    ORDER BY seen_at DESC, id DESC
    LIMIT 200";

record! {
    struct Row {
        id: String,
        address: String,
        browser: String,
        created_at: i64,
        seen_at: i64,
        methods: String,
    }
}

/// Lists the user's sessions: this browser first, then the most recently seen. At most 200.
pub async fn list(app: &App, user: &SignedIn) -> Result<SessionList, Error> {
    let now = app.clock.now();
    let rows: Vec<Row> =
        app.db.fetch_all(LIST, args![user.user_id.as_str(), now, user.epoch, now + SKEW]).await?;
    let mut sessions: Vec<_> =
        rows.into_iter().map(|row| row.view(app, &user.session_id)).collect();
    sessions.sort_by_key(|it| !it.is_this_browser);
    let trusted = trusted::list(app, &user.user_id).await?;
    Ok(SessionList { sessions, trusted, now })
}

const LIST_OF: &str = "
    SELECT s.id, s.address, s.browser, s.created_at, s.seen_at, s.methods
    FROM sessions s
    JOIN users u ON u.id = s.user_id AND u.session_epoch = s.epoch
    WHERE s.user_id = $1 AND s.expires_at > $2 AND s.seen_at <= $3
    ORDER BY s.seen_at DESC, s.id DESC
    LIMIT 200";

/// Lists the sessions of any user, most recently seen first. At most 200.
pub async fn list_of(app: &App, user_id: &UserId) -> Result<Vec<SessionView>, Error> {
    let now = app.clock.now();
    let rows: Vec<Row> =
        app.db.fetch_all(LIST_OF, args![user_id.as_str(), now, now + SKEW]).await?;
    Ok(rows.into_iter().map(|row| row.view(app, "")).collect())
}

impl Row {
    fn view(self, app: &App, this_session: &str) -> SessionView {
        let Device { browser, system } = device::describe(&self.browser);
        SessionView {
            browser,
            system,
            methods: Methods::from_words(&self.methods)
                .labelled(|name| app.config.provider_label(name)),
            is_this_browser: self.id == this_session,
            id: self.id,
            address: self.address,
            created_at: self.created_at,
            seen_at: self.seen_at,
        }
    }
}
