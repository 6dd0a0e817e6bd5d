//! The page `/admin/invitations`.

use leptos::prelude::*;

use super::{InvitationList, InvitationView, InviteUser, WithdrawInvitation, list_invitations};
use crate::form::Act;
use crate::text::utc;
use crate::ui::{Confirm, Field, Form, Heads, Loaded, Moment, Nothing, PageTitle, Submit, Table};

/// Renders `/admin/invitations`.
pub fn invitations_page() -> impl IntoView {
    let invite = Act::<InviteUser>::new();
    let withdraw = Act::<WithdrawInvitation>::of_many(|it| it.form.part.as_str());
    provide_context(invite);
    provide_context(withdraw);
    let done = (invite.submission.done, withdraw.submission.done);
    let list = Resource::new(move || (done.0.get(), done.1.get()), |_| list_invitations());
    view! {
        <PageTitle text="Invitations"/>
        <p class="lead">"An invitation lets its address sign up, whoever else may, and proves it."</p>
        <Loaded data=list view=invitations/>
    }
}

fn invitations(it: InvitationList) -> impl IntoView {
    let now = it.now;
    let Act { action, submission, .. } = expect_context::<Act<InviteUser>>();
    let roles = it.roles;
    view! {
        <section class="card">
            <h2>"Invite somebody"</h2>
            <Form action=action submission=submission check=|it, _| it.form.parse().err()>
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
                <Nothing title="No invitation is open" text="Those that were sent and not used stand here."/>
            }
                .into_any()
        } else {
            let heads = view! { <Heads words=["Address", "Role", "Sent", "Works until"] acts=true/> };
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
    let act = expect_context::<Act<WithdrawInvitation>>();
    let (action, submission) = (act.action, act.only(it.id.clone()));
    view! {
        <tr>
            <th scope="row" class="address">{it.address}</th>
            <td>{it.role}</td>
            <td><Moment at=it.created_at now=now/></td>
            <td>{utc(it.expires_at)}</td>
            <td>
                <Confirm summary="Withdraw" explanation="Its link will no longer work." open=submission.flashed>
                    <Form action=action submission=submission>
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
