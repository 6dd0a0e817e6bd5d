//! The forms of `/admin/user`.

use leptos::prelude::*;

use super::{
    AssignRole, DeleteUser, DisableUser, EnableUser, EndUserSession, EndUserSessions, Impersonate,
    RemoveUserFactor, RestoreUser, RoleChoice, SendPasswordLink, UnassignRole, UnlinkUserAccount,
    UnlockUser, UserFactor, text,
};
use crate::admin::users::UserStatus;
use crate::error::AppError;
use crate::form::{
    Submission, provide_submission, provide_submissions, submission_named, submission_of,
};
use crate::linked_account::LinkedAccountView;
use crate::role::{AdminProblem, Permission, Permissions};
use crate::session::SessionView;
use crate::ui::{Confirm, Field, Form, Moment, Submit};

/// Provides all actions of the page. The returned memo changes whenever the user may have changed.
pub fn provide() -> Memo<usize> {
    let all = [
        provide_submission::<DisableUser>(),
        provide_submission::<EnableUser>(),
        provide_submissions::<EndUserSession>("part"),
        provide_submission::<EndUserSessions>(),
        provide_submission::<SendPasswordLink>(),
        provide_submissions::<UnlinkUserAccount>("part"),
        provide_submissions::<RemoveUserFactor>("part"),
        provide_submission::<AssignRole>(),
        provide_submissions::<UnassignRole>("part"),
        provide_submission::<DeleteUser>(),
        provide_submission::<RestoreUser>(),
        provide_submission::<UnlockUser>(),
        provide_submission::<Impersonate>(),
    ];
    Memo::new(move |before: Option<&usize>| {
        let done: usize = all.iter().map(|it| it.done.get()).sum();
        let is_stale =
            all.iter().any(|it| it.error.get() == Some(AppError::Admin(AdminProblem::Changed)));
        // Reload also if another change came first.
        before.copied().unwrap_or(0).max(done) + usize::from(is_stale)
    })
}

/// The user that the page is about, for its forms.
#[derive(Clone, Debug)]
pub struct TargetUser {
    pub id: String,
    /// The revision that the page shows.
    pub seen: String,
    /// What the viewer may do to the user.
    pub can: Permissions,
    /// Whether the user is the only administrator.
    pub is_only_administrator: bool,
    pub now: i64,
}

/// Renders an action on the user that needs a confirmation and no other input.
#[component]
pub fn UserAction(
    submission: Submission,
    summary: &'static str,
    explanation: &'static str,
    busy: &'static str,
    /// The id of the role, session or linked account, if the action concerns one.
    #[prop(optional)]
    part: Option<String>,
) -> impl IntoView {
    view! {
        <Confirm summary=summary explanation=explanation open=submission.flashed>
            <Form submission=submission>
                <TargetFields/>
                {part.map(|it| view! { <input type="hidden" name="part" value=it/> })}
                <Submit submission=submission label=summary busy=busy class="button danger"/>
            </Form>
        </Confirm>
    }
}

/// Renders hidden fields with the user's id and the revision shown.
#[component]
fn TargetFields() -> impl IntoView {
    let TargetUser { id, seen, .. } = expect_context();
    view! {
        <input type="hidden" name="id" value=id/>
        <input type="hidden" name="seen" value=seen/>
    }
}

/// Shows the user's roles and the roles that can be given.
#[component]
pub fn RoleCard(roles: Vec<RoleChoice>, is_verified: bool) -> impl IntoView {
    let can_change = expect_context::<TargetUser>().can.has(Permission::RolesAssign);
    let (held, others): (Vec<_>, Vec<_>) = roles.into_iter().partition(|it| it.is_held);
    let is_empty = held.is_empty();
    let submission = submission_of::<AssignRole>();
    view! {
        <section class="card">
            <h2>{text::ROLES}</h2>
            {is_empty.then(|| view! { <p>{text::NO_ROLES}</p> })}
            <ul class="rows">
                {held
                    .into_iter()
                    .map(|it| view! {
                        <li class="card row">
                            <div class="row-body"><h3>{it.name}</h3></div>
                            {(can_change && it.may_change).then(|| view! {
                                <UserAction
                                    submission={submission_named::<UnassignRole>(it.id.clone())}
                                    part=it.id
                                    summary=text::UNASSIGN_ROLE
                                    explanation=text::UNASSIGN_ROLE_CONFIRMATION
                                    busy=text::UNASSIGNING
                                />
                            })}
                        </li>
                    })
                    .collect_view()}
            </ul>
            {(can_change && !is_verified)
                .then(|| view! { <p>{AppError::Admin(AdminProblem::TargetUnverified).to_string()}</p> })}
            {(can_change && !others.is_empty()).then(|| view! {
                <Form submission=submission>
                    <TargetFields/>
                    <div class="field">
                        <label for="part">{text::ROLE_TO_ASSIGN}</label>
                        <select id="part" name="part">
                            {others
                                .into_iter()
                                .map(|it| view! { <option value=it.id>{it.name}</option> })
                                .collect_view()}
                        </select>
                    </div>
                    <Submit
                        submission=submission
                        label=text::ASSIGN_ROLE
                        busy=text::ASSIGNING
                        class="button"
                    />
                </Form>
            })}
        </section>
    }
}

