//! The rows of passkeys and authenticator apps, and the forms on them.

use leptos::prelude::*;

use super::text;
use crate::authenticator_app::{AuthenticatorAppView, RemoveAuthenticatorApp};
use crate::form::{Submission, provide_submissions, submission_named};
use crate::passkey::{
    EnablePasskey, PasskeyStorage, PasskeyView, RemovePasskey, RenamePasskey,
    keep_authenticators_current,
};
use crate::session::EndOthersBox;
use crate::ui::{Confirm, Field, Form, Moment, Submit};

/// Provides all forms of the rows. The returned number grows when one was successful.
pub fn provide() -> Memo<usize> {
    let all = [
        provide_submissions::<RemoveAuthenticatorApp>("id"),
        provide_submissions::<RenamePasskey>("id"),
        provide_submissions::<RemovePasskey>("id"),
        provide_submissions::<EnablePasskey>("id"),
    ];
    let done = Memo::new(move |_| all.iter().map(|it| it.done.get()).sum::<usize>());
    Effect::new(move |before: Option<usize>| {
        let done = done.get();
        if before.is_some_and(|before| done > before) {
            keep_authenticators_current();
        }
        done
    });
    done
}

/// What the row of a passkey or an authenticator app shows.
struct Key {
    id: String,
    name: String,
    created_at: i64,
    used_at: Option<i64>,
    is_disabled: bool,
    /// Where it is kept; empty if that is not known.
    storage: &'static str,
    removing: Submission,
    remove: &'static str,
    remove_explanation: String,
}

/// Shows a passkey.
pub fn passkey_row(passkey: PasskeyView, now: i64) -> AnyView {
    let PasskeyView { id, name, created_at, used_at, storage, is_disabled } = passkey;
    let renaming = rename_form(id.clone(), name.clone());
    let enabling = is_disabled.then(|| enable_form(id.clone()));
    let key = Key {
        removing: submission_named::<RemovePasskey>(id.clone()),
        remove: text::REMOVE_PASSKEY,
        remove_explanation: text::passkey_removal(&name),
        storage: match storage {
            PasskeyStorage::Synced => text::SYNCED,
            PasskeyStorage::NotSynced => text::NOT_SYNCED,
            PasskeyStorage::DeviceBound => text::DEVICE_BOUND,
        },
        id,
        name,
        created_at,
        used_at,
        is_disabled,
    };
    row(key, now, view! { {enabling} {renaming} }.into_any())
}

/// Shows an authenticator app.
pub fn app_row(app: AuthenticatorAppView, now: i64) -> AnyView {
    let AuthenticatorAppView { id, name, created_at, used_at } = app;
    let key = Key {
        removing: submission_named::<RemoveAuthenticatorApp>(id.clone()),
        remove: text::REMOVE_APP,
        remove_explanation: text::app_removal(&name),
        storage: "",
        id,
        name,
        created_at,
        used_at,
        is_disabled: false,
    };
    row(key, now, ().into_any())
}

fn row(key: Key, now: i64, forms: AnyView) -> AnyView {
    let removing = key.removing;
    let used = match key.used_at {
        Some(at) => view! { {text::LAST_USED} " " <Moment at=at now=now/> }.into_any(),
        None => text::NEVER_USED.into_any(),
    };
    view! {
        <li class="card row">
            <div class="row-body">
                <h3>
                    {key.name}
                    {key.is_disabled.then(|| view! { <span class="badge">{text::DISABLED}</span> })}
                </h3>
                {(!key.storage.is_empty()).then(|| view! { <p class="hint">{key.storage}</p> })}
                <p class="hint">{text::ADDED} " " <Moment at=key.created_at now=now/> {used}</p>
                {key.is_disabled.then(|| view! { <p>{text::DISABLED_REASON}</p> })}
            </div>
            {forms}
            <Confirm
                summary=key.remove
                explanation=key.remove_explanation
                open=removing.flashed
            >
                <Form submission=removing>
                    <input type="hidden" name="id" value=key.id/>
                    <EndOthersBox/>
                    <Submit
                        submission=removing
                        label=key.remove
                        busy=text::REMOVING
                        class="button danger"
                    />
                </Form>
            </Confirm>
        </li>
    }
    .into_any()
}

fn enable_form(id: String) -> AnyView {
    let enabling = submission_named::<EnablePasskey>(id.clone());
    view! {
        <Form submission=enabling>
            <input type="hidden" name="id" value=id/>
            <Submit submission=enabling label=text::ENABLE busy=text::ENABLING class="button"/>
        </Form>
    }
    .into_any()
}

fn rename_form(id: String, name: String) -> AnyView {
    let field_id = format!("name-{id}");
    let renaming = submission_named::<RenamePasskey>(id.clone());
    view! {
        <Confirm summary=text::RENAME explanation=text::RENAME_LEAD open=renaming.flashed>
            <Form submission=renaming>
                <input type="hidden" name="id" value=id/>
                <Field
                    submission=renaming
                    id=field_id
                    name="passkey_name"
                    label=text::NAME
                    autocomplete="off"
                    value=name
                />
                <Submit submission=renaming label=text::SAVE busy=text::SAVING class="button"/>
            </Form>
        </Confirm>
    }
    .into_any()
}
