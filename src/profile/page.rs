//! `/dashboard/profile`.

use leptos::prelude::*;

use super::{SaveAppearance, SaveDisplayName};
use crate::deletion::DeletionCard;
use crate::export::ExportCard;
use crate::form::{FormAction, Submission, form_action, use_submission};
use crate::lazy_page;
use crate::ui::{Field, Form, Loaded, PageTitle, Submit};
use crate::user::{Appearance, Viewer};
use crate::verification::{EmailCard, provide_address_change};
use crate::viewer::CurrentViewer;
use crate::visit::Visit;

/// The page's action, for the components that need the viewer.
#[derive(Clone, Copy)]
struct Act {
    save: FormAction<SaveDisplayName>,
    saving: Submission,
}

lazy_page!(
    /// `/dashboard/profile`.
    ProfilePage => profile_page
);

fn profile_page() -> impl IntoView {
    let save = form_action::<SaveDisplayName>();
    provide_context(Act { save, saving: use_submission(save) });
    provide_address_change();
    let CurrentViewer(viewer) = expect_context();
    let value = save.value();
    Effect::new(move |_| {
        if value.with(|it| matches!(it, Some(Ok(_)))) {
            viewer.refetch();
        }
    });
    view! {
        <PageTitle text="Profile"/>
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
    let Act { save, saving } = expect_context::<Act>();
    view! {
        <section class="card">
            <h2>"Name"</h2>
            <p>"What this site calls you."</p>
            <Form action=save submission=saving check=|it, _| it.form.parse().err()>
                <Field
                    submission=saving
                    name="display_name"
                    label="Display name"
                    autocomplete="name"
                    value=viewer.display_name
                    required=false
                />
                <Submit submission=saving label="Save name" busy="Saving…"/>
            </Form>
        </section>
        <EmailCard email=viewer.email/>
    }
}

#[component]
fn AppearanceCard() -> impl IntoView {
    let action = form_action::<SaveAppearance>();
    let visit = expect_context::<Visit>();
    let current = visit.with(|it| it.appearance);
    let submission = use_submission(action);
    let (input, value) = (action.input(), action.value());
    let chosen = RwSignal::new(current);
    Effect::new(move |_| {
        if let Some(sent) = input.get() {
            chosen.set(Appearance::from_word(&sent.form.appearance));
        }
    });
    Effect::new(move |_| {
        if value.with(|it| matches!(it, Some(Ok(_)))) {
            let chosen = chosen.get_untracked();
            visit.set_appearance(chosen);
            if let Some(root) = document().document_element() {
                // Fails only for a malformed name.
                let _ = root.set_attribute("data-appearance", chosen.as_str());
            }
        }
    });
    view! {
        <section class="card">
            <h2>"Appearance"</h2>
            <Form action=action submission=submission>
                <fieldset class="choices">
                    <legend class="visually-hidden">"Appearance"</legend>
                    {[("System", Appearance::System), ("Light", Appearance::Light), ("Dark", Appearance::Dark)]
                        .map(|(word, it)| {
                            view! {
                                <label class="check">
                                    <input
                                        type="radio"
                                        name="appearance"
                                        value=it.as_str()
                                        checked=it == current
                                    />
                                    <span>{word}</span>
                                </label>
                            }
                        })
                        .collect_view()}
                </fieldset>
                <Submit submission=submission label="Save appearance" busy="Saving…" class="button"/>
            </Form>
        </section>
    }
}
