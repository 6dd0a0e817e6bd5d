//! The providers' buttons, and `/dashboard/linked-accounts`.

use leptos::prelude::*;

use super::{
    BeginSignIn, LinkAccount, LinkedAccountView, LinkedAccounts, ProviderButton, UnlinkAccount,
    list_linked_accounts,
};
use crate::form::{Submission, use_submission};
use crate::lazy_page;
use crate::ui::{Confirm, Form, Loaded, Moment, PageTitle, Submit};
use crate::visit::Visit;

/// A button for each configured provider; nothing where there is none.
#[component]
pub fn SocialButtons(next: String) -> impl IntoView {
    let visit = expect_context::<Visit>();
    let (providers, last) = visit.with(|it| (it.providers.clone(), it.last_provider.clone()));
    if providers.is_empty() {
        return ().into_any();
    }
    let action = ServerAction::<BeginSignIn>::new();
    let submission = use_submission(action);
    view! {
        <Form action=action submission=submission>
            <input type="hidden" name="next" value=next/>
            {providers
                .into_iter()
                .map(|it| {
                    let is_last = last.as_ref() == Some(&it.name);
                    view! { <SocialButton provider=it is_last=is_last/> }
                })
                .collect_view()}
        </Form>
        <p class="divider"><span>"or"</span></p>
    }
    .into_any()
}

#[component]
fn SocialButton(provider: ProviderButton, is_last: bool) -> impl IntoView {
    let label = format!("Continue with {}", provider.label);
    view! {
        <button type="submit" class="button wide social" name="provider" value=provider.name.clone()>
            <ProviderMark name=provider.name.clone() label=provider.label/>
            <span>{label}</span>
            {is_last.then(|| view! { <span class="badge">"Last used"</span> })}
        </button>
    }
}

/// A provider's own mark in one colour; a letter for those whose mark is not known.
#[component]
fn ProviderMark(name: String, label: String) -> impl IntoView {
    let path = match name.as_str() {
        "github" => {
            "M12 2a10 10 0 00-3.2 19.5c.5.1.7-.2.7-.5v-1.7c-2.8.6-3.4-1.3-3.4-1.3-.4-1.2-1.1-1.5-1.1-1.5-.9-.6.1-.6.1-.6 1 .1 1.5 1 1.5 1 .9 1.5 2.3 1.1 2.9.8.1-.6.3-1.1.6-1.3-2.2-.3-4.6-1.1-4.6-5 0-1.1.4-2 1-2.7-.1-.2-.4-1.3.1-2.6 0 0 .8-.3 2.7 1a9.500 9.500 0 015 0c1.900-1.300 2.700-1 2.700-1 .5 1.300.200 2.400.1 2.600.6.7 1 1.600 1 2.700 0 3.900-2.300 4.700-4.600 5 .4.300.7.900.7 1.900V21c0 .300.200.600.7.500A10 10 0 0012 2z"
        }
        "google" => {
            "M21.600 12.200c0-.7-.1-1.400-.2-2H12v3.900h5.400a4.600 4.600 0 01-2 3v2.500h3.200c1.900-1.700 3-4.300 3-7.400zM12 22c2.700 0 5-.9 6.600-2.400l-3.200-2.500a6 6 0 01-9-3.100H3.100v2.600A10 10 0 0012 22zM6.400 14a6 6 0 010-3.900V7.500H3.100a10 10 0 000 9zM12 6c1.500 0 2.800.5 3.800 1.500l2.900-2.900A10 10 0 003.100 7.500l3.300 2.600A6 6 0 0112 6z"
        }
        "gitlab" => {
            "M12 21.500l3.700-11.300H8.300zM3.500 10.200l-1.100 3.400a.8.8 0 00.3.900L12 21.500zM3.500 10.200h4.800L6.200 3.800a.4.4 0 00-.7 0zM20.500 10.200l1.100 3.400a.8.8 0 01-.3.900L12 21.500zM20.500 10.200h-4.800l2.100-6.400a.4.4 0 01.7 0z"
        }
        "microsoft" => {
            "M3 3h8.500v8.500H3zM12.500 3H21v8.500h-8.500zM3 12.500h8.500V21H3zM12.500 12.500H21V21h-8.500z"
        }
        _ => {
            let letter: String = label.chars().take(1).collect();
            return view! { <span class="letter" aria-hidden="true">{letter}</span> }.into_any();
        }
    };
    view! {
        <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
            <path fill="currentColor" d=path/>
        </svg>
    }
    .into_any()
}

