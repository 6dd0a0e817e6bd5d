//! The providers' buttons, `/dashboard/linked-accounts`, and the form that finishes a sign-up.

mod finish;

use leptos::prelude::*;

use super::{
    BeginSignIn, LinkAccount, LinkedAccounts, ProviderButton, ReauthenticateAt, UnlinkAccount,
    list_linked_accounts, text,
};
use crate::form::{Submission, provide_submissions, submission_named, submission_of};
use crate::lazy_page;
use crate::linked_account::LinkedAccountView;
use crate::ui::{Confirm, Form, Loaded, Moment, PageTitle, Submit};
use crate::visit::Visit;

/// Shows a button for each configured provider; nothing if there is none.
#[component]
pub fn SocialButtons(
    next: String,
    /// Whether a form of another kind follows.
    #[prop(default = true)]
    has_more: bool,
) -> AnyView {
    let visit = expect_context::<Visit>();
    let (providers, last) = visit.with(|it| (it.providers.clone(), it.last_provider.clone()));
    if providers.is_empty() {
        return ().into_any();
    }
    let submission = Submission::of::<BeginSignIn>();
    let forms = submission.forms_by("provider");
    view! {
        <Form submission=submission>
            <input type="hidden" name="next" value=next/>
            {providers
                .into_iter()
                .map(|it| {
                    let is_last = last.as_ref() == Some(&it.name);
                    let submission = submission.for_form(forms, it.name.clone());
                    view! {
                        <ProviderChoice
                            provider=it
                            label=text::continue_with
                            class="button wide social"
                            submission=submission
                            is_last=is_last
                        />
                    }
                })
                .collect_view()}
        </Form>
        {has_more.then(|| view! { <p class="divider"><span>{text::OR}</span></p> })}
    }
    .into_any()
}

/// Provides the context that [`ReauthenticationButtons`] needs.
pub fn provide_reauthentication_buttons() {
    provide_submissions::<ReauthenticateAt>("provider");
}

/// Shows a button for each linked provider that can confirm the user's identity.
#[component]
pub fn ReauthenticationButtons(
    /// The names of the linked providers.
    linked: Vec<String>,
    next: String,
    /// Whether another method follows.
    has_more: bool,
) -> impl IntoView {
    let configured = expect_context::<Visit>().with(|it| it.providers.clone());
    let of = |name: String| configured.iter().find(|it| it.name == name).cloned();
    let buttons: Vec<_> = linked.into_iter().filter_map(of).collect();
    if buttons.is_empty() {
        return ().into_any();
    }
    let submission = submission_of::<ReauthenticateAt>();
    view! {
        <Form submission=submission>
            <input type="hidden" name="next" value=next/>
            {buttons
                .into_iter()
                .map(|it| {
                    let submission = submission_named::<ReauthenticateAt>(it.name.clone());
                    view! {
                        <ProviderChoice
                            provider=it
                            label=text::confirm_with
                            class="button wide social"
                            submission=submission
                        />
                    }
                })
                .collect_view()}
        </Form>
        {has_more.then(|| view! { <p class="divider"><span>{text::OR}</span></p> })}
    }
    .into_any()
}

/// Shows a button that leads to a provider, with another label while the request is pending.
#[component]
fn ProviderChoice(
    provider: ProviderButton,
    /// The label for a provider.
    label: fn(&str) -> String,
    class: &'static str,
    submission: Submission,
    #[prop(optional)] is_last: bool,
) -> impl IntoView {
    let pending = submission.pending;
    let (label, busy) = (label(&provider.label), text::opening(&provider.label));
    view! {
        <button
            type="submit"
            class=class
            name="provider"
            value=provider.name
            aria-disabled=move || pending.get().then_some("true")
            data-pending=move || pending.get().then_some("")
        >
            <ProviderMark mark=provider.mark label=provider.label/>
            <span class="words">
                <span class="label">{label}</span>
                <span class="busy" aria-hidden=move || (!pending.get()).then_some("true")>{busy}</span>
            </span>
            {is_last.then(|| view! { <span class="badge">{text::LAST_USED}</span> })}
        </button>
    }
}

