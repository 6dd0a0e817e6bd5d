//! `/dashboard/security`.

use leptos::prelude::*;

use super::actions::{self, key_row};
use super::{KeyView, SecurityView, Suggestion, load_security, text};
use crate::lazy_page;
use crate::password::{PasswordCard, provide_password};
use crate::paths::{RECOVERY_CODES_PAGE, use_query};
use crate::ui::{Loaded, PageTitle};
use crate::viewer::CurrentViewer;

const ADD_PASSKEY_PAGE: &str = "/dashboard/add-passkey";
const ADD_APP_PAGE: &str = "/dashboard/add-authenticator-app";

lazy_page!(
    /// Shows the password, passkeys, authenticator apps and recovery codes.
    SecurityPage => security_page
);

fn security_page() -> impl IntoView {
    let changing = provide_password();
    let of_keys = actions::provide();
    let CurrentViewer(viewer) = expect_context();
    // Reload the viewer: a user who just set a first password now has one.
    Effect::new(move |_| {
        if changing.done.get() > 0 {
            viewer.refetch();
        }
    });
    let security = Resource::new(move || (changing.done.get(), of_keys.get()), |_| load_security());
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=security view=cards/>
    }
}

fn cards(it: SecurityView) -> impl IntoView {
    let has_passkeys = it.passkeys.is_some();
    let has_factor = !it.apps.is_empty() || it.passkeys.as_ref().is_some_and(|it| !it.is_empty());
    view! {
        {(use_query().get_untracked("review") == "yes").then(|| view! { <ReviewCard/> })}
        {it.suggestion
            .map(|it| view! { <SuggestionCard suggestion=it has_passkeys=has_passkeys/> })}
        <PasswordCard email=it.email has_password=it.has_password/>
        {it.passkeys.map(|passkeys| passkeys_card(passkeys, it.now))}
        {(it.accepts_codes || !it.apps.is_empty())
            .then(|| apps_card(it.apps, it.now, it.accepts_codes))}
        {it.accepts_codes
            .then(|| view! { <CodesCard left=it.unused_codes has_factor=has_factor/> })}
    }
}

/// Asks a user who has just recovered the account to remove what isn't theirs.
#[component]
fn ReviewCard() -> impl IntoView {
    view! {
        <section class="card">
            <h2>{text::REVIEW}</h2>
            <p>{text::REVIEW_LEAD}</p>
            <a class="button" href="/dashboard/linked-accounts">{text::LINKED_ACCOUNTS}</a>
        </section>
    }
}

/// Shows the one change that would make the account safer next.
#[component]
fn SuggestionCard(suggestion: Suggestion, has_passkeys: bool) -> impl IntoView {
    let (href, label) = match suggestion {
        Suggestion::AddRequiredFactor { .. } | Suggestion::AddFactor if has_passkeys => {
            (ADD_PASSKEY_PAGE, text::ADD_PASSKEY)
        }
        Suggestion::AddSparePasskey => (ADD_PASSKEY_PAGE, text::ADD_PASSKEY),
        Suggestion::AddRequiredFactor { .. } | Suggestion::AddFactor => {
            (ADD_APP_PAGE, text::ADD_APP)
        }
        Suggestion::CreateRecoveryCodes => (RECOVERY_CODES_PAGE, text::CREATE_CODES),
        Suggestion::RenewRecoveryCodes => (RECOVERY_CODES_PAGE, text::RENEW_CODES),
    };
    view! {
        <section class="card">
            <h2>{text::SUGGESTION}</h2>
            <p>{text::suggestion(suggestion, has_passkeys)}</p>
            <a class="button primary" href=href>{label}</a>
        </section>
    }
}

fn passkeys_card(passkeys: Vec<KeyView>, now: i64) -> AnyView {
    let lead = if passkeys.is_empty() { text::NO_PASSKEYS } else { text::HAS_PASSKEYS };
    let adding = Some((ADD_PASSKEY_PAGE, text::ADD_PASSKEY));
    keys_card((text::PASSKEYS, lead), (passkeys, now), adding)
}

fn apps_card(apps: Vec<KeyView>, now: i64, is_accepted: bool) -> AnyView {
    let lead = match (is_accepted, apps.is_empty()) {
        (false, _) => text::APPS_NOT_ACCEPTED,
        (true, true) => text::NO_APPS,
        (true, false) => text::HAS_APPS,
    };
    let adding = is_accepted.then_some((ADD_APP_PAGE, text::ADD_APP));
    keys_card((text::APPS, lead), (apps, now), adding)
}

fn keys_card(
    (title, lead): (&'static str, &'static str),
    (keys, now): (Vec<KeyView>, i64),
    adding: Option<(&'static str, &'static str)>,
) -> AnyView {
    view! {
        <section class="card">
            <h2>{title}</h2>
            <p>{lead}</p>
            <ul class="rows">{keys.into_iter().map(|it| key_row(it, now)).collect_view()}</ul>
            {adding.map(|(href, label)| view! { <p><a class="button" href=href>{label}</a></p> })}
        </section>
    }
    .into_any()
}

#[component]
fn CodesCard(left: Option<i64>, has_factor: bool) -> impl IntoView {
    let (state, label) = match left {
        Some(left) => (text::unused_codes(left), text::RENEW_CODES),
        None => (text::NO_CODES.to_owned(), text::CREATE_CODES),
    };
    view! {
        <section class="card">
            <h2>{text::CODES}</h2>
            <p>{state}</p>
            {if has_factor {
                view! { <a class="button" href=RECOVERY_CODES_PAGE>{label}</a> }.into_any()
            } else {
                view! { <p class="hint">{text::CODES_NEED_FACTOR}</p> }.into_any()
            }}
        </section>
    }
}
