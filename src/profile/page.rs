//! `/dashboard/profile`.

use leptos::prelude::*;

use super::{ProfileForm, SaveAppearance, SaveDisplayName, text};
use crate::deletion::DeletionCard;
use crate::export::ExportCard;
use crate::form::{Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::passkey::keep_authenticators_current;
use crate::ui::{Field, Form, Loaded, PageTitle, Submit};
use crate::user::{Appearance, Viewer};
use crate::verification::{EmailCard, provide_email_change};
use crate::viewer::CurrentViewer;
use crate::visit::Visit;

lazy_page!(
    /// `/dashboard/profile`.
    ProfilePage => profile_page
);

fn profile_page() -> impl IntoView {
    let saving = provide_submission::<SaveDisplayName>();
    provide_email_change();
    let CurrentViewer(viewer) = expect_context();
    Effect::new(move |_| {
        if saving.done.get() > 0 {
            viewer.refetch();
            keep_authenticators_current(false);
        }
    });
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=viewer view=name/>
        <AppearanceCard/>
        <ExportCard/>
        <Loaded data=viewer view=deletion/>
    }
}

fn deletion(Viewer { is_only_administrator, .. }: Viewer) -> impl IntoView {
    view! { <DeletionCard is_refused=is_only_administrator/> }
}

fn name(viewer: Viewer) -> impl IntoView {
    let saving = submission_of::<SaveDisplayName>();
    view! {
        <section class="card">
            <h2>{text::NAME}</h2>
            <p>{text::NAME_LEAD}</p>
            <Form submission=saving check=|it, _| ProfileForm::read(it).parse().err()>
                <Field
                    submission=saving
                    name="display_name"
                    label=text::DISPLAY_NAME
                    autocomplete="name"
                    value=viewer.display_name
                    required=false
                />
                <Submit submission=saving label=text::SAVE_NAME busy=text::SAVING/>
            </Form>
        </section>
        <EmailCard email=viewer.email/>
    }
}

#[component]
fn AppearanceCard() -> impl IntoView {
    let submission = Submission::of::<SaveAppearance>();
    let visit = expect_context::<Visit>();
    let current = visit.with(|it| it.appearance);
    let sent = submission.last("appearance");
    Effect::new(move |before: Option<usize>| {
        let done = submission.done.get();
        if before.is_some_and(|before| done > before)
            && let Some(sent) = sent.get_untracked()
        {
            let chosen = Appearance::from_word(&sent);
            visit.set_appearance(chosen);
            if let Some(root) = document().document_element() {
                // Fails only for a malformed name.
                let _ = root.set_attribute("data-appearance", chosen.as_str());
            }
        }
        done
    });
    view! {
        <section class="card">
            <h2>{text::APPEARANCE}</h2>
            <Form submission=submission>
                <fieldset class="choices">
                    <legend class="visually-hidden">{text::APPEARANCE}</legend>
                    {Appearance::ALL
                        .map(|it| {
                            view! {
                                <label class="check">
                                    <input
                                        type="radio"
                                        name="appearance"
                                        value=it.as_str()
                                        checked=it == current
                                    />
                                    <span>{text::appearance(it)}</span>
                                </label>
                            }
                        })
                        .collect_view()}
                </fieldset>
                <Submit
                    submission=submission
                    label=text::SAVE_APPEARANCE
                    busy=text::SAVING
                    class="button"
                />
            </Form>
        </section>
    }
}
