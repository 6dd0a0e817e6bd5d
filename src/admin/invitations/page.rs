//! The page `/admin/invitations`.

use leptos::prelude::*;

use super::{
    InvitationForm, InvitationList, InvitationView, InviteUser, WithdrawInvitation,
    list_invitations,
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
        <PageTitle text="Invitations"/>
        <p class="lead">"An invitation lets its address sign up, whoever else may, and proves it."</p>
        <Loaded data=list view=invitations/>
    }
}

fn invitations(it: InvitationList) -> impl IntoView {
    let now = it.now;
    let submission = submission_of::<InviteUser>();
    let roles = it.roles;
    view! {
        <section class="card">
            <h2>"Invite somebody"</h2>
            <Form submission=submission check=|it, _| InvitationForm::read(it).parse().err()>
                <Field
                    submission=submission
                    name="email"
                    label="E-mail"
                    kind="email"
                    autocomplete="off"
                />
                {(!roles.is_empty()).then(|| view! {
                    <div class="field">
                        <label for="role">"Role"</label>
                        <select id="role" name="role">
                            <option value="">"None"</option>
                            {roles
                                .into_iter()
                                .map(|(id, name)| view! { <option value=id>{name}</option> })
                                .collect_view()}
                        </select>
                    </div>
                })}
                <Submit submission=submission label="Send invitation" busy="Sending…"/>
            </Form>
        </section>
        {if it.invitations.is_empty() {
            view! {
                <EmptyState title="No invitation is open" text="Those that were sent and not used stand here."/>
            }
                .into_any()
        } else {
            let heads = view! { <ColumnHeaders labels=["Address", "Role", "Sent", "Works until"] has_actions=true/> };
            view! {
                <Table label="Open invitations" heads=heads.into_any()>
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
                <Confirm summary="Withdraw" explanation="Its link will no longer work." open=submission.flashed>
                    <Form submission=submission>
                        <input type="hidden" name="part" value=it.id/>
                        <Submit
                            submission=submission
                            label="Withdraw invitation"
                            busy="Withdrawing…"
                            class="button danger"
                        />
                    </Form>
                </Confirm>
            </td>
        </tr>
    }
}
