//! `/dashboard/sessions`.

use leptos::prelude::*;
use leptos::server_fn::ServerFn as _;

use super::{
    EndImpersonation, EndOtherSessions, EndSession, RevokeAllTrust, RevokeTrust, SessionList,
    SessionView, SignOut, TrustedBrowserView, list_sessions, text,
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

/// Renders a checkbox that also ends all other sessions.
#[component]
pub fn EndOthersBox() -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name="end_others"/>
            <span>{text::ALSO_END_OTHERS}</span>
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
    let revoking = provide_submissions::<RevokeTrust>("id");
    let revoking_all = provide_submission::<RevokeAllTrust>();
    let all = [ending, ending_others, revoking, revoking_all];
    let done = Memo::new(move |_| all.iter().map(|it| it.done.get()).sum::<usize>());
    let list = Resource::new(move || done.get(), |_| list_sessions());
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
        {(!it.trusted.is_empty()).then(|| view! { <Trusted browsers=it.trusted now=now/> })}
    }
}

/// Lists the browsers in which signing in needs no second factor.
#[component]
fn Trusted(browsers: Vec<TrustedBrowserView>, now: i64) -> impl IntoView {
    let revoking_all = submission_of::<RevokeAllTrust>();
    view! {
        <section class="card">
            <h2>{text::TRUSTED}</h2>
            <p>{text::TRUSTED_LEAD}</p>
            <ul class="rows">
                {move || {
                    let browsers = browsers.clone().into_iter();
                    browsers.map(|it| view! { <TrustedBrowser browser=it now=now/> }).collect_view()
                }}
            </ul>
            <Confirm summary=text::REVOKE_ALL explanation=text::REVOKE_ALL_CONFIRMATION>
                <Form submission=revoking_all>
                    <Submit
                        submission=revoking_all
                        label=text::REVOKE_ALL
                        busy=text::REVOKING
                        class="button danger"
                    />
                </Form>
            </Confirm>
        </section>
    }
}

#[component]
fn TrustedBrowser(browser: TrustedBrowserView, now: i64) -> impl IntoView {
    let revoking = submission_named::<RevokeTrust>(browser.id.clone());
    view! {
        <li class="card row">
            <div class="row-body">
                <h3>{browser.device.to_string()}</h3>
                <p class="address">{browser.address}</p>
                <p class="hint">
                    {text::TRUSTED_AT} " " <Moment at=browser.created_at now=now/>
                    {text::trusted_until(&utc(browser.expires_at))}
                </p>
            </div>
            <Form submission=revoking>
                <input type="hidden" name="id" value=browser.id/>
                <Submit
                    submission=revoking
                    label=text::REVOKE
                    busy=text::REVOKING
                    class="button quiet"
                />
            </Form>
        </li>
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
