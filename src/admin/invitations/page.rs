//! The page `/admin/invitations`.

use leptos::prelude::*;

use super::{
    InvitationForm, InvitationList, InvitationView, InviteUser, WithdrawInvitation,
    list_invitations, text,
};
use crate::form::{provide_submission, provide_submissions, submission_named, submission_of};
use crate::text::utc;
use crate::ui::{
    ColumnHeaders, Confirm, EmptyState, Field, Form, Loaded, Moment, PageTitle, Submit, Table,
};

/// Renders `/admin/invitations`.
pub fn invitations_page() -> impl IntoView {
    let inviting = provide_submission::<InviteUser>();
    let withdrawing = provide_submissions::<WithdrawInvitation>("part");
    let done = (inviting.done, withdrawing.done);
    let list = Resource::new(move || (done.0.get(), done.1.get()), |_| list_invitations());
    view! {
        <PageTitle text=text::TITLE/>
        <p class="lead">{text::LEAD}</p>
        <Loaded data=list view=invitations/>
    }
}

fn invitations(it: InvitationList) -> impl IntoView {
    let now = it.now;
    let submission = submission_of::<InviteUser>();
    let roles = it.roles;
    view! {
        <section class="card">
            <h2>{text::INVITE}</h2>
            <Form submission=submission check=|it, _| InvitationForm::read(it).parse().err()>
                <Field
                    submission=submission
                    name="email"
                    label=text::EMAIL
                    kind="email"
                    autocomplete="off"
                />
                {(!roles.is_empty()).then(|| view! {
                    <div class="field">
                        <label for="role">{text::ROLE}</label>
                        <select id="role" name="role">
                            <option value="">{text::NO_ROLE}</option>
                            {roles
                                .into_iter()
                                .map(|(id, name)| view! { <option value=id>{name}</option> })
                                .collect_view()}
                        </select>
                    </div>
                })}
                <Submit submission=submission label=text::SEND busy=text::SENDING/>
            </Form>
        </section>
        {if it.invitations.is_empty() {
            view! { <EmptyState title=text::EMPTY text=text::EMPTY_LEAD/> }.into_any()
        } else {
            let heads = view! { <ColumnHeaders labels=text::COLUMNS has_actions=true/> };
            view! {
                <Table label=text::LIST heads=heads.into_any()>
                    {it.invitations.into_iter().map(|it| row(it, now)).collect_view()}
                </Table>
            }
                .into_any()
        }}
    }
}

fn row(it: InvitationView, now: i64) -> impl IntoView {
    let submission = submission_named::<WithdrawInvitation>(it.id.clone());
    view! {
        <tr>
            <th scope="row" class="address">{it.email}</th>
            <td>{it.role}</td>
            <td><Moment at=it.created_at now=now/></td>
            <td>{utc(it.expires_at)}</td>
            <td>
                <Confirm
                    summary=text::WITHDRAW_SUMMARY
                    explanation=text::WITHDRAW_CONFIRMATION
                    open=submission.flashed
                >
                    <Form submission=submission>
                        <input type="hidden" name="part" value=it.id/>
                        <Submit
                            submission=submission
                            label=text::WITHDRAW
                            busy=text::WITHDRAWING
                            class="button danger"
                        />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
}
