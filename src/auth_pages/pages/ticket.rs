//! `/ticket`.

use leptos::prelude::*;

use crate::auth_pages::{load_ticket, text};
use crate::error::AppError;
use crate::lazy_page;
use crate::mailed_sign_in::{SignInLinkForm, provide_sign_in_link};
use crate::recovery::{FactorRecoveryForm, NewPasswordForm, NotMeForm, provide_recovery};
use crate::set_up::{SetUpForm, provide_set_up};
use crate::ticket::{Purpose, TicketProblem, TicketState, TicketView};
use crate::ui::{Frame, Loaded, NoticeBar, PageTitle};
use crate::verification::{EmailChangeForm, VerificationForm, provide_verification};
use crate::visit::{PageFailure, Visit};

lazy_page!(
    /// Shows the action of a mailed link: a sentence and a button.
    TicketPage => page
);

fn page() -> impl IntoView {
    let site_name = expect_context::<Visit>().with(|it| it.site_name.clone());
    provide_recovery();
    provide_verification();
    provide_sign_in_link();
    provide_set_up();
    let ticket = Resource::new(|| (), |()| load_ticket());
    view! {
        <Frame site_name=site_name>
            <section class="card">
                <Loaded data=ticket view=card/>
            </section>
        </Frame>
    }
}

fn card(ticket: Option<TicketView>) -> impl IntoView {
    let Some(ticket) = ticket else { return unusable().into_any() };
    if ticket.state == TicketState::Done {
        return done(ticket.purpose).into_any();
    }
    match ticket.purpose {
        Purpose::Verification => view! { <VerificationForm ticket=ticket/> }.into_any(),
        Purpose::EmailChange => view! { <EmailChangeForm ticket=ticket/> }.into_any(),
        Purpose::Recovery => view! { <NewPasswordForm ticket=ticket/> }.into_any(),
        Purpose::NotMe => view! { <NotMeForm ticket=ticket/> }.into_any(),
        Purpose::Invitation => invitation(&ticket).into_any(),
        Purpose::SignIn => view! { <SignInLinkForm ticket=ticket/> }.into_any(),
        Purpose::FactorRecovery => view! { <FactorRecoveryForm ticket=ticket/> }.into_any(),
        Purpose::SetUp => view! { <SetUpForm ticket=ticket/> }.into_any(),
    }
}

fn unusable() -> impl IntoView {
    if let Some(failure) = use_context::<PageFailure>() {
        failure.set(AppError::Ticket(TicketProblem::Invalid));
    }
    view! {
        <PageTitle text=text::INVALID_TITLE/>
        <NoticeBar/>
        <p>{text::INVALID_LEAD}</p>
        <div class="stack">
            <a class="button primary" href="/sign-in">{text::SIGN_IN}</a>
            <a class="button" href="/recovery">{text::RESET_PASSWORD}</a>
        </div>
    }
}

fn done(purpose: Purpose) -> impl IntoView {
    let title = match purpose {
        Purpose::EmailChange => text::EMAIL_CHANGED,
        _ => text::EMAIL_VERIFIED,
    };
    view! {
        <PageTitle text=title/>
        <NoticeBar/>
        <p>{text::ALREADY_USED}</p>
        <p><a class="button primary" href="/dashboard">{text::DASHBOARD}</a></p>
    }
}

fn invitation(TicketView { id, email, .. }: &TicketView) -> impl IntoView + use<> {
    let path = format!("/sign-up?ticket={id}");
    let name = expect_context::<Visit>().with(|it| it.site_name.clone());
    let lead = text::invitation_lead(&name, email);
    view! {
        <PageTitle text=text::INVITATION_TITLE/>
        <NoticeBar/>
        <p>{lead}</p>
        <p><a class="button primary wide" href=path>{text::CREATE_ACCOUNT}</a></p>
    }
}
