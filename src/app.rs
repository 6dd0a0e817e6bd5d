//! The map of pages.

use leptos::children::ToChildren;
use leptos::prelude::*;
use leptos::tachys::view::iterators::StaticVec;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::{LazyRoute as _, NestedRoute, SsrMode, StaticSegment};

use crate::admin::{AdminView, Page};
use crate::audit::ActivityPage;
use crate::dashboard::{DashboardLayout, OverviewPage};
use crate::entrance::SignInPage;
use crate::entrance::SignUpPage;
use crate::entrance::TicketPage;
use crate::error::{AppError, RequestProblem};
use crate::form::Notices;
use crate::lazy_page;
use crate::mailed_sign_in::{CodePage, MailedSignInPage};
use crate::password::SecurityPage;
use crate::profile::ProfilePage;
use crate::reauthentication::ReauthenticationPage;
use crate::recovery::RecoveryPage;
use crate::session::SessionsPage;
use crate::social::LinkedAccountsPage;
use crate::ui::{AnyPage, ErrorCard, Frame, PageTitle, WayOn, focus_heading};
use crate::verification::VerifyAddressPage;
use crate::visit::Visit;

/// The app, from the body down.
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

/// Pages are rendered whole before the first byte leaves, so that an answer's status is true.
#[component]
fn Pages() -> impl IntoView {
    let visit = expect_context::<Visit>();
    let path = use_location().pathname.get_untracked();
    let flash = visit.take_flash("").and_then(|it| it.outcome.transpose());
    let notices = Notices::new(flash.map(|it| (path, it)));
    provide_context(notices);
    let path = use_location().pathname;
    Effect::new(move |_| path.with(|path| notices.leave_for(path)));
    view! { <Routes fallback=NotFoundPage children=ToChildren::to_children(routes)/> }
}

type Leaf = NestedRoute<StaticSegment<&'static str>, (), (), AnyPage>;
type Branch = NestedRoute<StaticSegment<&'static str>, StaticVec<Leaf>, (), AnyPage>;

/// A page of the administration.
macro_rules! admin {
    ($page:ident) => {
        AnyPage::later(
            || Box::pin(AdminView::view(AdminView(Page::$page))),
            || Box::pin(AdminView::preload()),
        )
    };
}

/// Lists of routes of one type, and not a tuple of as many types: the router's code for each would
/// be a tenth of what a browser loads first.
fn routes() -> (StaticVec<Leaf>, StaticVec<Branch>) {
    let leaf = |path, page| NestedRoute::new(StaticSegment(path), page).ssr_mode(SsrMode::Async);
    let pages = vec![
        leaf("", AnyPage::of::<HomePage>()),
        leaf("sign-in", AnyPage::of::<SignInPage>()),
        leaf("sign-in-by-mail", AnyPage::of::<MailedSignInPage>()),
        leaf("sign-in-code", AnyPage::of::<CodePage>()),
        leaf("sign-up", AnyPage::of::<SignUpPage>()),
        leaf("recovery", AnyPage::of::<RecoveryPage>()),
        leaf("ticket", AnyPage::of::<TicketPage>()),
        leaf("verify-address", AnyPage::of::<VerifyAddressPage>()),
        leaf("reauthenticate", AnyPage::of::<ReauthenticationPage>()),
    ];
    let dashboard = vec![
        leaf("", AnyPage::of::<OverviewPage>()),
        leaf("profile", AnyPage::of::<ProfilePage>()),
        leaf("security", AnyPage::of::<SecurityPage>()),
        leaf("linked-accounts", AnyPage::of::<LinkedAccountsPage>()),
        leaf("sessions", AnyPage::of::<SessionsPage>()),
        leaf("activity", AnyPage::of::<ActivityPage>()),
    ];
    let administration = vec![
        leaf("", admin!(Overview)),
        leaf("users", admin!(Users)),
        leaf("user", admin!(User)),
        leaf("invitations", admin!(Invitations)),
        leaf("roles", admin!(Roles)),
        leaf("role", admin!(Role)),
        leaf("audit", admin!(Audit)),
        leaf("mail", admin!(Mail)),
        leaf("providers", admin!(Providers)),
        leaf("limits", admin!(Limits)),
    ];
    let layout = admin!(Layout);
    let branches = vec![
        leaf("dashboard", AnyPage::of::<DashboardLayout>()).child(dashboard.into()),
        leaf("admin", layout).child(administration.into()),
    ];
    (pages.into(), branches.into())
}

lazy_page!(
    /// What this is.
    HomePage => home
);

fn home() -> impl IntoView {
    let (name, takes_sign_ups) =
        expect_context::<Visit>().with(|it| (it.site_name.clone(), it.takes_sign_ups()));
    view! {
        <Frame site_name=name.clone()>
            <section class="card home">
                <PageTitle text=name/>
                <p>"One place to sign in, and to look after your account."</p>
                <div class="stack">
                    <a class="button primary" href="/sign-in">"Sign in"</a>
                    {takes_sign_ups.then(|| view! {
                        <a class="button" href="/sign-up">"Create an account"</a>
                    })}
                </div>
            </section>
        </Frame>
    }
}

/// What the browser shows where it was led to no page of ours; the server has a page of its own.
#[component]
fn NotFoundPage() -> impl IntoView {
    let (site_name, request_id) =
        expect_context::<Visit>().with(|it| (it.site_name.clone(), it.request_id.clone()));
    let title = format!("{} · {site_name}", AppError::Request(RequestProblem::NotFound).title());
    Effect::new(|_| focus_heading());
    let card = ErrorCard::view(
        AppError::Request(RequestProblem::NotFound),
        request_id,
        WayOn::Start("/".to_owned()),
    );
    view! {
        <Title text=title/>
        <Frame site_name=site_name>{card}</Frame>
    }
}