/// Shows one of the user's linked accounts.
#[component]
pub fn LinkRow(link: LinkedAccountView) -> impl IntoView {
    let TargetUser { can, now, .. } = expect_context();
    let can_remove = can.has(Permission::UsersRecover);
    view! {
        <li class="card row">
            <div class="row-body">
                <h3>{link.label}</h3>
                <p class="address">{link.account}</p>
                <p class="hint">{text::LINKED} " " <Moment at=link.created_at now=now/></p>
            </div>
            {can_remove.then(|| view! {
                <UserAction
                    submission={submission_named::<UnlinkUserAccount>(link.id.clone())}
                    part=link.id
                    summary=text::UNLINK
                    explanation=text::UNLINK_CONFIRMATION
                    busy=text::UNLINKING
                />
            })}
        </li>
    }
}

/// Shows one of the user's second factors.
#[component]
pub fn FactorRow(factor: UserFactor) -> impl IntoView {
    let TargetUser { can, now, .. } = expect_context();
    let can_remove = can.has(Permission::UsersRecover);
    let added = if factor.is_passkey { text::PASSKEY_ADDED } else { text::APP_ADDED };
    view! {
        <li class="card row">
            <div class="row-body">
                <h3>{factor.name}</h3>
                <p class="hint">{added} " " <Moment at=factor.created_at now=now/></p>
            </div>
            {can_remove.then(|| view! {
                <UserAction
                    submission={submission_named::<RemoveUserFactor>(factor.id.clone())}
                    part=factor.id
                    summary=text::REMOVE_FACTOR
                    explanation=text::REMOVE_FACTOR_CONFIRMATION
                    busy=text::REMOVING
                />
            })}
        </li>
    }
}

/// Offers help for a user who can't sign in.
#[component]
pub fn SignInHelp(has_email: bool, is_delayed_or_locked: bool) -> impl IntoView {
    view! {
        {has_email.then(|| view! {
            <UserAction
                submission={submission_of::<SendPasswordLink>()}
                summary=text::SEND_RESET_LINK
                explanation=text::SEND_RESET_LINK_CONFIRMATION
                busy=text::SENDING
            />
        })}
        {is_delayed_or_locked.then(|| view! {
            <UserAction
                submission={submission_of::<UnlockUser>()}
                summary=text::UNLOCK
                explanation=text::UNLOCK_CONFIRMATION
                busy=text::UNLOCKING
            />
        })}
    }
}

/// Shows one of the user's sessions.
#[component]
pub fn SessionRow(session: SessionView) -> impl IntoView {
    let TargetUser { can, now, .. } = expect_context();
    let can_end = can.has(Permission::UsersDisable);
    let by = session.signed_in_with();
    view! {
        <li class="card row">
            <div class="row-body">
                <h3>{session.device().to_string()}</h3>
                <p class="address">{session.address}</p>
                <p class="hint">
                    {by} " " <Moment at=session.created_at now=now/> {text::LAST_SEEN} " "
                    <Moment at=session.seen_at now=now/>
                </p>
            </div>
            {can_end.then(|| view! {
                <UserAction
                    submission={submission_named::<EndUserSession>(session.id.clone())}
                    part=session.id
                    summary=text::END_SESSION
                    explanation=text::END_SESSION_CONFIRMATION
                    busy=text::ENDING
                />
            })}
        </li>
    }
}

/// Offers disabling and deleting, last on the page and apart from the rest.
#[component]
pub fn Danger(status: UserStatus) -> impl IntoView {
    let TargetUser { can, is_only_administrator, .. } = expect_context();
    let (may_disable, may_delete) =
        (can.has(Permission::UsersDisable), can.has(Permission::UsersDelete));
    let (disables, deletes) =
        (may_disable && !is_only_administrator, may_delete && !is_only_administrator);
    (may_disable || may_delete).then(|| {
        view! {
            <section class="card danger-zone">
                <h2>{text::DANGER}</h2>
                {is_only_administrator
                    .then(|| view! { <p>{AppError::Admin(AdminProblem::LastAdministrator).to_string()}</p> })}
                {(disables && status.is_disabled).then(|| view! {
                    <UserAction
                        submission={submission_of::<EnableUser>()}
                        summary=text::ENABLE
                        explanation=text::ENABLE_CONFIRMATION
                        busy=text::ENABLING
                    />
                })}
                {(disables && !status.is_disabled)
                    .then(|| view! { <Disable/> })}
                {(deletes && status.deletes_at.is_some()).then(|| view! {
                    <UserAction
                        submission={submission_of::<RestoreUser>()}
                        summary=text::CANCEL_DELETION
                        explanation=text::CANCEL_DELETION_CONFIRMATION
                        busy=text::CANCELLING
                    />
                })}
                {(deletes && status.deletes_at.is_none()).then(|| view! {
                    <UserAction
                        submission={submission_of::<DeleteUser>()}
                        summary=text::DELETE
                        explanation=text::DELETE_CONFIRMATION
                        busy=text::DELETING
                    />
                })}
            </section>
        }
    })
}

#[component]
fn Disable() -> impl IntoView {
    let submission = submission_of::<DisableUser>();
    view! {
        <Confirm
            summary=text::DISABLE
            explanation=text::DISABLE_CONFIRMATION
            open=submission.flashed
        >
            <Form submission=submission>
                <TargetFields/>
                <Field
                    submission=submission
                    name="reason"
                    label=text::REASON
                    hint=text::REASON_HINT
                    autocomplete="off"
                />
                <Field
                    submission=submission
                    name="until"
                    label=text::UNTIL
                    kind="date"
                    hint=text::UNTIL_HINT
                    autocomplete="off"
                    required=false
                />
                <Submit
                    submission=submission
                    label=text::DISABLE
                    busy=text::DISABLING
                    class="button danger"
                />
            </Form>
        </Confirm>
    }
}
