//! `/dashboard/sessions`.

use leptos::prelude::*;

use super::{EndOtherSessions, EndSession, SessionList, SessionView, list_sessions};
use crate::form::{Submission, use_submission};
use crate::lazy_page;
use crate::ui::{Confirm, Form, Loaded, Moment, PageTitle, Submit};

/// The page's two actions, for what is rendered inside its list.
#[derive(Clone, Copy)]
struct Acts {
    end: ServerAction<EndSession>,
    ending: Submission,
    end_others: ServerAction<EndOtherSessions>,
    ending_others: Submission,
}

lazy_page!(
    /// `/dashboard/sessions`.
    SessionsPage => sessions_page
);

fn sessions_page() -> impl IntoView {
    let end = ServerAction::<EndSession>::new();
    let end_others = ServerAction::<EndOtherSessions>::new();
    let versions = (end.version(), end_others.version());
    let list = Resource::new(move || (versions.0.get(), versions.1.get()), |_| list_sessions());
    provide_context(Acts {
        end,
        ending: use_submission(end),
        end_others,
        ending_others: use_submission(end_others),
    });
    view! {
        <PageTitle text="Sessions"/>
        <p class="lead">"Browsers that are signed in to your account."</p>
        <Loaded data=list view=sessions/>
    }
}

fn sessions(it: SessionList) -> impl IntoView {
    let now = it.now;
    let has_others = it.sessions.len() > 1;
    view! {
        <ul class="rows">
            // By key, so that what was opened in one row is not open in the next when it goes.
            <For each=move || it.sessions.clone() key=|it| it.id.clone() let(it)>
                <Session session=it now=now/>
            </For>
        </ul>
        {if has_others {
            view! { <EndOthers/> }.into_any()
        } else {
            view! {
                <p class="hint">"No other browser is signed in to your account."</p>
            }
                .into_any()
        }}
    }
}

#[component]
fn Session(session: SessionView, now: i64) -> impl IntoView {
    let Acts { end, ending, .. } = expect_context::<Acts>();
    let (id, input) = (session.id.clone(), end.input());
    let ending = ending.only(Signal::derive(move || {
        input.with(|it| it.as_ref().is_none_or(|it| it.form.id.as_str() == id))
    }));
    let what = format!("{} on {}", session.browser, session.system);
    let explanation = format!("{what} will be signed out at once.");
    view! {
        <li class="card row">
            <div class="row-body">
                <h2>
                    {what}
                    {session.is_this_browser.then(|| view! { <span class="badge">"This browser"</span> })}
                </h2>
                <p class="address">{session.address}</p>
                <p class="hint">
                    "Signed in " <Moment at=session.created_at now=now/> ", last seen "
                    <Moment at=session.seen_at now=now/>
                </p>
            </div>
            {(!session.is_this_browser).then(|| view! {
                <Confirm summary="End session" explanation=explanation>
                    <Form action=end submission=ending>
                        <input type="hidden" name="id" value=session.id/>
                        <Submit submission=ending label="End session" busy="Ending…" class="button danger"/>
                    </Form>
                </Confirm>
            })}
        </li>
    }
}

#[component]
fn EndOthers() -> impl IntoView {
    let Acts { end_others, ending_others, .. } = expect_context::<Acts>();
    view! {
        <Confirm
            summary="End all other sessions"
            explanation="Every browser but this one will be signed out at once."
        >
            <Form action=end_others submission=ending_others>
                <Submit
                    submission=ending_others
                    label="End all other sessions"
                    busy="Ending…"
                    class="button danger"
                />
            </Form>
        </Confirm>
    }
}
