//! `/dashboard/security`.

use leptos::prelude::*;

use super::actions::{self, key_row};
use super::{Section, SectionLink, SecurityView, load_security, text};
use crate::lazy_page;
use crate::password::{PasswordCard, provide_password};
use crate::paths::use_query;
use crate::ui::{Loaded, PageTitle};
use crate::viewer::CurrentViewer;

lazy_page!(
    /// Shows the password, passkeys, authenticator apps, recovery codes and trusted browsers.
    SecurityPage => security_page
);

fn security_page() -> impl IntoView {
    let changing = provide_password();
    let of_keys = actions::provide();
    let CurrentViewer(viewer) = expect_context();
    // Reload the viewer: a user who just set a first password now has one.
    Effect::new(move |_| {
        if changing.done.get() > 0 {
            viewer.refetch();
        }
    });
    let security = Resource::new(move || (changing.done.get(), of_keys.get()), |_| load_security());
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=security view=cards/>
    }
}

fn cards(it: SecurityView) -> impl IntoView {
    let now = it.now;
    view! {
        {(use_query().get_untracked("review") == "yes").then(review)}
        {it.suggestion.map(|it| section(it, now, "button primary"))}
        <PasswordCard email=it.email has_password=it.has_password/>
        {it.sections.into_iter().map(|it| section(it, now, "button")).collect_view()}
    }
}

/// Asks a user who has just recovered the account to remove what isn't theirs.
fn review() -> AnyView {
    let path = "/dashboard/linked-accounts".to_owned();
    let link = Some(SectionLink { path, label: text::LINKED_ACCOUNTS.to_owned() });
    let (title, state) = (text::REVIEW.to_owned(), text::REVIEW_LEAD.to_owned());
    section(Section { title, state, keys: Vec::new(), link }, 0, "button")
}

fn section(it: Section, now: i64, button: &'static str) -> AnyView {
    let Section { title, state, keys, link } = it;
    view! {
        <section class="card">
            <h2>{title}</h2>
            <p>{state}</p>
            {(!keys.is_empty()).then(|| view! {
                <ul class="rows">{keys.into_iter().map(|it| key_row(it, now)).collect_view()}</ul>
            })}
            {link.map(|it| view! { <p><a class=button href=it.path>{it.label}</a></p> })}
        </section>
    }
    .into_any()
}
