//! Collects the data of the page.

mod suggestion;
mod text;

use super::{KeyView, Section, SectionLink, SecurityView};
use crate::authenticator_app::AuthenticatorAppView;
use crate::authenticator_app::server as apps;
use crate::passkey::PasskeyView;
use crate::passkey::server::{self as passkeys, relying_party};
use crate::paths::RECOVERY_CODES_PAGE;
use crate::recovery_code::server as recovery_codes;
use crate::second_factor_policy::server::Held;
use crate::server::config::in_words;
use crate::server::{App, Error};
use crate::session::server::{SignedIn, trusted};

const ADD_PASSKEY_PAGE: &str = "/dashboard/add-passkey";
const ADD_APP_PAGE: &str = "/dashboard/add-authenticator-app";

/// Returns the data of the security page, read in one snapshot.
pub async fn load(app: &App, user: &SignedIn) -> Result<SecurityView, Error> {
    let mut tx = app.db.snapshot().await?;
    let has_passkeys = relying_party::is_available(&app.config);
    let accepts_codes = app.config.second_factor.accept.includes_codes();
    let unused_codes = recovery_codes::count_unused(&mut tx, &user.user_id).await?;
    // During an impersonation, it is the administrator's.
    let due_at = user.second_factor_deadline(app).filter(|_| user.impersonator.is_none());
    let held = Held::of(&mut tx, &user.user_id).await?;
    let suggestion = if accepts_codes {
        suggestion::among_all(held.count() > 0, unused_codes, due_at)
    } else {
        suggestion::among_passkeys(held.accepted(app.config.second_factor.accept), due_at)
    };
    let mut sections = Vec::new();
    if has_passkeys {
        sections.push(of_passkeys(passkeys::of_user_in(&mut tx, &user.user_id).await?));
    }
    let apps = apps::of_user_in(&mut tx, &user.user_id).await?;
    if accepts_codes || !apps.is_empty() {
        sections.push(of_apps(apps, accepts_codes, has_passkeys));
    }
    if accepts_codes {
        sections.push(of_codes(unused_codes, held.count() > 0));
    }
    if let Some(period) = trusted::trust_period(app) {
        let browsers = trusted::count(app, &mut tx, &user.user_id, period).await?;
        sections.push(of_trusted_browsers(browsers, &in_words(period)));
    }
    Ok(SecurityView {
        suggestion: suggestion.map(|it| it.section(has_passkeys)),
        email: user.email.clone(),
        has_password: user.has_password(),
        sections,
        now: app.clock.now(),
    })
}

impl Section {
    fn new(title: &str, state: impl Into<String>) -> Self {
        Self { title: title.to_owned(), state: state.into(), keys: Vec::new(), link: None }
    }

    fn keys(self, keys: impl IntoIterator<Item = KeyView>) -> Self {
        Self { keys: keys.into_iter().collect(), ..self }
    }

    fn link(self, (path, label): (&str, &str)) -> Self {
        Self { link: Some(SectionLink { path: path.to_owned(), label: label.to_owned() }), ..self }
    }
}

fn of_passkeys(passkeys: Vec<PasskeyView>) -> Section {
    let state = if passkeys.is_empty() { text::NO_PASSKEYS } else { text::HAS_PASSKEYS };
    Section::new(text::PASSKEYS, state)
        .keys(passkeys.into_iter().map(of_passkey))
        .link((ADD_PASSKEY_PAGE, text::ADD_PASSKEY))
}

fn of_passkey(it: PasskeyView) -> KeyView {
    let PasskeyView { id, name, created_at, used_at, storage, is_disabled, is_automatic } = it;
    KeyView { id, name, created_at, used_at, storage: Some(storage), is_disabled, is_automatic }
}

fn of_apps(apps: Vec<AuthenticatorAppView>, are_accepted: bool, has_passkeys: bool) -> Section {
    let state = match (are_accepted, apps.is_empty(), has_passkeys) {
        (false, _, _) => text::APPS_NOT_ACCEPTED,
        (true, true, _) => text::NO_APPS,
        (true, false, true) => text::HAS_APPS_BESIDE_PASSKEYS,
        (true, false, false) => text::HAS_APPS,
    };
    let section = Section::new(text::APPS, state).keys(apps.into_iter().map(of_app));
    if are_accepted { section.link((ADD_APP_PAGE, text::ADD_APP)) } else { section }
}

fn of_app(it: AuthenticatorAppView) -> KeyView {
    let AuthenticatorAppView { id, name, created_at, used_at } = it;
    KeyView {
        id,
        name,
        created_at,
        used_at,
        storage: None,
        is_disabled: false,
        is_automatic: false,
    }
}

fn of_codes(unused: Option<i64>, has_factor: bool) -> Section {
    let (state, label) = match unused {
        Some(unused) => (text::unused_codes(unused), text::RENEW_CODES),
        None => (text::NO_CODES.to_owned(), text::CREATE_CODES),
    };
    if has_factor {
        Section::new(text::CODES, state).link((RECOVERY_CODES_PAGE, label))
    } else {
        Section::new(text::CODES, format!("{state} {}", text::CODES_NEED_FACTOR))
    }
}

fn of_trusted_browsers(browsers: i64, period: &str) -> Section {
    let section = Section::new(text::TRUSTED, text::trusted_browsers(browsers, period));
    if browsers > 0 { section.link(("/dashboard/sessions", text::MANAGE_TRUSTED)) } else { section }
}
