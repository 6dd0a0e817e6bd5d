//! The routes of all pages.

use std::future::poll_fn;
use std::task::Poll;

use leptos::children::ToChildren;
use leptos::prelude::*;
use leptos::tachys::view::iterators::StaticVec;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::{
    IntoChooseViewMaybeErased, LazyRoute as _, NestedRoute, SsrMode, StaticSegment,
};

use crate::admin::{AdminPage, AdminView};
use crate::audit::ActivityPage;
use crate::auth_pages::SignInPage;
use crate::auth_pages::SignUpPage;
use crate::auth_pages::TicketPage;
use crate::authenticator_app::AddAuthenticatorAppPage;
use crate::dashboard::{DashboardLayout, OverviewPage};
use crate::error::{AppError, RequestProblem};
use crate::form::Notices;
use crate::mailed_sign_in::{MailedSignInStep, MailedSignInView};
use crate::passkey::AddPasskeyPage;
use crate::profile::ProfilePage;
use crate::reauthentication::ReauthenticationPage;
use crate::recovery::RecoveryPage;
use crate::recovery_code::RecoveryCodesPage;
use crate::second_factor::SecondFactorPage;
use crate::security::SecurityPage;
use crate::session::SessionsPage;
use crate::social::{SocialPage, SocialView};
use crate::ui::{AnyPage, BarePage, ErrorCard, ErrorLink, Frame, focus_heading};
use crate::verification::VerifyEmailPage;
use crate::visit::Visit;

/// Renders the body of the document.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let visit = Visit::begin();
    provide_context(visit);
    view! {
        <Router>
            <Pages/>
        </Router>
    }
}

/// Renders pages completely before the first byte is sent, so that the response has the right status.
#[component]
fn Pages() -> impl IntoView {
    let visit = expect_context::<Visit>();
    let path = use_location().pathname.get_untracked();
    let flash = visit.take_flash("").and_then(|it| it.outcome.transpose());
    let notices = Notices::new(flash.map(|it| (path, it)));
    provide_context(notices);
    let path = use_location().pathname;
    Effect::new(move |_| path.with(|path| notices.retain_for(path)));
    view! { <Routes fallback=NotFoundPage children=ToChildren::to_children(routes)/> }
}

type AnyRoute = <AnyPage as IntoChooseViewMaybeErased>::Output;
type Leaf = NestedRoute<StaticSegment<&'static str>, (), (), AnyRoute>;
type Branch = NestedRoute<StaticSegment<&'static str>, StaticVec<Leaf>, (), AnyRoute>;

/// One of several pages in the same file.
macro_rules! one_of {
    ($view:ident, $page:expr) => {
        AnyPage::new(|| Box::pin($view::view($view($page))), || Box::pin($view::preload()))
    };
}

