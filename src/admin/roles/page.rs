//! The pages `/admin/roles` and `/admin/role`.

use leptos::prelude::*;

use super::{RemoveRole, RoleView, SaveRole, list_roles, load_role, text};
use crate::form::{RowId, provide_submission, submission_of};
use crate::paths::use_query;
use crate::role::{AdminProblem, Permission};
use crate::ui::{ColumnHeaders, Confirm, Field, Form, Loaded, PageTitle, Submit, Table, TextArea};

/// Renders `/admin/roles`.
pub fn roles_page() -> impl IntoView {
    let list = Resource::new(|| (), |()| list_roles());
    view! {
        <PageTitle text=text::ROLES/>
        <p class="lead">{text::LEAD}</p>
        <Loaded data=list view=roles/>
        <p><a href="/admin/role" class="button">{text::CREATE}</a></p>
    }
}

fn roles(all: Vec<RoleView>) -> impl IntoView {
    let row = |it: RoleView| {
        let own = it.own.iter().filter(|it| it.1).map(|it| it.0.clone());
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
        <Table label=text::ROLES heads=view! { <ColumnHeaders labels=text::COLUMNS/> }.into_any()>
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
        <PageTitle text=text::ROLE/>
        <Loaded data=role view=role_form/>
        <p><a href="/admin/roles">{text::ALL_ROLES}</a></p>
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
                <p class="hint">{text::NOT_CHANGEABLE}</p>
            </section>
        }
        .into_any();
    }
    let (label, busy) =
        if is_new { (text::CREATE, text::CREATING) } else { (text::SAVE, text::SAVING) };
    let id = it.id.clone();
    view! {
        <section class="card">
            <Form submission=submission>
                <input type="hidden" name="id" value=it.id/>
                <input type="hidden" name="seen" value=it.revision.to_string()/>
                <Field
                    submission=submission
                    name="name"
                    label=text::NAME
                    hint=text::NAME_HINT
                    autocomplete="off"
                    value=it.name
                />
                <Field
                    submission=submission
                    name="about"
                    label=text::DESCRIPTION
                    autocomplete="off"
                    value=it.about
                    required=false
                />
                <Own own=it.own/>
                <TextArea
                    submission=submission
                    name="permissions"
                    label=text::APP_PERMISSIONS
                    hint=text::APP_PERMISSIONS_HINT
                    value=it.apps.join("\n")
                />
                <Submit submission=submission label=label busy=busy/>
            </Form>
        </section>
        {(!is_new).then(|| view! { <Remove id=id users=it.users/> })}
    }
    .into_any()
}

/// Renders checkboxes for Portcullis' own permissions: the word, whether the role has it.
#[component]
fn Own(own: Vec<(String, bool)>) -> impl IntoView {
    let own = own.into_iter().filter_map(|(word, is_held)| {
        let label = Permission::from_word(&word)?.to_string();
        Some(view! {
            <label class="check">
                <input type="checkbox" name="own[]" value=word checked=is_held/>
                <span>{label}</span>
            </label>
        })
    });
    view! {
        <fieldset class="choices">
            <legend>{text::OWN_PERMISSIONS}</legend>
            {own.collect_view()}
        </fieldset>
    }
}

#[component]
fn Remove(id: String, users: i64) -> impl IntoView {
    let submission = submission_of::<RemoveRole>();
    view! {
        <section class="card danger-zone">
            <h2>{text::DELETE}</h2>
            <Confirm
                summary=text::DELETE
                explanation=text::delete_confirmation(users)
                open=submission.flashed
            >
                <Form submission=submission>
                    <input type="hidden" name="id" value=id/>
                    <Submit
                        submission=submission
                        label=text::DELETE
                        busy=text::DELETING
                        class="button danger"
                    />
                </Form>
            </Confirm>
        </section>
    }
}
