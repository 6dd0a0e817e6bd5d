//! `/dashboard/sessions`.

use leptos::prelude::*;
use leptos_router::{LazyRoute, lazy_route};

use super::{EndOtherSessions, EndSession, SessionList, SessionView, list_sessions};
use crate::error::AppError;
use crate::form::{Submission, use_submission};
use crate::ui::{Confirm, Form, Loaded, Moment, PageTitle, Submit};

/// `/dashboard/sessions`.
pub struct SessionsPage {
    sessions: Resource<Result<SessionList, AppError>>,
    end: ServerAction<EndSession>,
    end_others: ServerAction<EndOtherSessions>,
}

/// The page's two actions, for what is rendered inside its list.
#[derive(Clone, Copy)]
struct Acts {
    end: ServerAction<EndSession>,
    ending: Submission,
    end_others: ServerAction<EndOtherSessions>,
    ending_others: Submission,
}

#[lazy_route]
impl LazyRoute for SessionsPage {
    fn data() -> Self {
        let end = ServerAction::<EndSession>::new();
        let end_others = ServerAction::<EndOtherSessions>::new();
        let versions = (end.version(), end_others.version());
        let sessions = Resource::new(
            move || (versions.0.get(), versions.1.get()),
            |_| list_sessions(),
        );
        Self { sessions, end, end_others }
    }

    fn view(this: Self) -> AnyView {
        provide_context(Acts {
            end: this.end,
            ending: use_submission(this.end),
            end_others: this.end_others,
            ending_others: use_submission(this.end_others),
        });
        view! {
            <PageTitle text="Sessions"/>
            <p class="lead">"Browsers that are signed in to your account."</p>
            <Loaded data=this.sessions view=sessions/>
        }
        .into_any()
    }
}

fn sessions(it: SessionList) -> impl IntoView {
    let now = it.now;
    let has_others = it.sessions.len() > 1;
    view! {
        <ul class="rows">
            {it
                .sessions
                .into_iter()
                .map(|it| view! { <Session session=it now=now/> })
                .collect_view()}
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