/// Shows a provider's own mark in one colour, or a letter if its mark is not known.
#[component]
fn ProviderMark(mark: String, label: String) -> impl IntoView {
    if mark.is_empty() {
        let letter: String = label.chars().take(1).collect();
        return view! { <span class="letter" aria-hidden="true">{letter}</span> }.into_any();
    }
    view! {
        <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
            <path fill="currentColor" d=mark/>
        </svg>
    }
    .into_any()
}

/// The two pages in one file.
#[derive(Clone, Copy, Debug, Default)]
pub enum SocialPage {
    /// Shows the linked accounts, and the providers.
    #[default]
    LinkedAccounts,
    /// Asks a new user for what their provider did not say.
    FinishSignUp,
}

lazy_page!(
    /// Shows one of the two pages.
    SocialView(SocialPage) => view
);

fn view(page: SocialPage) -> AnyView {
    match page {
        SocialPage::LinkedAccounts => linked_accounts_page().into_any(),
        SocialPage::FinishSignUp => finish::finish_page().into_any(),
    }
}

fn linked_accounts_page() -> impl IntoView {
    provide_submissions::<LinkAccount>("provider");
    let unlinking = provide_submissions::<UnlinkAccount>("id");
    let list = Resource::new(move || unlinking.done.get(), |_| list_linked_accounts());
    view! {
        <PageTitle text=text::TITLE/>
        <p class="lead">{text::LEAD}</p>
        <Loaded data=list view=accounts/>
    }
}

fn accounts(it: LinkedAccounts) -> impl IntoView {
    let (has_linked, has_providers) = (!it.linked.is_empty(), !it.providers.is_empty());
    let (linked, removable, now) = (it.linked, it.removable, it.now);
    view! {
        {(!has_linked && !has_providers).then(|| view! {
            <section class="card empty">
                <h2>{text::NO_PROVIDERS}</h2>
                <p>{text::NO_PROVIDERS_LEAD}</p>
            </section>
        })}
        {has_linked.then(move || view! {
            <ul class="rows">
                {move || {
                    let linked = linked.clone().into_iter();
                    linked
                        .map(|it| view! { <Linked account=it removable=removable now=now/> })
                        .collect_view()
                }}
            </ul>
        })}
        {has_providers.then(|| view! { <LinkMore providers=it.providers has_linked=has_linked/> })}
    }
}

#[component]
fn LinkMore(providers: Vec<ProviderButton>, has_linked: bool) -> impl IntoView {
    let linking = submission_of::<LinkAccount>();
    let (heading, about) = if has_linked {
        (text::LINK_ANOTHER, text::LINK_ANOTHER_LEAD)
    } else {
        (text::LINK_FIRST, text::LINK_FIRST_LEAD)
    };
    view! {
        <section class="card">
            <h2>{heading}</h2>
            <p>{about}</p>
            <Form submission=linking>
                {providers
                    .into_iter()
                    .map(|it| {
                        let submission = submission_named::<LinkAccount>(it.name.clone());
                        view! {
                            <ProviderChoice
                                provider=it
                                label=text::link
                                class="button social"
                                submission=submission
                            />
                        }
                    })
                    .collect_view()}
            </Form>
        </section>
    }
}

#[component]
fn Linked(account: LinkedAccountView, removable: bool, now: i64) -> impl IntoView {
    let unlinking = submission_named::<UnlinkAccount>(account.id.clone());
    let unlink = text::unlink(&account.label);
    let explanation = text::unlink_confirmation(&account.label);
    view! {
        <li class="card row">
            <ProviderMark mark=account.mark label=account.label.clone()/>
            <div class="row-body">
                <h2>{account.label}</h2>
                <p class="address">{account.account}</p>
                <p class="hint">{text::LINKED} " " <Moment at=account.created_at now=now/></p>
            </div>
            {if removable {
                view! {
                    <Confirm summary=unlink.clone() explanation=explanation>
                        <Form submission=unlinking>
                            <input type="hidden" name="id" value=account.id/>
                            <Submit
                                submission=unlinking
                                label=unlink
                                busy=text::UNLINKING
                                class="button danger"
                            />
                        </Form>
                    </Confirm>
                }
                    .into_any()
            } else {
                view! { <p class="hint">{text::ONLY_METHOD}</p> }.into_any()
            }}
        </li>
    }
}
