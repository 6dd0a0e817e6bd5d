//! The page `/admin/user`.

use leptos::prelude::*;

use super::actions::{
    self, Danger, FactorRow, LinkRow, RoleCard, SessionRow, SignInHelp, TargetUser, UserAction,
};
use super::{EndUserSessions, Impersonate, UserFactor, UserView, load_user, text};
use crate::admin::log::LogTable;
use crate::admin::users::{UserStatus, badges};
use crate::form::{RowId, submission_of};
use crate::linked_account::LinkedAccountView;
use crate::paths::use_query;
use crate::role::Permission;
use crate::session::SessionView;
use crate::ui::{Loaded, Moment, PageTitle};

/// Renders `/admin/user`.
pub fn user_page() -> impl IntoView {
    let changes = actions::provide();
    let query = use_query();
    let id = Memo::new(move |_| query.get("id"));
    let user =
        Resource::new(move || (id.get(), changes.get()), |(id, _)| load_user(RowId::from(id)));
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=user view=user_view/>
    }
}

fn user_view(it: UserView) -> impl IntoView {
    provide_context(TargetUser {
        id: it.id.clone(),
        seen: it.revision.to_string(),
        can: it.can,
        is_only_administrator: it.is_only_administrator,
        now: it.now,
    });
    let audit = format!("/admin/audit?user={}", it.id);
    let UserStatus { is_disabled, deletes_at, .. } = it.status;
    let can_be_impersonated = it.can_be_impersonated && !is_disabled && deletes_at.is_none();
    view! {
        {summary(&it)}
        <RoleCard roles=it.roles is_verified=it.verified_at.is_some()/>
        <SignInMethods
            password_changed_at=it.password_changed_at
            is_delayed_or_locked=it.is_delayed_or_locked
            has_email=it.email.is_some()
            linked=it.linked
        />
        <SecondFactors factors=it.factors unused_codes=it.unused_codes/>
        <Sessions sessions=it.sessions/>
        <section class="card">
            <h2>{text::ACTIVITY}</h2>
            <LogTable rows=it.events now=it.now is_single_user=true/>
            <p><a href=audit>{text::VIEW_AUDIT_LOG}</a></p>
        </section>
        {can_be_impersonated.then(|| view! { <Impersonation/> })}
        <Danger status=it.status/>
    }
}

fn summary(it: &UserView) -> impl IntoView + use<> {
    let now = it.now;
    let title = match (&it.email, it.name.as_str()) {
        (_, name) if !name.is_empty() => name.to_owned(),
        (Some(email), _) => email.clone(),
        (None, _) => text::UNNAMED.to_owned(),
    };
    let address = it.email.clone().filter(|it| *it != title);
    let reason = it.disabled_reason.clone();
    view! {
        <section class="card">
            <h2>{title}</h2>
            {address.map(|it| view! { <p class="address">{it}</p> })}
            <p>{badges(&it.status)}</p>
            {(!reason.is_empty()).then(|| view! { <p>{text::disabled_because(&reason)}</p> })}
            <p class="hint">
                {text::CREATED} " " <Moment at=it.created_at now=now/>
                {it.verified_at.map(|at| view! { {text::VERIFIED} " " <Moment at=at now=now/> })}
                ". " <code>{it.id.clone()}</code>
            </p>
        </section>
    }
}

#[component]
fn SignInMethods(
    password_changed_at: Option<i64>,
    is_delayed_or_locked: bool,
    has_email: bool,
    linked: Vec<LinkedAccountView>,
) -> impl IntoView {
    let TargetUser { can, now, .. } = expect_context();
    view! {
        <section class="card">
            <h2>{text::SIGN_IN_METHODS}</h2>
            {match password_changed_at {
                Some(at) => {
                    view! { <p>{text::PASSWORD_CHANGED} " " <Moment at=at now=now/> "."</p> }
                        .into_any()
                }
                None => view! { <p>{text::NO_PASSWORD}</p> }.into_any(),
            }}
            {is_delayed_or_locked.then(|| view! { <p>{text::DELAYED_OR_LOCKED}</p> })}
            <ul class="rows">
                {linked.into_iter().map(|it| view! { <LinkRow link=it/> }).collect_view()}
            </ul>
            {can
                .has(Permission::UsersRecover)
                .then(|| view! { <SignInHelp has_email=has_email is_delayed_or_locked=is_delayed_or_locked/> })}
        </section>
    }
}

#[component]
fn SecondFactors(factors: Vec<UserFactor>, unused_codes: Option<i64>) -> impl IntoView {
    let is_empty = factors.is_empty();
    view! {
        <section class="card">
            <h2>{text::SECOND_FACTORS}</h2>
            {is_empty.then(|| view! { <p>{text::NO_SECOND_FACTORS}</p> })}
            <ul class="rows">
                {factors.into_iter().map(|it| view! { <FactorRow factor=it/> }).collect_view()}
            </ul>
            {unused_codes.map(|it| view! { <p>{text::unused_codes(it)}</p> })}
        </section>
    }
}

#[component]
fn Sessions(sessions: Vec<SessionView>) -> impl IntoView {
    let can_end = expect_context::<TargetUser>().can.has(Permission::UsersDisable);
    let is_empty = sessions.is_empty();
    view! {
        <section class="card">
            <h2>{text::SESSIONS}</h2>
            {is_empty.then(|| view! { <p>{text::NO_SESSIONS}</p> })}
            <ul class="rows">
                {sessions.into_iter().map(|it| view! { <SessionRow session=it/> }).collect_view()}
            </ul>
            {(!is_empty && can_end).then(|| view! {
                <UserAction
                    submission={submission_of::<EndUserSessions>()}
                    summary=text::END_ALL_SESSIONS
                    explanation=text::END_ALL_SESSIONS_CONFIRMATION
                    busy=text::ENDING
                />
            })}
        </section>
    }
}

#[component]
fn Impersonation() -> impl IntoView {
    view! {
        <section class="card">
            <h2>{text::IMPERSONATE}</h2>
            <p>{text::IMPERSONATION_LEAD}</p>
            <UserAction
                submission={submission_of::<Impersonate>()}
                summary=text::IMPERSONATE
                explanation=text::IMPERSONATE_CONFIRMATION
                busy=text::STARTING
            />
        </section>
    }
}
