//! The rows of passkeys and authenticator apps, and the forms on them.

use leptos::prelude::*;

use super::{KeyView, text};
use crate::authenticator_app::RemoveAuthenticatorApp;
use crate::form::{provide_submissions, submission_named};
use crate::passkey::{EnablePasskey, RemovePasskey, RenamePasskey, keep_authenticators_current};
use crate::session::EndOthersBox;
use crate::ui::{Confirm, Field, Form, Moment, Submit};

/// Provides all forms of the rows. The returned number grows when one was successful.
pub fn provide() -> Memo<usize> {
    let removing = provide_submissions::<RemovePasskey>("id");
    let all = [
        removing,
        provide_submissions::<RemoveAuthenticatorApp>("id"),
        provide_submissions::<RenamePasskey>("id"),
        provide_submissions::<EnablePasskey>("id"),
    ];
    Effect::new(move |_| {
        if removing.done.get() > 0 {
            keep_authenticators_current(true);
        }
    });
    Memo::new(move |_| all.iter().map(|it| it.done.get()).sum::<usize>())
}

/// Shows a passkey or an authenticator app.
pub fn key_row(key: KeyView, now: i64) -> AnyView {
    let KeyView { id, name, created_at, used_at, storage, is_disabled, is_automatic } = key;
    let enabling = is_disabled.then(|| enable_form(id.clone()));
    let renaming = storage.map(|_| rename_form(id.clone(), name.clone()));
    let (removing, remove, explanation) = if storage.is_some() {
        let removing = submission_named::<RemovePasskey>(id.clone());
        (removing, text::REMOVE_PASSKEY, text::passkey_removal(&name))
    } else {
        let removing = submission_named::<RemoveAuthenticatorApp>(id.clone());
        (removing, text::REMOVE_APP, text::app_removal(&name))
    };
    let used = match used_at {
        Some(at) => view! { {text::LAST_USED} " " <Moment at=at now=now/> }.into_any(),
        None => text::NEVER_USED.into_any(),
    };
    view! {
        <li class="card row">
            <div class="row-body">
                <h3>
                    {name}
                    {is_disabled.then(|| view! { <span class="badge">{text::DISABLED}</span> })}
                </h3>
                {storage.map(|it| view! { <p class="hint">{text::storage(it)}</p> })}
                <p class="hint">{text::ADDED} " " <Moment at=created_at now=now/> {used}</p>
                {is_automatic.then(|| view! { <p class="hint">{text::AUTOMATIC}</p> })}
                {is_disabled.then(|| view! { <p>{text::DISABLED_REASON}</p> })}
            </div>
            {enabling}
            {renaming}
            <Confirm summary=remove explanation=explanation open=removing.flashed>
                <Form submission=removing>
                    <input type="hidden" name="id" value=id/>
                    <EndOthersBox/>
                    <Submit
                        submission=removing
                        label=remove
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
            <EndOthersBox/>
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
