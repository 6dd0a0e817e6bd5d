//! The pages `/admin/roles` and `/admin/role`.

use leptos::prelude::*;

use super::{RemoveRole, RoleView, SaveRole, list_roles, load_role};
use crate::form::{RowId, provide_submission, submission_of};
use crate::paths::use_query;
use crate::role::AdminProblem;
use crate::ui::{ColumnHeaders, Confirm, Field, Form, Loaded, PageTitle, Submit, Table, TextArea};

/// Renders `/admin/roles`.
pub fn roles_page() -> impl IntoView {
    let list = Resource::new(|| (), |()| list_roles());
    view! {
        <PageTitle text="Roles"/>
        <p class="lead">"A role holds permissions, a user holds roles. A change counts from the next request on."</p>
        <Loaded data=list view=roles/>
        <p><a href="/admin/role" class="button">"Make a role"</a></p>
    }
}

fn roles(all: Vec<RoleView>) -> impl IntoView {
    let row = |it: RoleView| {
        let own = it.own.iter().filter(|it| it.2).map(|it| it.0.clone());
        let held: Vec<_> = own.chain(it.apps).collect();
        let users = format!("/admin/users?role={}", it.id);
        view! {
            <tr>
                <th scope="row">
                    <a href=format!("/admin/role?id={}", it.id)>{it.name}</a>
                    <span class="hint">{it.about}</span>
                </th>
                <td class="address">{held.join(" ")}</td>
                <td class="number"><a href=users>{it.users}</a></td>
            </tr>
        }
    };
    view! {
        <Table label="Roles" heads=view! { <ColumnHeaders labels=["Role", "Allows", "Users"]/> }.into_any()>
            {all.into_iter().map(row).collect_view()}
        </Table>
    }
}

/// Renders `/admin/role`.
pub fn role_page() -> impl IntoView {
    let saving = provide_submission::<SaveRole>();
    provide_submission::<RemoveRole>();
    let query = use_query();
    let id = Memo::new(move |_| query.get("id"));
    let stale = Memo::new(move |before: Option<&usize>| {
        let is_stale =
            saving.error.get() == Some(crate::error::AppError::Admin(AdminProblem::Changed));
        before.copied().unwrap_or(0) + usize::from(is_stale)
    });
    let role = Resource::new(move || (id.get(), stale.get()), |(id, _)| load_role(RowId::from(id)));
    view! {
        <PageTitle text="Role"/>
        <Loaded data=role view=role_form/>
        <p><a href="/admin/roles">"All roles"</a></p>
    }
}

fn role_form(it: RoleView) -> impl IntoView {
    let submission = submission_of::<SaveRole>();
    let is_new = it.id.is_empty();
    if !it.is_changeable {
        return view! {
            <section class="card">
                <h2>{it.name}</h2>
                <p>{it.about}</p>
                <p class="hint">"This role can't be changed, or not by you."</p>
            </section>
        }
        .into_any();
    }
    let (label, busy) =
        if is_new { ("Make role", "Making…") } else { ("Save role", "Saving…") };
    let id = it.id.clone();
    view! {
        <section class="card">
            <Form submission=submission>
                <input type="hidden" name="id" value=it.id/>
                <input type="hidden" name="seen" value=it.revision.to_string()/>
                <Field
                    submission=submission
                    name="name"
                    label="Name"
                    hint="Small letters, digits and hyphens."
                    autocomplete="off"
                    value=it.name
                />
                <Field
                    submission=submission
                    name="about"
                    label="What it is for"
                    autocomplete="off"
                    value=it.about
                    required=false
                />
                <Own own=it.own/>
                <TextArea
                    submission=submission
                    name="permissions"
                    label="What it allows in the apps behind"
                    hint="One a line, like billing:read."
                    value=it.apps.join("\n")
                />
                <Submit submission=submission label=label busy=busy/>
            </Form>
        </section>
        {(!is_new).then(|| view! { <Remove id=id users=it.users/> })}
    }
    .into_any()
}

/// Renders checkboxes for Portcullis' own permissions: the word, its label, whether the role has it.
#[component]
fn Own(own: Vec<(String, String, bool)>) -> impl IntoView {
    view! {
        <fieldset class="choices">
            <legend>"What it allows here"</legend>
            {own.into_iter()
                .map(|(word, text, is_held)| view! {
                    <label class="check">
                        <input type="checkbox" name="own[]" value=word checked=is_held/>
                        <span>{text}</span>
                    </label>
                })
                .collect_view()}
        </fieldset>
    }
}

#[component]
fn Remove(id: String, users: i64) -> impl IntoView {
    let submission = submission_of::<RemoveRole>();
    let explanation = match users {
        0 => "Nobody holds it.".to_owned(),
        1 => "One user holds it, and may do less from the next request on.".to_owned(),
        n => format!("{n} users hold it, and may do less from the next request on."),
    };
    view! {
        <section class="card danger-zone">
            <h2>"Remove the role"</h2>
            <Confirm summary="Remove role" explanation=explanation open=submission.flashed>
                <Form submission=submission>
                    <input type="hidden" name="id" value=id/>
                    <Submit submission=submission label="Remove role" busy="Removing…" class="button danger"/>
                </Form>
            </Confirm>
        </section>
    }
}