/// A page and the last part of its path.
type Route = (&'static str, AnyPage);

const PAGES: [Route; 9] = [
    // A visitor without a session came to sign in; others are redirected to their dashboard.
    ("", AnyPage::of::<SignInPage>()),
    ("sign-in-by-mail", one_of!(MailedSignInView, MailedSignInStep::Request)),
    ("sign-in-code", one_of!(MailedSignInView, MailedSignInStep::Code)),
    ("sign-up", AnyPage::of::<SignUpPage>()),
    ("finish-sign-up", one_of!(SocialView, SocialPage::FinishSignUp)),
    ("recovery", AnyPage::of::<RecoveryPage>()),
    ("ticket", AnyPage::of::<TicketPage>()),
    ("verify-address", AnyPage::of::<VerifyEmailPage>()),
    ("reauthenticate", AnyPage::of::<ReauthenticationPage>()),
];

const SIGN_IN: Route = ("sign-in", AnyPage::of::<BarePage>());

const SIGN_IN_PAGES: [Route; 2] =
    [("", AnyPage::of::<SignInPage>()), ("second-factor", AnyPage::of::<SecondFactorPage>())];

const DASHBOARD: Route = ("dashboard", AnyPage::of::<DashboardLayout>());

const DASHBOARD_PAGES: [Route; 9] = [
    ("", AnyPage::of::<OverviewPage>()),
    ("profile", AnyPage::of::<ProfilePage>()),
    ("security", AnyPage::of::<SecurityPage>()),
    ("linked-accounts", one_of!(SocialView, SocialPage::LinkedAccounts)),
    ("sessions", AnyPage::of::<SessionsPage>()),
    ("activity", AnyPage::of::<ActivityPage>()),
    ("add-authenticator-app", AnyPage::of::<AddAuthenticatorAppPage>()),
    ("add-passkey", AnyPage::of::<AddPasskeyPage>()),
    ("recovery-codes", AnyPage::of::<RecoveryCodesPage>()),
];

const ADMINISTRATION: Route = ("admin", one_of!(AdminView, AdminPage::Layout));

const ADMINISTRATION_PAGES: [Route; 10] = [
    ("", one_of!(AdminView, AdminPage::Overview)),
    ("users", one_of!(AdminView, AdminPage::Users)),
    ("user", one_of!(AdminView, AdminPage::User)),
    ("invitations", one_of!(AdminView, AdminPage::Invitations)),
    ("roles", one_of!(AdminView, AdminPage::Roles)),
    ("role", one_of!(AdminView, AdminPage::Role)),
    ("audit", one_of!(AdminView, AdminPage::Audit)),
    ("mail", one_of!(AdminView, AdminPage::Mail)),
    ("providers", one_of!(AdminView, AdminPage::Providers)),
    ("limits", one_of!(AdminView, AdminPage::Limits)),
];

/// Returns the routes as lists of one type, not as a tuple of many types: the router's code for
/// each type would be a tenth of what a browser loads first.
fn routes() -> (StaticVec<Leaf>, StaticVec<Branch>) {
    let leaf = |(path, page)| NestedRoute::new(StaticSegment(path), page).ssr_mode(SsrMode::Async);
    let leaves = |routes: &[Route]| -> StaticVec<Leaf> {
        routes.iter().copied().map(leaf).collect::<Vec<_>>().into()
    };
    let branches = vec![
        leaf(SIGN_IN).child(leaves(&SIGN_IN_PAGES)),
        leaf(DASHBOARD).child(leaves(&DASHBOARD_PAGES)),
        leaf(ADMINISTRATION).child(leaves(&ADMINISTRATION_PAGES)),
    ];
    (leaves(&PAGES), branches.into())
}

/// Loads the files of the page at `path`.
pub async fn load_page(path: &str) {
    let mut parts = path.trim_matches('/').split('/');
    let first = parts.next().unwrap_or_default();
    let second = parts.next().unwrap_or_default();
    let branch = [
        (SIGN_IN, &SIGN_IN_PAGES[..]),
        (DASHBOARD, &DASHBOARD_PAGES[..]),
        (ADMINISTRATION, &ADMINISTRATION_PAGES[..]),
    ]
    .into_iter()
    .find(|((name, _), _)| *name == first);
    let (layout, pages, name) = match branch {
        Some(((_, layout), pages)) => (Some(layout), pages, second),
        None => (None, &PAGES[..], first),
    };
    let page = pages.iter().find(|(it, _)| *it == name).map(|(_, page)| *page);
    // Both at once. The executor that could do this is only set up by hydration.
    let mut loads: Vec<_> = [layout, page].into_iter().flatten().map(|it| it.load()).collect();
    poll_fn(move |cx| {
        loads.retain_mut(|it| it.as_mut().poll(cx).is_pending());
        if loads.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Shows the browser's page for unknown paths; the server has a page of its own.
#[component]
fn NotFoundPage() -> impl IntoView {
    let (site_name, request_id) =
        expect_context::<Visit>().with(|it| (it.site_name.clone(), it.request_id.clone()));
    let title = format!("{} · {site_name}", AppError::Request(RequestProblem::NotFound).title());
    Effect::new(|_| focus_heading());
    let card = ErrorCard::view(
        AppError::Request(RequestProblem::NotFound),
        request_id,
        ErrorLink::Start("/".to_owned()),
    );
    view! {
        <Title text=title/>
        <Frame site_name=site_name>{card}</Frame>
    }
}
