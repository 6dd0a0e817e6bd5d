//! What a browser signed in with last, so that its next sign-in begins with that.

use crate::proof::Method;
use crate::proof::server::Proofs;
use crate::server::context::YEAR;
use crate::server::feature::AppCookie;
use crate::server::{App, Context};

/// The word of the method. It says nothing about the user.
pub static LAST_METHOD: AppCookie = AppCookie {
    name: "portcullis-method",
    is_well_formed: |_| true,
    is_ours: |app, word| Box::pin(async move { Ok(is_possible(app, word)) }),
    ends_with_session: false,
};

const PROVIDER: &str = "provider:";

/// Remembers the first factor with which this browser signed in.
pub(super) fn remember(cx: &Context, proofs: &Proofs) {
    let word = match proofs.first_factor() {
        Some(Method::Password) => "password".to_owned(),
        Some(Method::Passkey { .. }) => "passkey".to_owned(),
        Some(Method::Email) => "email".to_owned(),
        Some(Method::Provider { name, .. }) => format!("{PROVIDER}{name}"),
        _ => return,
    };
    cx.set(&LAST_METHOD, word, YEAR);
}

/// The last method of a browser, as its page needs it.
pub struct LastMethod {
    /// Among providers, password, passkey and mail; 0 if it is unknown.
    pub position: u16,
    pub provider: Option<String>,
}

/// Returns what this browser used last, if that is still possible.
#[must_use]
pub fn last_method(cx: &Context) -> LastMethod {
    let word = cx.get(&LAST_METHOD).filter(|it| is_possible(&cx.app, it)).unwrap_or_default();
    let position = match word.as_str() {
        "password" => 1,
        "passkey" => 2,
        "email" => 3,
        _ => 0,
    };
    LastMethod { position, provider: word.strip_prefix(PROVIDER).map(str::to_owned) }
}

fn is_possible(app: &App, word: &str) -> bool {
    match word {
        "password" => true,
        "passkey" => app.config.site.relying_party_id().is_some(),
        "email" => app.config.sign_in.by_mail,
        _ => word.strip_prefix(PROVIDER).is_some_and(|it| app.providers.find(it).is_some()),
    }
}
