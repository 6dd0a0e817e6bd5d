//! The field for a new password, and the meter under it.

use std::future::ready;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Strength, text};
use crate::form::Submission;
use crate::lazy_fn;
use crate::secret::Secret;
use crate::ui::Field;
use crate::visit::Visit;

/// Asks for a new password, and shows its strength if scripts are on.
#[component]
pub fn NewPasswordField(
    submission: Submission,
    name: &'static str,
    label: &'static str,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let (min_length, site_name) =
        expect_context::<Visit>().with(|it| (it.password_min_length, it.site_name.clone()));
    let hint = text::length_hint(min_length);
    let strength = RwSignal::new(None);
    let typed = StoredValue::new(0_u32);
    let on_change = Callback::new(move |text: String| {
        typed.update_value(|it| *it += 1);
        if text.is_empty() {
            strength.set(None);
            return;
        }
        let (turn, site_name) = (typed.get_value(), site_name.clone());
        spawn_local(async move {
            let measured = measure(text.into(), site_name).await;
            // The first result waits for the code to load; the page may be gone by then.
            if typed.try_get_value() == Some(turn) {
                strength.set(Some(measured));
            }
        });
    });
    // A response empties the field.
    Effect::new(move |_| {
        submission.responses.track();
        typed.update_value(|it| *it += 1);
        strength.set(None);
    });
    view! {
        <Field
            submission=submission
            name=name
            label=label
            kind="password"
            autocomplete="new-password"
            hint=hint
            autofocus=autofocus
            on_change=on_change
        >
            <div class="strength" role="status">
                {move || strength.get().map(|it: Strength| view! {
                    <span class="meter" data-strength=it.as_str()></span>
                    <span>{text::strength(it)}</span>
                })}
            </div>
        </Field>
    }
}

lazy_fn!(
    /// Measures a password. In its own file, because its word lists are many times the size of a page.
    async fn measure(password: Secret, site_name: String) -> Strength {
        // A lazily loaded function must be async, though this one waits for nothing.
        ready(Strength::of(password.expose(), &[&site_name])).await
    }
);