/// The page's two actions, for what is rendered inside its list.
#[derive(Clone, Copy)]
struct Acts {
    link: ServerAction<LinkAccount>,
    linking: Submission,
    unlink: ServerAction<UnlinkAccount>,
    unlinking: Submission,
}

lazy_page!(
    /// `/dashboard/linked-accounts`.
    LinkedAccountsPage => linked_accounts_page
);

fn linked_accounts_page() -> impl IntoView {
    let link = ServerAction::<LinkAccount>::new();
    let unlink = ServerAction::<UnlinkAccount>::new();
    let version = unlink.version();
    let list = Resource::new(move || version.get(), |_| list_linked_accounts());
    provide_context(Acts {
        link,
        linking: use_submission(link),
        unlink,
        unlinking: use_submission(unlink),
    });
    view! {
        <PageTitle text="Linked accounts"/>
        <p class="lead">"Accounts at providers that sign you in here."</p>
        <Loaded data=list view=accounts/>
    }
}

fn accounts(it: LinkedAccounts) -> impl IntoView {
    let is_empty = it.linked.is_empty() && it.unlinked.is_empty();
    let (removable, now) = (it.removable, it.now);
    let acts = expect_context::<Acts>();
    view! {
        {is_empty.then(|| view! {
            <section class="card empty">
                <h2>"No providers yet"</h2>
                <p>"When this site offers signing in with another account, you can link it here."</p>
            </section>
        })}
        <ul class="rows">
            {it
                .linked
                .into_iter()
                .map(|it| view! { <Linked account=it removable=removable now=now/> })
                .collect_view()}
        </ul>
        {(!it.unlinked.is_empty()).then(|| view! {
            <section class="card">
                <h2>"Link another account"</h2>
                <p>"You go to the provider, say yes there, and come back."</p>
                <Form action=acts.link submission=acts.linking>
                    {it
                        .unlinked
                        .into_iter()
                        .map(|it| {
                            let label = format!("Link {}", it.label);
                            view! {
                                <button type="submit" class="button social" name="provider" value=it.name.clone()>
                                    <ProviderMark name=it.name.clone() label=it.label/>
                                    <span>{label}</span>
                                </button>
                            }
                        })
                        .collect_view()}
                </Form>
            </section>
        })}
    }
}

#[component]
fn Linked(account: LinkedAccountView, removable: bool, now: i64) -> impl IntoView {
    let acts = expect_context::<Acts>();
    let unlink = format!("Unlink {}", account.label);
    let explanation = format!(
        "You will no longer sign in here with this {} account. It stays as it is over there.",
        account.label
    );
    view! {
        <li class="card row">
            <ProviderMark name=account.provider label=account.label.clone()/>
            <div class="row-body">
                <h2>{account.label}</h2>
                <p class="address">{account.account}</p>
                <p class="hint">"Linked " <Moment at=account.created_at now=now/></p>
            </div>
            {if removable {
                view! {
                    <Confirm summary=unlink.clone() explanation=explanation>
                        <Form action=acts.unlink submission=acts.unlinking>
                            <input type="hidden" name="id" value=account.id/>
                            <Submit
                                submission=acts.unlinking
                                label=unlink
                                busy="Unlinking…"
                                class="button danger"
                            />
                        </Form>
                    </Confirm>
                }
                    .into_any()
            } else {
                view! {
                    <p class="hint">
                        "This is your only way in. Set a password or link another provider first."
                    </p>
                }
                    .into_any()
            }}
        </li>
    }
}
