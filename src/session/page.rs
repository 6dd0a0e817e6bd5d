//! `/dashboard/sessions`.

use leptos::prelude::*;
use leptos::server_fn::ServerFn as _;

use super::{
    EndImpersonation, EndOtherSessions, EndSession, SessionList, SessionView, SignOut,
    list_sessions, text,
};
use crate::form::{provide_submission, provide_submissions, submission_named, submission_of};
use crate::lazy_page;
use crate::text::utc;
use crate::ui::{Alert, Confirm, Form, Loaded, Moment, PageTitle, Submit};

/// Submits a real form, with or without scripts, so that nothing of the account stays in the page.
#[component]
pub fn SignOutButton() -> impl IntoView {
    view! {
        <form method="post" action=SignOut::PATH>
            <button type="submit" class="button quiet">{text::SIGN_OUT}</button>
        </form>
    }
}

/// Provides the action that an [`ImpersonationBanner`] needs.
pub fn provide_impersonation() {
    provide_submission::<EndImpersonation>();
}

/// Tells an administrator which user they impersonate, and ends the impersonation.
#[component]
pub fn ImpersonationBanner(name: String, email: Option<String>, until: i64) -> impl IntoView {
    // Users choose their names themselves, so a name alone does not identify them.
    let email = email.filter(|it| *it != name).map(|it| format!(" ({it})"));
    let submission = submission_of::<EndImpersonation>();
    view! {
        <section class="banner warning" aria-label=text::IMPERSONATION>
            <p>
                {text::IMPERSONATING} " " <strong>{name}</strong> {email} " "
                {text::impersonation_terms(&utc(until))}
            </p>
            // A real form, with or without scripts, so that nothing of the other account stays in the page.
            <form method="post" action=EndImpersonation::PATH>
                <Alert submission=submission/>
                <button type="submit" class="button">{text::END_IMPERSONATION}</button>
            </form>
        </section>
    }
}

/// Renders the box with which a change of factors also ends all other sessions.
#[component]
pub fn EndOthersBox() -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name="end_others"/>
            <span>{text::END_OTHERS}</span>
        </label>
    }
}

lazy_page!(
    /// `/dashboard/sessions`.
    SessionsPage => sessions_page
);

fn sessions_page() -> impl IntoView {
    let ending = provide_submissions::<EndSession>("id");
    let ending_others = provide_submission::<EndOtherSessions>();
    let done = (ending.done, ending_others.done);
    let list = Resource::new(move || (done.0.get(), done.1.get()), |_| list_sessions());
    view! {
        <PageTitle text=text::TITLE/>
        <p class="lead">{text::LEAD}</p>
        <Loaded data=list view=sessions/>
    }
}

fn sessions(it: SessionList) -> impl IntoView {
    let now = it.now;
    let has_others = it.sessions.len() > 1;
    view! {
        <ul class="rows">
            // A function, so that a reloaded list rebuilds its rows. Otherwise, when a row goes, the next one
            // would inherit its open state.
            {move || {
                let sessions = it.sessions.clone().into_iter();
                sessions.map(|it| view! { <Session session=it now=now/> }).collect_view()
            }}
        </ul>
        {if has_others {
            view! { <EndOthers/> }.into_any()
        } else {
            view! { <p class="hint">{text::NO_OTHERS}</p> }.into_any()
        }}
    }
}

#[component]
fn Session(session: SessionView, now: i64) -> impl IntoView {
    let ending = submission_named::<EndSession>(session.id.clone());
    let what = session.device().to_string();
    let explanation = text::end_confirmation(&what);
    let by = session.signed_in_with();
    view! {
        <li class="card row">
            <div class="row-body">
                <h2>
                    {what}
                    {session.is_this_browser.then(|| view! { <span class="badge">{text::THIS_BROWSER}</span> })}
                </h2>
                <p class="address">{session.address}</p>
                <p class="hint">
                    {by} " " <Moment at=session.created_at now=now/> {text::LAST_SEEN} " "
                    <Moment at=session.seen_at now=now/>
                </p>
            </div>
            {(!session.is_this_browser).then(|| view! {
                <Confirm summary=text::END explanation=explanation>
                    <Form submission=ending>
                        <input type="hidden" name="id" value=session.id/>
                        <Submit
                            submission=ending
                            label=text::END
                            busy=text::ENDING
                            class="button danger"
                        />
                    </Form>
                </Confirm>
            })}
        </li>
    }
}

#[component]
fn EndOthers() -> impl IntoView {
    let ending_others = submission_of::<EndOtherSessions>();
    view! {
        <Confirm summary=text::END_OTHERS explanation=text::END_OTHERS_CONFIRMATION>
            <Form submission=ending_others>
                <Submit
                    submission=ending_others
                    label=text::END_OTHERS
                    busy=text::ENDING
                    class="button danger"
                />
            </Form>
        </Confirm>
    }
}
